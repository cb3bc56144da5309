"""Reading feeds: every claim of `dedup.readers` against Python's own json, pathlib, gzip and datetime."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.errors import ConfigError, FeedError
from dedup.kernels import gather, jsonlines
from dedup.model import NO_DATE, Articles, Skip
from dedup.readers import FIELDS, ReadParams, articles_of, iter_batches, join_batches, read_feeds
from dedup.readers.buffer import TextBuffer
from dedup.readers.dates import parse_date
from dedup.readers.fields import FieldTable
from dedup.readers.inputs import find_sources
from dedup.readers.versions import NAMED_REPEATS

NEVER = 1 << 60  # compiled_bytes that no block has
quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[0, NEVER], ids=["compiled", "plain"])
def params(request: pytest.FixtureRequest) -> ReadParams:
    return ReadParams(compiled_bytes=request.param)


def rows(articles: Articles) -> list[tuple[object, ...]]:
    """All that is said of each article, as Python objects."""
    texts = [(articles.title(i), articles.body(i)) for i in range(len(articles))]
    columns = (articles.dates, articles.file_rows, articles.records, articles.body_lines)
    strings = (articles.ids, articles.sources, articles.urls)
    assert len(articles.tags) == len(articles.languages) == len(articles)
    return list(zip(texts, *strings, *(column.tolist() for column in columns), strict=True))


def notes(articles: Articles) -> list[tuple[int, str]]:
    return [(skip.record, skip.reason) for skip in articles.skips]


def read_bytes(folder: Path, content: bytes, params: ReadParams, name: str = "feed.jsonl", jobs: int = 1) -> Articles:
    path = folder / name
    path.write_bytes(content)
    return read_feeds([path], params, jobs=jobs)


# ---------------------------------------------------------------------------------------------- JSON Lines

strings = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["", 'a "quoted" \\ line\n\ttab', "é😀\0"]
)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | strings
values = st.recursive(
    scalars, lambda of: st.lists(of, max_size=3) | st.dictionaries(strings, of, max_size=3), max_leaves=6
)
names = st.sampled_from([name for known in FIELDS.values() for name in known] + ["other", "te\\xt"])
texts = st.fixed_dictionaries(
    {"text": strings}, optional={"id": strings | st.integers(), "title": strings, "url": strings}
)
odd_records = st.dictionaries(names, values, max_size=5)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Draw a line of JSON, mostly; some with a byte changed, put in or taken out."""
    record = draw(texts | odd_records | values)
    line = json.dumps(record, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    line = draw(st.sampled_from([b"", b" ", b"\t"])) + line + draw(st.sampled_from([b"", b"\r", b" x", b"{}", b" \t"]))
    change = draw(st.sampled_from(["", "", "set", "add", "cut"]))
    at = draw(st.integers(0, len(line) - 1))
    byte = draw(st.sampled_from([b'"', b"\\", b"{", b"}", b",", b"\0", b"\xff", b"\xc3", b"1", b"n", b"\xed\xa0\x80"]))
    return {"": line, "set": line[:at] + byte + line[at + 1 :], "add": line[:at] + byte + line[at:], "cut": line[:at]}[
        change
    ].replace(b"\n", b" ")


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
@settings(quick, max_examples=400)
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
LOOKED = "no text field (looked for text, content, body, article, body_text, full_text)"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"text": null}', LOOKED),
        (b"{}", LOOKED),
        (b'{"text": 5}', 'no text field: "text" is a number'),
        (b'{"text": true}', 'no text field: "text" is a boolean'),
        (b'{"text": ["a"]}', 'no text field: "text" is a list'),
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
        assert notes(articles) == []
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
        (b'{"text": "a\xffb\xc3"}', "a\ufffdb\ufffd", "invalid UTF-8 replaced by U+FFFD"),
        (b'{"text": "a", "title": "\xed\xa0\x80"}', "a", "invalid UTF-8 replaced by U+FFFD"),
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
    """Ids may be numbers, sources objects with a name; dates become seconds; what is missing is empty."""
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
    assert list(articles.sources) == ["P", "N", "S", "", "", "", ""]
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


