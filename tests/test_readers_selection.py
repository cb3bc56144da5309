"""What is read and what of it is kept: packing, archives, lists of files, formats, versions, odd dates."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
import zstandard
from click.testing import CliRunner
from dateutil import parser as dateutil_parser
from hypothesis import given
from hypothesis import strategies as st

from dedup.cli import main
from dedup.cli.options import INPUT_FORMATS
from dedup.errors import ConfigError, FeedError
from dedup.model import Articles, Skip
from dedup.readers import ReadParams, articles_of, read_feeds
from dedup.readers import streams as stream_module
from dedup.readers.dates import parse_date
from dedup.readers.formats import FORMATS, READ
from dedup.readers.inputs import listed_files
from dedup.readers.versions import OLDER_NOTE

PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstandard.compress}
CONTENTS = {
    "jsonl": b'{"text": "one"}\n{"text": "two"}\n',
    "csv": b"id,text\n1,one\n2,two\n",
    "txt": b"one\n\ntwo\n",
}


def bodies(articles: Articles) -> list[str]:
    return [articles.body(i) for i in range(len(articles))]


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("suffix", CONTENTS)
def test_packed_files_are_what_is_in_them(tmp_path, packing, suffix):
    """Whatever is packed, in one piece or several, and under any name, reads as it does unpacked."""
    content, pack = CONTENTS[suffix], PACKERS[packing]
    plain, packed = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}.bin.{suffix}"
    plain.write_bytes(content)
    packed.write_bytes(pack(content[:9]) + pack(content[9:]))

    expected, articles = read_feeds([plain]), read_feeds([packed])

    assert bodies(expected) == bodies(articles)
    assert ((), expected.formats) == (articles.skips, articles.formats)


@pytest.mark.parametrize("packing", PACKERS)
def test_packed_files_that_end_too_early(tmp_path, packing):
    """What could be unpacked is kept, and the loss is named."""
    content = b"".join(b'{"text": "%s"}\n' % os.urandom(40).hex().encode() for _ in range(20_000))
    whole = PACKERS[packing](content)
    path = tmp_path / "a.jsonl"
    path.write_bytes(whole[: len(whole) * 3 // 4])

    articles = read_feeds([path])

    assert 1000 < len(articles) < 20_000
    assert Skip(str(path), 0, f"{packing} data end too early, read up to there") == articles.skips[-1]


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "xz"])  # Zstandard has no checksum unless it was asked for
def test_packed_files_that_are_damaged(tmp_path, packing):
    """Bytes that were changed are a line, whatever else comes out."""
    content = b"".join(b'{"text": "%s"}\n' % os.urandom(40).hex().encode() for _ in range(20_000))
    whole = bytearray(PACKERS[packing](content))
    middle = len(whole) // 2
    whole[middle : middle + 99] = b"\xff" * 99
    path = tmp_path / "a.jsonl"
    path.write_bytes(whole)

    reasons = [skip.reason for skip in read_feeds([path]).skips]
    assert any(one.startswith(f"damaged {packing} data") or "checksum" in one for one in reasons)


@pytest.mark.parametrize("packing", PACKERS)
def test_packed_files_that_grow_too_much(tmp_path, monkeypatch, packing):
    """A file that would fill the memory is read up to the limit, which the line names and a setting raises."""
    monkeypatch.setattr(stream_module, "FREE_BYTES", 1 << 20)
    path = tmp_path / "bomb.txt"
    path.write_bytes(PACKERS[packing](b"a" * (64 << 20)))
    size = path.stat().st_size

    raised = ReadParams(max_unpacked=1 + (64 << 20) // size, max_document_bytes=1 << 30)
    articles, more = read_feeds([path]), read_feeds([path], raised)

    assert len(articles.text) <= max(1 << 20, 200 * size)
    reason = "unpacks to more than 200 times its size, read up to there; raise --max-unpacked"
    assert [Skip(str(path), 0, reason)] == list(articles.skips)
    assert (64 << 20, ()) == (len(more.text), more.skips)


def test_archives_are_named(tmp_path):
    """Archives of several files are not read, and say what they are; the other files are read."""
    with zipfile.ZipFile(tmp_path / "a.txt", "w") as archive:
        archive.writestr("inside.txt", "text")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("inside.txt"), io.BytesIO())
    (tmp_path / "c.txt").write_text("text")
    (tmp_path / "d").write_bytes(b"%PDF-1.7\n\0")

    articles = read_feeds([tmp_path])

    assert bodies(articles) == ["text"]
    assert [
        "a ZIP archive, which is not read; unpack it first",
        "a tar archive, which is not read; unpack it first",
        "a PDF file, which is not read; turn it into text first",
    ] == [skip.reason for skip in articles.skips]


@given(names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r\ufeff"), min_size=1), min_size=1))
def test_lists_of_files(tmp_path_factory, names):
    """Names are a line each, or ended by NUL; empty ones are none."""
    path = tmp_path_factory.mktemp("lists") / "list"
    for content in ("\n".join(names), "\r\n\n".join(names) + "\r\n", "\0".join(names) + "\0"):
        path.write_bytes(content.encode())
        assert names == listed_files(str(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lists_with_a_mark(tmp_path, encoding):
    """A byte order mark, as Windows writes it, is no part of the first name."""
    (tmp_path / "list").write_text("ä.md\r\nb c.md\r\n", encoding, newline="")

    assert listed_files(str(tmp_path / "list")) == ["ä.md", "b c.md"]


def test_lists_that_name_nothing(tmp_path, monkeypatch):
    """A list that is empty, or is not there, is an error with its name; a pipe is read."""
    (tmp_path / "empty").write_bytes(b"\n\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb")))

    for name, reason in (("empty", "names no file"), ("missing", "cannot be read: No such file")):
        with pytest.raises(FeedError, match=reason):
            listed_files(str(tmp_path / name))
    assert listed_files("-") == ["a", "b"]


def test_files_from_is_an_option(tmp_path):
    """The command reads what a list names; without inputs and list it says what is missing."""
    (tmp_path / "a.txt").write_text("A text of some words.")
    (tmp_path / "list").write_text(str(tmp_path / "a.txt"))

    named = CliRunner().invoke(main, ["report", "--files-from", str(tmp_path / "list"), "-v"])
    nothing = CliRunner().invoke(main, ["report"])

    assert named.exit_code == 0
    assert "1 file as text" in named.stdout
    assert (2, "dedup: error: Missing argument 'INPUT...', or --files-from FILE.\n") == (
        nothing.exit_code,
        nothing.stderr,
    )


def test_the_format_may_be_given(tmp_path):
    """A format that is given holds whatever content and name say; one that is not known is refused."""
    (tmp_path / "a.txt").write_bytes(b"text\n{}\n")

    assert ["{}"] == bodies(read_feeds([tmp_path], ReadParams(input_format="csv")))
    with pytest.raises(ConfigError, match="read: input_format: 'xls' is none of "):
        ReadParams(input_format="xls")
    assert set(READ) == set(INPUT_FORMATS) < set(FORMATS)


def test_content_goes_before_the_name(tmp_path):
    """A file is what is in it; only where that tells nothing, what its name says."""
    for name, content in {
        "a.csv": b'{"text": "x"}',
        "b.txt": b"id,text\n1,x",
        "c.json": b"x",
        "d.md": b'{"text": 1}',
    }.items():
        (tmp_path / name).write_bytes(content)

    assert ("json", "csv", "json", "markdown") == read_feeds([tmp_path]).formats


def test_mixed_encodings_and_loops(tmp_path):
    """A folder of texts in several encodings, with NUL bytes and a link to itself, gives one line for each trouble."""
    (tmp_path / "a.csv").write_bytes("text\ncafé\n".encode("cp1252"))
    (tmp_path / "b.csv").write_bytes("text\ncafé\n".encode("utf-16"))
    (tmp_path / "c.csv").write_bytes("text\ncafé\n".encode())
    (tmp_path / "d.csv").write_bytes(b"text\na\0b\n")
    (tmp_path / "e").symlink_to(tmp_path)
    (tmp_path / "f.jsonl").write_bytes('{"text": "café"}'.encode("cp1252"))
    (tmp_path / "g.txt").write_bytes("café".encode("cp1252"))
    (tmp_path / "h.md").write_bytes("café".encode("utf-16-le"))
    (tmp_path / "i.txt").write_bytes("café, naïve".encode() + b"\xc3")

    articles = read_feeds([tmp_path])

    assert bodies(articles) == ["café", "café", "café", "a\0b", "café", "café", "café", "café, naïve\ufffd"]
    assert {
        **dict.fromkeys(["a.csv", "f.jsonl", "g.txt"], "not UTF-8, read as windows-1252; --encoding for another"),
        "e": f"same folder as {tmp_path}",
        "i.txt": "invalid UTF-8 in 1 places, read as U+FFFD",
    } == {Path(skip.path).name: skip.reason for skip in articles.skips}


# ------------------------------------------------------------------------------------------------ versions

records = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c", "é"]),
            "text": st.text("xyé ", min_size=1, max_size=6),
            "title": st.text("TÉ", max_size=3),
            "date": st.sampled_from([None, 1, 2, 3]),
            "tags": st.sampled_from(["", "u|v"]),
        }
    ),
    max_size=9,
)


@given(feed=records)
def test_the_latest_version_is_kept(feed):
    """Of the articles with one id the latest by date stays, else the last of the feed; the others are skips."""
    articles = articles_of(feed, ReadParams(same_id="latest"))

    latest: dict[str, int] = {}
    for i, record in enumerate(feed):
        best = latest.setdefault(record["id"], i)
        if (record["date"] or 0) >= (feed[best]["date"] or 0):
            latest[record["id"]] = i
    kept = sorted(latest.values())
    expected = articles_of([feed[i] for i in kept])
    assert [Skip("<memory>", i + 1, OLDER_NOTE) for i in range(len(feed)) if i not in kept] == list(articles.skips)
    assert [i + 1 for i in kept] == articles.records.tolist()
    assert expected.text.tobytes() == articles.text.tobytes()
    for name in ("offsets", "body_starts", "dates"):
        assert getattr(expected, name).tolist() == getattr(articles, name).tolist()
    for name in ("ids", "tags"):
        assert list(getattr(expected, name)) == list(getattr(articles, name))


def test_versions_of_pages_keep_their_lines(tmp_path):
    """What is left out takes its line marks with it; the others still point to their text."""
    page = "<html><body><article>\n<p>{}\n</p>\n\n<p>{}</p></article></body></html>"
    for name, text in (("1.html", "Old words about the ferry."), ("2.html", "Words about the harbour and its bridge.")):
        (tmp_path / name).write_text(page.format(text, text[::-1]))
    both = read_feeds([tmp_path])
    ids = "<link rel=canonical href='http://a.example/x'>"
    for name in ("1.html", "2.html"):
        path = tmp_path / name
        path.write_text(ids + path.read_text())

    latest = read_feeds([tmp_path], ReadParams({"id": "url"}, same_id="latest"))

    assert len(both) == 2
    if len(latest) == 1:  # whether a page's address can be its id is the business of its reader
        size = both.offsets[1]
        marks = both.line_marks[both.line_marks[:, 0] >= size] - [size, 0]
        assert marks.tolist() == latest.line_marks.tolist()


# --------------------------------------------------------------------------------------------------- dates

moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.replace(microsecond=0))


@given(moment=moments, hours=st.integers(-12, 14))
def test_dates_in_words(moment, hours):
    """The month as a word, in every usual order, with and without a zone, is read as dateutil reads it."""
    east = f"{'-' if hours < 0 else '+'}{abs(hours):02}00"
    clock = (moment.hour - 1) % 12 + 1
    half = "pm" if moment.hour >= 12 else "AM"
    m = moment
    for text in (
        f"{m:%b} {m.day}, {m.year}",
        f"{m:%B} {m.day}, {m.year} {clock}:{m.minute:02} {half}",
        f"{m.day} {m:%B} {m.year} {m:%H:%M} {east}",
        f"{m:%A}, {m:%B} {m.day}, {m.year}, {m:%H:%M:%S} GMT",
        f"{m.day}-{m:%b}-{m.year}",
    ):
        expected = dateutil_parser.parse(text)
        expected = expected if expected.tzinfo else expected.replace(tzinfo=UTC)
        assert (expected - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) == parse_date(text), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("05.01.2026", datetime(2026, 1, 5)),
        ("25/01/2026", datetime(2026, 1, 25)),
        ("01/25/2026", datetime(2026, 1, 25)),
        ("5th of March 2026 at 3pm EST", datetime(2026, 3, 5, 20)),
        ("Sept. 5, 2026", datetime(2026, 9, 5)),
        ("05/01/2026", None),
        ("31 June 2026", None),
        ("5 January 2026 25:00", None),
        ("5 Foo 2026", None),
        ("Mon Jan 05 2026 14:30:00 GMT+0100 (Central European Standard Time)", datetime(2026, 1, 5, 13, 30)),
        ("2026-01-05T14:30:00-05:00[America/New_York]", datetime(2026, 1, 5, 19, 30)),
        ("/Date(1767623400000+0100)/", datetime(2026, 1, 5, 14, 30)),
        ("05/Jan/2026:14:30:00 +0100", datetime(2026, 1, 5, 13, 30)),
        ("202601051430", datetime(2026, 1, 5, 14, 30)),
        ("2026-01-05 2:30 PM EST", datetime(2026, 1, 5, 19, 30)),
        ("2:30 PM EST, Mon January 5, 2026", datetime(2026, 1, 5, 19, 30)),
        ("2026-01-05 00:30 AM", datetime(2026, 1, 5, 0, 30)),
        ("2026-12-31T23:59:60Z", datetime(2027, 1, 1)),
        ("2026-01-05T24:00:00Z", datetime(2026, 1, 6)),
        ("2026-01-05+01:00", datetime(2026, 1, 4, 23)),
        ("2026.01.05", datetime(2026, 1, 5)),
        ("２０２６年1月5日 午後2時30分", datetime(2026, 1, 5, 14, 30)),
        ("2026년 01월 05일 14:30:15", datetime(2026, 1, 5, 14, 30, 15)),
        ("2026‑01‑05", datetime(2026, 1, 5)),
        ("Monday, 05-Jan-26 14:30:00 UTC", datetime(2026, 1, 5, 14, 30)),
        ("Mon Jan  5 14:30:00 CET 1998", datetime(1998, 1, 5, 13, 30)),
        ("Montag, 5. März 2026, 14.30 Uhr", datetime(2026, 3, 5, 14, 30)),
        ("lundi 5 août 2026 à 14h30", datetime(2026, 8, 5, 14, 30)),
        ("5 de enero de 2026", datetime(2026, 1, 5)),
        ("2004-július-13T9:15-05:00", datetime(2004, 7, 13, 14, 15)),
        ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", datetime(2004, 7, 11, 17)),
        ("May 2026", datetime(2026, 5, 1)),
        ("5 jui 2026", None),
        ("Updated 5 Jan 2026", None),
        ("14:30", None),
        ("2026-02-31", None),
        ("0000-00-00 00:00:00", None),
        ("Mon, 05 Jan 2026 14:30:00 IST", None),
        ("Mon, 05 Jan 2026 14:30:00 +9900", None),
        ("Mon, 05 Jan 2026 14:30:61 GMT", None),
        ("5 Jan 2026 0:30 PM", None),
        ("1" * 5000, None),
    ],
)
def test_odd_dates_in_words(text, expected):
    """Of numbers alone only what can mean one day is read; what is no date, or of an unknown zone, is none."""
    assert (None if expected is None else int(expected.replace(tzinfo=UTC).timestamp())) == parse_date(text)


@pytest.mark.parametrize(
    ("zone", "place"),
    [
        *[("JST", "Asia/Tokyo"), ("HKT", "Asia/Hong_Kong"), ("SAST", "Africa/Johannesburg"), ("PKT", "Asia/Karachi")],
        *[("CET", "Europe/Paris"), ("EET", "Europe/Athens"), ("MSK", "Europe/Moscow"), ("AEDT", "Australia/Sydney")],
        *[("EST", "America/New_York"), ("PST", "America/Los_Angeles"), ("NST", "America/St_Johns")],
        *[("ACDT", "Australia/Adelaide"), ("NZDT", "Pacific/Auckland"), ("WIB", "Asia/Jakarta")],
    ],
)
def test_names_of_zones(zone, place):
    """A name means what the tz database has for it in one of its places."""
    try:
        local = datetime(2026, 1, 5, 14, 30, tzinfo=ZoneInfo(place))
    except ZoneInfoNotFoundError:
        pytest.skip("no tz database on this system")

    assert zone == local.tzname()
    assert local.timestamp() == parse_date(f"Mon, 05 Jan 2026 14:30:00 {zone}")


# ---------------------------------------------------------------------------------------------------- WARC


@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # of the writer that the test uses
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_web_archives(tmp_path):
    """Pages and texts are articles with the address and time of their capture; the rest is counted by reason."""
    warcwriter = pytest.importorskip("warcio.warcwriter")
    headers = pytest.importorskip("warcio.statusandheaders").StatusAndHeaders
    page = b"<html><title>T</title><body><article><p>The ferry sails again on Friday, said the harbour.</p></article>"
    captures = [
        ("http://a.example/1", "text/html; charset=utf-8", page, "200 OK"),
        ("http://a.example/2", "text/plain", "Plain café.".encode("cp1252"), "200 OK"),
        ("http://a.example/3", "image/png", b"\x89PNG", "200 OK"),
        ("http://a.example/4", "text/html", page, "404 Not Found"),
    ]
    path = tmp_path / "a.warc.gz"
    with path.open("wb") as out:
        writer = warcwriter.WARCWriter(out, gzip=True)
        for url, kind, body, status in captures:
            http = headers(status, [("Content-Type", kind)], protocol="HTTP/1.1")
            date = {"WARC-Date": "2026-01-05T00:00:00Z"}
            writer.write_record(
                writer.create_warc_record(
                    url, "response", payload=io.BytesIO(body), http_headers=http, warc_headers_dict=date
                )
            )

    articles = read_feeds([path], jobs=2)

    assert ["The ferry sails again on Friday, said the harbour.", "Plain café."] == bodies(articles)
    assert ["http://a.example/1", "http://a.example/2"] == list(articles.ids) == list(articles.urls)
    assert [int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())] * 2 == articles.dates.tolist()
    assert [(3, "image/png: neither a page nor text, not read"), (4, "HTTP status 404, not read")] == [
        (skip.record, skip.reason) for skip in articles.skips if skip.record > 2
    ]


def test_a_web_archive_cut_inside_a_record_says_so(tmp_path):
    """What is there of the record is read, and how much is not is said of it."""
    pytest.importorskip("warcio")
    head = "WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}\r\n\r\n"
    content = "".join(head.format(len(text), text) for text in ("Tea.", "Tea with milk, and cake."))
    (tmp_path / "a.warc").write_text(content[:-20], newline="")

    articles = read_feeds([tmp_path / "a.warc"])

    assert ["Tea.", "Tea with"] == bodies(articles)
    assert [(2, "the archive ends 16 bytes before the record does, read up to there")] == [
        (skip.record, skip.reason) for skip in articles.skips
    ]


def test_pages_that_are_packed_in_an_archive_are_no_larger_than_packed_files(tmp_path, monkeypatch):
    """A server's gzip of zeros is read up to what --max-unpacked lets through."""
    pytest.importorskip("warcio")
    monkeypatch.setattr("dedup.readers.streams.FREE_BYTES", 1000)
    packed = gzip.compress(b"tea " * 10**5)
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n" + packed
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nContent-Length: %d\r\n\r\n"
    (tmp_path / "a.warc").write_bytes(head % len(http) + http + b"\r\n\r\n")

    articles = read_feeds([tmp_path / "a.warc"], ReadParams(max_unpacked=10))

    (size,) = map(len, bodies(articles))
    assert len(packed) * 9 < size <= 10 * len(http)
    assert ["unpacks to more than 10 times its size, read up to there; raise --max-unpacked"] == [
        skip.reason for skip in articles.skips
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_text_that_is_long_only_when_unpacked_is_cut(tmp_path, monkeypatch, jobs):
    """Titles and texts end between two characters, those of other records and their lines stay; each is named."""
    page = "<html><title>T</title><body><article>\n<p>{}</p>\n<p>{}</p></article></body></html>"
    records = [{"title": "x" * 9000, "text": "Fog."}, {"title": "T", "text": "a" + "é" * 9000}, {"text": "Rain."}]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(page.format("Tea with milk.", "Cake, " * 900).encode()))
    (tmp_path / "b.html").write_text(page.format("Tea without.", "And no cake at all."))
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "d.txt").write_text("Line of a long text.\n" * 200)
    whole = read_feeds([tmp_path], ReadParams(page_text="all"))
    monkeypatch.setattr(ReadParams, "max_text_bytes", 1000)

    articles = read_feeds([tmp_path], ReadParams(page_text="all"), jobs=jobs)

    said = "unpacks to a text longer than 1,000 bytes, read up to there; raise max_document_bytes"
    assert [("a.html.gz", 1, said), ("c.jsonl.gz", 1, said), ("c.jsonl.gz", 2, said)] == [
        (Path(skip.path).name, skip.record, skip.reason) for skip in articles.skips
    ]
    texts = bodies(whole)
    assert [texts[0][:1000], *texts[1:3], "a" + "é" * 499, *texts[4:]] == bodies(articles)
    assert ["T", "T", "x" * 1000, "T", "", ""] == [articles.title(i) for i in range(6)]
    places = [(line, articles.slice_text(position, position + 6)) for position, line in articles.line_marks.tolist()]
    assert [(2, "Tea wi"), (3, "Cake, "), (2, "Tea wi"), (3, "And no")] == places


