"""How fast the report is: as a whole process and by stage, growing, starting, and on feeds of unusual shapes.

Machines are noisy: what counts are the ratios inside one run.
"""

from __future__ import annotations

import csv
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processes import Run, median_run, run
from benchmarks.results import SEEDS, Figure, Options, Result, Row

MEGABYTE = 1e6
#: Of the text: what the report may take at its peak.
MEMORY_LIMIT = 4.0
EXPONENT_LIMIT = 1.1
#: Of the time that JSON Lines takes from disk to articles.
READ_LIMITS = {"JSON Lines": 1.0, "CSV": 2.0, "Parquet": 1.3}


def report(feed: Path, out: Path, *options: str) -> Run:
    """Run ``dedup report`` on a feed to JSON in ``out``."""
    return run(sys.executable, "-m", "dedup", "report", feed, "--format", "json", "-v", "-o", out, *options)


def text_bytes(feed: Path) -> int:
    """Return the UTF-8 bytes of titles and texts of a feed."""
    with feed.open("rb") as lines:
        records = (json.loads(line) for line in lines)
        return sum(len(r["text"].encode()) + len((r.get("title") or "").encode()) for r in records)


@dataclass(frozen=True, slots=True)
class Feed:
    """What is measured on: a plain JSON Lines file, a folder for what is written, and where a report goes."""

    path: Path
    work: Path
    megabytes: float

    @property
    def out(self) -> Path:
        """Where a report goes."""
        return self.work / "report.json"

    def lines(self) -> list[bytes]:
        """Return the records."""
        return self.path.read_bytes().splitlines(keepends=True)

    def part(self, lines: list[bytes]) -> Path:
        """Write some records to a file and return it; the next part takes its place."""
        path = self.work / "part.jsonl"
        path.write_bytes(b"".join(lines))
        return path


@contextmanager
def opened_feed(path: Path) -> Iterator[Feed]:
    """Yield the feed, unpacked if it is compressed."""
    with TemporaryDirectory() as folder:
        work = Path(folder)
        if path.suffix == ".zst":
            import zstandard

            plain = work / "feed.jsonl"
            with path.open("rb") as packed, plain.open("wb") as unpacked:
                zstandard.ZstdDecompressor().copy_stream(packed, unpacked)
            path = plain
        yield Feed(path, work, text_bytes(path) / MEGABYTE)


def measure_start(path: Path, options: Options) -> Result:
    """Help, a small report, and the first run of all, which compiles."""
    result = Result()
    with TemporaryDirectory() as folder:
        out, seeds = Path(folder) / "report.json", SEEDS / "feed.jsonl"
        report(seeds, out)
        for name, limit, command in (
            ("dedup --help", 0.25, ["--help"]),
            ("report on seeds/", 2.0, ["report", str(seeds)]),
        ):
            runs = [run(sys.executable, "-m", "dedup", *command) for _ in range(max(5, options.repeats))]
            result.figures.append(Figure(f"{name}, seconds", median_run(runs).seconds, "<=", limit))
        first = run(sys.executable, "-m", "dedup", "report", seeds, env={"NUMBA_CACHE_DIR": str(Path(folder) / "cold")})
        result.figures.append(Figure("first run of all, which compiles, seconds", first.seconds))
    return result


def measure_whole(path: Path, options: Options) -> Result:
    """Whole process with one thread and with two, stages, memory."""
    result = Result()
    with opened_feed(path) as feed:
        report(feed.path, feed.out)  # compiles, and warms the file cache
        for jobs in dict.fromkeys((1, options.jobs)):
            runs = [report(feed.path, feed.out, "--jobs", str(jobs)) for _ in range(options.repeats)]
            took = median_run(runs)
            stages: dict[str, float] = json.loads(feed.out.read_bytes())["seconds"]
            stages["start, output"] = runs[-1].seconds - sum(stages.values())
            table = f"stages, {jobs} thread" + "s" * (jobs > 1)
            for name, seconds in [*stages.items(), ("whole process", took.seconds)]:
                rate = feed.megabytes / max(seconds, 1e-3)
                result.rows.append({"table": table, "stage": name, "seconds": seconds, "MB/s": rate})
            ratio = took.peak_mb * 1.048576 / feed.megabytes
            result.figures.extend(
                [
                    Figure(f"MB/s, threads: {jobs}", feed.megabytes / took.seconds),
                    Figure(f"processor seconds, threads: {jobs}", took.cpu_seconds),
                    Figure(f"peak memory over text, threads: {jobs}", ratio, "<=", MEMORY_LIMIT),
                ]
            )
            result.data[f"seconds, {jobs}"] = [one.seconds for one in runs]
        result.notes.append(
            f"{feed.megabytes:.1f} MB of text; the report is {feed.out.stat().st_size / MEGABYTE:.0f} MB"
        )
    return result


def measure_growth(path: Path, options: Options) -> Result:
    """Time over 1/16, 1/8, 1/4, 1/2 and all of the feed, with the exponent fitted."""
    result = Result()
    with opened_feed(path) as feed:
        lines = feed.lines()
        random.Random(1).shuffle(lines)
        for share in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0):
            part = feed.part(lines[: round(len(lines) * share)])
            took = median_run([report(part, feed.out) for _ in range(options.repeats)])
            result.rows.append({"share": share, "MB": feed.megabytes * share, **_columns(took)})
    _add_exponents(result, "share", "of the feed")
    return result


def _columns(took: Run) -> Row:
    return {"seconds": took.seconds, "processor seconds": took.cpu_seconds, "peak MiB": took.peak_mb}


def _add_exponents(result: Result, column: str, of: str) -> None:
    for name in ("seconds", "processor seconds"):
        exponent = slope([(math.log(row[column]), math.log(row[name])) for row in result.rows])
        result.figures.append(Figure(f"exponent of {name} by size {of}", exponent, "<=", EXPONENT_LIMIT))