# ---------------------------------------------------------------------------------------------- JSON files


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


UP_TO = "the array is read up to there"


@pytest.mark.parametrize(
    ("content", "bodies", "last"),
    [
        (b'[{"text": "a"}, {"text": "b"}, {"te', ["a", "b"], f"not JSON: Unterminated string starting at; {UP_TO}"),
        (b'[{"text": "a"} {"text": "b"}]', ["a"], f"not JSON: Expecting ',' delimiter; {UP_TO}"),
        (b'[{"text": "a"}] x', ["a"], "not JSON: Extra data after the array"),
        (b'[{"text": "a", "x": NaN}, {"text": "\xff"}]', ["a", "\ufffd"], "invalid UTF-8 replaced by U+FFFD"),
        (b"[]", [], None),
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


# ---------------------------------------------------------------------------------------- text and Markdown


@given(content=st.binary(max_size=300))
@quick
def test_text_is_kept_byte_for_byte(tmp_path, content):
    """A text file's bytes stand in the buffer as they are; its id is its path, it has no title."""
    articles = read_bytes(tmp_path, b"x" + content, ReadParams(), "a.txt")

    if b"\0" in content:
        assert (rows(articles), notes(articles)) == ([], [(0, "binary file")])
    else:
        path = str(tmp_path / "a.txt")
        assert b"x" + content == articles.text.tobytes()
        assert [(path, "", NO_DATE, 1, 1)] == [(r[1], r[0][0], r[4], r[6], r[7]) for r in rows(articles)]
        marks = (b"x" + content).decode("utf-8", "replace").count("\ufffd") - content.count("\ufffd".encode())
        assert ([(1, f"invalid UTF-8 in {marks} places, read as U+FFFD")] if marks else []) == notes(articles)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_byte_order_marks(tmp_path, params, encoding, name):
    """A byte order mark says what the file is, and is not part of the text."""
    text = "Žluťoučký 😀\nkůň\n" if name == "a.txt" else '{"text": "kůň 😀"}\n'
    mark = "\ufeff" if encoding[-3:] in ("-le", "-be") else ""

    articles = read_bytes(tmp_path, (mark + text).encode(encoding), params, name)

    assert [text if name == "a.txt" else "kůň 😀"] == [articles.body(i) for i in range(len(articles))]
    assert notes(articles) == []


def test_broken_utf16_is_noted(tmp_path):
    """Half a surrogate pair in UTF-16 is replaced and noted."""
    articles = read_bytes(tmp_path, b"\xff\xfea\0\x00\xd8b\0", ReadParams(), "a.txt")

    assert articles.body(0) == "a\ufffdb"
    assert notes(articles) == [(0, "invalid UTF-16 read as U+FFFD")]


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.jsonl", "a"])
def test_empty_files_are_named(tmp_path, content, name):
    """A file with nothing in it gives no article and a note."""
    articles = read_bytes(tmp_path, content, ReadParams(), name)

    assert (rows(articles), notes(articles)) == ([], [(0, "empty")])


YAML = '---\ntitle: "A: title"\nslug: 007\ndate: 1970-01-02\nsource:\n  name: Post\nurl: http://a.example\n---\n'
TOML = '+++\r\ntitle = "A: title"\r\nid = "007"\r\ndate = 1970-01-02\r\nsource = "Post"\r\nurl = "http://a.example"\r\n+++\r\n'


@pytest.mark.parametrize("matter", [YAML, TOML], ids=["yaml", "toml"])
def test_front_matter(tmp_path, matter):
    """Front matter gives the fields; the body is what stands after it, with the line it starts in."""
    articles = read_bytes(tmp_path, (matter + "# Heading\n\nBody.\n").encode(), ReadParams(), "a.md")

    line = matter.count("\n") + 1
    assert [(("A: title", "# Heading\n\nBody.\n"), "007", "Post", "http://a.example", 86400, 0, 1, line)] == rows(
        articles
    )
    assert notes(articles) == []


@pytest.mark.parametrize(
    ("content", "title", "body_line", "note"),
    [
        ("Text\n\n#  The *title* ##\n\nMore\n# Second\n", "The *title*", 1, None),
        ("```\n# no\n~~~\n# no\n```\n# yes\n", "yes", 1, None),
        ("Under\nlined\n===\n", "lined", 1, None),
        ("## Two\n#tag\n    # code\n", "", 1, None),
        ("---\nprose, no mapping\n---\n# T\n", "T", 1, None),
        ("---\n---\n# T\n", "T", 3, None),
        ("---\ntitle: X\n# T\n", "T", 1, None),
        ("---\ntitle: [x\n---\n# T\n", "T", 1, "front matter is not YAML, read as part of the body"),
        ("+++\ntitle = x\n+++\n# T\n", "T", 1, "front matter is not TOML, read as part of the body"),
        ("---\ndate: never\n---\nx", "", 4, "date not understood, article kept without one"),
        ("---\ntitle: No\n...\nx", "No", 4, None),
    ],
)
def test_markdown_titles(tmp_path, content, title, body_line, note):
    """The title is that of the front matter, else the first heading of level 1; the body loses only front matter."""
    articles = read_bytes(tmp_path, content.encode(), ReadParams(), "a.markdown")

    assert [(title, body_line)] == [(row[0][0], row[7]) for row in rows(articles)]
    assert "".join(content.splitlines(keepends=True)[body_line - 1 :]) == articles.body(0)
    assert ([(1, note)] if note else []) == notes(articles)


def test_large_text_file(tmp_path):
    """A text file of 100 MB is one article."""
    line = b"Line of a very long text, without end.\n"
    content = line * (100_000_000 // len(line) + 1)

    articles = read_bytes(tmp_path, content, ReadParams(), "a.txt", jobs=2)

    assert len(articles) == 1
    assert np.array_equal(np.frombuffer(content, np.uint8), articles.text)


# ------------------------------------------------------------------------------------------- packed files

PACKERS = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "two.gz": lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:]) + b"\0" * 50,
    "two.zst": lambda data: (
        zstandard.compress(data[:100]) + b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(data[100:])
    ),
    "unmarked": gzip.compress,
}


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_packed_files(tmp_path, params, packed, jobs):
    """Packed files of one or several members read like the plain file, whatever their name says."""
    content = b"".join(b'{"id": %d, "text": "%s"}\n' % (i, b"packed " * 50) for i in range(1000))
    plain = read_bytes(tmp_path, content, params)

    small = ReadParams(compiled_bytes=params.compiled_bytes, block_bytes=10_000)
    unpacked = read_bytes(tmp_path, PACKERS[packed](content), small, f"feed.jsonl.{packed}", jobs)

    assert len(unpacked) == 1000
    assert rows(plain) == rows(unpacked)
    assert notes(unpacked) == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_files_that_grow_much(tmp_path, pack):
    """A packed file may be a thousandth of what it holds, and more than the buffer was laid out for."""
    rng = np.random.default_rng(1)
    content = b"".join(rng.bytes(30).hex().encode() + b"x" * 10_000 for _ in range(3000))

    articles = read_bytes(tmp_path, pack(content), ReadParams(), "a.txt.x")

    assert articles.text.tobytes() == content


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (zstandard.compress, "zstd")], ids=["gzip", "zstd"]
)
def test_truncated_packed_files_keep_what_was_read(tmp_path, pack, name):
    """Of a packed file that breaks off, what can be read is kept; the note names the loss."""
    rng = np.random.default_rng(1)
    content = b"".join(b'{"text": "%d %s"}\n' % (i, rng.bytes(40).hex().encode()) for i in range(20_000))
    packed = pack(content)

    articles = read_bytes(tmp_path, packed[: len(packed) // 2], ReadParams(), "feed.jsonl.x")

    assert 5000 < len(articles) < 15_000
    assert [json.loads(line)["text"] for line in content.splitlines()[: len(articles)]] == [
        row[0][1] for row in rows(articles)
    ]
    assert (0, f"{name} data end too early, read up to there") == notes(articles)[-1]


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (zstandard.compress, "zstd")], ids=["gzip", "zstd"]
)
def test_damaged_packed_files_are_noted(tmp_path, pack, name):
    """Bytes after a packed file that are none of it are a loss with a name."""
    articles = read_bytes(tmp_path, pack(b"Some text.") + b"garbage", ReadParams(), "a.txt.x")

    assert articles.body(0) == "Some text."
    assert [(0, f"damaged {name} data, read up to there")] == notes(articles)


