"""What is written is what was read without what goes: every other byte, the order, and all of it or none."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup import cli
from dedup.clean import files, write_json
from tests.strategies import made_feed, paragraph


def run(*arguments: object):
    return CliRunner().invoke(cli.main, [str(one) for one in arguments], prog_name="dedup")


SOURCE = random.Random(11)
ONE, TWO, THREE, FOUR = (paragraph(SOURCE, 3) for _ in range(4))
DOUBLED = f"{ONE}\n\n{TWO}\n\n{ONE}"
#: Articles: one that repeats a paragraph, one that is new, one that is a copy of the latter.
TEXTS = [DOUBLED, f"{THREE}\n\n{FOUR}", f"{THREE}\n\n{FOUR}"]


def removed_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_json_lines_keep_every_other_byte(tmp_path):
    """Odd spacing, numbers, escapes, order of keys, broken and blank lines are as they were; the copies are gone."""
    lines = [
        f'{{"n":1.50,  "text" : {json.dumps(DOUBLED)}, "é":"\\u00e9", "last": [1, {{"text": "x"}}]}}',
        "",
        "not json",
        '{{"text":{},"id":7}}'.format(json.dumps(TEXTS[1] + " naïve café.", ensure_ascii=True)),
        '{{"id": "b", "text": {}}}\r'.format(json.dumps(TEXTS[1] + " naïve café.")),
    ]
    feed, out, gone = tmp_path / "feed.jsonl", tmp_path / "out.jsonl", tmp_path / "gone.jsonl"
    feed.write_text("\n".join(lines), "utf-8")

    result = run("clean", feed, "-o", out, "--removed", gone)

    assert (0, "") == (result.exit_code, result.stderr.replace("dedup: compiling (first run only) ...\n", ""))
    expected = [lines[0].replace(json.dumps(DOUBLED), json.dumps(f"{ONE}\n\n{TWO}")), *lines[1:4]]
    assert "\n".join(expected) + "\n" == out.read_bytes().decode()
    text, article = removed_of(gone)
    assert ("text", "self", f"\n\n{ONE}") == (text["what"], text["kind"], text["text"])
    assert DOUBLED.encode()[slice(*text["bytes"])].decode() == text["text"]
    assert ("article", "near-duplicate", "7") == (article["what"], article["kind"], article["kept"][0]["id"])
    assert json.loads(lines[4]) == article["as_it_stood"]
    assert ["feed.jsonl", "gone.jsonl", "out.jsonl"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize("space", ["", " ", "\n  "])
@pytest.mark.parametrize(("before", "after"), [("", ""), ('{"n": [4], "data": {"posts" : ', '}, "next": null}')])
def test_a_json_array_keeps_its_form(tmp_path, space, before, after):
    """A dropped element goes with its comma; the others stay as they are, and so does an object around the array."""
    records = [json.dumps({"text": text, "n": n}) for n, text in enumerate([TEXTS[1], TEXTS[2], DOUBLED, TWO + FOUR])]
    feed, out = tmp_path / "feed.json", tmp_path / "out.json"
    feed.write_text(f"{before}[{space}{f',{space}'.join(records)}{space}]{after}\n")

    assert run("clean", feed, "-o", out, "--stays", "first").exit_code == 0

    records[2] = json.dumps({"text": f"{ONE}\n\n{TWO}", "n": 2})
    assert f"{before}[{space}{f',{space}'.join([records[0], *records[2:]])}{space}]{after}\n" == out.read_text()


@pytest.mark.parametrize("inner", ['{"text": ', '{"_id": "x", "_source": {"n": 0, "text": '])
def test_objects_one_after_the_other_keep_their_form(tmp_path, inner):
    """What `jq` writes, and what Elasticsearch exports: an object that goes leaves the others as they were."""
    end = "}" * inner.count("{")
    records = [
        f'{inner}{json.dumps(text)},\n  "m":[1.50, {{}}]\n{end}' for text in [TEXTS[1], TEXTS[2], DOUBLED, TWO + FOUR]
    ]
    feed, out = tmp_path / "feed.json", tmp_path / "out.json"
    feed.write_text("\n".join(records) + "\n\n")

    assert run("clean", feed, "-o", out, "--stays", "first").exit_code == 0

    records[2] = records[2].replace(json.dumps(DOUBLED), json.dumps(f"{ONE}\n\n{TWO}"))
    assert "\n".join([records[0], *records[2:]]) + "\n\n" == out.read_text()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_table_keeps_every_other_byte(tmp_path, end, delimiter):
    """Quotes where they were, odd fields, a mark at the start, blank lines; a text with quotes in it is cut right."""
    text = DOUBLED.replace("\n", end)

    def quoted(value: str) -> str:
        return '"' + value.replace('"', '""') + '"'

    said = f'"{FOUR}" he said.'
    rows = [
        ["id", "text", "note"],
        ["1", quoted(f"{said}{end}{end}{text}"), '"a ""b"" c"'],
        ['"2"', f'"{THREE}"', "5' x"],
        ["3", THREE, ""],
    ]
    content = "\ufeff" + "".join(delimiter.join(row) + end for row in rows).replace(f"{end}3", f"{end}{end}3")
    feed, out = tmp_path / "feed.csv", tmp_path / "out.csv"
    feed.write_bytes(content.encode())

    result = run("clean", feed, "-o", out, "--stays", "first")

    assert result.exit_code == 0, result.stderr
    short = quoted(f"{said}{end}{end}{ONE}{end}{end}{TWO}")
    expected = content.replace(rows[1][1], short)[: -len(delimiter.join(rows[3]) + end)]
    assert expected == out.read_bytes().decode()


def test_a_table_has_a_column_for_marks(tmp_path):
    """The header names it, and each row has it, empty or not."""
    feed, out = tmp_path / "feed.csv", tmp_path / "out.csv"
    with feed.open("w", newline="") as stream:
        csv.writer(stream).writerows([["id", "text"], *zip("abc", TEXTS, strict=True)])

    result = run("clean", feed, "-o", out, "--action", "self=mark", "--action", "near-duplicate=mark")

    assert result.exit_code == 0, result.stderr
    header, *rows = csv.reader(io.StringIO(out.read_bytes().decode(), newline=""))
    assert ["id", "text", "dedup"] == header
    assert TEXTS == [row[1] for row in rows]
    marks = [json.loads(row[2]) if row[2] else [] for row in rows]
    assert ONE == "".join(DOUBLED[slice(*mark["characters"])] + " " for mark in marks[0]).rstrip()
    assert [[], [{"kind": "near-duplicate", "of": "b", "share": 1.0}]] == marks[1:]


def test_marks_in_json_are_written_anew_and_not_twice(tmp_path):
    """A feed that was marked and is marked again is the same."""
    feed, once, twice = (tmp_path / name for name in ("feed.jsonl", "once.jsonl", "twice.jsonl"))
    feed.write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(TEXTS)))
    marking = ("--action", "self=mark", "--action", "near-duplicate=mark")

    assert run("clean", feed, "-o", once, *marking).exit_code == 0
    assert run("clean", once, "-o", twice, *marking).exit_code == 0

    assert once.read_bytes() == twice.read_bytes()
    assert TEXTS == [json.loads(line)["text"] for line in once.read_text().splitlines()]
    assert "self" == json.loads(once.read_text().splitlines()[0])["dedup"][0]["kind"]


def test_parquet_keeps_schema_metadata_and_row_groups(tmp_path):
    """Types, nulls, metadata, compression and order are as they were; a dictionary stays one."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra arrow")
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            pa.field("id", pa.int32(), nullable=False),
            pa.field("text", pa.large_string(), metadata={"is": "body"}),
            pa.field("outlet", pa.dictionary(pa.int32(), pa.string())),
            pa.field("when", pa.timestamp("us", "UTC")),
            pa.field("deep", pa.struct([("a", pa.list_(pa.int64()))])),
        ],
        metadata={"made": "by hand"},
    )
    texts = [*TEXTS, None, f"{TWO} {paragraph(SOURCE, 5)}"]
    table = pa.table(
        [range(5), texts, ["x", "y", "x", None, "y"], [0, 1, None, 3, 4], [{"a": [i]} for i in range(5)]],
        schema=schema,
    )
    feed, out = tmp_path / "feed.parquet", tmp_path / "out.parquet"
    pq.write_table(table, feed, row_group_size=2, compression="zstd")

    result = run("clean", feed, "-o", out, "--removed", tmp_path / "gone.jsonl")

    assert result.exit_code == 0, result.stderr
    written = pq.ParquetFile(out)
    assert pq.ParquetFile(feed).schema_arrow.equals(written.schema_arrow, check_metadata=True)
    assert {b"made": b"by hand"} == written.schema_arrow.metadata
    assert [2, 1, 1] == [written.metadata.row_group(i).num_rows for i in range(3)]
    assert "ZSTD" == written.metadata.row_group(0).column(1).compression
    kept = table.take([0, 1, 3, 4]).to_pylist()
    kept[0]["text"] = f"{ONE}\n\n{TWO}"
    assert kept == written.read().to_pylist()
    assert 2 == removed_of(tmp_path / "gone.jsonl")[1]["as_it_stood"]["id"]


