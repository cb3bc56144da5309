"""Reading tables: CSV against Python's csv, Parquet and Arrow against pyarrow and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dedup.kernels import delimited as kernels
from dedup.model import NO_DATE, Articles, Skip
from dedup.readers import FIELDS, ReadParams, layout, read_feeds
from dedup.readers.fields import FieldTable

quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
pieces = st.text(st.sampled_from(list('ab ",;\t|\n\ré\0')), max_size=12)
fields = pieces | st.sampled_from(["", 'A longer text with words, "quotes" and é that fills several strides. ' * 3])


def read(folder, content: bytes, name: str = "t.csv", **params: object) -> Articles:
    path = folder / name
    path.write_bytes(content)
    return read_feeds([path], ReadParams(html="never", **params))


def bodies(articles: Articles) -> list[str]:
    return [articles.body(i) for i in range(len(articles))]


def reasons(articles: Articles) -> list[tuple[int, str]]:
    return [(skip.record, skip.reason) for skip in articles.skips]


@given(
    table=st.lists(st.tuples(fields, fields, fields), max_size=8),
    delimiter=st.sampled_from(layout.DELIMITERS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(1, 200),
    mark=st.booleans(),
)
@quick
def test_csv_gives_what_csv_reader_gives(tmp_path, table, delimiter, quoting, end, block, mark):
    """Titles and texts are those that the standard library reads, whatever delimits them and wherever blocks end."""
    # The standard library's writer leaves the line ends that it does not write itself without quotes, and its reader
    # ends a row there.
    others = {"\r", "\n"} - set(end)
    assume(quoting == csv.QUOTE_ALL or not any(others & set(one) for row in table for one in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([("title", "text", "url"), *table])
    content = out.getvalue()

    articles = read(tmp_path, b"\xef\xbb\xbf" * mark + content.encode(), block_bytes=block)

    expected = [row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if row][1:]
    found = list(
        zip(*([*map(column, range(len(articles)))] for column in (articles.title, articles.body)), strict=True)
    )
    assert [tuple(row[:2]) for row in expected if row[0] or row[1]] == found
    assert [row[2] for row in expected if row[0] or row[1]] == list(articles.urls)


@given(content=st.text(st.sampled_from(list('a1",\n\r')), max_size=60), block=st.integers(1, 40))
@settings(quick, max_examples=300)
def test_no_bytes_break_the_reader(tmp_path, content, block):
    """Whatever quotes stand where: the answer does not depend on the blocks, and each line is an article or a skip."""
    whole = "title,text,url\n" + content

    small, large = (read(tmp_path, whole.encode(), block_bytes=size) for size in (block, 1 << 20))

    assert bodies(large) == bodies(small)
    assert large.skips == small.skips


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    """Marks are obeyed; what is no UTF-8 is read as Windows-1252 and noted with its line."""
    articles = read(tmp_path, "id;text\n1;Žluť café\n2;plain\n".replace("Žluť", "Zlut").encode(encoding))

    assert ["Zlut café", "plain"] == bodies(articles)
    assert (
        [(2, "not UTF-8, read as windows-1252; --encoding for another")] if encoding == "cp1252" else []
    ) == reasons(articles)


def test_columns_are_found_by_name(tmp_path):
    """Case, spaces and order of names do not matter; all fields are taken, tags apart by , ; or |."""
    content = b"Full Text,ID,Pub Date,Tags,LANG,Publisher\nbody,7,2026-01-05,a|b,en,Post\n"

    articles = read(tmp_path, content, fields={"text": "full_text", "date": "pub_date"})

    assert ("body", "7", "a\x1fb", "en", "Post") == (
        articles.body(0), articles.ids[0], articles.tags[0], articles.languages[0], articles.sources[0]
    )  # fmt: skip
    assert int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) == articles.dates[0]


def values_by_role(articles: Articles) -> dict[str, object]:
    """Return what is read of a file of one article; the id only if the file gives it."""
    (identity,) = articles.ids
    strings = {"source": articles.sources, "url": articles.urls, "language": articles.languages, "tags": articles.tags}
    found = {role: column[0] for role, column in strings.items()}
    given = "" if identity.startswith(articles.files[0]) else identity
    return found | {"id": given, "title": articles.title(0), "text": articles.body(0), "date": int(articles.dates[0])}


@pytest.mark.parametrize("role", FIELDS)
def test_every_usual_name_is_found_in_narrow_tables(tmp_path, role):
    """However few the columns are, each usual name gives what it gives in JSON Lines: in CSV, TSV and Parquet."""
    value, moment = "2026-01-05", int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
    for name in FIELDS[role]:
        for others in ({"text": "plaintext"}, {"title": "headline", "text": "plaintext", "id": "uid"}):
            record = {other: "Fog" for of, other in others.items() if of != role} | {name: value}
            pq.write_table(pa.Table.from_pylist([record]), tmp_path / "t.parquet")
            rows = list(record), list(record.values())

            expected = values_by_role(read(tmp_path, json.dumps(record).encode(), "t.jsonl"))

            assert expected[role] == (moment if role == "date" else value)
            assert expected == values_by_role(read(tmp_path, "\n".join(map(",".join, rows)).encode()))
            assert expected == values_by_role(read(tmp_path, "\n".join(map("\t".join, rows)).encode(), "t.tsv"))
            assert expected == values_by_role(read_feeds([tmp_path / "t.parquet"]))


def test_a_table_without_a_text_column_names_what_it_has(tmp_path):
    """One line says which columns there are, what was looked for and what to give."""
    (skip,) = read(tmp_path, b"name,lead\nx,y\n").skips

    assert skip.record == 0
    assert skip.reason.startswith("no column for the text in the first record (name, lead), looked for text, content")
    assert skip.reason.endswith("give --field text=NAME, or text=3 for the third column")


def test_columns_by_number(tmp_path):
    """Without a header, a number is the column, and the first record is an article too."""
    articles = read(tmp_path, b"1,x,first\n2,y,second\n", fields={"text": "3", "id": "1"})

    assert (["first", "second"], ["1", "2"]) == (bodies(articles), list(articles.ids))


def test_broken_records_are_counted(tmp_path):
    """Records with too few or too many fields, and without any text, are named by line; the others are read."""
    content = b"id,text,url\n1,a,u\n2\n3,b\n4,c,u,extra\n,,\n5,d,u\n"

    articles = read(tmp_path, content)

    assert ["a", "b", "c", "d"] == bodies(articles)
    few, many = "fewer fields than the header", "more fields than the header; what is beyond it is not read"
    assert [(3, few), (4, few), (5, many), (6, "empty")] == reasons(articles)


def test_open_quotes(tmp_path):
    """A stray quote costs its line; a table that ends inside quotes keeps the last record as far as it goes."""
    stray = read(tmp_path, b'id,text\n1,"a\n' + b"".join(b"%d,b\n" % i for i in range(2, 9)))
    cut = read(tmp_path, b'id,text\n1,a\n2,"The first line\nand, the second')

    assert (["b"] * 7, [(2, "a quote is not closed, line not read")]) == (bodies(stray), reasons(stray))
    assert ["a", "The first line\nand, the second"] == bodies(cut)
    assert [(3, "a quote is not closed, read up to there")] == reasons(cut)


def test_a_field_without_end(tmp_path, monkeypatch):
    """A field beyond the limit is read up to it and named; memory is bounded by the limit."""
    monkeypatch.setattr("dedup.readers.delimited._MAX_RECORD", 1 << 20)

    articles = read(tmp_path, b'id,text\n1,a\n2,"' + b"word " * (1 << 20), block_bytes=1 << 16)

    assert bodies(articles)[0] == "a"
    assert len(articles.text) <= 1 << 20
    assert [(3, "a record of over 1 MB: a quote is not closed, read up to there")] == reasons(articles)


def test_a_field_beyond_the_limit_costs_no_other_record(tmp_path, monkeypatch):
    """What of a long record is over the limit is passed over, line breaks and doubled quotes in it too."""
    monkeypatch.setattr("dedup.readers.delimited._MAX_RECORD", 1 << 20)
    long = b'word ""said""\n' * (1 << 18)

    articles = read(tmp_path, b'id,text\n1,a\n2,"' + long + b'"\n3,b\n4\n', block_bytes=1 << 16)

    assert ["1", "2", "3"] == list(articles.ids)
    assert (1 << 19) < len(articles.text) <= 1 << 20
    few = (3 + (1 << 18) + 2, "fewer fields than the header")
    assert [(3, "a record of over 1 MB, read up to there"), few] == reasons(articles)


@pytest.mark.parametrize("name", ["data", "data.txt", "data.csv"])
def test_tables_are_found_by_content(tmp_path, name):
    """A header that names a text column makes a table of a file; its format is said."""
    articles = read(tmp_path, b"id\ttext\n1\tone\n", name)

    assert (["one"], ("csv",)) == (bodies(articles), articles.formats)
    assert ("text",) == read(tmp_path, b"Body, soul and text, he said, matter.\n", "prose.txt").formats


@given(rows=st.lists(st.tuples(fields, fields), max_size=5), junk=st.sampled_from(["", "x", '"']))
@quick
def test_plain_kernel_does_what_the_compiled_does(rows, junk):
    """The Python form of the scan is its specification."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    block = np.frombuffer((out.getvalue() + junk).encode(), np.uint8)
    columns = layout.find_layout(b"title,text\n", FieldTable(ReadParams()))
    assert not isinstance(columns, str)

    def run(scan):
        n = len(block) + 1
        made = (
            np.zeros((n, 4), np.int64),
            np.zeros(n, bool),
            np.zeros((n, 8), np.uint8),
            np.zeros((n, 8, 3), np.int64),
        )
        state = np.zeros(3, np.int64)
        found = scan(block, False, ord(","), ord('"'), *columns.arrays(), *made, state)
        return [column[:found].tolist() for column in made], state.tolist()

    assert run(getattr(kernels.scan_delimited, "py_func", kernels.scan_delimited)) == run(kernels.scan_delimited)


