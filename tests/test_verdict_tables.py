"""CSV, Parquet, JSON and Markdown, read by what their users read them with."""

from __future__ import annotations

import builtins
import csv
import io
import json
import re
from importlib.resources import files

import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dedup.errors import ConfigError
from dedup.reports.terminal import escape
from dedup.reports.verdict import csv as csv_writer
from dedup.reports.verdict import json as json_writer
from dedup.reports.verdict import markdown, parquet, rows
from dedup.reports.verdict.streams import one_line
from dedup.reports.view import clean
from tests import verdict_factory as factory
from tests.verdict_factory import RULES, verdict_of, violation, written

SCHEMA = json.loads((files("dedup.reports.verdict") / "verdict.schema.json").read_text(encoding="utf-8"))


@given(verdict=factory.verdicts)
def test_json_is_of_the_published_schema_and_loses_nothing(verdict):
    """Texts come back to the character, but for what UTF-8 cannot hold."""
    data = written(json_writer.write, verdict)
    found = json.loads(data.decode("utf-8"))

    jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert [clean(one.where.text) for one in verdict.violations] == [
        one["where"]["text"] for one in found["violations"]
    ]
    assert [len(one.others) for one in verdict.violations] == [len(one["others"]) for one in found["violations"]]
    assert (verdict.failed, verdict.known) == (found["failed"], found["known"])


def test_the_schema_is_a_schema_and_its_version_the_writers():
    """It validates against its own; a change of fields raises both numbers."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert json_writer.SCHEMA_VERSION == SCHEMA["properties"]["schema_version"]["const"]


@given(verdict=factory.verdicts)
def test_csv_is_read_by_csv_and_pandas(verdict):
    """Both find a row for each violation, with the same cells."""
    text = written(csv_writer.write, verdict).decode("utf-8")
    plain = list(csv.DictReader(io.StringIO(text, newline="")))
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)

    assert len(verdict.violations) == len(plain)
    assert list(rows.COLUMNS) == list(frame.columns)
    assert plain == frame.to_dict("records")
    assert [str(one.where.line) for one in verdict.violations] == [row["line"] for row in plain]


@given(text=st.one_of(st.sampled_from(factory.HOSTILE), st.text(max_size=20), st.from_regex(r"[ ;\t]*[=+@-].*")))
def test_no_cell_of_a_csv_is_a_formula(text):
    """Neither as it is, nor where a semicolon separates cells, nor after white space."""
    one = violation(message=text, where=factory.location(title=text, text=text, path=text or "-"), reason=text)
    table = written(csv_writer.write, verdict_of([one])).decode("utf-8")

    for separator in ",;":
        for line in csv.reader(io.StringIO(table, newline=""), delimiter=separator):
            for cell in line:
                assert not re.match(r"\s*[=+\-@＝＋－＠]", cell), cell


def test_a_guarded_cell_keeps_its_text():
    """All that is added is an apostrophe; a minus in a sentence gets none."""
    one = violation(message="=1+1", where=factory.location(title="Up 3 - down 4; yes"))
    (row,) = csv.DictReader(io.StringIO(written(csv_writer.write, verdict_of([one])).decode()))

    assert ("'=1+1", "Up 3 - down 4; yes") == (row["message"], row["title"])


@given(verdict=factory.verdicts)
def test_parquet_has_the_columns_of_the_csv_and_all_copies(verdict):
    """PyArrow reads it back: texts to the character, numbers as numbers, an empty verdict with its types."""
    table = pq.read_table(io.BytesIO(written(parquet.write, verdict)))

    assert [*rows.COLUMNS, "others"] == table.column_names
    assert [clean(one.where.text) for one in verdict.violations] == table["text"].to_pylist()
    assert [one.cosine for one in verdict.violations] == table["cosine"].to_pylist()
    assert [[other.line for other in one.others] for one in verdict.violations] == [
        [other["line"] for other in others] for others in table["others"].to_pylist()
    ]
    assert "int64" == str(table.schema.field("line").type)


def test_parquet_is_not_written_to_a_terminal():
    """One line that says what to do."""
    with pytest.raises(ConfigError, match="name a file: --format parquet:FILE"):
        parquet.write(verdict_of([]), io.StringIO())


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch):
    """The extra by its name."""
    imported = builtins.__import__

    def without(name, *rest, **options):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'saidtwice\[arrow\]'"):
        parquet.write(verdict_of([]), io.TextIOWrapper(io.BytesIO()))


PARSER = MarkdownIt("commonmark").enable("table")


@given(text=st.one_of(st.sampled_from(factory.HOSTILE), st.text(max_size=60)))
def test_markdown_shows_any_text_as_it_is(text):
    """A cell's inline tokens are text alone and say what the text says."""
    cell = PARSER.parse(f"| a |\n| - |\n| x{markdown.plain(text)}x |\n")
    inline = [token for token in cell if token.type == "inline"]

    assert 2 == len(inline)
    assert {"text", "text_special"} >= {child.type for child in inline[1].children}
    assert f"x{one_line(text)}x" == "".join(child.content for child in inline[1].children)


@given(
    text=st.one_of(
        st.sampled_from(["1. x", "1) x", "- x", "# x", "> x", "---", "===", "<!-- x", "<div x"]), st.text(min_size=1)
    )
)
def test_a_text_at_the_start_of_a_line_begins_nothing(text):
    """No heading, list, quote, rule or block of code: a paragraph."""
    tokens = [token.type for token in PARSER.parse(f"{markdown.plain(text)}\n")]

    assert tokens in ([], ["paragraph_open", "inline", "paragraph_close"])


@given(verdict=factory.verdicts)
def test_the_summary_has_a_row_for_each_that_counts(verdict):
    """Counts by rule and the worst, as tables, with no HTML, link or image."""
    text = written(markdown.write, verdict, rules=RULES).decode("utf-8")
    tokens = PARSER.parse(text)
    rendered = PARSER.render(text)
    counting = verdict.errors + verdict.warnings
    n_rules = len({one.code for one in verdict.violations})

    assert (counting > 0) + counting + (n_rules > 0) + n_rules == sum(token.type == "tr_open" for token in tokens)
    assert not re.search(r"<(?!/?(?:h2|h3|p|table|thead|tbody|tr|th|td|ul|li)\b)", rendered)


def test_the_worst_come_first_and_the_rest_are_counted():
    """Errors before warnings, then by tokens; fifty rows."""
    verdict = verdict_of(
        [
            violation(99, severity="warning", tokens=10**6),
            *[violation(n, tokens=n, message=f"number {n}") for n in range(80)],
        ]
    )
    text = written(markdown.write, verdict, rules=RULES).decode()

    assert "number 79" in text
    assert "number 30" in text
    assert "number 29" not in text
    assert "31 more findings not shown." in text


def test_a_summary_is_within_githubs_size():
    """With the longest texts in every place it stays under 1,024 KiB, which GitHub drops whole."""
    long = "新" * 100_000
    where = factory.location(path="新" * 4000, title=long)
    one = violation(message=long, where=where, others=(where,))
    verdict = verdict_of([one._replace(fingerprint=f"{n:032x}") for n in range(200)], [long] * 100)

    assert 1024 * 1024 > len(written(markdown.write, verdict._replace(summary=long), rules=RULES))


def test_an_escape_stays_visible():
    """Control and bidirectional characters become what a person can read."""
    text = written(markdown.write, verdict_of([violation(message="a\x1b\u202eb")]), rules=RULES).decode()

    assert markdown.plain(escape("a\x1b\u202eb")) in text
    assert "\u202e" not in text