def test_a_folder_keeps_its_shape_front_matter_and_other_files(tmp_path):
    """Bodies are shorter, copies are missing, pictures and untouched files are there."""
    site, out = tmp_path / "site", tmp_path / "out"
    (site / "b").mkdir(parents=True)
    matter = "---\ntitle: 'A'\ndate: 2025-01-02\n---\n\n"
    (site / "a.md").write_text(f"{matter}# A\n\n{DOUBLED}\n")
    (site / "b" / "c.txt").write_text(TEXTS[1] + "\n")
    (site / "b" / "d.txt").write_text(TEXTS[1] + "\n")
    (site / "b" / "e.md.gz").write_bytes(gzip.compress(f"{TWO} {FOUR}\n\n{FOUR}\n".encode()))
    (site / "p.png").write_bytes(b"\x89PNG\r\n\0\0")

    result = run("clean", site, "-o", out)

    assert result.exit_code == 0, result.stderr
    found = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert f"{matter}# A\n\n{ONE}\n\n{TWO}\n" == found.pop("a.md").decode()
    assert f"{TWO} {FOUR}\n" == gzip.decompress(found.pop("b/e.md.gz")).decode()
    assert {"b/c.txt": TEXTS[1].encode() + b"\n", "p.png": b"\x89PNG\r\n\0\0"} == found
    assert ["out", "site"] == sorted(path.name for path in tmp_path.iterdir())