def measure_candidates(path: Path, options: Options) -> Result:
    """Exact join against LSH by size and threshold: what the mode ``auto`` goes by."""
    result = Result()
    with opened_feed(path) as feed:
        lines = feed.lines()
        for share in (0.125, 0.5, 1.0):
            part = feed.part(lines[: round(len(lines) * share)])
            for jaccard in (0.3, 0.5, 0.8):
                took, found = {}, {}
                for mode in ("exact", "lsh"):
                    more = ("--candidates", mode, "--min-jaccard", str(jaccard))
                    took[mode] = median_run([report(part, feed.out, *more) for _ in range(options.repeats)])
                    found[mode] = json.loads(feed.out.read_bytes())["summary"]["matches"]
                exact, lsh = took["exact"], took["lsh"]
                row: Row = {"share": share, "jaccard": jaccard, "exact s": exact.seconds, "lsh s": lsh.seconds}
                row["lsh/exact processor"] = lsh.cpu_seconds / exact.cpu_seconds
                result.rows.append(row | {"lsh/exact matches": found["lsh"] / max(1, found["exact"])})
    return result


def measure_read(path: Path, options: Options) -> Result:
    """Time JSON Lines, CSV and Parquet from disk to articles, in turn, in one process."""
    from dedup.readers import read_feeds

    result = Result()
    with opened_feed(path) as feed:
        paths = table_files(feed.path, feed.work)
        took: dict[str, list[float]] = {name: [] for name in paths}
        counts = {name: len(read_feeds([one], jobs=options.jobs)) for name, one in paths.items()}
        if len(set(counts.values())) > 1:
            result.failures.append(f"formats differ in how many articles are read: {counts}")
        for _ in range(max(5, options.repeats)):
            for name, one in paths.items():
                start = time.perf_counter()
                read_feeds([one], jobs=options.jobs)
                took[name].append(time.perf_counter() - start)
        base = statistics.median(took["JSON Lines"])
        for name, limit in READ_LIMITS.items():
            seconds = statistics.median(took[name])
            result.rows.append({"format": name, "seconds": seconds, "MB/s": feed.megabytes / seconds})
            result.figures.append(Figure(f"{name} over JSON Lines, seconds", seconds / base, "<=", limit))
    return result


def measure_notices(path: Path, options: Options) -> Result:
    """Time a feed in which every article carries the same three notices, each with a date of its own."""
    result = Result()
    with TemporaryDirectory() as folder:
        part, out = Path(folder) / "notices.jsonl", Path(folder) / "report.json"
        for n_articles in (12_500, 25_000, 50_000):
            part.write_text("".join(notice_feed(n_articles)), encoding="utf-8")
            took = median_run([report(part, out) for _ in range(options.repeats)])
            n_findings = len(json.loads(out.read_bytes())["findings"])
            result.rows.append({"articles": n_articles, **_columns(took), "findings": n_findings})
    _add_exponents(result, "articles", "in articles")
    return result


def measure_gate(path: Path, options: Options) -> Result:
    """Check the first articles of the feed, as a whole process."""
    result = Result()
    with opened_feed(path) as feed:
        lines = feed.lines()
        for n_articles, limit in ((100, 1.5), (10_000, 10.0)):
            part = feed.part(lines[:n_articles])
            command = (sys.executable, "-m", "dedup", "check", part, "--exit-zero", "--format", "terminal")
            took = median_run([run(*command) for _ in range(max(3, options.repeats))])
            result.figures.append(Figure(f"{n_articles:,} articles, seconds", took.seconds, "<=", limit))
    return result


def table_files(feed: Path, work: Path) -> dict[str, Path]:
    """Write the articles of a JSON Lines feed as CSV and Parquet too, and return the path of each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("id", "title", "text", "source", "url", "date")
    paths = {"JSON Lines": work / "read.jsonl", "CSV": work / "read.csv", "Parquet": work / "read.parquet"}
    schema = pa.schema([(name, pa.string()) for name in names])
    with (
        feed.open("rb") as lines,
        paths["JSON Lines"].open("w", encoding="utf-8") as json_file,
        paths["CSV"].open("w", encoding="utf-8", newline="") as csv_file,
        pq.ParquetWriter(paths["Parquet"], schema) as parquet,
    ):
        table = csv.DictWriter(csv_file, names)
        table.writeheader()
        while part := list(islice(lines, 5000)):
            records = [{name: json.loads(line).get(name) for name in names} for line in part]
            json_file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            table.writerows(records)
            parquet.write_table(pa.Table.from_pylist(records, schema))
    return paths


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line.

    Examples
    --------
    >>> slope([(0, 1), (1, 3), (2, 5)])
    2.0
    """
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def notice_feed(n_articles: int) -> Iterator[str]:
    """Yield JSON Lines: a paragraph of chance words, and three notices whose date and number differ every time."""
    source = random.Random(1)
    words = [f"word{i}" for i in range(3000)]
    notices = (
        "The material on this page may not be copied, sold or published without the written permission of the editor, "
        "and this was last revised on {} by the desk",
        "Readers who find a mistake in what we print are asked to write to the corrections desk at the address below, "
        "and we will answer within two days of {}",
        "This newspaper belongs to its readers and to nobody else, and it takes no money from any party or ministry, "
        "as has stood since {} in its own rules",
    )
    for i in range(n_articles):
        date = f"{source.randrange(1, 29)} March, number {source.randrange(10**6)}"
        text = "\n\n".join([" ".join(source.choices(words, k=150)), *(notice.format(date) for notice in notices)])
        yield json.dumps({"id": str(i), "text": text}) + "\n"
