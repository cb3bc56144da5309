"""Numbers of many partitions -> which of them were met more than once, a bit each: what others need not move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.config import Config
from dedup.engines.batches import BAND, Table, articles_of_batch, columns_of, cut_batch, make_batch, texts_of
from dedup.passes import runs_of

#: Slots of a part: what is met in them is summed in one place.
PART = 1 << 22
#: Slots for each number that may be met: of so many that stand alone, one is taken for several.
_SLOTS_A_NUMBER = 16
#: No table is longer: it goes to every executor.
_MOST_SLOTS = 1 << 32

#: What the functions of this module return, as the engine's schemas.
COUNTERS = "part int, width byte, gaps binary"
SHARED = "part int, bits binary"
BUCKETS = "key long, id long, levels byte"

#: Knuth's multiplier (The Art of Computer Programming, volume 3, 6.4): the upper bits of the product are well mixed.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def count_slots(n_numbers: int) -> int:
    """Return how many slots there are for so many numbers, a power of two.

    Examples
    --------
    >>> count_slots(100_000), count_slots(10**12)
    (2097152, 4294967296)
    """
    return 1 << min(_MOST_SLOTS.bit_length() - 1, max(16, (_SLOTS_A_NUMBER * n_numbers).bit_length()))


def slots_of(numbers: NDArray[np.int64], n_slots: int) -> NDArray[np.uint32]:
    """Return the slot of each number; equal numbers have one."""
    shift = np.uint64(65 - n_slots.bit_length())
    slots: NDArray[np.uint32] = (numbers.view(np.uint64) * _MULTIPLIER >> shift).astype(np.uint32)
    return slots


def are_shared(numbers: NDArray[np.int64], shared: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which numbers may have been met more than once; ``shared`` has a bit for each slot, the lowest first."""
    slots = slots_of(numbers, 8 * len(shared))
    found: NDArray[np.bool_] = (shared[slots >> 3] >> (slots & 7).astype(np.uint8) & 1) != 0
    return found


def pack_slots(slots: NDArray[np.uint32]) -> Iterator[Table]:
    """Return `COUNTERS` of slots: each that was met, twice if it was met more often.

    One and many are all that is asked, so the gaps between them say it, a byte or two for each.

    Examples
    --------
    >>> next(pack_slots(np.array([300, 7, 7, 7], np.uint32))).column("gaps").to_pylist()[0].hex()
    '0700ff26'
    """
    met = np.sort(slots)
    keep = np.ones(len(met), np.bool_)
    keep[2:] = met[2:] != met[:-2]
    met = met[keep]
    parts = met // PART
    starts = np.flatnonzero(np.append(True, parts[1:] != parts[:-1])) if len(met) else np.empty(0, np.int64)
    widths, packed = [], []
    for some in np.split((met % PART).astype(np.int64), starts[1:]) if len(met) else []:
        gaps = np.diff(some, prepend=0)
        widths.append(1 if some[-1] < 128 * len(some) else 2)
        packed.append(_pack_gaps(gaps, widths[-1]))
    yield make_batch(part=parts[starts].astype(np.int32), width=np.array(widths, np.int8), gaps=packed)


