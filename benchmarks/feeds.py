"""Is every entry read that feedparser sees, and do feeds in all formats give the findings of JSON Lines.

``python -m benchmarks.feeds --data DIR`` prints a table of the feeds in a folder: the entries that feedparser (with its
defaults) and the reader here see, how many have the same title and link, how many were skipped, and the line that is
said of the file. ``--generated N`` writes N feeds with known repeats in each format and compares their findings with
those of the same articles as JSON Lines.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import feedparser

import dedup
from benchmarks.feed_formats import FORMATS, make_articles, write_feed
from dedup.readers.markup import html_line
from dedup.reports.view import report_findings


def peer_entries(path: Path) -> list[tuple[str, str]]:
    """Return title and link of each entry that feedparser sees; a title as text, as it would be shown."""
    entries = feedparser.parse(io.BytesIO(path.read_bytes())).entries
    return [(html_line(entry.get("title", "")), entry.get("link", "")) for entry in entries]


def read_entries(path: Path) -> tuple[list[tuple[str, str]], int, list[str]]:
    """Return title and link of each article read, how many records were skipped, and what is said of the file."""
    articles = dedup.read_feeds([path])
    entries = [(articles.title(i), articles.urls[i]) for i in range(len(articles))]
    skipped = {skip.record for skip in articles.skips if skip.record} - set(articles.records.tolist())
    return entries, len(skipped), [skip.reason for skip in articles.skips if not skip.record]


def print_table(folder: Path) -> bool:
    """Print a line for each file; return whether every entry of feedparser was read with its title and link."""
    totals, lost = [0, 0, 0, 0], 0
    print("| file | feedparser | read | same title, link | skipped | said of the file |\n|---|--:|--:|--:|--:|---|")
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".xml", ".json", ".rss", ".atom")):
        expected = peer_entries(path)
        entries, skipped, said = read_entries(path)
        same = sum(one in entries for one in expected)
        lost += len(expected) - same
        row = (len(expected), len(entries), same, skipped)
        totals = [total + one for total, one in zip(totals, row, strict=True)]
        print(f"| {path.name} | {' | '.join(map(str, row))} | {' / '.join(said)} |")
    print(f"| all | {' | '.join(map(str, totals))} | |")
    return not lost


def findings_of(path: Path) -> list[tuple[object, ...]]:
    """Return each finding: its kind, whether it is exact, and the article, text and scores of its places."""
    return list(_findings(dedup.scan([path])))


def _findings(report: dedup.Report) -> Iterator[tuple[object, ...]]:
    for finding in report_findings(report):
        # A page has no id but its path; all of these articles have titles of their own.
        places = [
            (report.articles.title(place.article), place.part, place.text, place.jaccard, place.cosine)
            for place in finding.places
        ]
        yield finding.kind, finding.level, finding.exact, finding.weight, places


def compare_formats(count: int) -> bool:
    """Write feeds in every format, compare their findings with those of JSON Lines, and print how many are equal."""
    equal = dict.fromkeys(FORMATS, 0)
    findings = 0
    started = time.perf_counter()
    with TemporaryDirectory() as folder:
        for seed in range(count):
            articles = make_articles(seed)
            expected = findings_of(write_feed(Path(folder), "jsonl", articles))
            findings += len(expected)
            for name in FORMATS:
                equal[name] += expected == findings_of(write_feed(Path(folder), name, articles))
    seconds = time.perf_counter() - started
    print(f"{count} feeds, {findings} findings each way, {seconds:.0f} s; feeds with the findings of JSON Lines:")
    for name, n_equal in equal.items():
        print(f"  {name:10} {n_equal}")
    return all(n_equal == count for n_equal in equal.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 if something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of feeds")
    parser.add_argument("--generated", type=int, default=0, metavar="N", help="compare N made feeds in each format")
    options = parser.parse_args(arguments)
    fine = True
    if options.data:
        fine &= print_table(options.data)
    if options.generated:
        fine &= compare_formats(options.generated)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
