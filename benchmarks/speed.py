"""How fast the report is: as a whole process and by stage, growing, starting, beside the peers.

``python -m benchmarks.speed --data ../shared/data`` prints a table a part and, with ``--json``, writes all figures with
commit, machine and repeats. Machines are noisy: what counts are the ratios inside one run.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import peers

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1e6
#: Of the text: what the report may take at its peak.
MEMORY_LIMIT = 4.0
EXPONENT_LIMIT = 1.1
#: Of the time that JSON Lines takes from disk to articles.
READ_LIMITS = {"JSON Lines": 1.0, "CSV": 2.0, "Parquet": 1.3}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command as a whole process.

    Attributes
    ----------
    seconds : float
        Wall time, start-up included.
    cpu_seconds : float
        User and system, all threads.
    peak_mb : float
        Largest resident size.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(*command: str | Path, env: dict[str, str] | None = None) -> Run:
    """Run a command to its end and return what it took.

    Raises
    ------
    RuntimeError
        The command failed; with the last line that it wrote to stderr.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | (env or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {errors.strip().splitlines()[-1:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def report(feed: Path, out: Path, *options: str) -> Run:
    """Run ``dedup report`` on a feed to JSON in ``out``."""
    return run(sys.executable, "-m", "dedup", "report", feed, "--format", "json", "-v", "-o", out, *options)


def text_bytes(feed: Path) -> int:
    """Return the UTF-8 bytes of titles and texts of a feed."""
    with feed.open("rb") as lines:
        records = (json.loads(line) for line in lines)
        return sum(len(r["text"].encode()) + len((r.get("title") or "").encode()) for r in records)


def median(values: list[float]) -> float:
    """Return the middle one."""
    return statistics.median(values)


@dataclass(frozen=True, slots=True)
class Feed:
    """What is measured on."""

    path: Path
    megabytes: float


class Bench:
    """The parts of the benchmark, each printing its table and returning its figures."""

    def __init__(self, feed: Feed, work: Path, repeats: int, envs: Path) -> None:
        self.feed, self.work, self.repeats, self.envs = feed, work, repeats, envs
        self.out = work / "report.json"

    def whole(self) -> dict[str, Any]:
        """Whole process, stages, memory."""
        report(self.feed.path, self.out)  # compiles, and warms the file cache
        runs = [report(self.feed.path, self.out) for _ in range(self.repeats)]
        stages: dict[str, float] = json.loads(self.out.read_bytes())["seconds"]
        seconds, peak = median([one.seconds for one in runs]), max(one.peak_mb for one in runs)
        inside = sum(stages.values())
        print(f"{'stage':14}{'s':>8}{'MB/s':>9}")
        for name, took in stages.items():
            print(f"{name:14}{took:8.2f}{self.feed.megabytes / max(took, 1e-3):9.0f}")
        rest = runs[-1].seconds - inside
        print(f"{'start, output':14}{rest:8.2f}{self.feed.megabytes / max(rest, 1e-3):9.0f}")
        print(f"{'whole process':14}{seconds:8.2f}{self.feed.megabytes / seconds:9.1f}   median of {self.repeats}")
        cpu = median([one.cpu_seconds for one in runs])
        print(f"processor time {cpu:.1f} s; output {self.out.stat().st_size / MEGABYTE:.0f} MB")
        ratio = peak * 1.048576 / self.feed.megabytes
        print(f"peak memory {peak:.0f} MiB, {ratio:.2f} times the text (limit {MEMORY_LIMIT})")
        return {
            "seconds": [one.seconds for one in runs],
            "cpu_seconds": cpu,
            "mb_per_s": self.feed.megabytes / seconds,
            "stages": stages,
            "peak_mib": peak,
            "peak_over_text": ratio,
        }

    def growth(self) -> dict[str, Any]:
        """Time over 1/8, 1/4, 1/2 and all of the feed, with the exponent fitted."""
        lines = self.feed.path.read_bytes().splitlines(keepends=True)
        random.Random(1).shuffle(lines)
        points = []
        print(f"{'share':>7}{'s':>8}{'cpu s':>8}{'MiB':>8}")
        for share in (0.125, 0.25, 0.5, 1.0):
            part = self.work / "part.jsonl"
            part.write_bytes(b"".join(lines[: round(len(lines) * share)]))
            runs = [report(part, self.out) for _ in range(self.repeats)]
            took, peak = median([one.seconds for one in runs]), max(one.peak_mb for one in runs)
            cpu = median([one.cpu_seconds for one in runs])
            points.append({"share": share, "seconds": took, "cpu_seconds": cpu, "peak_mib": peak})
            print(f"{share:7.3f}{took:8.2f}{cpu:8.2f}{peak:8.0f}")
        exponent = slope([(math.log(p["share"]), math.log(p["seconds"])) for p in points])
        print(f"time grows with the text to the power {exponent:.2f} (limit {EXPONENT_LIMIT})")
        return {"points": points, "exponent": exponent}

    def candidates(self) -> dict[str, Any]:
        """Exact join against LSH by size and threshold: what the mode ``auto`` goes by."""
        lines = self.feed.path.read_bytes().splitlines(keepends=True)
        rows = []
        print(f"{'share':>7}{'jaccard':>9}{'exact s':>9}{'lsh s':>8}{'ratio':>7}{'lsh/exact matches':>19}")
        for share in (0.125, 0.5, 1.0):
            part = self.work / "part.jsonl"
            part.write_bytes(b"".join(lines[: round(len(lines) * share)]))
            for jaccard in (0.3, 0.5, 0.8):
                took, found = {}, {}
                for mode in ("exact", "lsh"):
                    runs = [
                        report(part, self.out, "--candidates", mode, "--min-jaccard", str(jaccard))
                        for _ in range(self.repeats)
                    ]
                    took[mode] = median([one.seconds for one in runs])
                    found[mode] = json.loads(self.out.read_bytes())["summary"]["matches"]
                recall = found["lsh"] / max(1, found["exact"])
                rows.append({"share": share, "jaccard": jaccard, "seconds": took, "matches": found})
                ratio = took["lsh"] / took["exact"]
                print(f"{share:7.3f}{jaccard:9.1f}{took['exact']:9.2f}{took['lsh']:8.2f}{ratio:7.2f}{recall:19.4f}")
        return {"rows": rows}

    def read(self) -> dict[str, Any]:
        """Time JSON Lines, CSV and Parquet from disk to articles, in turn, in one process."""
        from dedup.readers import read_feeds

        paths = table_files(self.feed.path, self.work)
        took: dict[str, list[float]] = {name: [] for name in paths}
        counts = {name: len(read_feeds([path], jobs=os.cpu_count() or 1)) for name, path in paths.items()}
        assert len(set(counts.values())) == 1, counts
        for _ in range(max(5, self.repeats)):
            for name, path in paths.items():
                start = time.perf_counter()
                read_feeds([path], jobs=os.cpu_count() or 1)
                took[name].append(time.perf_counter() - start)
        print(f"{'format':12}{'s':>8}{'MB/s':>9}{'/ JSON Lines':>14}{'limit':>8}")
        base = median(took["JSON Lines"])
        for name, limit in READ_LIMITS.items():
            seconds = median(took[name])
            print(f"{name:12}{seconds:8.2f}{self.feed.megabytes / seconds:9.0f}{seconds / base:14.2f}{limit:8.1f}")
        return {"seconds": took}

    def notices(self) -> dict[str, Any]:
        """Time a feed in which every article carries the same three notices, each with a date of its own."""
        points = []
        print(f"{'articles':>9}{'s':>8}{'findings':>10}")
        for n_articles in (12_500, 25_000, 50_000):
            part = self.work / "notices.jsonl"
            part.write_text("".join(notice_feed(n_articles)), encoding="utf-8")
            runs = [report(part, self.out) for _ in range(self.repeats)]
            took = median([one.seconds for one in runs])
            found = json.loads(self.out.read_bytes())
            points.append({"articles": n_articles, "seconds": took, "findings": len(found["findings"])})
            print(f"{n_articles:9}{took:8.2f}{len(found['findings']):10}")
        exponent = slope([(math.log(p["articles"]), math.log(p["seconds"])) for p in points])
        print(f"time grows with the articles to the power {exponent:.2f}; all pairs would be 2")
        return {"points": points, "exponent": exponent}

    def start(self) -> dict[str, Any]:
        """Help, a small report, and the first run of all, which compiles."""
        seeds = ROOT / "seeds" / "feed.jsonl"
        figures = {}
        report(seeds, self.out)
        for name, limit, command in (
            ("dedup --help", 0.25, ["--help"]),
            ("report on seeds/", 2.0, ["report", str(seeds)]),
        ):
            runs = [run(sys.executable, "-m", "dedup", *command) for _ in range(max(5, self.repeats))]
            figures[name] = [one.seconds for one in runs]
            print(f"{name:20}{median(figures[name]):8.2f} s (limit {limit} s)")
        cold = {"NUMBA_CACHE_DIR": str(self.work / "cold")}
        first = run(sys.executable, "-m", "dedup", "report", seeds, env=cold)
        figures["first run, compiling"] = [first.seconds]
        print(f"{'first run, compiling':20}{first.seconds:8.2f} s")
        return figures

    def gate(self) -> dict[str, Any]:
        """Check the first articles of the feed, as a whole process."""
        lines = self.feed.path.read_bytes().splitlines(keepends=True)
        figures = {}
        for n_articles, limit in ((100, 1.5), (10_000, 10.0)):
            part = self.work / "part.jsonl"
            part.write_bytes(b"".join(lines[:n_articles]))
            command = (sys.executable, "-m", "dedup", "check", part, "--exit-zero", "--format", "terminal")
            runs = [run(*command) for _ in range(max(3, self.repeats))]
            figures[n_articles] = [one.seconds for one in runs]
            print(f"{n_articles:7} articles {median(figures[n_articles]):8.2f} s (limit {limit} s)")
        return {"seconds": figures}

    def peers(self) -> dict[str, Any]:
        """Run the peers on the same articles as the report, in turn."""
        results: list[dict[str, Any]] = []
        print(f"{'':16}{'MB':>7}{'MB/s':>8}{'ours MB/s':>11}{'ours/peer':>11}{'peak MB':>9}{'flagged':>9}")
        for name, peer in peers.PEERS.items():
            theirs = peers.run_peer(name, self.feed.path, self.envs, peer.max_bytes)
            if theirs.error:
                print(f"{name:16}{theirs.error}")
                results.append({"name": name, "error": theirs.error})
                continue
            part = self.work / "part.jsonl"
            with self.feed.path.open("rb") as lines:
                part.write_bytes(b"".join(line for _, line in zip(range(theirs.n_articles), lines, strict=False)))
            runs = [report(part, self.out) for _ in range(self.repeats)]
            # From the file, as we do: their reading counts as well, by the standard library's parser.
            rate = theirs.text_mb / sum(theirs.seconds.values())
            ours = theirs.text_mb / median([one.seconds for one in runs])
            figures: dict[str, Any] = {"name": name, "mb_per_s": rate, "ours_mb_per_s": ours}
            results.append(figures | {"flagged": len(theirs.flagged), "settings": theirs.settings})
            print(
                f"{name:16}{theirs.text_mb:7.1f}{rate:8.1f}{ours:11.1f}{ours / rate:11.1f}{theirs.peak_mb:9.0f}"
                f"{len(theirs.flagged):9}"
            )
        print("peers: text to flagged paragraphs; ours: JSON Lines to findings of paragraphs, sentences and passages")
        return {"results": results}


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
    """Return the slope of the least-squares line."""
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


def find_feed(data: Path, work: Path) -> Feed:
    """Return the feed to measure on: a JSON Lines file, or the AllSides articles of a data folder, unpacked."""
    path = data / "allsides" / "docs.jsonl.zst" if data.is_dir() else data
    if not path.exists():
        raise SystemExit(f"speed: {path}: no such file; give a JSON Lines file or the data folder with --data")
    if path.suffix == ".zst":
        import zstandard

        plain = work / "feed.jsonl"
        with path.open("rb") as packed, plain.open("wb") as unpacked:
            zstandard.ZstdDecompressor().copy_stream(packed, unpacked)
        path = plain
    return Feed(path, text_bytes(path) / MEGABYTE)


PARTS = ("start", "whole", "read", "growth", "candidates", "notices", "gate", "peers")


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a JSON Lines file, or the folder with allsides/")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median counts (default 3)")
    parser.add_argument("--envs", type=Path, default=peers.DEFAULT_ENVS, help="where the peers' environments are kept")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        feed = find_feed(options.data, Path(folder))
        print(f"{feed.path.name}: {feed.megabytes:.1f} MB of text; {os.cpu_count()} cores, {platform.machine()}")
        bench = Bench(feed, Path(folder), options.repeats, options.envs.expanduser())
        figures: dict[str, Any] = {}
        for name in options.only:
            part: Callable[[], dict[str, Any]] = getattr(bench, name)
            print(f"\n{name}: {part.__doc__}")
            figures[name] = part()
    if options.json:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
        head = {
            "commit": commit.stdout.strip(),
            "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
            "repeats": options.repeats,
            "text_mb": feed.megabytes,
        }
        options.json.write_text(json.dumps(head | figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
