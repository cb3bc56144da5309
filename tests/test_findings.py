"""Passages and notices -> relations, redundancy and findings."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.findings import FindingParams, Notices, cover, rank_articles, relate
from dedup.model import NO_DATE, Kind, Level, Passages, Relation, Relations
from dedup.notices import compare_numbers, join_notices
from dedup.tokens import TokenParams
from tests.strategies import paragraph, reword

#: Left and right article, and the two spans in tokens: article a has the tokens 100 a to 100 a + 100.
Row = tuple[int, int, int, int, int, int]
N_TOKENS = 100

rows_of_passages = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), *(st.integers(0, 80) for _ in range(2)), st.integers(1, 20)).map(
        lambda r: (min(r[:2]), max(r[:2]), r[2], r[2] + r[4], r[3], r[3] + r[4])
    ),
    max_size=14,
)


def passages(rows: list[Row]) -> tuple[Passages, np.ndarray]:
    """Return rows as a table, sorted as the pipeline does, and their spans in tokens; a byte is a token."""
    rows = sorted(rows)
    columns = np.array(rows, np.int64).reshape(len(rows), 6)
    spans = columns[:, 2:] + N_TOKENS * np.repeat(columns[:, :2], 2, axis=1)
    lengths = (columns[:, 3] - columns[:, 2]).astype(np.int32)
    ones, n = np.ones(len(rows), np.float32), len(rows)
    table = Passages(
        columns[:, 0].astype(np.int32),
        columns[:, 1].astype(np.int32),
        *spans.T,
        lengths,
        lengths,
        lengths,
        ones,
        ones,
        ones,
        np.zeros(n, np.uint8),
        np.zeros(n, np.bool_),
    )
    return table, spans


def notices(places: list[list[tuple[int, int, int]]]) -> Notices:
    """Return notices from (article, first token, tokens) of each place; a byte is a token."""
    flat = np.array([place for one in places for place in one], np.int64).reshape(-1, 3)
    offsets = np.append(0, np.cumsum([len(one) for one in places])).astype(np.int64)
    ones = np.ones(len(flat), np.float32)
    levels = np.full(len(places), Level.PARAGRAPH, np.uint8)
    return Notices(
        offsets,
        flat[:, 0].astype(np.int32),
        flat[:, 2].astype(np.int32),
        flat[:, 1],
        flat[:, 1] + flat[:, 2],
        flat[:, 1],
        levels,
        ones,
        ones,
        ones,
        np.zeros(len(flat), np.bool_),
    )


def spans_of(found: Notices) -> list[list[tuple[int, int, int]]]:
    rows = list(zip(found.articles.tolist(), found.token_firsts.tolist(), found.tokens.tolist(), strict=True))
    return [rows[a:b] for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]


@given(rows=rows_of_passages)
@settings(deadline=None)
def test_relations_are_those_of_the_tokens_covered(rows):
    """Near-duplicate from .6 of both on, contained from .8 of one on, the one of which more is covered."""
    table, spans = passages(rows)

    found = relate(table, spans, np.full(4, N_TOKENS), FindingParams())

    expected = []
    for left, right in sorted({row[:2] for row in rows if row[0] != row[1]}):
        mine = [row for row in rows if row[:2] == (left, right)]
        a, b = (len({i for row in mine for i in range(row[s], row[s + 1])}) / N_TOKENS for s in (2, 4))
        kind = Relation.SHARES
        if min(a, b) >= 0.6:
            kind = Relation.NEAR_DUPLICATE
        elif max(a, b) >= 0.8:
            kind = Relation.LEFT_CONTAINED if a > b else Relation.RIGHT_CONTAINED
        expected.append((left, right, kind, round(a, 4), round(b, 4)))
    columns = found.left, found.right, found.kinds, found.left_coverage.round(4), found.right_coverage.round(4)
    assert expected == [
        (int(a), int(b), Relation(c), round(float(d), 4), round(float(e), 4))
        for a, b, c, d, e in zip(*columns, strict=True)
    ]


@given(rows=rows_of_passages, places=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 80)), max_size=6))
@settings(deadline=None)
def test_repeated_tokens_are_those_of_right_spans_and_later_places(rows, places):
    """Each token once, whatever covers it: the right side of a passage, or a place of a notice but the first."""
    table, spans = passages(rows)
    notice = notices([[(a, N_TOKENS * a + first, 15) for a, first in places]] if places else [])
    nothing = Relations(
        np.empty(0, np.int32),
        np.empty(0, np.int32),
        np.empty(0, np.uint8),
        np.empty(0, np.float32),
        np.empty(0, np.float32),
    )

    found = cover(table, spans, nothing, notice, np.arange(5) * N_TOKENS)

    covered = {(row[1], i) for row in rows for i in range(row[4], row[5])}
    covered |= {(a, i) for a, first in places[1:] for i in range(first, first + 15)}
    assert [sum(a == article for a, _ in covered) for article in range(4)] == found.repeated.tolist()
    assert len(covered) == sum(found.by_kind.values())


@given(dates=st.lists(st.one_of(st.just(NO_DATE), st.integers(-(10**10), 10**10)), max_size=12))
def test_ranks_are_the_order_in_time(dates):
    """Without a date after all others; equal ones in feed order."""
    ranks = rank_articles(np.array(dates, np.int64))

    order = sorted(range(len(dates)), key=lambda i: (dates[i] == NO_DATE, dates[i], i))
    assert order == np.argsort(ranks).tolist()


def test_neighbouring_notices_are_joined():
    """The second stands behind the first under nine articles in ten, up to twelve tokens on; the third does not."""
    first = [(a, 1000 * a + 500, 20) for a in range(20)]
    second = [(a, 1000 * a + 525, 10) for a in range(19)]
    third = [(a, 1000 * a + (600 if a % 2 else 540), 30) for a in range(20)]

    found = spans_of(join_notices(notices([first, third, second])))

    assert [(a, 1000 * a + 500, 35) for a in range(19)] + [(19, 19500, 20)] == found[0]
    assert third == found[1]
    assert 2 == len(found)


def test_a_joined_notice_says_how_much_of_it_a_place_has():
    """Scores are those of the parts by their tokens; the order is that of the places of the first part."""
    first = [(a, 1000 * a + 500, 30) for a in range(20)]
    second = [(a, 1000 * a + 530, 10) for a in range(20) if a != 3]

    found = join_notices(notices([first, second]))

    assert list(range(20)) == found.articles.tolist()
    assert [30 if a == 3 else 40 for a in range(20)] == found.tokens.tolist()
    assert [0.75 if a == 3 else 1.0 for a in range(20)] == found.jaccard.tolist()
    assert [1.0] * 20 == found.containment.tolist()
    assert [0] == found.levels.tolist()


@pytest.mark.parametrize(
    "second",
    [
        [(a, 1000 * a + 560, 10) for a in range(20)],  # too far
        [(a, 1000 * a + (510 if a < 15 else 700), 10) for a in range(20)],  # too seldom
        [(a, 1000 * a + 490, 5) for a in range(20, 40)],  # elsewhere
    ],
)
def test_other_notices_stay_apart(second):
    first = [(a, 1000 * a + 500, 10) for a in range(20)]

    assert [first, second] == spans_of(join_notices(notices([first, second])))


def test_numbers_that_changed_in_a_notice_are_marked():
    """At its edges too; another word is no number, and a number more is none that changed."""
    texts = [
        "12 readers paid for this page on 2 March 2026",
        "12 readers paid for this page on 3 March 2026",
        "14 readers paid for this page on 2 March 2026",
        "12 readers paid for this page on 2 April 2026",
        "12 readers paid for this page on 2 March 2027",
        "12 readers paid for this page on the 2 March 2026",
        "12 readers paid for this page on 2 March 2026",
    ]
    articles = dedup.articles_of(texts)
    n = len(texts)
    below = np.array([1, 0.8, 0.8, 0.8, 0.8, 0.8, 1], np.float32)
    table = Notices(
        np.array([0, n]),
        np.arange(n, dtype=np.int32),
        np.full(n, 10, np.int32),
        articles.offsets[:-1],
        articles.offsets[1:],
        articles.offsets[:-1],
        np.array([Level.PARAGRAPH], np.uint8),
        below,
        below,
        below,
        np.zeros(n, np.bool_),
    )

    found = compare_numbers(articles, table, TokenParams())

    assert [False, True, True, False, True, False, False] == found.numbers_changed.tolist()


def test_places_come_by_date_and_weigh_what_they_repeat():
    """The first place is the source; the weight of a finding is the tokens of the others."""
    source = random.Random(2)
    line = paragraph(source, 1)
    days = [5, 2, 9, 1]
    records = [{"id": str(day), "text": f"{paragraph(source)}\n\n{line}", "date": 86_400 * day} for day in days]

    report = dedup.scan(dedup.articles_of(records))

    assert ["1", "2", "5", "9"] == [report.articles.ids[i] for i in report.findings.articles]
    assert [3 * len(line.split())] == report.findings.weights.tolist()
    assert [(Kind.REUSE, Level.PARAGRAPH, True)] == list(
        zip(report.findings.kinds, report.findings.levels, report.findings.exact, strict=True)
    )


def test_a_contained_article_comes_first_and_is_exact_if_all_of_it_is_in_the_other():
    """Whichever of the two is the earlier one."""
    source = random.Random(3)
    inner, around = paragraph(source, 4), [paragraph(source, 4) for _ in range(2)]
    for inner_day, outer_day in ((1, 2), (2, 1)):
        for text, exact in ((inner, True), (reword(source, inner, 0.04), False)):
            records = [
                {"id": "inner", "text": text, "date": inner_day},
                {"id": "outer", "text": "\n\n".join([around[0], inner, around[1]]), "date": outer_day},
            ]
            found = dedup.scan(dedup.articles_of(records)).findings

            assert [(Kind.CONTAINED, exact)] == list(zip(found.kinds, found.exact, strict=True))


@pytest.mark.parametrize(
    ("name", "value"),
    [("near_duplicate", 0), ("contained", 1.1), ("boilerplate_articles", 0), ("boilerplate_per_source", 0)],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        FindingParams(**{name: value})


def test_what_one_article_says_twice_of_another_counts_on_both_sides():
    """The later half of the first article stands in the second one too, though all of that is covered already."""
    source = random.Random(5)
    line, between = paragraph(source, 4), paragraph(source, 1)
    texts = [f"{line}\n\n{between}\n\n{line}", line]

    relations = dedup.scan(dedup.articles_of(texts)).relations

    share = 2 * len(line.split()) / (2 * len(line.split()) + len(between.split()))
    assert [Relation.NEAR_DUPLICATE] == relations.kinds.tolist()
    assert np.allclose([share, 1], [relations.left_coverage[0], relations.right_coverage[0]])