# ---------------------------------------------------------------------------------- inputs and their errors


def test_folders_are_read_by_name(tmp_path, monkeypatch):
    """A folder gives its files in order of their names, nested ones in place; hidden ones are left out."""
    monkeypatch.chdir(tmp_path)
    for name in ["b.txt", "a/z.md", "a/y/x.txt", ".hidden/h.txt", "a/.h.txt", "c.jsonl", "B.txt"]:
        path = tmp_path / "feed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"text": "c1"}\n{"text": "c2"}' if name == "c.jsonl" else f"# {name}")
    (tmp_path / "feed" / "image").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "feed" / "gone").symlink_to("nowhere")
    (tmp_path / "feed" / "a" / "loop").symlink_to("..")

    articles = read_feeds(["feed"])

    order = ["feed/B.txt", "feed/a/y/x.txt", "feed/a/z.md", "feed/b.txt", "feed/c.jsonl"]
    assert order == list(dict.fromkeys(articles.files[row] for row in articles.file_rows))
    assert [*order[:4], "feed/c.jsonl:1", "feed/c.jsonl:2"] == list(articles.ids)
    assert {
        Skip("feed/image", 0, "binary file"),
        Skip("feed/gone", 0, f"cannot be read: {os.strerror(2)}"),
        Skip("feed/a/loop", 0, "same folder as feed"),
    } == set(articles.skips)


