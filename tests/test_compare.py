"""Why two articles are a repeat: scores that add up, shingles and words that both have."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

import dedup
from dedup import cli
from dedup.explain import explain
from dedup.model import Relation
from dedup.reports.columns import side_by_side
from dedup.reports.terminal import display_width
from tests.site_factory import Writer


def run(*arguments: object):
    return CliRunner().invoke(cli.main, [str(one) for one in arguments], prog_name="dedup")


@pytest.fixture(scope="module")
def report() -> dedup.Report:
    writer = Writer(21)
    first = [writer.sentence() for _ in range(6)]
    second = [*first[:2], writer.reworded(first[2]), *(writer.sentence() for _ in range(5))]
    other = [writer.sentence() for _ in range(4)]
    return dedup.scan(dedup.articles_of(["\n\n".join(one) for one in (first, second, other)]))


def test_parts_of_the_words_add_up_to_scikit_learns_cosine(report):
    """On the same tokens, with the frequencies of the report."""
    found = explain(report, 0, 1)
    vocabulary, tokens = report.vocabulary, []
    for start, end in (found.left, found.right):
        spans = dedup.tokens.tokenize(report.articles.text, np.array([start]), np.array([end]), report.config.tokens)
        tokens.append(np.bincount(vocabulary.ids(spans.values), minlength=len(vocabulary.keys)))
    transformer: TfidfTransformer = vocabulary.transformer()
    left, right = transformer.transform(np.array(tokens)).toarray()

    assert sum(term.part for term in found.terms) == pytest.approx(found.cosine)
    assert found.cosine == pytest.approx(float(left @ right), abs=1e-6)


def test_shingles_are_those_of_both_texts(report):
    """Each stands in both, and they make the Jaccard."""
    found = explain(report, 0, 1)
    texts = [" ".join(report.articles.slice_text(*span).lower().replace(".", "").split()) for span in
             (found.left, found.right)]  # fmt: skip

    shingles = [one.lower().replace(".", "") for one in found.shingles]

    assert all(shingle in text for shingle in shingles for text in texts)
    assert found.jaccard == pytest.approx(len(shingles) / (sum(found.sizes) - len(shingles)))
    assert found.shared == len(shingles) > 0


def test_order_of_the_articles_turns_the_sides_around(report):
    """Left is right, and the scores are the same."""
    one, other = explain(report, 0, 1), explain(report, 1, 0)

    assert (one.left, one.right, one.jaccard) == (other.right, other.left, other.jaccard)
    assert (one.left_coverage, one.right_coverage) == (other.right_coverage, other.left_coverage)
    assert one.relation == other.relation == Relation.SHARES


def test_what_shares_nothing_says_what_is_missing(report):
    """The two paragraphs that are most alike, and the threshold that they miss."""
    found = explain(report, 0, 2)

    assert (found.relation, found.passages) == (None, ())
    assert found.why.startswith("Not a repeat: the two paragraphs that are most alike have Jaccard 0.0")


def test_articles_of_a_feed_are_named_by_id_or_record():
    """With the sentence first; ids may have a #."""
    by_id = run("compare", "seeds/feed.jsonl#courier-mill", "seeds/feed.jsonl:17", "-q")
    as_json = run("compare", "seeds/feed.jsonl:6", "seeds/feed.jsonl:17", "-q", "--format", "json")

    assert (by_id.exit_code, as_json.exit_code) == (0, 0), by_id.output
    assert by_id.stdout.splitlines()[0].startswith("They share ")
    table = json.loads(as_json.stdout)
    assert table["relation"] == "shares"
    assert sum(term["part"] for term in table["terms"]) == pytest.approx(table["cosine"])


@pytest.mark.parametrize(
    ("left", "told"),
    [("nowhere.md", "no such file"), ("seeds/feed.jsonl#none", "no article of that name"),
     ("seeds/feed.jsonl", "28 articles; name one"), ("seeds/feed.jsonl:17", "are one article")],
)  # fmt: skip
def test_what_cannot_be_compared_is_one_line_and_2(left, told):
    """No file, no such article, too many, or one twice."""
    result = run("compare", left, "seeds/feed.jsonl:17", "-q")

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
    assert told in result.stderr


def test_an_id_that_two_articles_have_is_named_with_their_records(tmp_path):
    """Which of them is meant, nobody can know."""
    feed = tmp_path / "feed.jsonl"
    feed.write_text(
        "".join(json.dumps({"id": id_, "text": f"Text {n} of this."}) + "\n" for n, id_ in enumerate("aab"))
    )

    result = run("compare", f"{feed}#a", f"{feed}#b", "-q")

    assert result.exit_code == 2
    assert f"2 articles have this id; name one as {feed}:1 and {feed}:2" in result.stderr


_WORDS = st.lists(st.sampled_from(["one", "two", "three", "four.", "five,", "sechs", "七八", "e\u0301"]), min_size=1)


@settings(max_examples=200, deadline=None)
@given(_WORDS, _WORDS, st.integers(24, 90))
def test_each_column_is_its_text_within_its_width(left, right, width):
    """Without the marks; and what is marked on neither side is the same on both."""
    lines = list(side_by_side(" ".join(left), " ".join(right), width))

    assert all(display_width(line) <= width for line in lines)
    columns = [], []
    for line in lines[1:]:
        cut = next(at for at in range(len(line) + 1) if at == len(line) or display_width(line[:at]) >= width // 2)
        columns[0].append(line[:cut])
        columns[1].append(line[cut:])
    for column, opening, closing, text in zip(columns, ("[-", "{+"), ("-]", "+}"), (left, right), strict=True):
        shown = "".join(column).replace(" ", "")
        assert shown.replace(opening, "").replace(closing, "") == "".join(text)


def test_sides_stand_beside_each_other():
    """In the terminal, in equal columns; word for word the same is said once."""
    lines = run("compare", "seeds/feed.jsonl:1", "seeds/feed.jsonl:2", "-q").stdout.splitlines()

    changed = next(line for line in lines if "[-37-]" in line)
    same = next(line for line in lines if "The Northgate index of" in line)
    assert changed.index("{+49+}") - changed.index("[-37-]") == same.rindex("forty") - same.index("forty")
