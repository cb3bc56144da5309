"""Reading JSON Lines and JSON, against the json module."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import ConfigError
from dedup.kernels import gather, jsonlines
from dedup.model import NO_DATE
from dedup.readers import FIELDS, ReadParams, iter_batches, join_batches, read_feeds
from dedup.readers.buffer import TextBuffer
from dedup.readers.fields import FieldTable
from dedup.readers.versions import NAMED_REPEATS
from tests.reading import (
    NEVER,
    lines,
    notes,
    quick,
    read_bytes,
    rows,
    texts,
)

AS_WINDOWS = "not UTF-8, read as windows-1252; --encoding for another"


@given(feed=st.lists(texts, max_size=8), ascii_only=st.booleans(), block=st.integers(1, 90))
@quick
def test_json_lines_give_what_json_loads_gives(tmp_path, params, feed, ascii_only, block):
    """Titles, bodies, ids and urls are those that the standard library reads, wherever blocks end."""
    content = "".join(json.dumps(record, ensure_ascii=ascii_only) + "\r\n\n" for record in feed)
    small = ReadParams(compiled_bytes=params.compiled_bytes, block_bytes=block)

    articles = read_bytes(tmp_path, content.encode(), small)

    path = str(tmp_path / "feed.jsonl")
    expected = []
    for i, line in enumerate(content.splitlines()[::2] if content.isascii() else content.split("\r\n\n")[:-1]):
        record = json.loads(line)
        if record["text"] or record.get("title"):
            number = 2 * i + 1
            identity = record.get("id", "")
            identity = f"{path}:{number}" if identity == "" else str(identity)
            expected.append(((record.get("title", ""), record["text"]), identity, record.get("url", ""), number))
    assert expected == [(text, identity, url, number) for text, identity, _, url, _, _, number, _ in rows(articles)]


@given(feed=st.lists(lines(), max_size=8), block=st.integers(1, 300), mark=st.booleans(), end=st.booleans())
@settings(quick, max_examples=150)
def test_compiled_scan_and_line_reader_agree(tmp_path, feed, block, mark, end):
    """Whatever stands in a feed, the compiled scan gives what the line by line reader gives, notes included."""
    content = b"\xef\xbb\xbf" * mark + b"\n".join(feed) + b"\n" * end

    compiled, plain = (
        read_bytes(tmp_path, content, ReadParams(compiled_bytes=size, block_bytes=block), "feed.jsonl")
        for size in (0, NEVER)
    )

    assert rows(plain) == rows(compiled)
    assert plain.skips == compiled.skips


PIECES = [b'{"text":"a', b'"text":', b'"}', b"\xc3\xa9", b"\xf0", b"\x1f", b"\n", b"\\ud83d", b"\\ude00"]
PIECES += rb'" | { | } | [ | ] | , | : | null | true | fals | - | 0 | 1 | .5 | e9 | \ | \u00e9'.split(b" | ")
VALID = rb'0 | -1.50e+07 | 2E-3 | true | false | null | "" | "\"\\\ud83d\ude00" | [] | {} | [[]]'.split(b" | ")
VALID += [b'[{},{"k":[0]}]', b'{"k":"v"}', b' [ 1 , "a" ] ', b'{ "k" : 1 ,"l":[ ] }', b'"\xc3\xa9"']
INVALID = rb'01 | 1. | -.5 | +1 | tru | nul | "\x" | "\ud83d" | [1,] | [1 2] | {"k"} | {"k":} | {,} | {1:2}'.split(
    b" | "
)


@pytest.mark.parametrize("fuzz_seed", range(4))
def test_mangled_bytes_agree(tmp_path, fuzz_seed):
    """The same holds for bytes drawn from what JSON is made of, where little is valid and much nearly so."""
    rng = np.random.default_rng(fuzz_seed)
    values = VALID * 2 + INVALID
    content = b"".join(PIECES[i] for i in rng.integers(0, len(PIECES), 40_000))
    for picked in rng.integers(0, len(values), (9000, 3)):
        content += b'\n{"text":"x","y":%b,"z":[%b,{"t":%b}]}' % tuple(values[i] for i in picked)

    compiled, plain = (read_bytes(tmp_path, content, ReadParams(compiled_bytes=size)) for size in (0, NEVER))

    assert rows(plain) == rows(compiled)
    assert plain.skips == compiled.skips
    assert len(plain) > 3000


DEEP = b'{"text": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
LOOKED = f"no text field (looked for {', '.join(FIELDS['text'])})"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"text": null}', LOOKED),
        (b"{}", LOOKED),
        (b'{"text": 5}', 'no text field: "text" is a number'),
        (b'{"text": true}', 'no text field: "text" is a boolean'),
        (b'{"text": ["a"]}', ("", "a")),
        (b'{"text": [5]}', 'no text field: "text" is a list'),
        (b'{"title": {"rendered": "A &amp; B"}, "content": {"rendered": "1 &lt; 2"}}', ("A & B", "1 < 2")),
        (b'{"title": ["A", "B"], "content": {"rendered": "<p>a</p><p>b</p>"}}', ("A", "a\n\nb")),
        (b'{"text": ["a", {"type": "p", "text": "b"}, {"src": "c.png"}, {"text": {"x": 1}}]}', ("", "a\n\nb")),
        (b'{"content": {"a": "b"}}', 'no text field: "content" is an object'),
        (b'{"text": ""}', "empty"),
        (b'{"text": "", "title": "T"}', ("T", "")),
        (b'{"text": 5, "content": "c"}', ("", "c")),
        (b'{"body": "b", "content": "c", "text": ""}', ("", "c")),
        (b'{"headline": "H", "text": "a"}', ("H", "a")),
        (b'{"headline": "H", "title": "T", "text": "a"}', ("T", "a")),
        (b'{"text": "a", "text": "b"}', ("", "b")),
        (b'{"text": "a", "text": null}', LOOKED),
        (b'{"title": "T", "text": "a", "title": ""}', ("", "a")),
        (b'{"content": "c", "body": "b", "article": "d"}', ("", "c")),
        (b'{"te\\u0078t": "a"}', ("", "a")),
        (b'{"te\\u0078t": "a", "content": "c"}', ("", "a")),
        (b'{"text": "a", "x": "b\x1f"}', ("", "a")),
        (b'{"text": "\\u0000\\/\\u00e9\\ud83d\\ude00\\b"}', ("", "\0/é😀\b")),
        (b'{"text": "a\tb"}', ("", "a\tb")),
        (b'{"text": "\x1f"}', ("", "\x1f")),
        (b'{"text": "a", "x": NaN, "y": [-Infinity]}', ("", "a")),
        (b'{"text": "a", "x": "\xff"}', ("", "a")),
        (b'{"text": "a", "x": 1e999}', ("", "a")),
        (b"null", "not an object"),
        (b"5", "not an object"),
        (b'["text"]', "not an object"),
        (b"text", "not JSON: Expecting value"),
        (b'{"text": "a"', "not JSON: Expecting ',' delimiter"),
        (b'{"text": "a"} {"text": "b"}', "not JSON: Extra data"),
        (b'{"text": "a"}\0', "not JSON: Extra data"),
        (b'{"text": "a", "x": 1' + b"0" * 5000 + b"x", "not JSON: a number is too long"),
        (DEEP, "not JSON: nested too deeply"),
    ],
    ids=lambda case: str(case)[:40],
)
def test_one_line(tmp_path, params, line, expected):
    """A line gives its title and text, or the reason why it gives none; the lines around it are read in any case."""
    content = b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n'

    articles = read_bytes(tmp_path, content, params)

    if isinstance(expected, tuple):
        assert [("", "before"), expected, ("", "after")] == [row[0] for row in rows(articles)]
        assert notes(articles) == ([] if expected[1] else [(0, "1 with a title and no text, kept")])
    else:
        assert [articles.body(i) for i in range(len(articles))] == ["before", "after"]
        assert [(2, expected)] == notes(articles)


def test_a_string_ends_with_its_line(tmp_path, params):
    """A line feed inside a string breaks the record in two lines that are none, however long they are."""
    half = "a" * 100

    articles = read_bytes(tmp_path, f'{{"text": "b"}}\n{{"text": "{half}\n{half}"}}\n{{"text": "c"}}'.encode(), params)

    assert [articles.body(i) for i in range(len(articles))] == ["b", "c"]
    assert [record for record, _ in notes(articles)] == [2, 3]


@pytest.mark.parametrize(
    ("line", "body", "note"),
    [
        (b'{"text": "a\\ud800b"}', "a\ufffdb", "lone surrogate replaced by U+FFFD"),
        (b'{"text": "\\ud83d\\u0041"}', "\ufffdA", "lone surrogate replaced by U+FFFD"),
        (b'{"text": "a\\udc80b"}', "a\ufffdb", "lone surrogate replaced by U+FFFD"),
        (b'{"text": "\xe9t\xe9"}', "été", AS_WINDOWS),
        (b'{"text": "\xc3\xa9t\xc3"}', "ét\ufffd", "invalid UTF-8 in 1 places, read as U+FFFD"),
        (b'{"text": "a", "title": "\xed\xa0\x80"}', "a", AS_WINDOWS),
        (b'{"text": "a", "date": "yesterday"}', "a", "date not understood, article kept without one"),
        (b'{"text": "a", "date": 1e300}', "a", "date not understood, article kept without one"),
    ],
)
def test_kept_with_a_note(tmp_path, params, line, body, note):
    """What is read, but not as it stands, is kept and noted with its line."""
    articles = read_bytes(tmp_path, b"\n" + line, params)

    assert [body] == [articles.body(i) for i in range(len(articles))]
    assert [(2, note)] == notes(articles)
    assert articles.dates.tolist() == [NO_DATE]


def test_other_fields(tmp_path, params):
    """Ids may be numbers, sources objects with a name or lists; dates become seconds; what is missing is empty."""
    lines = [
        {"text": "a", "guid": "g", "publisher": "P", "link": "L", "pubDate": "1970-01-02"},
        {"text": "b", "id": 12, "source": {"id": None, "name": "N"}, "timestamp": 86400},
        {"text": "c", "id": 12.0, "source": ["x"], "site": "S", "date": "", "created": 1.7e12},
        {"text": "d", "_id": 0, "date": None, "published": "Fri, 02 Jan 1970 00:00:00 GMT"},
        {"text": "e", "id": ""},
    ]
    end = b'\n{"text": "f", "id": -0, "date": -0.0}\n{"id": "x", "text": "g", "id": null}'

    articles = read_bytes(tmp_path, "\n".join(map(json.dumps, lines)).encode() + end, params)

    path = str(tmp_path / "feed.jsonl")
    assert list(articles.ids) == ["g", "12", "12", "0", f"{path}:5", "0", f"{path}:7"]
    assert list(articles.sources) == ["P", "N", "x", "", "", "", ""]
    assert list(articles.urls) == ["L", "", "", "", "", "", ""]
    assert articles.dates.tolist() == [86400, 86400, 1_700_000_000, 86400, NO_DATE, 0, NO_DATE]
    assert articles.records.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert notes(articles) == [(n, f'id "{i}" also at {path}:{m}, both kept') for n, i, m in ((3, 12, 2), (6, 0, 4))]


def test_language_and_tags(tmp_path, params):
    """Tags are strings, lists of strings or of objects with a name; both readers find the same in all of them."""
    lines = [
        {"text": "a", "lang": "en", "tags": ["x", " y  z ", "x", 5, {"name": "n"}]},
        {"text": "b", "language": "de", "tags": "p, q|r"},
        {"text": "c", "tags": [], "keywords": ["k"]},
        {"text": "d", "tags": [5], "categories": "f"},
        {"text": "e", "tags": {"no": 1}, "category": "é\u0001"},
        {"text": "f", "language": 5},
    ]

    articles = read_bytes(tmp_path, "\n".join(map(json.dumps, lines)).encode(), params)

    assert ["en", "de", "", "", "", ""] == list(articles.languages)
    assert [["x", "y z", "n"], ["p", "q", "r"], ["k"], ["f"], ["é\u0001"], [""]] == [
        t.split("\x1f") for t in articles.tags
    ]


def test_named_fields_replace_the_usual_ones(tmp_path, params):
    """Fields that are set are looked for instead of the defaults, and one may serve twice."""
    chosen = ReadParams({"text": ["lead", "rest"], "id": "link"}, compiled_bytes=params.compiled_bytes)

    articles = read_bytes(tmp_path, b'{"text": "no", "rest": "yes", "link": "l", "id": "no"}', chosen)

    assert [row[:4] for row in rows(articles)] == [(("", "yes"), "l", "", "l")]


def test_nested_names(tmp_path, params):
    """A name with dots is looked for as it is, then inside objects."""
    chosen = ReadParams({"text": "article.body", "id": "meta.ids.own"}, compiled_bytes=params.compiled_bytes)
    lines = b"""{"article": {"body": "a"}, "meta": {"ids": {"own": 7}}}
{"article.body": "b", "article": {"body": "no"}, "meta": 5}
{"article": "c"}"""

    articles = read_bytes(tmp_path, lines, chosen)

    assert [("a", "7"), ("b", f"{tmp_path / 'feed.jsonl'}:2")] == [(row[0][1], row[1]) for row in rows(articles)]
    assert notes(articles) == [(3, "no text field (looked for article.body)")]


@pytest.mark.parametrize("fields", [{"titel": "a"}, {"text": []}, {"text": ""}, {"text": 'a"b'}, {"text": "a\nb"}])
def test_wrong_fields_are_refused(fields):
    """A field that is not known, or a name that cannot be one, is an error of the configuration."""
    with pytest.raises(ConfigError, match=r"^read: fields: "):
        ReadParams(fields)


def test_more_names_than_the_scan_takes(tmp_path):
    """With more field names than the compiled scan has bits for, the answer is the same."""
    many = ReadParams({"text": [f"f{i}" for i in range(80)]}, compiled_bytes=0)

    articles = read_bytes(tmp_path, b'{"f79": "a"}', many)

    assert [row[0] for row in rows(articles)] == [("", "a")]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_long_lines_and_many_blocks(tmp_path, params, jobs):
    """A line of ten million characters among short ones is read, in order, with any number of threads."""
    lengths = [3, 10_000_000, 5, 70_000, *range(1, 400)]
    content = "\n".join(json.dumps({"id": i, "text": "é" * size}) for i, size in enumerate(lengths))
    small = ReadParams(compiled_bytes=params.compiled_bytes, block_bytes=1 << 14)

    articles = read_bytes(tmp_path, content.encode(), small, jobs=jobs)

    assert [2 * size for size in lengths] == np.diff(articles.offsets).tolist()
    assert list(map(str, range(len(lengths)))) == list(articles.ids)
    assert "é" * sum(lengths) == articles.text.tobytes().decode()


def test_batches_share_one_buffer(tmp_path, params):
    """Batches come in feed order, their positions are those of the whole, and joining them copies no text."""
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps({"text": f"text {i} " * 9}) + "\n" for i in range(500)))
    small = ReadParams(compiled_bytes=params.compiled_bytes, block_bytes=4096)
    seen: list[tuple[int, int]] = []

    batches = list(iter_batches([path], small, 2, progress=lambda done, total: seen.append((done, total))))
    joined = join_batches(batches)

    assert len(batches) > 3
    assert np.cumsum([0] + [len(batch.articles) for batch in batches[:-1]]).tolist() == [
        b.first_article for b in batches
    ]
    assert [f"text {i} " * 9 for i in range(500)] == [joined.body(i) for i in range(500)]
    assert all(np.shares_memory(batch.articles.text, joined.text) for batch in batches if len(batch.articles))
    assert batches[1].articles.body(0) == joined.body(batches[1].first_article)
    size = path.stat().st_size
    assert (size, size) == seen[-1]
    assert sum(batch.read_bytes for batch in batches) == size


def test_text_buffer_outgrows_its_guess():
    """Text is kept when the buffer has to grow, and so are arrays that were given out before."""
    buffer = TextBuffer(0)
    before = []
    for i in range(40):
        buffer.extend(10_000, lambda out, i=i: out.fill(i))
        before.append(buffer.text())

    expected = np.repeat(np.arange(40, dtype=np.uint8), 10_000)
    assert expected.tolist() == buffer.text().tolist()
    assert all((expected[: len(text)] == text).all() for text in before)


def test_repeated_ids_are_noted_and_counted(tmp_path, params):
    """The first articles with an id given before are named, the rest counted; all are kept."""
    n = NAMED_REPEATS + 5

    articles = read_bytes(tmp_path, b'{"id": "same", "text": "a"}\n{"id": "b", "text": "b"}\n' * n, params)

    assert 2 * n == len(articles)
    path = tmp_path / "feed.jsonl"
    assert (3, f'id "same" also at {path}:1, both kept') == notes(articles)[0]
    assert len(articles.skips) == NAMED_REPEATS + 1
    assert (0, f"{2 * (n - 1) - NAMED_REPEATS} more articles have the id of an earlier one, all kept") == notes(
        articles
    )[-1]


@pytest.mark.parametrize("name", ["feed.json", "feed.jsonl", "feed"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_array(tmp_path, params, name, indent):
    """The objects of an array are the records, numbered from 1, however they are laid out."""
    feed = [{"id": i, "text": f"text {i}"} for i in range(2500)] + [5]

    articles = read_bytes(tmp_path, json.dumps(feed, indent=indent).encode(), params, name)

    assert [f"text {i}" for i in range(2500)] == [articles.body(i) for i in range(len(articles))]
    assert list(range(1, 2501)) == articles.records.tolist()
    assert notes(articles) == [(2501, "not an object")]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_object(tmp_path, params, indent):
    """One object over one or several lines is one article."""
    articles = read_bytes(
        tmp_path, json.dumps({"title": "T", "text": "a\nb"}, indent=indent).encode(), params, "a.json"
    )

    assert [row[0] for row in rows(articles)] == [("T", "a\nb")]
    assert f"{tmp_path / 'a.json'}:1" == articles.ids[0]


def test_a_line_is_read_up_to_the_limit(tmp_path, params):
    """What is too long costs its line, which is named, and no other; a text is cut there; so memory is bounded."""
    long = b'{"text": "' + b"word " * 5000 + b'"}\n'
    lines = b'{"text": "a"}\n' + long + b'{"text": "b"}\n\n' + long + b'{"text": "c"}'
    params = replace(params, max_document_bytes=9000, block_bytes=1000)

    articles = read_bytes(tmp_path, lines, params)
    text = read_bytes(tmp_path, b"word " * 5000, params, "a.txt")

    said = "longer than 9,000 bytes, read up to there; raise max_document_bytes"
    broken = "not JSON: Unterminated string starting at"
    assert [("a", 1), ("b", 3), ("c", 6)] == [(row[0][1], row[6]) for row in rows(articles)]
    assert [(2, broken), (5, broken), *[(0, f"a line is {said}")] * 2] == notes(articles)
    assert (9000, [(0, said)]) == (len(text.text), notes(text))


def test_a_broken_first_line_of_a_large_file_is_a_line(tmp_path):
    """One object over several lines is looked for no further than a document may go."""
    lines = b'{"text": "a",\n' + b'{"text": "b"}\n' * 2000

    articles = read_bytes(tmp_path, lines, ReadParams(max_document_bytes=9000, block_bytes=1000))

    assert (2000, 2, 2001) == (len(articles), articles.records[0], articles.records[-1])
    assert [1] == [record for record, _ in notes(articles)]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_large_array_is_read_as_lines_are(tmp_path, params, indent):
    """The elements of an array, over one line or many, give what they give as lines, numbered as they stand in it."""
    feed = [{"id": i, "title": f"T {i}", "text": f"Line one of {i},\n\nline two, é."} for i in range(50)]
    feed[7] = {"text": 5}
    array, lines = json.dumps(feed, indent=indent), "\n".join(map(json.dumps, feed))

    found = [read_bytes(tmp_path, content.encode(), params, "a.json") for content in (array, lines)]

    assert rows(found[1]) == rows(found[0])
    assert notes(found[1]) == notes(found[0]) == [(8, 'no text field: "text" is a number')]


UP_TO = "the array is read up to there"


@pytest.mark.parametrize(
    ("content", "bodies", "last"),
    [
        (b'[{"text": "a"}, {"text": "b"}, {"te', ["a", "b"], f"not JSON: Unterminated string starting at; {UP_TO}"),
        (b'[{"text": "a"} {"text": "b"}]', ["a"], f"not JSON: Expecting ',' delimiter; {UP_TO}"),
        (b'[{"text": "a"}] x', ["a"], "not JSON: Extra data after the array"),
        (b'[{"text": "a", "x": NaN}, {"text": "\xff"}]', ["a", "ÿ"], AS_WINDOWS),
        (b"[]", [], "no record in it"),
    ],
)  # fmt: skip
def test_broken_array_is_read_up_to_there(tmp_path, content, bodies, last):
    """What stands before the broken place of an array is kept, and the loss is named."""
    articles = read_bytes(tmp_path, content, ReadParams(), "a.json")

    assert bodies == [articles.body(i) for i in range(len(articles))]
    assert ([last] if last else []) == [reason for _, reason in notes(articles)]


@pytest.mark.parametrize("first", [b'{"text": "a",', b"[", b"[]", b"[5", b'{"text": {'])
def test_broken_first_line_does_not_hide_the_rest(tmp_path, params, first):
    """A first line that looks like the start of something longer does not keep the other lines from being read."""
    articles = read_bytes(tmp_path, first + b'\n{"text": "b"}\n', params)

    assert [articles.body(i) for i in range(len(articles))] == ["b"]
    assert len(articles.skips) == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"text":"a"}',
        b' { "text" : "a\\"\\u00e9\\ud83d\\ude00\xc3\xa9" , "id" : 5 , "date" : 1.5e9 }\t\r',
        b'{"text":null,"content":"a","title":"","x":null,"y":-0.5E-3,"z":[true,false,{"k":[],"l":{},"m":"n"},[1,2]]}',
        b'{"text":"","title":"T","tags":[],"more":{"a":1,"b":[{"c":"d"},{"e":"f","g":0}]}}',
    ],
)
def test_the_scan_takes_what_is_plain(line):
    """Lines of the usual shapes are not left to the slower reader."""
    found = (np.zeros((1, 3), np.int64), np.zeros(1, bool), np.zeros((1, 8), np.uint8), np.zeros((1, 8, 3), np.int64))

    n_lines = jsonlines.scan_lines(np.frombuffer(line, np.uint8), *FieldTable(ReadParams()).scanned_keys, *found)

    assert (n_lines, found[1].tolist()) == (1, [True])


@given(feed=st.lists(lines(), max_size=4))
@quick
def test_plain_kernels_do_what_the_compiled_do(feed):
    """The Python form of the scan and of the writer is their specification."""
    block = np.frombuffer(b"\n".join(feed), np.uint8)
    keys = FieldTable(ReadParams()).scanned_keys
    assert keys is not None

    def run(scan, write):
        n = len(feed) + 1
        found = (
            np.zeros((n, 3), np.int64),
            np.zeros(n, bool),
            np.zeros((n, 8), np.uint8),
            np.zeros((n, 8, 3), np.int64),
        )
        rows_found = scan(block, *keys, *found)
        lines_found, plain, kinds, spans = (column[:rows_found] for column in found)
        good = np.flatnonzero(plain)
        out = np.zeros(int((spans[good, :, 2] * (kinds[good] != 0)).sum()), np.uint8)
        write(block, np.empty(0, np.uint8), good, np.arange(8), kinds, spans, out)
        return lines_found.tolist(), plain.tolist(), kinds[good].tolist(), out.tobytes()

    compiled = run(jsonlines.scan_lines, gather.write_values)
    plain = run(
        getattr(jsonlines.scan_lines, "py_func", jsonlines.scan_lines),
        getattr(gather.write_values, "py_func", gather.write_values),
    )

    assert plain == compiled


def test_objects_of_exports_are_read_as_the_values_they_hold(tmp_path):
    """Ids and dates as MongoDB (Extended JSON 2, both forms), Drupal and WordPress write them are what they name."""
    pages = [
        {"_id": {"$oid": "5f0c"}, "text": "a", "publishedAt": {"$date": "2026-03-01T10:00:00Z"}},
        {"_id": {"$numberLong": "77"}, "text": "b", "createdAt": {"$date": {"$numberLong": "1772359200000"}}},
        {
            "uid": [{"value": 9}],
            "body": [{"value": "c", "format": "x"}],
            "created": [{"value": "2026-03-01T11:00+01:00"}],
        },
        {
            "guid": {"rendered": "?p=1"},
            "content": {"rendered": "d"},
            "date": {"day": 1},
            "source": {"name": "N", "id": 1},
        },
    ]
    content = "\n".join(map(json.dumps, pages)).encode()

    for size in (0, NEVER):
        articles = read_bytes(tmp_path, content, ReadParams(compiled_bytes=size))
        assert list(articles.ids) == ["5f0c", "77", "9", "?p=1"]
        moment = int(datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp())
        assert articles.dates.tolist() == [moment] * 3 + [NO_DATE]
        assert articles.sources[3] == "N"
        assert notes(articles) == [(4, "date not understood, article kept without one")]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "inside", [lambda v: {"articles": v}, lambda v: {"response": {"tags": [{"id": 1}], "docs": v}}]
)
def test_a_list_inside_an_object_is_read_as_the_list(tmp_path, indent, inside):
    """What stands around the articles changes nothing of them, nor of the numbers of the records."""
    records = [{"id": "a", "text": "One."}, {"note": "no text"}, {"id": "b", "title": "T", "text": "Two."}]
    # Lists that come before: under no such name, with nothing that has a text, and no list.
    wrapped = {"n": 3, "comments": [{"text": "x"}], "pages": [{"id": 1}], "data": "text", **inside(records)}

    bare, read = (
        read_bytes(tmp_path, json.dumps(content, indent=indent).encode(), ReadParams(), "export.json")
        for content in (records, wrapped)
    )

    assert rows(bare) == rows(read)
    assert notes(bare) == notes(read) == [(2, LOOKED)]
    assert len(read) == 2


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("between", ["", "\n", "\n\n", " \r\n", ",\n"])
def test_objects_one_after_the_other(tmp_path, indent, between):
    """What `jq` writes: objects over several lines, or several in a line, each a record with its number."""
    records = [{"id": str(i), "text": f'Body {i}: "}}{{" \\ and\nmore.', "a": {"b": [{}]}} for i in range(5)]
    content = between.join(json.dumps(record, indent=indent) for record in records)

    articles = read_bytes(tmp_path, content.encode(), ReadParams(block_bytes=64), "a.json")

    assert [(record["id"], record["text"]) for record in records] == [
        (articles.ids[i], articles.body(i)) for i in range(len(articles))
    ]
    assert () == articles.skips
    are_lines = indent is None and between.endswith("\n") and not between.startswith(",")
    assert list(range(1, 10, between.count("\n")) if are_lines else range(1, 6))[:5] == articles.records.tolist()


def test_a_broken_object_among_others_is_named_and_the_others_are_read(tmp_path):
    """An object over several lines that is broken is a skip; one that never ends takes no line with it."""
    good, bad, rubbish = '{\n "text": "a"\n}\n', '{\n "text": b\n}\n', "x\n"
    content = good + bad + good + rubbish + good + '{\n "text": [\n' + good

    articles = read_bytes(tmp_path, content.encode(), ReadParams(), "a.json")

    assert ["a"] * 4 == [articles.body(i) for i in range(len(articles))]
    assert [2, 4, 6] == [skip.record for skip in articles.skips]
    assert {"not JSON: Expecting value"} == {skip.reason for skip in articles.skips}


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("\n]\n", []),
        (", null, 5 ]", ["not an object"] * 2),
        ("", ["not JSON: the array does not end; it is read up to there"]),
        ("] x", ["not JSON: Extra data after the array"]),
        (', {"text": ]', ["not JSON: Expecting value", "not JSON: the array does not end; it is read up to there"]),
    ],
)
def test_a_large_array_is_read_element_by_element(tmp_path, end, said):
    """An array that is too large to be held gives what a small one gives, and its end is told."""
    records = [{"id": str(i), "title": "T", "text": f'Body {i}: "]}}{{" \\ and\nmore.' * 9} for i in range(300)]
    content = (
        "[\n" + ",\n".join(json.dumps(record, indent=i % 2 or None) for i, record in enumerate(records)) + end
    ).encode()
    params = ReadParams(block_bytes=3000, compiled_bytes=2000)
    whole = read_bytes(tmp_path, content, params, "a.json")

    articles = read_bytes(tmp_path, content, replace(params, max_document_bytes=5000), "a.json")

    assert whole.text.tobytes() == articles.text.tobytes()
    assert whole.records.tolist() == articles.records.tolist()
    assert list(whole.ids) == list(articles.ids)
    assert said == [skip.reason for skip in articles.skips]


def test_a_value_that_is_too_long_ends_the_file(tmp_path):
    """A value past the limit is named, among elements and among objects one after the other, and memory is bounded."""
    params = ReadParams(block_bytes=1000, max_document_bytes=5000)
    for opened, between in (("[", ","), ("", "\n")):
        content = opened + between.join(json.dumps({"text": one * 50}, indent=1) for one in ("a", "b", "c" * 4000, "d"))

        articles = read_bytes(tmp_path, content.encode(), params, "a.json")

        assert ["a" * 50, "b" * 50] == [articles.body(i) for i in range(len(articles))]
        assert [(3, "a value is longer than 5,000 bytes, read up to there; raise max_document_bytes")] == [
            (skip.record, skip.reason)
            for skip in articles.skips
            if skip.record  # its line is named as well
        ]


@pytest.mark.parametrize(
    "record",
    [
        {"posts": [{"id": "g", "title": "Hi", "html": "<p>Fog.</p><p>Rain.</p>", "plaintext": "Fog. Rain."}]},
        {"articles": [{"id": "g", "title": "Hi", "body_html": "<p>Fog.</p>\n<p>Rain.</p>"}]},
        {"@type": "NewsArticle", "@id": "x", "id": "g", "headline": "Hi", "articleBody": "Fog.\n\nRain."},
        {"uid": "g", "title": "Hi", "maintext": "Fog.\n\nRain.", "date_publish": "2026-01-06 14:30:00"},
    ],
    ids=["Ghost", "Shopify", "schema.org", "news-please"],
)
def test_names_that_systems_have_for_a_text(tmp_path, record):
    """The texts of exports are found without a mapping."""
    articles = read_bytes(tmp_path, json.dumps(record).encode(), ReadParams(), "a.json")

    assert [("g", "Hi", "Fog.\n\nRain.")] == [
        (articles.ids[i], articles.title(i), articles.body(i)) for i in range(len(articles))
    ]


def test_records_inside_of_records(tmp_path):
    """Exports of Elasticsearch and answers of JSON:API have the fields in an object inside, and the id beside it."""
    hit = {"_index": "n", "_id": "x7", "_source": {"title": "Fog", "text": "Thick.", "tags": ["sea"]}}
    entry = {"type": "node", "id": "9", "attributes": {"title": "Ferry", "body": {"value": "<p>Late.</p>"}}}
    (tmp_path / "a.json").write_text(json.dumps({"took": 1, "hits": {"total": 1, "hits": [hit]}}))
    (tmp_path / "b.jsonl").write_text(
        json.dumps(hit | {"_id": 8}) + "\n" + json.dumps(hit | {"_source": {"n": 1}}) + "\n"
    )
    (tmp_path / "c.json").write_text(json.dumps({"data": [entry], "links": {}}))

    articles = read_feeds([tmp_path])

    assert [("x7", "Fog", "Thick."), ("8", "Fog", "Thick."), ("9", "Ferry", "Late.")] == [
        (articles.ids[i], articles.title(i), articles.body(i)) for i in range(len(articles))
    ]
    assert [("b.jsonl", 2)] == [(Path(skip.path).name, skip.record) for skip in articles.skips]
    assert articles.skips[0].reason.startswith("no text field")