def test_globs(tmp_path, monkeypatch):
    """A pattern that the shell left alone is expanded, ** included; a file with such a name is itself."""
    monkeypatch.chdir(tmp_path)
    for name in ["a/1.txt", "a/b/2.txt", "a/b/3.md", "[x].txt"]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)

    assert read_feeds(["a/**/*.txt"]).files == ("a/1.txt", "a/b/2.txt")
    assert read_feeds(["[x].txt"]).files == ("[x].txt",)
    assert read_feeds("a*").files == ("a/1.txt", "a/b/2.txt", "a/b/3.md")


def test_the_same_file_is_read_once(tmp_path):
    """A file or folder given twice, by any name, is read once and noted."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link.txt").symlink_to("a.txt")
    (tmp_path / "hard.txt").hardlink_to(tmp_path / "a.txt")
    a, link = str(tmp_path / "a.txt"), str(tmp_path / "link.txt")

    articles = read_feeds([a, link, tmp_path, str(tmp_path) + "/."])

    assert len(articles) == 1
    reason = f"same file as {a}"
    expected = [Skip(p, 0, reason) for p in (link, a, str(tmp_path / "hard.txt"), link)]
    assert [*expected, Skip(str(tmp_path) + "/.", 0, f"same folder as {tmp_path}")] == list(articles.skips)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.jsonl", "no such file or folder; check the name"),
        ("*.nothing", "no file matches this pattern"),
        ("folder", "no file in this folder"),
        ("nested", "no file in this folder"),
        ("loop", "cannot be read: "),
        ("a\0b", "cannot be read: "),
    ],
)
def test_unusable_inputs_are_errors(tmp_path, monkeypatch, name, reason):
    """An input that the user named and that gives nothing to read is an error at once, with its name and the remedy."""
    monkeypatch.chdir(tmp_path)
    Path("good.txt").write_text("good")
    Path("folder").mkdir()
    Path("folder/.hidden").write_text("hidden")
    Path("nested/inner").mkdir(parents=True)
    Path("loop").symlink_to("loop")

    with pytest.raises(FeedError) as caught:
        iter_batches(["good.txt", name])

    assert name == caught.value.path
    assert str(caught.value).startswith(f"{name}: {reason}")


@pytest.mark.parametrize("is_named", [True, False])
def test_files_that_cannot_be_opened(tmp_path, monkeypatch, is_named):
    """A named file that cannot be read is an error; one found in a folder is passed over with a note."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    real = Path.open

    def refusing(path, *args):
        if path.name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return real(path, *args)

    monkeypatch.setattr(Path, "open", refusing)

    if is_named:
        with pytest.raises(FeedError, match=r"a\.txt: cannot be read: Permission denied; see its permissions"):
            read_feeds([tmp_path / "a.txt"])
    else:
        articles = read_feeds([tmp_path])
        assert [articles.body(i) for i in range(len(articles))] == ["b"]
        assert (Skip(str(tmp_path / "a.txt"), 0, "cannot be read: Permission denied"),) == articles.skips