# ------------------------------------------------------------------------------------------ Parquet and Arrow

RECORDS = [
    {"id": "a", "title": "One", "text": "First é.", "source": "Post", "date": 1_700_000_000, "tags": ["x", "y"]},
    {"id": None, "title": None, "text": "Second.", "source": "Post", "date": None, "tags": None},
    {"id": "c", "title": "", "text": None, "source": None, "date": 1_700_000_001, "tags": []},
    {"id": "d", "title": "Four", "text": "", "source": "Mail", "date": 1_700_000_002, "tags": ["z"]},
]
SCHEMAS = {
    "plain": (pa.string(), pa.timestamp("s", tz="UTC")),
    "large": (pa.large_string(), pa.timestamp("ms")),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), pa.timestamp("us", tz="Asia/Tokyo")),
    "binary": (pa.binary(), pa.timestamp("ns", tz="Europe/Prague")),
}


def arrow_table(kind: str) -> pa.Table:
    text, date = SCHEMAS[kind]
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[date.unit]
    columns = {
        name: pa.array([r[name] for r in RECORDS]).cast(pa.string()).cast(text)
        for name in ("id", "title", "text", "source")
    }
    dates = [None if r["date"] is None else r["date"] * scale for r in RECORDS]
    columns["date"] = pa.array(dates, pa.int64()).cast(date)
    columns["tags"] = pa.array([r["tags"] for r in RECORDS], pa.list_(pa.string()))
    columns["heavy"] = pa.array([b"x" * 1000] * len(RECORDS))
    return pa.table(columns)