def test_what_cannot_be_written_as_it_was_is_written_as_json_lines_if_asked(tmp_path):
    """A feed in XML is refused with the remedy, and the remedy works."""
    items = "".join(f"<item><guid>{i}</guid><description>{text}</description></item>" for i, text in enumerate(TEXTS))
    feed, out = tmp_path / "feed.xml", tmp_path / "out.jsonl"
    feed.write_text(f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>')

    refused = run("clean", feed, "-o", out)
    result = run("clean", feed, "-o", out, "--format", "jsonl")

    assert 2 == refused.exit_code
    assert "RSS or Atom is not written as it was read; add --format jsonl" in refused.stderr
    assert result.exit_code == 0, result.stderr
    assert ["0", "1"] == [json.loads(line)["id"] for line in out.read_text().splitlines()]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_html_in_a_field_is_not_cut(tmp_path, form):
    """A paragraph of HTML cannot go without its tags: it stays, and is counted; a copy of the whole article goes."""
    page = "".join(f"<p>{one}</p>" for one in DOUBLED.split("\n\n"))
    feed, out = tmp_path / f"feed.{form}", tmp_path / f"out.{form}"
    if form == "csv":
        feed.write_text(f'id,text\na,"{page}"\nb,"{page}"\nc,"{THREE}"\n')
    else:
        feed.write_text(
            "".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in zip("abc", [page, page, THREE], strict=True))
        )

    result = run("clean", feed, "-o", out)

    assert result.exit_code == 0, result.stderr
    assert "1 articles stay whole: their text is HTML that cannot be cut" in result.stdout
    assert "self  1 in a text that cannot be cut\n" in result.stdout
    lines = feed.read_text().splitlines(keepends=True)
    assert "".join(line for line in lines if line[0] != "b" and '"b"' not in line) == out.read_text()


def test_what_does_not_add_up_is_not_written(tmp_path, monkeypatch):
    """A writer that loses a record, or a sentence, is found out, and leaves nothing."""
    feed, out = tmp_path / "feed.jsonl", tmp_path / "out.jsonl"
    feed.write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(TEXTS)))
    whole = write_json.edited_record

    for wrong in (
        lambda *given: b"{}",
        lambda *given: whole(*given).replace(TWO[-20:].encode(), b""),
        lambda *given: whole(*given).replace(b'"id"', b'"source": "x", "id"'),
    ):
        monkeypatch.setattr(write_json, "edited_record", wrong)

        result = run("clean", feed, "-o", out, "--removed", tmp_path / "gone.jsonl")

        assert 2 == result.exit_code
        assert "clean: what was written has" in result.stderr
        assert ["feed.jsonl"] == [path.name for path in tmp_path.iterdir()]