def test_folders_that_cannot_be_listed(tmp_path, monkeypatch):
    """A named folder that cannot be listed is an error; one inside a folder is passed over with a note."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.txt").write_text("a")
    real = os.scandir

    def refusing(path):
        if str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)

    with pytest.raises(FeedError, match="inner: cannot be read: Permission denied"):
        find_sources([tmp_path / "inner"])
    assert [Skip(str(tmp_path / "inner"), 0, "cannot be read: Permission denied")] == find_sources([tmp_path])[1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b' \n{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        (b'[{"text": "a"}]', ["a"]),
        (b"Plain text.\n", ["Plain text.\n"]),
        (b"[Reuters] Plain text.", ["[Reuters] Plain text."]),
        (gzip.compress(b'{"text": "a"}'), ["a"]),
        (zstandard.compress(b"Plain text."), ["Plain text."]),
        (b"", []),
    ],
)
def test_standard_input(monkeypatch, content, expected):
    """Standard input is JSON Lines, a JSON array, or one text, by how it begins; packed or not."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    articles = read_feeds(["-", "-"])

    assert expected == [articles.body(i) for i in range(len(articles))]
    assert articles.files == ("-",)
    assert Skip("-", 0, "same file as -") == articles.skips[0]
    assert ([] if expected else [Skip("-", 0, "empty")]) == list(articles.skips[1:])


def test_no_standard_input(monkeypatch):
    """A process without standard input says so."""
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(FeedError, match="there is no standard input; name a file"):
        read_feeds(["-"])


def test_pipes_are_read(tmp_path):
    """A named pipe, as of a process substitution, is read to its end; in a folder it is passed over."""
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=pipe.write_bytes, args=(b'{"text": "a"}\n',))
    thread.start()
    articles = read_feeds([pipe])
    thread.join()

    assert [articles.body(i) for i in range(len(articles))] == ["a"]
    assert ([], [Skip(str(pipe), 0, "not a regular file")]) == find_sources([tmp_path])


def test_no_inputs_and_no_articles(tmp_path):
    """No input, or none that holds an article, gives an empty table."""
    assert len(read_feeds([])) == 0
    assert len(articles_of([])) == 0
    assert len(read_bytes(tmp_path, b"nonsense\n", ReadParams())) == 0
    with pytest.raises(ValueError, match="jobs must be at least 1"):
        read_feeds([], jobs=0)


def test_many_small_files(tmp_path):
    """Files of several kinds keep their order when they are read in groups by several threads."""
    for i in range(600):
        content = f'{{"text": "{i}"}}' if i % 3 == 2 else f"text {i}"
        (tmp_path / f"{i:04}.{['txt', 'md', 'jsonl'][i % 3]}").write_text(content)

    articles = read_feeds([tmp_path], jobs=2)

    expected = [str(i) if i % 3 == 2 else f"text {i}" for i in range(600)]
    assert expected == [articles.body(i) for i in range(len(articles))]


# --------------------------------------------------------------------------------- records in memory, dates


