"""Is every entry read that feedparser sees, and do feeds in all formats give the findings of JSON Lines.

``feeds`` has a line for each feed of a folder: the entries that feedparser (with its defaults) and the reader here see,
how many have the same title and link, how many were skipped, and the line that is said of the file. ``formats`` writes
feeds with known repeats in each format and compares their findings with those of the same articles as JSON Lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import feedparser

import dedup
from benchmarks.feed_formats import FORMATS, make_articles, write_feed
from benchmarks.results import Figure, Options, Result
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


def measure_feeds(folder: Path, options: Options) -> Result:
    """Count the entries of each file that feedparser sees, and those of them that are read with title and link."""
    result = Result()
    totals, lost = [0, 0, 0, 0], 0
    names = ("feedparser", "read", "same title, link", "skipped")
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".xml", ".json", ".rss", ".atom")):
        expected = peer_entries(path)
        entries, skipped, said = read_entries(path)
        same = sum(one in entries for one in expected)
        lost += len(expected) - same
        row = (len(expected), len(entries), same, skipped)
        totals = [total + one for total, one in zip(totals, row, strict=True)]
        said_line = " / ".join(said)
        result.rows.append({"file": path.name} | dict(zip(names, row, strict=True)) | {"said of the file": said_line})
    result.rows.append({"file": "all"} | dict(zip(names, totals, strict=True)) | {"said of the file": ""})
    if lost:
        result.failures.append(f"{lost} entries that feedparser sees were not read with their title and link")
    return result


def findings_of(path: Path) -> list[tuple[object, ...]]:
    """Return each finding: its kind, whether it is exact, and the article, text and scores of its places."""
    return list(_findings(dedup.scan([path])))


def _findings(report: dedup.Report) -> Iterator[tuple[object, ...]]:
    for finding in report_findings(report):
        # A page has no id but its path; all of these articles have titles of their own. The body of a Markdown file
        # begins with the blank line after its front matter.
        places = [
            (report.articles.title(place.article), place.part, (place.text or "").strip(), place.jaccard, place.cosine)
            for place in finding.places
        ]
        yield finding.kind, finding.level, finding.exact, finding.weight, places


def measure_formats(path: Path, options: Options) -> Result:
    """Write feeds in every format and count those whose findings are those of JSON Lines."""
    result, count = Result(), options.count or 100
    equal = dict.fromkeys(FORMATS, 0)
    findings = 0
    with TemporaryDirectory() as folder:
        for seed in range(options.seed, options.seed + count):
            articles = make_articles(seed)
            expected = findings_of(write_feed(Path(folder), "jsonl", articles))
            findings += len(expected)
            for name in FORMATS:
                equal[name] += expected == findings_of(write_feed(Path(folder), name, articles))
    for name, n_equal in equal.items():
        result.figures.append(Figure(f"{name}: feeds of {count} with the findings of JSON Lines", n_equal, "=", count))
        if n_equal < count:
            result.failures.append(f"{name}: {count - n_equal} of {count} feeds have other findings")
    result.notes.append(f"{findings} findings each way")
    return result
