"""Pages: main text or all of it, what the head says, and the line of each place."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import dedup
from benchmarks import pages as benchmark
from dedup.errors import ConfigError
from dedup.model import NO_DATE, Articles
from dedup.readers import ReadParams, read_feeds
from dedup.readers.dates import parse_date
from dedup.reports import text as text_report
from dedup.reports.positions import positions
from dedup.reports.view import report_findings

PAGES = sorted(benchmark.PAGES.glob("*.html"))
LINE = "The committee said on Friday that the new bridge over the Tarn will open in spring."
FILLER = "<p>Nothing else was decided in a meeting of three hours, of which the weather took the second, as usual.</p>"


def read(folder: Path, content: str | bytes, name: str = "page.html", **params: object) -> Articles:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_feeds([path], ReadParams(**params))  # type: ignore[arg-type]


def test_extractors_are_as_good_as_they_were_measured():
    """Mean F1 over the annotated pages; taking everything is far worse."""
    pages = [page.read_text(encoding="utf-8") for page in PAGES]

    scores = {
        name: float(np.mean([benchmark.score_page(page, benchmark.PEERS[name][1]).f1 for page in pages]))
        for name in ("everything", "readability")
    }

    assert scores["readability"] > 0.83
    assert scores["everything"] < 0.6


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_main_text_is_part_of_all_text(path):
    """In the same words, in the same order."""
    main = read_feeds([path]).body(0).split("\n\n")
    everything = read_feeds([path], ReadParams(page_text="all")).body(0).split("\n\n")

    rest = iter(everything)
    assert all(one in rest for one in main)
    assert 0 < len(main) < len(everything)


def test_menus_and_footers_are_left_out_of_the_main_text():
    text = read_feeds([PAGES[0]]).body(0)

    assert "five families" in text
    assert not [word for word in ("All rights reserved", "Ten walks", "Weather", "tracker") if word in text]


@pytest.mark.parametrize(
    ("head", "title", "date", "url", "source", "language"),
    [
        (
            '<title>A - Post</title><meta property="og:title" content="A &amp; B">'
            '<meta property="og:site_name" content="Post"><link rel=canonical href="http://e.com/a">'
            '<meta property="article:published_time" content="2026-02-03T04:05:06Z">',
            "A & B", "2026-02-03T04:05:06Z", "http://e.com/a", "Post", "en",
        ),
        (
            '<script type="application/ld+json">{"@graph": [{"headline": "A", "datePublished": "2026-02-03"}]}</script>'
            '<meta property="og:url" content="https://e.com:80/x">',
            "A", "2026-02-03", "https://e.com:80/x", "e.com", "en",
        ),
        ('<meta name=date content=now><meta name=pubdate content="2026-02-03">', "Heading", "2026-02-03", "", "",
         "en"),
        ("<title>Heading | Post</title>", "Heading", "", "", "", "en"),
        ('<link rel=canonical href="http://[broken"><script type="application/ld+json">{"a"</script>', "Heading", "",
         "http://[broken", "", "en"),
    ],
)  # fmt: skip
def test_the_head_names_title_date_address_source_and_language(head, title, date, url, source, language, tmp_path):
    page = f"<html lang=en><head>{head}</head><body><h1>Heading</h1><p>{LINE}</p>{FILLER}</body></html>"

    articles = read(tmp_path, page)

    assert title == articles.title(0)
    assert (parse_date(date) if date else NO_DATE) == articles.dates[0]
    assert (url, source, language) == (articles.urls[0], articles.sources[0], articles.languages[0])
    assert str(tmp_path / "page.html") == articles.ids[0]


def test_the_headline_is_not_said_again_in_the_body(tmp_path):
    page = f"<title>{LINE}</title><h1>{LINE}</h1>{FILLER}"

    assert LINE not in read(tmp_path, page, page_text="all").body(0)


def test_a_finding_in_a_page_names_the_line_in_the_file(tmp_path):
    """Wherever the paragraph begins, whatever stands before it, and in the second of two pages."""
    words = LINE.split()
    page = f"<!DOCTYPE html>\n<html>\n<body>\n{FILLER}\n<div\nclass=a>\n<p>{LINE}</p>\n<p>Other news.</p>\n\n<p><i>\n"
    page += f"{words[0]}</i>\n{' '.join(words[1:8])}\n{' '.join(words[8:])}</p></div></body></html>"
    (tmp_path / "a.html").write_text(
        f"<!DOCTYPE html>{FILLER}\n<p>Café news of the day, in a line of ten words or more.</p>"
    )
    (tmp_path / "b.html").write_text(page)

    report = dedup.scan([tmp_path], dedup.load_config({"page_text": "all"}))
    finding = next(one for one in report_findings(report) if LINE in (one.places[0].text or ""))
    shown = io.StringIO()
    text_report.write(report, shown)

    lines = page.split("\n")
    first, last = (i for i, line in enumerate(lines, 1) if words[0] in line)
    assert [first, last] == [place.line for place in finding.places]
    assert [first, last + 2] == [place.end_line for place in finding.places]
    assert re.search(rf"b\.html:{first}\D", "".join(shown.getvalue().split()))  # long paths are broken


def test_columns_in_a_page_count_the_text_of_the_line(tmp_path):
    """A word after others on its line, and after tags, is where it would be without the tags."""
    articles = read(tmp_path, f"<p>one <b>two</b>\nthrée four</p>\n{FILLER}", page_text="all")
    body = articles.body(0)
    at = articles.body_starts[0] + np.array([len(body[: body.index(word)].encode()) for word in ("one", "two", "four")])

    found = positions(articles, np.zeros(3, np.int64), at)

    assert [[1, 1, 2], [1, 5, 7]] == [found.lines.tolist(), found.columns.tolist()]


def test_a_page_in_another_encoding_keeps_its_lines(tmp_path):
    page = f"<meta charset=iso-8859-1>\n<p>caf\u00e9 {LINE}</p>\n{FILLER}".encode("latin-1")

    articles = read(tmp_path, page, page_text="all")

    assert articles.body(0).startswith("café The committee")
    assert [2] == articles.body_lines.tolist()


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "empty"), ("<html></html>", "empty"), ("<script>x</script>", "empty"), ("<!-- c -->", "empty")],
)
def test_a_page_without_text_is_a_line(content, reason, tmp_path):
    articles = read(tmp_path, content)

    assert 0 == len(articles)
    assert [reason] == [skip.reason for skip in articles.skips]


def test_deep_and_long_pages_are_read(tmp_path):
    """What nests deeper than the parser goes is not lost, and keeps its line."""
    page = "<div>" * 100_000 + f"\n<div\n><b>{LINE}</b>" + f"\n{FILLER}" * 2000

    articles = read(tmp_path, page)

    assert articles.body(0).startswith(LINE)
    assert 2001 == articles.body(0).count("\n\n") + 1
    assert [3] == articles.body_lines.tolist()


def test_an_extractor_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trafilatura", None)

    with pytest.raises(ConfigError, match=r"pip install 'saidtwice\[pages\]'"):
        read(tmp_path, "<html><p>a", page_extractor="trafilatura")


def test_trafilatura_can_be_chosen(tmp_path):
    pytest.importorskip("trafilatura")

    text = read_feeds([PAGES[0]], ReadParams(page_extractor="trafilatura")).body(0)

    assert "five families" in text
    assert "All rights reserved" not in text
