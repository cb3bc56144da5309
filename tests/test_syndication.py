"""Feeds: the entries that feedparser sees, with the same titles and links; what is broken is said in a line."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dedup
from benchmarks.feed_formats import FORMATS, SOURCE, make_articles, write_feed
from benchmarks.feeds import findings_of
from dedup.model import Articles
from dedup.readers import ReadParams, read_feeds

SEEDS = Path(__file__).parents[1] / "seeds"
RSS = '<rss version="2.0"><channel><title>Post</title>{}</channel></rss>'


def read(folder: Path, content: str | bytes, name: str = "feed.xml", **params: object) -> Articles:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_feeds([path], ReadParams(**params))  # type: ignore[arg-type]


def reasons(articles: Articles) -> list[tuple[int, str]]:
    return [(skip.record, skip.reason) for skip in articles.skips]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_findings_of_json_lines(form, seed, tmp_path):
    """Kind, level, places, texts and scores."""
    articles = make_articles(seed)
    expected = findings_of(write_feed(tmp_path, "jsonl", articles))

    assert expected == findings_of(write_feed(tmp_path, form, articles))


@pytest.mark.parametrize("seed", range(20))
def test_repeats_that_were_planted_are_found(seed, tmp_path):
    """Each paragraph of eight tokens or more that stands in two places is part of a finding of two or more."""
    articles = make_articles(seed)
    paragraphs = [one for article in articles for one in article.paragraphs if len(one.split()) >= 10]
    repeated = {one for one in paragraphs if paragraphs.count(one) > 1}

    found = [text for *_, places in findings_of(write_feed(tmp_path, "atom", articles)) for _, _, text, *_ in places]

    assert {one for one in repeated if not any(one in text for text in found)} == set()


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("pages", "warc")])
def test_every_format_gives_the_same_fields(form, tmp_path):
    """Id, title, text, date and source; the address where the format has one."""
    articles = make_articles(7)

    read = read_feeds([write_feed(tmp_path, form, articles)])

    assert [one.id for one in articles] == list(read.ids)
    assert [one.title for one in articles] == [read.title(i) for i in range(len(read))]
    # A body that stands in its file as it is has the line ends around it too.
    assert [one.text for one in articles] == [read.body(i).strip("\n") for i in range(len(read))]
    assert [int(one.date.timestamp()) for one in articles] == read.dates.tolist()
    assert [SOURCE] * len(articles) == list(read.sources)
    if form not in ("ninjs1", "ninjs3", "newsml"):
        assert [one.url for one in articles] == list(read.urls)


def test_the_seeds_as_rss_give_the_findings_of_the_seeds_as_json_lines():
    assert findings_of(SEEDS / "feed.jsonl") == findings_of(SEEDS / "feed.xml")


text = st.text(st.characters(categories=["L", "N", "P", "Zs", "Sm"]), max_size=30)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    entries=st.lists(st.tuples(text, text), max_size=5),
    spoil=st.sampled_from(["", "<item><title>cut off", "&nope;", "</channel>", "<a:b/>", "\x0b"]),
    form=st.sampled_from(["rss", "atom"]),
)
def test_titles_and_links_are_those_of_feedparser(entries, spoil, form, tmp_path):
    """In feeds that are well-formed and in feeds that are not; titles with white space folded."""
    written = [
        f"<item><title><![CDATA[{title.replace(']]>', '')}]]></title><link>http://e.com/{i}</link><description>"
        f"<![CDATA[{body.replace(']]>', '')}]]></description></item>"
        for i, (title, body) in enumerate(entries)
    ]
    content = RSS.format("".join(written) + spoil)
    if form == "atom":
        content = content.replace("item>", "entry>").replace('<rss version="2.0"><channel>', "<feed>")
        content = content.replace("</channel></rss>", "</feed>")
    peer = feedparser.parse(io.BytesIO(content.encode()), sanitize_html=False)
    # An entry of neither text nor title is no article.
    expected = [
        (" ".join(one.get("title", "").split()), one.get("link", ""))
        for one in peer.entries
        if one.get("title", "").strip() or one.get("summary", "").strip()
    ]

    articles = read(tmp_path, content)
    found = [(articles.title(i), articles.urls[i]) for i in range(len(articles))]

    assert expected == [one for one in found if one in expected]


def test_content_wins_over_the_summary_and_a_link_stands_in_for_an_id(tmp_path):
    entry = (
        "<item><title>A</title><link>http://e.com/a</link><description>Short.</description>"
        '<c:encoded xmlns:c="http://purl.org/rss/1.0/modules/content/">&lt;p&gt;Long.&lt;/p&gt;</c:encoded></item>'
    )

    articles = read(tmp_path, RSS.format(entry))

    assert [("Long.", "http://e.com/a", "http://e.com/a")] == [(articles.body(0), articles.ids[0], articles.urls[0])]
    assert read(tmp_path, RSS.format(entry), fields={"text": "summary"}).body(0) == "Short."
    assert read(tmp_path, RSS.format(entry), fields={"text": "body_html"}).body(0) == "Long."


@pytest.mark.parametrize("name", ["pubDate", "updated"])
def test_dates_are_what_they_are_in_json_lines(tmp_path, name):
    """Whatever is written: the same moment, or the same note; nothing of the day of the run."""
    dates = [
        *("Tue, 03 Mar 2026 08:20:00 +0200", "the third of March", "2026/01/05 14:30", "1767623400", "2026-02-31"),
        *("2026-01-05 14:30:00 UTC", "20260105143000", "2026-01-05 2:30 PM", "Mon, 05 Jan 2026 14:30:00 CEST"),
        *("0000-00-00 00:00:00", "12:00", "2026-13-05", "2026年1月5日", "Mon, 05 Jan 2026 14:30:00 XYZ", "05/01/2026"),
    ]
    entries = [f"<item><title>{i}</title><{name}>{date}</{name}></item>" for i, date in enumerate(dates)]
    lines = tmp_path / "feed.jsonl"
    lines.write_text("".join(json.dumps({"text": "Fog.", "date": date}) + "\n" for date in dates))

    articles, expected = read(tmp_path, RSS.format("".join(entries))), read_feeds([lines])

    assert expected.dates.tolist() == articles.dates.tolist()
    assert reasons(expected) == reasons(articles)
    assert int(datetime(2026, 3, 3, 6, 20, tzinfo=UTC).timestamp()) == articles.dates[0]


@pytest.mark.parametrize(
    ("content", "n_articles", "said"),
    [
        (RSS.format("<item><title>a</title></item><item><title>b</title>"), 2, "broken XML at line 1, column"),
        (RSS.format(""), 0, "a feed without an entry"),
        ("<urlset/>", 0, "neither RSS nor Atom: its first element is <urlset>"),
        ("just text", 0, "neither RSS nor Atom: no element found"),
        ("", 0, "empty"),
        ("<!DOCTYPE html><title>404 Not Found</title><p>Nothing here.", 0, 'an HTML page ("404 Not Found") where RSS'),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]>' + RSS.format("&b;"), 0, "refused: XML with the external"),
        (RSS.format("<item><title>né</title></item>").encode("latin-1"), 1, "no encoding declared, read as windows-"),
    ],
)
def test_a_broken_feed_is_one_line(content, n_articles, said, tmp_path):
    """It says what is wrong, and keeps the entries that can be read."""
    articles = read(tmp_path, content)

    assert n_articles == len(articles)
    assert [0] == [record for record, _ in reasons(articles)]
    assert reasons(articles)[0][1].startswith(said)


def test_an_entry_has_its_own_language_or_that_of_its_feed(tmp_path):
    """In RSS, by Dublin Core, and in JSON Feed; half a character there is replaced and breaks nothing."""
    dublin = '<d:language xmlns:d="http://purl.org/dc/elements/1.1/">cs</d:language>'
    rss = f"<language>en</language><item><title>a</title></item><item><title>b</title>{dublin}</item>"
    items = [{"id": "1", "content_text": "a \ud800"}, {"id": "2", "content_text": "b", "language": "cs"}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Post", "language": "en", "items": items}

    entries, listed = read(tmp_path, RSS.format(rss)), read(tmp_path, json.dumps(feed), "feed.json")

    assert ["en", "cs"] == list(entries.languages) == list(listed.languages)
    assert [(1, "lone surrogate replaced by U+FFFD")] == reasons(listed)


@pytest.mark.parametrize("wrap", ["<!DOCTYPE html><html><body>{}</body></html>", "<!-- a -->\n{}", "<html>{}"])
def test_a_feed_inside_a_page_is_a_feed(wrap, tmp_path):
    articles = read(tmp_path, wrap.format(RSS.format("<item><title>a</title></item>")))

    assert (["a"], ("feed",)) == ([articles.title(i) for i in range(len(articles))], articles.formats)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252"])
def test_encodings_are_read(encoding, tmp_path):
    """Declared as they are, with a mark or without."""
    feed = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>' + RSS.format(
        "<item><title>né</title></item>"
    )

    articles = read(tmp_path, feed.encode(encoding))

    assert ["né"] == [articles.title(0)]
    assert () == articles.skips


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ({"items": [{"id": 5, "title": "T", "content_text": "Plain <p> it is."}]}, [("5", "T", "Plain <p> it is.")]),
        ({"items": [{"url": "http://e.com/", "content_html": "<p>a<p>b"}]}, [("http://e.com/", "", "a\n\nb")]),
        ({"items": [{"id": "x", "summary": "S"}, 7, {"id": "y", "content_html": None}]}, [("x", "", "S")]),
        ({"items": {}}, []),
        ({}, []),
    ],
)
def test_json_feed(feed, expected, tmp_path):
    articles = read(tmp_path, json.dumps({"version": "https://jsonfeed.org/version/1", **feed}), "feed.json")

    assert expected == [(articles.ids[i], articles.title(i), articles.body(i)) for i in range(len(articles))]
    assert ("jsonfeed",) == articles.formats


@pytest.mark.parametrize("end", ["", "}", ', {"id": "b", "content_text": ', "}]} {"])
def test_a_broken_json_feed_is_a_line(end, tmp_path):
    """It says where, and keeps the entries before that."""
    start = (
        '{"version": "https://jsonfeed.org/version/1", "title": "Post", "items": [{"id": "a", "content_text": "One."}'
    )

    articles = read(tmp_path, start + end, "feed.json")

    assert [("a", "One.", "Post")] == [(articles.ids[0], articles.body(0), articles.sources[0])]
    assert [0] == [record for record, _ in reasons(articles)]
    assert reasons(articles)[0][1].startswith("broken JSON Feed: line 1, column ")


def test_a_feed_comes_from_standard_input(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(RSS.format("<item><title>a</title></item>").encode()))
    monkeypatch.setattr(sys, "stdin", stream)

    articles = read_feeds(["-"])

    assert [("a", "-:1")] == [(articles.title(0), articles.ids[0])]


def test_a_feed_is_read_up_to_the_limit(tmp_path):
    content = RSS.format("".join(f"<item><title>{i}</title></item>" for i in range(100)))

    articles = read(tmp_path, content, max_document_bytes=1000)

    assert 0 < len(articles) < 100
    assert reasons(articles)[0][1].startswith("longer than 1,000 bytes, read up to there")


@pytest.mark.parametrize("compiled_bytes", [0, 1 << 60])
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("auto", ["a\n\nb & c", "1 < 2 &amp; 3"]),
        ("always", ["a\n\nb & c", "1 < 2 & 3"]),
        ("never", ["<p>a</p><p>b &amp; c</p>", "1 < 2 &amp; 3"]),
    ],
)
def test_html_in_a_field_becomes_paragraphs(mode, expected, compiled_bytes, tmp_path):
    """By the compiled scan as line by line, however JSON writes the tags."""
    texts = ["<p>a</p><p>b &amp; c</p>", "1 < 2 &amp; 3"]
    lines = [json.dumps({"text": text}) for text in texts]
    forms = [lines, [one.replace("</", "<\\/") for one in lines], [one.replace("<", "\\u003c") for one in lines]]
    for form in forms:
        articles = read(tmp_path, "\n".join(form), "feed.jsonl", html=mode, compiled_bytes=compiled_bytes)

        assert expected == [articles.body(0), articles.body(1)]


def test_html_that_is_not_utf8_is_noted(tmp_path):
    articles = read(tmp_path, b'{"text": "<p>caf\xe9</p><p>\\ud800</p>"}', "feed.jsonl")

    assert "café\n\n\ufffd" == articles.body(0)
    assert [
        (1, "not UTF-8, read as windows-1252; --encoding for another"),
        (1, "lone surrogate replaced by U+FFFD"),
    ] == reasons(articles)


def test_a_finding_names_entry_link_title_and_paragraph(tmp_path):
    """In the text for people and in the places."""
    from dedup.reports import Options
    from dedup.reports import text as text_report
    from dedup.reports.view import report_findings

    line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    body = f"&lt;p&gt;{line}&lt;/p&gt;&lt;p&gt;Other news.&lt;/p&gt;&lt;p&gt;{line}&lt;/p&gt;"
    entry = (
        f"<item><title>Bridge</title><guid>b</guid><link>http://e.com/b</link><description>{body}</description></item>"
    )
    (tmp_path / "feed.xml").write_text(RSS.format(entry))

    report = dedup.scan([tmp_path / "feed.xml"])
    shown = io.StringIO()
    text_report.write(report, shown, Options(width=200))

    (finding,) = report_findings(report)
    assert [1, 3] == [place.paragraph for place in finding.places]
    assert '(record 1, b, paragraph 1) "Bridge", Post, http://e.com/b' in shown.getvalue()