def test_what_stands_beside_articles_is_not_read(tmp_path):
    """Code, settings and office documents in a folder are a line each, with what to do; their names may mislead."""
    files = {
        "page.html": b"<html><body><p>An article.</p>", "page_files/site.css": b"p { color: red }",
        "page_files/app.js": b"var text = 5;", "page_files/logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "a.docx": b"PK\3\4...", "b.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "c.txt": b"{\\rtf1 Text}",
        "_config.yml": b"title: x", "feed.php": b"<rss><channel><item><title>t</title></item></channel></rss>",
    }  # fmt: skip
    (tmp_path / "page_files").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    articles = read_feeds([tmp_path])

    office = "an office document, which is not read; save it as text, HTML or CSV first"
    code = "code or settings, which is not read; --input-format text reads it"
    assert {"page.html", "feed.php"} == {Path(articles.files[row]).name for row in articles.file_rows}
    assert {
        **dict.fromkeys(["a.docx", "b.doc", "c.txt"], office),
        **dict.fromkeys(["_config.yml", "site.css", "app.js"], code),
        "logo.png": "binary file",
    } == {Path(skip.path).name: skip.reason for skip in articles.skips}
    as_text = read_feeds([tmp_path / "page_files" / "app.js"], ReadParams(input_format="text"))
    assert ["var text = 5;"] == bodies(as_text)


@pytest.mark.parametrize("packed", [False, True])
def test_web_archives_without_an_end(tmp_path, packed):
    """No more is read in search of a line break than the head of a record has, and an archive of nothing says so."""
    pytest.importorskip("warcio")
    record = b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nTea.\r\n\r\n"
    path = tmp_path / "a.warc"

    zeros, lines = b"\0" * (1 << 24), b"WARC/1.0\r\n" + b"a: b\r\n" * 10**6
    found = {}
    for name, content in {"zeros": zeros, "record": record + zeros, "lines": record + lines}.items():
        path.write_bytes(gzip.compress(content) if packed else content)
        articles = read_feeds([path], ReadParams(input_format="warc"))
        found[name] = (bodies(articles), [skip.reason for skip in articles.skips])
    path.write_bytes(b"")

    ended = "damaged after record {} (the head of a record has no end), read up to there"
    assert {
        "zeros": ([], [ended.format(0)]),
        "record": (["Tea."], [ended.format(1)]),
        "lines": (["Tea."], [ended.format(1)]),
    } == found
    assert [(0, "no record of a web archive in it")] == [
        (skip.record, skip.reason) for skip in read_feeds([path]).skips
    ]
