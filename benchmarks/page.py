"""A page of 20,000 findings: its size, the memory of writing it, and how long a browser takes until it can be used.

``python -m benchmarks run page`` makes a feed in which each article repeats a paragraph of itself or of another one,
writes the page, and opens it in Chromium: from the start of loading to the first list of findings on screen, then to
that list filtered by a word and sorted. Beside it the same findings as a page of plain HTML, as one writes it first.
"""

from __future__ import annotations

import random
import shutil
import tracemalloc
from collections.abc import Iterator
from html import escape
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import dedup
from benchmarks.results import Figure, MissingDataError, Options, Result
from dedup.reports import html
from dedup.reports.view import report_findings

if TYPE_CHECKING:
    from dedup.result import Report

FINDINGS = 20_000
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
MAX_SECONDS = 2.0
_PATIENCE_MS = 300_000
_VOCABULARY = 20_000
_PARAGRAPHS, _WORDS = 4, 40

#: What is timed: from an address to a list on screen, and from a change to the list that follows from it.
_FILTERED = """async () => {
    const start = performance.now();
    location.hash = "view=findings&q=ba&sort=cosine.down";
    const before = document.querySelector(".found").textContent;
    while (document.querySelector(".found").textContent === before)
        await new Promise(requestAnimationFrame);
    return (performance.now() - start) / 1000;
}"""


def made_articles(n: int, seed: int) -> Iterator[dict[str, str]]:
    """Yield articles with a paragraph that stands in them, or in the article before them, already."""
    rng = random.Random(seed)
    syllables = ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ro", "su", "ta", "ve"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(_VOCABULARY)]
    before = ""
    for i in range(n):
        parts = [" ".join(rng.choices(words, k=rng.randint(_WORDS // 2, 2 * _WORDS))) + "." for _ in range(_PARAGRAPHS)]
        again = (parts[0] if i % 2 or not before else before).split()
        again[rng.randrange(len(again))] = "other"
        day = f"{2015 + i % 10}-{1 + i % 12:02}-{1 + i % 28:02}"
        yield {
            "id": f"a{i}",
            "title": " ".join(rng.choices(words, k=8)),
            "text": "\n\n".join([*parts, " ".join(again)]),
            "source": f"Paper {i % 40}",
            "date": day,
            "url": f"https://example.org/{i}",
        }
        before = parts[1]


def measure_page(path: Path, options: Options) -> Result:
    """Return size, memory and times of a page of ``count`` findings, and of plain HTML with the same."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise MissingDataError("needs Playwright: pip install -e '.[test]'") from error
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        raise MissingDataError("needs Chromium: apt-get install chromium")
    report = dedup.scan(dedup.articles_of(made_articles(options.count or FINDINGS, options.seed)), jobs=options.jobs)
    with TemporaryDirectory() as folder, sync_playwright() as running:
        page_path, plain_path = Path(folder) / "page.html", Path(folder) / "plain.html"
        seconds, peak = _written(report, page_path)
        _write_plain(report, plain_path)
        size = page_path.stat().st_size
        browser = running.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        opened, busy, filtered = zip(*(_opened(browser, page_path) for _ in range(options.repeats)), strict=True)
        plain = median(_opened_plain(browser, plain_path) for _ in range(options.repeats))
        browser.close()
    figures = [
        Figure("findings", len(report.findings)),
        Figure("page, MB", size / 1e6, "<=", html.DEFAULT_BYTES / 1e6, f"plain HTML {_megabytes(report)}"),
        Figure("written, seconds", seconds),
        Figure("peak memory of writing / size of the page", peak / size, "<=", 2),
        Figure("seconds to a list that can be used", median(opened), "<=", MAX_SECONDS, f"plain HTML {plain:.2f}"),
        Figure("of these, busy on the main thread", median(busy)),
        Figure("seconds to the list filtered and sorted", median(filtered), "<=", MAX_SECONDS),
    ]
    return Result(figures)


def _megabytes(report: Report) -> str:
    return f"{sum(len(row) for row in _plain_rows(report)) / 1e6:.1f}"


def _written(report: Report, path: Path) -> tuple[float, int]:
    """Return the seconds of writing a page, and the peak of memory in a second run."""
    start = perf_counter()
    with path.open("w", encoding="utf-8") as stream:
        html.write(report, stream)
    seconds = perf_counter() - start
    tracemalloc.start()
    with path.open("w", encoding="utf-8") as stream:
        html.write(report, stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak


def _plain_rows(report: Report) -> Iterator[str]:
    for finding in report_findings(report):
        places = "".join(f"<td>{escape(place.id)}<p>{escape(place.text or '')}</p></td>" for place in finding.places)
        yield f"<tr><td>{finding.number}</td><td>{finding.kind}</td><td>{finding.weight}</td>{places}</tr>\n"


def _write_plain(report: Report, path: Path) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write("<!DOCTYPE html><meta charset='utf-8'><title>plain</title><table>\n")
        stream.writelines(_plain_rows(report))


def _opened(browser: Any, path: Path) -> tuple[float, float, float]:
    """Return the seconds until the findings are on screen, those of the main thread, and until they are filtered."""
    page = browser.new_page()
    metrics = page.context.new_cdp_session(page)
    # Ticks of the thread: what others do on the machine does not count.
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    start = perf_counter()
    page.goto(path.as_uri() + "#view=findings")
    page.wait_for_selector("#findings .rows .row")
    seconds = perf_counter() - start
    told = {one["name"]: one["value"] for one in metrics.send("Performance.getMetrics")["metrics"]}
    filtered = page.evaluate(_FILTERED)
    page.close()
    return seconds, told["TaskDuration"], filtered


def _opened_plain(browser: Any, path: Path) -> float:
    """Return the seconds until a plain page is laid out."""
    page = browser.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    start = perf_counter()
    page.goto(path.as_uri())
    page.evaluate("document.body.offsetHeight")
    seconds = perf_counter() - start
    page.close()
    return seconds