def write(table: pa.Table, path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=2)
    elif path.suffix == ".arrow":
        with pa.ipc.new_file(path, table.schema) as out:
            out.write_table(table, max_chunksize=3)
    else:
        with pa.ipc.new_stream(path, table.schema) as out:
            out.write_table(table)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".arrows", ""])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_columns_give_what_json_lines_give(tmp_path, kind, suffix):
    """Every kind of column gives the same articles as the same records in JSON Lines, found by content."""
    path = tmp_path / f"feed{suffix}"
    write(arrow_table(kind), path)
    lines = tmp_path / "feed.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in RECORDS if record["text"] is not None))

    articles, expected = read_feeds([path], jobs=2), read_feeds([lines])

    for name in ("sources", "urls", "languages", "tags"):
        assert list(getattr(expected, name)) == list(getattr(articles, name))
    assert expected.dates.tolist() == articles.dates.tolist()
    assert expected.text.tobytes() == articles.text.tobytes()
    assert ["a", f"{path}:2", "d"] == list(articles.ids)
    assert [Skip(str(path), 3, "empty"), Skip(str(path), 0, "1 with a title and no text, kept")] == list(articles.skips)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_names_of_columns_are_compared_as_in_csv(tmp_path, suffix):
    """Case, spaces and hyphens of a name do not matter; a column that is called exactly so goes before."""
    record = {"ID": "7", "Title": "Weather", "Full Text": "Fog.", "Date": "2026-01-05", "tags": "a", "Tags": "b"}
    write(pa.Table.from_pylist([record]), tmp_path / f"t{suffix}")
    content = "\n".join(map(",".join, (record, record.values())))

    found = values_by_role(read_feeds([tmp_path / f"t{suffix}"]))

    assert values_by_role(read(tmp_path, content.encode())) == found
    assert ("7", "Weather", "Fog.", "a") == (found["id"], found["title"], found["text"], found["tags"])