@given(feed=st.lists(texts | strings, max_size=6))
@quick
def test_records_in_memory(feed):
    """Mappings and texts become articles as the same records in a file do."""
    articles = articles_of(feed)

    kept = [
        (one, i) for i, one in enumerate(feed, 1) if one and (isinstance(one, str) or one["text"] or one.get("title"))
    ]
    expected = [("", one) if isinstance(one, str) else (one.get("title", ""), one["text"]) for one, _ in kept]
    assert expected == [row[0] for row in rows(articles)]
    assert [i for _, i in kept] == articles.records.tolist()
    assert articles.files == ("<memory>",)


def test_objects_in_memory():
    """Dates may be date objects; a NaN, as data frames have for nothing, is nothing."""
    nan = float("nan")
    feed = [
        {"text": "a", "date": datetime(1970, 1, 2, tzinfo=UTC), "id": nan, "title": nan, "source": nan},
        {"text": "b", "date": date(1970, 1, 2), "title": "\ud800"},
        {"text": "c", "date": nan},
        {"text": nan},
    ]

    articles = articles_of(feed)

    assert articles.dates.tolist() == [86400, 86400, NO_DATE]
    assert list(articles.ids) == ["<memory>:1", "<memory>:2", "<memory>:3"]
    assert notes(articles) == [(2, "lone surrogate replaced by U+FFFD"), (4, 'no text field: "text" is a number')]
    for wrong in ["text", {"text": "a"}, [5]]:
        with pytest.raises(ValueError, match="must be a"):
            articles_of(wrong)


moments = st.datetimes(datetime(1600, 1, 1), datetime(2400, 1, 1), timezones=st.timezones().map(lambda _: UTC))


@given(moment=moments, hours=st.integers(-12, 14))
def test_dates_in_every_shape(moment, hours):
    """ISO 8601, RFC 2822 and numbers of every unit give the second that datetime gives."""
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    whole = moment.replace(microsecond=0)
    zone = f"{hours:+03}:00"
    local = (whole + timedelta(hours=hours)).replace(tzinfo=None)

    shapes = [
        moment.isoformat(), moment.isoformat(" "), whole.isoformat().replace("+00:00", "Z"), moment, str(moment) + " ",
        f"{whole.replace(tzinfo=None)} UTC", f"{local}{zone}", f"{local} {zone}", f"{local}{zone.replace(':', '')}",
        whole.strftime("%Y%m%dT%H%M%SZ"), whole.replace(tzinfo=None).isoformat().replace("-", "/"),
        f"{whole.replace(tzinfo=None)}.123456789Z", whole.replace(tzinfo=None).isoformat().lower() + "z",
        format_datetime(whole), format_datetime(whole).partition(", ")[2], f"{whole:%Y%m%d%H%M%S}",
    ]  # fmt: skip
    if abs(seconds) > 86400 * 2000:  # smaller ones are seconds in every unit
        shapes += [seconds * 1000, float(seconds) * 1000, str(seconds * 1000), seconds * 10**6, seconds * 10**9]
    if len(str(seconds)) not in (4, 8, 14):
        shapes += [seconds, float(seconds), str(seconds)]

    assert {seconds} == {parse_date(shape) for shape in shapes}


@pytest.mark.parametrize("value", ["1970-01-02", "1970-1-2", "1970/1/2", "19700102", 19700102, 86400.9, "86400"])
def test_dates_of_one_day(value):
    """A day alone is its first second; fractions are cut off."""
    assert parse_date(value) == 86400


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1970", 0), (1970, 0), ("1970-02", 31 * 86400), (-1.5, -2), ("9999-12-31T23:59:59-14:00", 253402351199)],
)
def test_odd_dates(value, expected):
    """Years and months alone are their first second; the second is cut off towards the past."""
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    "value", [True, [1], None, "", "1970-13-01", "Mon, 99 Foo 1970", 10**400, float("inf"), -1e300, "9" * 400, "-"]
)
def test_no_dates(value):
    """What is no date is None."""
    assert parse_date(value) is None


# ------------------------------------------------------------------------------------------------- kernels


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
