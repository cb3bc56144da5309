"""An archive of a million paragraphs: built beside the report in the same run, checked warm and cold, and its growth.

The feed is the given one, and as many of its articles with their words shuffled as are missing to ``--count``
paragraphs. It is added in four steps; before and after each, 100 articles that are not in it are checked: against an
empty archive it is what start-up, libraries and the articles themselves cost. Times are those of processes, as user and
system seconds (what a busy machine does not change) and as they passed.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import read_records
from benchmarks.processes import Run, run
from benchmarks.results import Figure, Options, Result, Row
from dedup.index import database, postings

_PARAGRAPHS = 1_000_000
_CHECKED = 100
_STEPS = 4
_GROWN = 10_000_000
_MAPS = {database.SEGMENTS: "keys", database.BANDS: "bands", database.ANCHORS: "anchors", database.POSTINGS: "places",
         database.WORDS: "words"}  # fmt: skip


def measure_archive(path: Path, options: Options) -> Result:
    """Build and check an archive."""
    result = Result()
    wanted = options.count or _PARAGRAPHS
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts, new, n = make_feed(path, folder, wanted, options.seed)
        archive = folder / "archive.db"
        report = command("report", *parts, "--format", "json", "-o", folder / "report.json")
        command("index", "create", "--index", archive)
        built: list[Run] = []
        result.rows.append(_point(archive, new, 0))
        for step, part in enumerate(parts, 1):
            built.append(command("index", "add", part, "--index", archive))
            result.rows.append(_point(archive, new, round(n * step / len(parts))))
        whole = [check(archive, new) for _ in range(3)]
        cold = [check(archive, new, cold=True) for _ in range(3)]
        busy = sum(one.cpu_seconds for one in built)
        result.figures.extend(
            [
                Figure("building: rate, as share of a report's", report.cpu_seconds / busy, ">=", 1 / 3,
                       f"{report.cpu_seconds:.1f} s of processors for the report, {busy:.1f} for the archive"),
                Figure("check of 100 articles, warm, seconds", result.rows[-1]["check s"], "<=", 1),
                Figure("the same, seconds of processors", result.rows[-1]["busy s"]),
                Figure("the command as a whole, warm, seconds", median(one.seconds for one in whole), peer=
                       f"of processors {median(one.cpu_seconds for one in whole):.2f}; "
                       f"with an empty archive {result.rows[0]['command busy s']:.2f}"),
                Figure("the command as a whole, cold, seconds", median(one.seconds for one in cold), "<=", 3),
                Figure("memory of the check, MB", max(one.peak_mb for one in whole + cold), "<=", 300,
                       f"with an empty archive, which is that of the libraries: {result.rows[0]['memory MB']}"),
                Figure("memory of the building, MB", max(one.peak_mb for one in built)),
                Figure("bytes a paragraph on disk", archive.stat().st_size / n),
            ]
        )  # fmt: skip
        result.notes.extend(_sizes(archive, n))
        result.notes.extend(_growth(result.rows, archive))
    return result


def _point(archive: Path, new: Path, paragraphs: int) -> Row:
    """Return what an archive of so many paragraphs takes on disk, and what a check against it takes."""
    warm, whole = warm_check(archive, new), check(archive, new)
    return {
        "paragraphs": paragraphs,
        "MB": round(archive.stat().st_size / 1e6),
        "check s": round(warm[0], 2),
        "busy s": round(warm[1], 2),
        "command busy s": round(whole.cpu_seconds, 2),
        "memory MB": round(whole.peak_mb),
    }


def make_feed(path: Path, folder: Path, wanted: int, seed: int) -> tuple[list[Path], Path, int]:
    """Write the feed in parts, and the articles to check; returns them with the number of paragraphs."""
    records = read_records(path)
    random.Random(seed).shuffle(records)
    kept, new = records[:-_CHECKED], records[-_CHECKED:]
    chosen, n = [], 0
    for record in _endless(kept, random.Random(seed)):
        chosen.append(record)
        n += sum(1 for part in re.split(r"\n\s*\n", str(record["text"])) if part.strip())
        if n >= wanted:
            break
    step = -(-len(chosen) // _STEPS)
    parts = []
    for number in range(_STEPS):
        parts.append(folder / f"part{number}.jsonl")
        _write(parts[-1], chosen[number * step : (number + 1) * step])
    _write(folder / "new.jsonl", new)
    return parts, folder / "new.jsonl", n


def _endless(records: Sequence[dict[str, object]], source: random.Random) -> Iterator[dict[str, object]]:
    yield from records
    number = 0
    while True:
        record = source.choice(records)
        paragraphs = []
        for paragraph in str(record["text"]).split("\n\n"):
            words = paragraph.split()
            source.shuffle(words)
            paragraphs.append(" ".join(words))
        number += 1
        yield record | {"id": f"shuffled-{number}", "text": "\n\n".join(paragraphs)}


def _write(path: Path, records: Sequence[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def command(*arguments: object) -> Run:
    """Run the command line to its end."""
    return run(sys.executable, "-m", "dedup", *map(str, arguments))


def check(archive: Path, new: Path, *, cold: bool = False) -> Run:
    """Check articles by the command line; cold, where nothing of the archive is in memory."""
    if cold:
        with archive.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return command("index", "check", new, "--index", archive, "--top", "0")


def warm_check(archive: Path, new: Path) -> tuple[float, float]:
    """Return seconds, and seconds of processors, of a check in a process that has checked before."""
    code = (
        "import os, sys, time, dedup\n"
        "articles = dedup.read_feeds([sys.argv[2]])\n"
        "for _ in range(6):\n"
        "    start, before = time.perf_counter(), os.times()\n"
        "    with dedup.Index.open(sys.argv[1], writable=False) as index:\n"
        "        index.check(articles)\n"
        "    after = os.times()\n"
        "    print(time.perf_counter() - start, after.user + after.system - before.user - before.system)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(archive), str(new)], capture_output=True, text=True, check=True
    ).stdout
    rows = [tuple(map(float, line.split())) for line in out.splitlines()][1:]
    return median(row[0] for row in rows), median(row[1] for row in rows)


def _sizes(archive: Path, n: int) -> Iterator[str]:
    """Yield where the bytes of a paragraph are: by part, and what an entry of each map is made of."""
    with closing(sqlite3.connect(archive)) as db:
        maps = _maps(db)
        sizes = {name: one.size for name, one in maps.items()}
        for table in ("texts", "sketches"):
            (sizes[table],) = db.execute(f"SELECT coalesce(sum(length(data)), 0) FROM {table}").fetchone()
        (segments,) = db.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'segments'").fetchone()
        (bands,) = db.execute("SELECT count(DISTINCT part) FROM blocks WHERE kind = ?", (database.BANDS,)).fetchone()
    sizes["pages and articles"] = archive.stat().st_size - sum(sizes.values())
    told = ", ".join(f"{name} {size / n:.0f}" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1]))
    yield f"bytes a paragraph: {told}"
    band = maps["bands"]
    yield (
        f"{segments / n:.2f} distinct sentences, paragraphs and titles a paragraph, {band.entries / bands / n:.2f} of "
        f"them long enough to be searched, each with {bands} entries of {band.key_width:.1f} bytes for the step from "
        f"the key before and {band.value_width:.1f} for the number of the segment"
    )


class _Map(NamedTuple):
    """A map of an archive: bytes, entries, and bytes of a key and of a value in the mean."""

    size: int
    entries: int
    key_width: float
    value_width: float


def _maps(db: sqlite3.Connection) -> dict[str, _Map]:
    found = {}
    for kind, name in _MAPS.items():
        parts = [data for (data,) in db.execute("SELECT data FROM blocks WHERE kind = ?", (kind,))]
        rows = np.frombuffer(b"".join(parts), postings.ROW)
        entries = max(int(rows["count"].sum()), 1)
        sizes = [int((rows["count"] * rows[width].astype(np.int64)).sum()) for width in ("key_width", "value_width")]
        found[name] = _Map(sum(sizes), entries, sizes[0] / entries, sizes[1] / entries)
    return found


def _growth(rows: Sequence[Row], archive: Path) -> Iterator[str]:
    """Yield what 10 million paragraphs would take.

    The file by its parts: all grow with the paragraphs, and numbers of segments are of four bytes where there are more
    than 2**24. A check reads a block for each key that it looks for, until it reads all of them, and from there on as
    much as there is: a straight line, whose distance from the points is told.
    """
    paragraphs = np.array([row["paragraphs"] for row in rows])
    scale = _GROWN / paragraphs[-1]
    with closing(sqlite3.connect(archive)) as db:
        maps = _maps(db)
        (segments,) = db.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'segments'").fetchone()
    wider = 0.0
    if segments * scale > 1 << 24:
        wider = sum(maps[name].entries * (4 - maps[name].value_width) for name in ("bands", "keys", "anchors"))
    yield f"at {_GROWN:,} paragraphs: {scale * (archive.stat().st_size + wider) / 1e9:.1f} GB"
    for name in ("check s", "busy s", "memory MB"):
        values = np.array([row[name] for row in rows], np.float64)
        slope, start = np.polyfit(paragraphs, values, 1)
        distance = np.abs(start + slope * paragraphs - values).max()
        yield (
            f"{name} at {_GROWN:,} paragraphs: {start + slope * _GROWN:.3g} = {start:.3g} + {slope * 1e6:.3g} a million"
            f"; no point is further than {distance:.2g} from that line"
        )


def measure_stores(path: Path, options: Options) -> Result:
    """Keep made-up band keys in blocks of SQLite, in rows of SQLite, and in DuckDB; look 6,500 up in each band."""
    result = Result()
    n, bands = (options.count or 1_000_000), 8
    source = np.random.default_rng(options.seed)
    keys = [source.integers(0, 2**32, n, np.uint64) for _ in range(bands)]
    wanted = [np.concatenate([source.choice(one, 650), source.integers(0, 2**32, 5_850, np.uint64)]) for one in keys]
    stores: dict[str, Callable[..., Row]] = {"blocks in SQLite": _blocks, "rows in SQLite": _rows, "DuckDB": _duckdb}
    for name, measure in stores.items():
        with TemporaryDirectory() as folder:
            try:
                row = measure(Path(folder) / "store.db", keys, wanted)
            except ImportError:
                result.notes.append(f"{name} is not installed")
                continue
            size = sum(one.stat().st_size for one in Path(folder).iterdir())
            result.rows.append({"store": name} | row | {"bytes a key": round(size / (n * bands), 1)})
    result.notes.append(f"{n:,} keys in each of {bands} bands; an archive has 35 bands")
    return result


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def _blocks(path: Path, keys: list[NDArray[np.uint64]], wanted: list[NDArray[np.uint64]]) -> Row:
    from dedup.index.postings import PostingFile
    from dedup.index.runs import RunWriter

    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(f"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; {database.SCHEMA}")
    table = PostingFile(db)

    def build() -> None:
        db.execute("BEGIN")
        with ThreadPoolExecutor(1) as executor:
            run = RunWriter(db, table, len(keys[0]), [], executor)
            for band, one in enumerate(keys):
                run.write(0, band, partial(_sorted, one))
            run.end()
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def look_up() -> None:
        for band, one in enumerate(wanted):
            table.find(0, band, one)

    row = {"build s": _timed(build)}
    look_up()
    return row | {"look up s": _timed(look_up)}


def _sorted(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    order = np.argsort(keys)
    return keys[order], order


def _rows(path: Path, keys: list[NDArray[np.uint64]], wanted: list[NDArray[np.uint64]]) -> Row:
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode = WAL;"
        "CREATE TABLE t (band INTEGER, key INTEGER, number INTEGER, PRIMARY KEY (band, key, number)) WITHOUT ROWID;"
    )

    def build() -> None:
        db.execute("BEGIN")
        for band, one in enumerate(keys):
            order = np.argsort(one)
            rows = zip(one[order].tolist(), order.tolist(), strict=True)
            db.executemany("INSERT INTO t VALUES (?, ?, ?)", ((band, key, number) for key, number in rows))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def look_up() -> None:
        for band, one in enumerate(wanted):
            for key in np.unique(one).tolist():
                db.execute("SELECT number FROM t WHERE band = ? AND key = ?", (band, key)).fetchall()

    row = {"build s": _timed(build)}
    look_up()
    return row | {"look up s": _timed(look_up)}


def _duckdb(path: Path, keys: list[NDArray[np.uint64]], wanted: list[NDArray[np.uint64]]) -> Row:
    import duckdb
    import pandas as pd

    db = duckdb.connect(str(path), config={"threads": 2})
    db.execute("CREATE TABLE t (band UTINYINT, key UINTEGER, number UINTEGER)")

    def build() -> None:
        for band, one in enumerate(keys):
            order = np.argsort(one)
            frame = pd.DataFrame({"band": np.uint8(band), "key": one[order].astype(np.uint32),
                                  "number": order.astype(np.uint32)})  # fmt: skip
            db.register("frame", frame)
            db.execute("INSERT INTO t SELECT * FROM frame")
        db.execute("CHECKPOINT")

    frame = pd.concat(
        pd.DataFrame({"band": np.uint8(band), "key": one.astype(np.uint32)}) for band, one in enumerate(wanted)
    )

    def look_up() -> None:
        db.register("wanted", frame)
        db.execute("SELECT * FROM wanted JOIN t USING (band, key)").fetchnumpy()

    row = {"build s": _timed(build)}
    look_up()
    row |= {"look up s": _timed(look_up)}
    db.close()
    return row
