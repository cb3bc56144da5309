"""An archive of a million paragraphs: built beside the report in the same run, checked warm and cold, and its growth.

The feed is the given one, and as many of its articles with their words shuffled as are missing to ``--count``
paragraphs. It is added in four steps; after each, 100 articles that are not in it are checked. Times are those of
processes, as user and system seconds (what a busy machine does not change) and as they passed.
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
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import read_records
from benchmarks.processes import Run, run
from benchmarks.results import Figure, Options, Result, Row
from dedup.index import blocks, file

_PARAGRAPHS = 1_000_000
_CHECKED = 100
_STEPS = 4
_MAPS = {file.SEGMENTS: "keys", file.BANDS: "bands", file.ANCHORS: "anchors", file.POSTINGS: "places",
         file.WORDS: "words"}  # fmt: skip


def measure_archive(path: Path, options: Options) -> Result:
    """Build and check an archive."""
    result = Result()
    wanted = options.count or _PARAGRAPHS
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts, new, n = _make_feed(path, folder, wanted, options.seed)
        archive = folder / "archive.db"
        report = _command("report", *parts, "--format", "json", "-o", folder / "report.json")
        _command("index", "create", "--index", archive)
        built, points = [], []
        for step, part in enumerate(parts, 1):
            built.append(_command("index", "add", part, "--index", archive))
            warm = _warm(archive, new)
            points.append((n * step / len(parts), archive.stat().st_size, *warm))
            row: Row = {"paragraphs": round(points[-1][0]), "MB": round(points[-1][1] / 1e6)}
            row |= {"check s": round(warm[0], 2), "busy s": round(warm[1], 2)}
            result.rows.append(row)
        whole = [_check(archive, new) for _ in range(3)]
        cold = [_check(archive, new, cold=True) for _ in range(3)]
        busy = sum(one.cpu_seconds for one in built)
        result.figures.extend(
            [
                Figure("building: rate, as share of a report's", report.cpu_seconds / busy, ">=", 1 / 3,
                       f"{report.cpu_seconds:.1f} s of processors for the report, {busy:.1f} for the archive"),
                Figure("check of 100 articles, warm, seconds", points[-1][2], "<=", 1),
                Figure("the same, seconds of processors", points[-1][3]),
                Figure("the command as a whole, warm, seconds", median(one.seconds for one in whole)),
                Figure("the command as a whole, cold, seconds", median(one.seconds for one in cold), "<=", 3),
                Figure("memory of the check, MB", max(one.peak_mb for one in whole + cold), "<=", 300),
                Figure("memory of the building, MB", max(one.peak_mb for one in built)),
                Figure("bytes a paragraph on disk", archive.stat().st_size / n),
            ]
        )  # fmt: skip
        result.notes.extend(_sizes(archive, n))
        result.notes.append(_growth(points))
    return result


def _make_feed(path: Path, folder: Path, wanted: int, seed: int) -> tuple[list[Path], Path, int]:
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


def _command(*arguments: object) -> Run:
    """Run the command line to its end."""
    return run(sys.executable, "-m", "dedup", *map(str, arguments))


def _check(archive: Path, new: Path, *, cold: bool = False) -> Run:
    if cold:
        with archive.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return _command("index", "check", new, "--index", archive, "--top", "0")


def _warm(archive: Path, new: Path) -> tuple[float, float]:
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
    db = sqlite3.connect(archive)
    sizes = {
        _MAPS[kind]: size
        for kind, size in db.execute(
            "SELECT kind, sum(length(data)) FROM blocks JOIN blobs ON blobs.id = blocks.blob GROUP BY kind"
        )
    }
    (sizes["texts"],) = db.execute("SELECT sum(length(data)) FROM texts").fetchone()
    (sizes["sketches"],) = db.execute("SELECT sum(length(data)) FROM sketches").fetchone()
    (segments,) = db.execute("SELECT value FROM meta WHERE name = 'segments'").fetchone()
    db.close()
    told = ", ".join(f"{name} {size / n:.0f}" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1]))
    yield f"bytes a paragraph: {told}; {int(segments):,} distinct segments"


def _growth(points: Sequence[tuple[float, ...]]) -> str:
    """Return what a straight line through the points says of 10 million paragraphs."""
    paragraphs = np.array([point[0] for point in points])
    told = []
    for name, column in (("GB", 1), ("seconds of a check", 2), ("of processors", 3)):
        values = np.array([point[column] for point in points])
        slope, start = np.polyfit(paragraphs, values, 1)
        unit = 1e9 if name == "GB" else 1.0
        told.append(f"{name} {(start + slope * 1e7) / unit:.1f}")
    return "a straight line through these points, at 10 million paragraphs: " + ", ".join(told)


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

    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(f"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; {file.SCHEMA}")
    table = PostingFile(db)

    def build() -> None:
        db.execute("BEGIN")
        for band, one in enumerate(keys):
            order = np.argsort(one)
            table.write_blocks(0, band, 0, blocks.to_blocks(one[order], order))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def look_up() -> None:
        for band, one in enumerate(wanted):
            table.find(0, band, one)

    row = {"build s": _timed(build)}
    look_up()
    return row | {"look up s": _timed(look_up)}


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