def _pack_gaps(gaps: NDArray[np.int64], width: int) -> bytes:
    """Return gaps in so many bytes each; the largest number means that the gap goes on."""
    most = (1 << 8 * width) - 1
    ends = np.cumsum(gaps // most + 1) - 1
    out = np.full(ends[-1] + 1, most, f"<u{width}")
    out[ends] = gaps % most
    return out.tobytes()


def _unpack_gaps(packed: bytes, width: int) -> NDArray[np.int64]:
    gaps = np.frombuffer(packed, f"<u{width}")
    met: NDArray[np.int64] = np.cumsum(gaps, dtype=np.int64)[gaps != (1 << 8 * width) - 1]
    return met


def sum_counters(table: Table) -> Table:
    """Return `SHARED` from `COUNTERS` of whole parts."""
    parts = table.column("part").to_numpy()
    widths, gaps = table.column("width").to_pylist(), table.column("gaps").to_pylist()
    numbers, bits = np.unique(parts), []
    for part in numbers:
        rows = np.flatnonzero(parts == part)
        met = np.sort(np.concatenate([_unpack_gaps(gaps[row], widths[row]) for row in rows]))
        several = np.zeros(PART, np.bool_)
        several[met[1:][met[1:] == met[:-1]]] = True
        bits.append(np.packbits(several, bitorder="little").tobytes())
    return pa.Table.from_batches([make_batch(part=numbers.astype(np.int32), bits=bits)])


def join_parts(parts: Iterable[tuple[int, bytes]], n_slots: int) -> NDArray[np.uint8]:
    """Return the bits of all parts: uint8[n_slots / 8]."""
    shared: NDArray[np.uint8] = np.zeros(n_slots // 8, np.uint8)
    step = PART // 8
    for part, bits in parts:
        some = shared[part * step : (part + 1) * step]
        some[:] = np.frombuffer(bits, np.uint8)[: len(some)]
    return shared


def count_shingles(batches: Iterable[Table], config: Config, n_slots: int) -> Iterator[Table]:
    """Return `COUNTERS` of the shingles of articles; their slot is the one that the local engine has."""
    slots = [np.empty(0, np.uint32)]
    mask = np.uint32(n_slots - 1)
    for batch in batches:
        articles = articles_of_batch(batch)
        runs, counted = runs_of(articles, cut_batch(articles, config), config)
        lengths = np.where(counted, runs.lasts - runs.firsts, 0)
        skipped = np.cumsum(lengths) - lengths
        slots.append(runs.hashes[np.repeat(runs.firsts - skipped, lengths) + np.arange(lengths.sum())] & mask)
    yield from pack_slots(np.concatenate(slots))


def count_ids(batches: Iterable[Table], config: Config, n_slots: int) -> Iterator[Table]:
    """Return `COUNTERS` of a column ``id``."""
    ids = [np.empty(0, np.int64), *(columns_of(batch)["id"] for batch in batches)]
    yield from pack_slots(slots_of(np.concatenate(ids), n_slots))


def mark_ids(batches: Iterable[Table], config: Config, shared: NDArray[np.uint8]) -> Iterator[Table]:
    """Return the rows with a column that says whether their id may stand in several."""
    for batch in batches:
        several = are_shared(columns_of(batch)["id"], shared)
        yield pa.RecordBatch.from_arrays([*batch.columns, pa.array(several)], [*batch.schema.names, "several"])


def band_keys(column: Any, n_bands: int) -> NDArray[np.int64]:
    """Return packed band keys of rows, each band's number above its key: int64[n, n_bands]."""
    packed, _ = texts_of(column)
    keys = packed.view("<u4").reshape(-1, n_bands).astype(np.int64)
    return (np.arange(n_bands, dtype=np.int64) << 32) | keys


def _bands_of(batches: Iterable[Table], n_bands: int) -> Iterator[tuple[Table, NDArray[np.int64]]]:
    for batch in batches:
        rows = batch.filter(pa.array(columns_of(batch)["kind"] == BAND))
        if rows.num_rows:
            yield rows, band_keys(rows.column("bands"), n_bands)


def count_bands(batches: Iterable[Table], config: Config, n_slots: int, n_bands: int) -> Iterator[Table]:
    """Return `COUNTERS` of the band keys among `dedup.engines.batches.KEYS`."""
    keys = [np.empty(0, np.int64), *(keys.ravel() for _, keys in _bands_of(batches, n_bands))]
    yield from pack_slots(slots_of(np.concatenate(keys), n_slots))


def share_bands(batches: Iterable[Table], config: Config, shared: NDArray[np.uint8], n_bands: int) -> Iterator[Table]:
    """Return the `BUCKETS` of `dedup.engines.batches.KEYS`: band keys that may stand in another row."""
    for rows, keys in _bands_of(batches, n_bands):
        columns = columns_of(rows)
        row, band = np.nonzero(are_shared(keys.ravel(), shared).reshape(keys.shape))
        yield make_batch(key=keys[row, band], id=columns["id"][row], levels=columns["levels"][row])