def test_columns_that_are_missing_or_odd(tmp_path):
    """A file without a column of text names its columns; nested names, numbers as ids, text dates are understood."""
    table = pa.table({"uid": [7, 8], "article": [{"body": "x"}, {"body": "y"}], "published": ["2026-01-05", "never"]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)

    none = read_feeds([path])
    nested = read_feeds([path], ReadParams({"text": "article.body"}))

    assert len(none) == 0
    assert none.skips[0].reason.startswith(
        'no column for the text ("article" is of type struct<body: string>); it has uid, article, published, looked for'
    )
    assert (["x", "y"], ["7", "8"]) == (bodies(nested), list(nested.ids))
    assert [int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()), NO_DATE] == nested.dates.tolist()
    assert [(2, "date not understood, article kept without one")] == reasons(nested)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"text": pa.array([1, 2])}, '"text" is of type int64'),
        ({"text": pa.nulls(2)}, '"text" is of type null'),
        (
            {"body": pa.array([{"rendered": "x"}] * 2)},
            '"body" is of type struct<rendered: string>',
        ),
        ({}, '2 are called "text"'),
    ],
    ids=["numbers", "nulls", "records", "twice"],
)
def test_columns_that_cannot_be_the_text_are_told_so(tmp_path, suffix, columns, reason):
    """A text column of another type, or that stands twice, is named with what it is."""
    path = tmp_path / f"feed{suffix}"
    twice = pa.table([["x", "y"]] * 2, names=["text", "text"])
    write(pa.table({"id": [1, 2], **columns}) if columns else twice, path)

    articles = read_feeds([path])

    assert len(articles) == 0
    assert articles.skips[0].reason.startswith(f"no column for the text ({reason}); it has ")


def test_columns_of_warehouses_are_read(tmp_path):
    """Lists of paragraphs, decimals as ids and dates, and what is no date beside and without one that is."""
    day = datetime(2026, 1, 5, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array([Decimal(2**60 + 1), Decimal(7)], pa.decimal128(38, 0)),
            "text": [["One.", None, "Two."], ["Three."]],
            "date": pa.array([Decimal(day.timestamp()), None], pa.decimal128(20, 3)),
            "published": [time(1, 2), time(3, 4)],
            "created": [True, False],
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)

    articles = read_feeds([path])

    assert ["One.\n\nTwo.", "Three."] == bodies(articles)
    assert [str(2**60 + 1), "7"] == list(articles.ids)
    assert [int(day.timestamp()), NO_DATE] == articles.dates.tolist()
    assert [(2, "date not understood, article kept without one")] == reasons(articles)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".arrows"])
