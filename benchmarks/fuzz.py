"""Are readers safe from what they are given: broken, cut and mixed up files of every format.

``python -m benchmarks run fuzz --count N`` gives every reader of the table N files made by Hypothesis: well-formed ones
with pieces taken out, doubled, exchanged and cut, with tokens of the format put in, or bytes of no format at all. A
reader must return within `LIMIT_SECONDS`, raise nothing but a `DedupError`, say what it says in lines, give only text
that is UTF-8, and say something where it finds no article. The peak of memory is printed at the end. ``--seed N`` makes
another run.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import dedup
from benchmarks import feed_formats
from benchmarks.results import Options, Result
from dedup.errors import DedupError
from dedup.readers import ReadParams

#: Of the processor, for a file of a few kilobytes; the slowest takes some hundredths.
LIMIT_SECONDS = 5.0
MOST_EDITS = 8

_XML = (
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml version='1.0' encoding='utf-16'?>", b"&nbsp;", b"&#0;", b"&#xD800;",
    b"&", b"<", b">", b'"', b"</item>", b"<item>", b"</entry>", b"<entry xml:base='http://[x'>", b"\0", b"\xff\xfe",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", b"&b;", b"<a:b>",
    b" xmlns:a='b'", b"<div xmlns='http://www.w3.org/1999/xhtml'>", b"<link href='http://[::1'/>", b"<guid/>",
    b"<pubDate>Mon, 99 Foo 99999 99:99:99 +9999</pubDate>", b"<content type='application/octet-stream'>",
)  # fmt: skip
_HTML = (
    b"<p>", b"</p>", b"<br>", b"<div>", b"</div>" * 9, b"<table><td>", b"<script>", b"<!--", b"<style>",
    b"&#x110000;", b"&#xD800;",
    b"<svg><title>", b"<template>", b"<noscript>", b"<plaintext>", b"<meta charset=utf-7>", b"<base href='//['>",
    b"<meta charset=iso-2022-jp>", b"\x1b$B", b"\0", b"<h1>", b"<a href=x>", b"<link rel=canonical href='http://[a'>",
    b"<script type=application/ld+json>[{}]</script>", b"<time datetime=99999999999999999999>", b"\xed\xa0\x80",
)  # fmt: skip
_JSON = (
    b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e999", b"-0", b"NaN", b'"', b"\\", b"\\ud800", b"\\u0000", b"\xff",
    b'"items":', b'"content_html":', b'"bodies":[{"value":', b'"uri":"x"', b'"version":5', b"[" * 2000,
    b"1" * 5000, b"{}",
    b'"date_published":[]', b'"headlines":{}', b'"tags":[null,{"name":3}]',
)  # fmt: skip


_CSV = (
    b'"',
    b'""',
    b'"a""b"x',
    b",",
    b";",
    b"\t",
    b"|",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xe2\x80",
    b"sep=;\n",
)
_MARKDOWN = (
    b"---\n", b"---\r\n", b"+++\n", b"...\n", b"# ", b"===\n", b"```\n", b"title: [", b"date: 2026-99-99\n",
    b"&a [*a]\n", b"!!python/object:os.system x\n", b"- " * 2000, b"{" * 2000, b"\xff", b"\r",
    b"\xef\xbb\xbf", b"\xe2\x80",
)  # fmt: skip
_BINARY = (b"\0", b"\xff" * 8, b"\0" * 8, b"\x7f\xff\xff\xff", b"PAR1", b"ARROW1\0\0", b"\x15\x04", b"\x28\xb5\x2f\xfd")
_WARC = (
    b"WARC/1.0\r\n", b"\r\n\r\n", b"Content-Length: 99999999999\r\n", b"Content-Length: -1\r\n", b"HTTP/1.1 200 OK\r\n",
    b"WARC-Type: response\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"\0", b"\xff",
    b"\r\n",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """What a reader is given: the ending of its files, files that are right, pieces to put into them, and settings."""

    suffix: str
    files: Callable[[], list[bytes]]
    tokens: tuple[bytes, ...]
    params: ReadParams | None = None


def _made(form: str) -> Callable[[], list[bytes]]:
    def files() -> list[bytes]:
        with TemporaryDirectory() as folder:
            paths = [feed_formats.write_feed(Path(folder), form, feed_formats.make_articles(i)[:3]) for i in range(2)]
            return [one.read_bytes() for path in paths for one in (sorted(path.iterdir()) if path.is_dir() else [path])]

    return files


_RECORDS: list[dict[str, object]] = [
    {
        "id": str(i),
        "title": f"Title {i}",
        "text": f'Line one, "é" {i}.\nLine two of it.',
        "date": "Jan 5, 2026",
        "tags": "a|b",
    }
    for i in range(4)
]


def _csv(delimiter: str) -> Callable[[], list[bytes]]:
    def files() -> list[bytes]:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(_RECORDS[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(_RECORDS)
        return [out.getvalue().encode(), out.getvalue().encode("cp1252")]

    return files


def _lines() -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in _RECORDS)


def _values() -> list[bytes]:
    pieces = (
        "\n".join(json.dumps(record, indent=indent, ensure_ascii=False) for record in _RECORDS) for indent in (0, 2)
    )
    return [piece.encode(encoding, "replace") for piece, encoding in zip(pieces, ("utf-8", "shift_jis"), strict=True)]


def _parquet() -> list[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = []
    for packing in ("snappy", "zstd", "none"):
        out = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(_RECORDS), out, compression=packing, row_group_size=2)
        files.append(out.getvalue())
    return files


def _arrow() -> list[bytes]:
    import pyarrow as pa

    table, files = pa.Table.from_pylist(_RECORDS), []
    for opened in (pa.ipc.new_file, pa.ipc.new_stream):
        out = io.BytesIO()
        with opened(out, table.schema) as writer:
            writer.write_table(table)
        files.append(out.getvalue())
    return files


def _warc() -> list[bytes]:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body><p>Words of a page.</p></body></html>"
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nWARC-Date: 2026-01-05T00:00:00Z\r\n"
        b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    record = head + body + b"\r\n\r\n"
    return [record * 2, gzip.compress(record) * 2]


def _packed() -> list[bytes]:
    import zstandard

    return [pack(_lines()) for pack in (gzip.compress, bz2.compress, lzma.compress, zstandard.compress)]


#: Name -> what its files are made of.
READERS: dict[str, Reader] = {
    "rss": Reader(".xml", _made("rss20"), _XML + _HTML),
    "rss10": Reader(".rdf", _made("rss10"), _XML),
    "atom": Reader(".atom", _made("atom"), _XML + _HTML),
    "newsml": Reader(".xml", _made("newsml"), _XML),
    "jsonfeed": Reader(".json", _made("jsonfeed"), _JSON + _HTML),
    "ninjs": Reader(".json", _made("ninjs1"), _JSON),
    "ninjs3": Reader(".json", _made("ninjs3"), _JSON + _HTML),
    "html": Reader(".html", _made("pages"), _HTML + _XML),
    "html-field": Reader(".jsonl", _made("html field"), _JSON + _HTML),
    "jsonlines": Reader(".jsonl", lambda: [_lines()], _JSON),
    "json-scan": Reader(".jsonl", lambda: [_lines()], _JSON, ReadParams(block_bytes=128, compiled_bytes=0)),
    "json-array": Reader(".json", _made("json array"), _JSON),
    "json-values": Reader(".json", _values, _JSON, ReadParams(encoding="shift_jis")),
    "json-elements": Reader(".json", _made("json array"), _JSON, ReadParams(max_document_bytes=400, block_bytes=64)),
    "markdown": Reader(".md", _made("markdown"), _MARKDOWN),
    "text": Reader(
        ".txt", lambda: ["First paragraph, né.\n\nSecond.\n".encode(), b"\xff\xfeT\0o\0"], _BINARY + _MARKDOWN
    ),
    "csv": Reader(".csv", _csv(","), _CSV),
    "tsv": Reader(".tsv", _csv("\t"), _CSV, ReadParams(block_bytes=64)),
    "warc": Reader(".warc", _warc, _WARC + _HTML),
    "packed": Reader(".jsonl", _packed, _BINARY),
    "parquet": Reader(".parquet", _parquet, _BINARY),
    "arrow": Reader(".arrow", _arrow, _BINARY),
}


def broken_files(reader: Reader) -> st.SearchStrategy[bytes]:
    """Return files of a format with a few edits, and now and then bytes of no format."""
    edits = st.lists(
        st.tuples(
            st.sampled_from(("insert", "delete", "double", "swap", "cut", "flip", "repeat")),
            st.integers(0, 1 << 16),
            st.integers(1, 400),
            st.sampled_from(reader.tokens),
        ),
        min_size=1,
        max_size=MOST_EDITS,
    )
    edited = st.builds(edit, st.sampled_from(reader.files()), edits)
    pieces = st.lists(st.sampled_from(reader.tokens) | st.binary(max_size=8), max_size=40).map(b"".join)
    return edited | edited | edited | pieces


def edit(content: bytes, edits: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    """Return a file with these edits made, one after the other."""
    for kind, place, length, token in edits:
        start = place % (len(content) + 1)
        end = start + length
        piece = content[start:end]
        change = {
            "insert": (start, token), "delete": (end, b""), "double": (start, piece), "swap": (end, piece[::-1]),
            "cut": (len(content), b""), "flip": (start + 1, bytes(byte ^ 0x80 for byte in piece[:1])),
            "repeat": (start, token * min(length, 1 + 20_000 // len(token))),
        }  # fmt: skip
        after, put = change[kind]
        content = content[:start] + put + content[after:]
    return content


def check(path: Path, content: bytes, limit_seconds: float = LIMIT_SECONDS, params: ReadParams | None = None) -> None:
    """Read a file, and fail if that raises, takes too long, is silent, or says something that is not a line."""
    path.write_bytes(content)
    started = time.process_time()
    try:
        articles = dedup.read_feeds([path], params)
    except DedupError as error:
        said = [str(error)]
    else:
        said = [skip.reason for skip in articles.skips]
        assert len(articles) == len(articles.ids) == len(articles.urls)
        assert not len(articles) or articles.offsets[-1] == len(articles.text)
        assert len(articles) or said
        for column in (articles.text, articles.ids.values, articles.urls.values, articles.tags.values):
            column.tobytes().decode()
    seconds = time.process_time() - started
    assert seconds < limit_seconds, f"{seconds:.1f} s"
    assert all(one and "\n" not in one and len(one) < 1000 for one in said), said


def fuzz(name: str, examples: int, number: int = 0, limit_seconds: float = LIMIT_SECONDS) -> None:
    """Give a reader so many files; the first that it fails on is raised, made as small as can be."""
    reader = READERS[name]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"file{reader.suffix}"
        check(path, reader.files()[0], inf, reader.params)  # which compiles

        @seed(number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(content=broken_files(reader))
        def run(content: bytes) -> None:
            check(path, content, limit_seconds, reader.params)

        run()


def measure_fuzz(path: Path, options: Options) -> Result:
    """Give every reader broken files; a failure is raised with the file that made it, as small as can be."""
    result, count = Result(), options.count or 1000
    for name in READERS:
        started = time.perf_counter()
        fuzz(name, count, options.seed)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = time.perf_counter() - started
        result.rows.append({"reader": name, "files": count, "seconds": seconds, "peak MiB so far": peak})
    return result
