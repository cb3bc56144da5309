"""Articles without text: segments, tokens, numbers, lines and columns are those of the text that was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.hashed import blank, mark_numbers, segments_of, tokens_of, without_text
from dedup.index.join import join_articles
from dedup.model import Articles
from dedup.readers import articles_of
from dedup.reports.positions import positions
from dedup.segment import SegmentParams
from dedup.tokens import TokenParams, tokenize

_PIECES = [
    "the", "U.S.", "3.1", "3,000", "don’t", "km²", "東京", "ไทย", "é", "e\u0301", "ﬁ", "İ", "𝟘", "\U0001f600", "_", "»",
    " ", " ", " ", " ", "\n", "\n\n", "\r\n", "\t", "。", "! ", ". ", "? ", ", ", "- ", "* ", "-", "\u00ad",
]  # fmt: skip
texts = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=40).map("".join)
records = st.lists(st.tuples(texts, texts), min_size=1, max_size=4)


def bare(articles: Articles) -> Articles:
    """Return the articles without their text."""
    with ThreadPoolExecutor(1) as executor:
        return without_text(articles, SegmentParams(), TokenParams(), executor)


def made(rows: list[tuple[str, str]]) -> Articles:
    return articles_of([{"title": title, "text": text + "x"} for title, text in rows])


def equal(one: Any, other: Any, names: str) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names.split())


@settings(max_examples=150)
@given(old=records, new=records)
def test_hashes_say_what_the_text_said(old: list[tuple[str, str]], new: list[tuple[str, str]]):
    """Of articles with text and without, in one table: segments, tokens of each segment, and what is a number."""
    whole = join_articles(made(old), made(new))
    mixed = join_articles(bare(made(old)), made(new))
    n = len(whole)

    for shard in [(0, n), (1, n), (0, len(old))]:
        expected, found = (segments_of(one, shard, SegmentParams()) for one in (whole, mixed))
        assert equal(expected, found, "starts ends articles levels parents")
    spans = expected.starts, expected.ends
    tokens, same = tokenize(whole.text, *spans, TokenParams()), tokens_of(mixed, *spans, TokenParams())
    assert equal(tokens, same, "values starts ends offsets")
    numbers, marked = (np.zeros(len(tokens.values), np.int32) for _ in range(2))
    mark_numbers(whole, tokens, numbers)
    mark_numbers(mixed, same, marked)
    assert np.array_equal(numbers, marked)
    assert not mixed.body(0).strip("\U000e0020 \n\xa0\u2003")


@settings(max_examples=150)
@given(data=st.lists(st.one_of(texts.map(str.encode), st.binary(max_size=6)), min_size=1, max_size=5).map(b"".join))
def test_blanks_have_the_lines_and_columns_of_the_text(data: bytes):
    """At the edge of each character, as Python counts them, whatever is invalid."""
    text = np.frombuffer(data, np.uint8)
    made_of = blank(text, np.array([0, len(text)]))

    was, now = data.decode("utf-8", "replace"), made_of.tobytes().decode("utf-8")

    assert [len(line) for line in was.split("\n")] == [len(line) for line in now.split("\n")]
    assert len(data) == len(made_of)


def test_positions_in_blanks_are_those_in_the_text():
    """Lines, columns and characters of each token."""
    whole = articles_of([{"title": "Né", "text": "Ein Ölfeld\n\nkostet 3 €, ein 𝟘 nichts.\nEnde"}])
    without = bare(whole)
    assert without.hashed is not None
    at = without.hashed.starts

    expected, found = (positions(one, np.zeros(len(at), np.int64), at) for one in (whole, without))

    assert [column.tolist() for column in expected] == [column.tolist() for column in found]


def test_a_word_across_two_paragraphs_is_one_in_the_whole_and_two_in_them():
    """A line is a paragraph here, and its hyphen joins the next one where both are read together."""
    whole = articles_of(["They met in the har-\nbour at noon and in the gar-\nden at one."])
    without = bare(whole)
    ends = np.array([len(whole.text), 20, 45])
    starts = np.array([0, 0, 21])

    expected, found = tokenize(whole.text, starts, ends, TokenParams()), tokens_of(without, starts, ends, TokenParams())

    assert equal(expected, found, "values starts ends offsets")