def test_an_interrupted_run_leaves_what_was_there(tmp_path, monkeypatch):
    """The folder that is to be replaced is as it was, and nothing lies beside it."""
    site, out = tmp_path / "site", tmp_path / "out"
    for folder in (site, out):
        folder.mkdir()
    (site / "a.txt").write_text(DOUBLED)
    (out / "old.txt").write_text("old")
    stale = tmp_path / ".out.999999999.part"
    stale.mkdir()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_check", interrupt)
    interrupted = run("clean", site, "-o", out, "--force")
    monkeypatch.undo()

    assert 130 == interrupted.exit_code
    assert ["out", "site"] == sorted(path.name for path in tmp_path.iterdir())
    assert ["old.txt"] == [path.name for path in out.iterdir()]
    assert 0 == run("clean", site, "-o", out, "--force").exit_code
    assert {"a.txt": f"{ONE}\n\n{TWO}"} == {path.name: path.read_text() for path in out.iterdir()}


def test_a_dry_run_says_what_would_go_and_writes_nothing(tmp_path):
    """Numbers, an example with both texts, and no file."""
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(TEXTS)))

    result = run("clean", feed, "--dry-run")

    assert result.exit_code == 0, result.stderr
    assert "            3 ->             2  articles  (-33.3%)" in result.stdout
    assert "self text, 100% of it in what stays" in result.stdout
    assert [feed] == list(tmp_path.iterdir())
    written = run("clean", feed, "-o", tmp_path / "out.jsonl").stdout
    assert result.stdout.startswith(written[: written.index("wrote ")])


def test_a_report_on_what_was_written_lists_what_the_summary_says(tmp_path):
    """The same findings, by kind, as the lines behind "still said twice" count."""
    feed, out = tmp_path / "feed.jsonl", tmp_path / "out.jsonl"
    records = made_feed(random.Random(21), 30)
    feed.write_text("".join(json.dumps(record) + "\n" for record in records))

    told = run("clean", feed, "-o", out).stdout.partition("still said twice in what is left:")[2]
    report = json.loads(run("report", out, "--format", "json").stdout)

    counts: dict[str, int] = {}
    for line in told.splitlines():
        if line.startswith(" "):
            kind, _, rest = line.strip().partition("  ")
            counts[kind] = sum(int(one) for one in re.findall(r"(?:^|, )(\d+) ", rest))
    listed = [one["kind"] for one in report["findings"]]
    assert counts == {kind: listed.count(kind) for kind in set(listed)}
    assert sum(counts.values()) > 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["feed.jsonl"], "Missing option '-o OUT', or --dry-run"),
        (["feed.jsonl", "-o", "feed.jsonl"], "feed.jsonl is there already; give another name, or --force"),
        (["feed.jsonl", "-o", "no/where.jsonl"], "no folder no to write where.jsonl into"),
        (["-", "-o", "out.jsonl"], "standard input cannot be read a second time"),
        ([".", "-o", "out"], "out is inside ., and would be read the next time"),
        (["feed.jsonl", "sub/feed.jsonl", "-o", "out"], "would both be out/feed.jsonl"),
        (["feed.jsonl", "-o", "x.jsonl", "--action", "self=burn"], "'self=burn' is not KIND=ACTION"),
        (["feed.jsonl", "-o", "x.jsonl", "--same-id", "latest"], "clean: --same-id latest leaves versions unread"),
        (["a.txt", "-o", "x.txt", "--action", "self=mark"], "text and Markdown have no place for marks"),
    ],
)
def test_wrong_orders_are_refused_in_one_line(tmp_path, monkeypatch, arguments, message):
    """The thing, and what to do."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("feed.jsonl", "sub/feed.jsonl"):
        (tmp_path / name).write_text(json.dumps({"text": DOUBLED}) + "\n")
    (tmp_path / "a.txt").write_text(DOUBLED)

    result = run("clean", *arguments)

    assert 2 == result.exit_code
    assert message in " ".join(result.stderr.split())
    assert ["a.txt", "feed.jsonl", "sub"] == sorted(path.name for path in tmp_path.iterdir())


def test_settings_of_a_file_count(tmp_path):
    """[clean] of dedup.toml is what flags overlay."""
    feed, out = tmp_path / "feed.jsonl", tmp_path / "out.jsonl"
    feed.write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(TEXTS)))
    (tmp_path / "dedup.toml").write_text('[clean]\nstays = "first"\nactions = { self = "keep" }\n')

    assert run("clean", feed, "-o", out, "--action", "near-duplicate=drop").exit_code == 0

    assert [DOUBLED, TEXTS[1]] == [json.loads(line)["text"] for line in out.read_text().splitlines()]