def test_damaged_columnar_files_are_named(tmp_path, suffix):
    """A file that ends too early, or is cut to its first bytes, is one line."""
    path = tmp_path / f"feed{suffix}"
    write(arrow_table("plain"), path)
    content = path.read_bytes()

    for size in (8, len(content) // 2, len(content) - 5):
        path.write_bytes(content[:size])
        reasons = [skip.reason for skip in read_feeds([path]).skips if skip.record == 0]
        assert reasons[0].startswith("damaged: ")


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".arrows"])
def test_a_table_without_records_says_so(tmp_path, suffix):
    """A header alone, or a file of no rows, is a line and no silence."""
    path = tmp_path / f"t{suffix}"
    write(arrow_table("plain").slice(0, 0), path) if suffix != ".csv" else path.write_text("id,text\n")

    articles = read_feeds([path])

    assert (0, [(0, "no record in it")]) == (len(articles), reasons(articles))


def test_only_needed_columns_are_read(tmp_path, monkeypatch):
    """A column that no field needs is not read."""
    seen = []
    real = pq.ParquetFile.iter_batches

    def watching(self, rows, groups, columns, **more):
        seen.append(columns)
        return real(self, rows, groups, columns, **more)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watching)
    write(arrow_table("plain"), tmp_path / "a.parquet")

    read_feeds([tmp_path / "a.parquet"])

    assert {("date", "id", "source", "tags", "text", "title")} == {tuple(sorted(columns)) for columns in seen}


def test_row_groups_are_read_side_by_side(tmp_path):
    """One damaged row group costs its own records, and the file is what it is in one group."""
    table = pa.table(
        {"id": [f"a{i}" for i in range(300)], "text": [f"Text number {i} of many. " * 9 for i in range(300)]}
    )
    one, many, broken = tmp_path / "one.parquet", tmp_path / "many.parquet", tmp_path / "broken.parquet"
    pq.write_table(table, one)
    pq.write_table(table, many, row_group_size=100, use_dictionary=False)
    content = bytearray(many.read_bytes())
    start = pq.ParquetFile(many).metadata.row_group(1).column(1).data_page_offset
    content[start : start + 200] = b"\xff" * 200
    broken.write_bytes(content)

    whole, parts, rest = (read_feeds([path]) for path in (one, many, broken))

    assert (list(whole.ids), whole.text.tobytes()) == (list(parts.ids), parts.text.tobytes())
    assert [f"a{i}" for i in (*range(100), *range(200, 300))] == list(rest.ids)
    assert [101] == [skip.record for skip in rest.skips]
    assert rest.skips[0].reason.endswith("records 101 to 200 are not read")


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".jsonl"])
def test_a_file_that_is_cut_while_it_is_read(tmp_path, suffix):
    """What had been read stays, the loss is a line, and the process lives: a mapped file would have killed it."""
    path = tmp_path / f"t{suffix}"
    records = [{"id": str(i), "text": f"{i} " + random.Random(i).randbytes(3000).hex()} for i in range(3000)]
    if suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, records)))
    else:
        table = pa.Table.from_pylist(records)
        pq.write_table(table, path, row_group_size=100) if suffix == ".parquet" else write_batches(table, path)
    script = (
        "import sys; from dedup.readers import ReadParams, iter_batches\n"
        "batches = iter_batches([sys.argv[1]], ReadParams(block_bytes=1 << 16))\n"
        "n = len(next(batches).articles); open(sys.argv[1], 'r+b').truncate(1 << 20)\n"
        "rest = [batch.articles for batch in batches]\n"
        "print(0 < n <= n + sum(map(len, rest)) < 3000, sum(len(part.skips) for part in rest) > 0)"
    )

    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)

    assert (0, "True True\n") == (run.returncode, run.stdout), run.stderr


def write_batches(table: pa.Table, path) -> None:
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
