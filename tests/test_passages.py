"""Passages: they begin and end where the copying does, and say what is equal in between."""

from __future__ import annotations

import random
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.kernels import align as align_kernels
from dedup.kernels import passages as kernels
from dedup.model import NO_DATE, Level, Passages
from dedup.passages import Anchors, PassageParams, pair_anchors
from tests import oracle
from tests.strategies import edit_lightly, made_feed, paragraph, sentence, splice, words_of

N_SPLICES = 120


def words_in(text: str, start: int, end: int) -> tuple[int, int]:
    """Return which words of an ASCII text a span of it has: the first, and the one after the last."""
    at, firsts, lasts = 0, [], []
    for word in words_of(text):
        firsts.append(at)
        lasts.append(at + len(word.rstrip()))
        at += len(word)
    return sum(last <= start for last in lasts), sum(first < end for first in firsts)


def text_of(source: random.Random, n_paragraphs: int, n_sentences: int = 3) -> str:
    return "\n\n".join(paragraph(source, n_sentences) for _ in range(n_paragraphs))


def scan_texts(*texts: str) -> dedup.Report:
    return dedup.scan(dedup.articles_of([{"id": str(i), "text": text} for i, text in enumerate(texts)]))


def spans_of(report: dedup.Report) -> list[tuple[str, str]]:
    """Return the texts of both sides of each passage."""
    found, text = report.passages, report.articles.slice_text
    return [
        (text(found.left_starts[i], found.left_ends[i]), text(found.right_starts[i], found.right_ends[i]))
        for i in range(len(found))
    ]


@pytest.mark.parametrize(
    ("share", "n_words", "most", "missed"), [(0.0, (20, 200), 3, 0), (0.05, (60, 200), 6, 0), (0.1, (60, 200), 12, 4)]
)
def test_spliced_passages_are_found_with_their_edges(share, n_words, most, missed):
    """A run of words put into another article in the middle of a sentence, beginning and ending in the middle of one.

    Verbatim ones from 20 words on, all of them; edited ones unless few of their sentences are like their originals.
    """
    source = random.Random(11)
    records, truth = [], []
    for number in range(N_SPLICES):
        length = source.randint(*n_words)
        # The short ones stand inside one paragraph: a run is searched inside a paragraph.
        left = text_of(source, 1 if length < 45 else 8, 20 if length < 45 else source.randint(2, 5))
        run_start = source.randint(1, len(words_of(left)) - length - 1)
        run = edit_lightly(source, words_of(left)[run_start : run_start + length], share)
        own = words_of(text_of(source, 4))
        at = source.randint(8, len(own) - 8)
        right = splice(own, run, at)
        truth.append((left, right, (run_start, run_start + length), (at, at + len(run))))
        records += [{"id": f"a{number}", "text": left}, {"id": f"b{number}", "text": right}]

    report = dedup.scan(dedup.articles_of(records))

    found, bodies = report.passages, report.articles.body_starts
    assert (found.right_articles == found.left_articles + 1).all()
    assert len(set(found.left_articles.tolist())) == len(found)
    assert N_SPLICES - len(found) <= missed
    errors = []
    for i in range(len(found)):
        a = int(found.left_articles[i])
        left, right, left_words, right_words = truth[a // 2]
        left_found = words_in(left, int(found.left_starts[i] - bodies[a]), int(found.left_ends[i] - bodies[a]))
        right_found = words_in(
            right, int(found.right_starts[i] - bodies[a + 1]), int(found.right_ends[i] - bodies[a + 1])
        )
        pairs = zip(left_found + right_found, left_words + right_words, strict=True)
        errors += [abs(one - other) for one, other in pairs]
    assert max(errors) <= most
    assert np.quantile(errors, 0.98) <= 0.7 * most
    assert statistics.median(errors) == 0


@pytest.mark.parametrize("run", [20, 24, 40])
def test_shorter_runs_than_the_minimum_are_no_passages(run):
    """A run of ``min_run`` equal words is found in the middle of two unlike sentences; one less is not."""
    source = random.Random(run)
    long_left, long_right = sentence(source, 100), sentence(source, 100)
    left, right = words_of(long_left), words_of(long_right)
    config = dedup.load_config({"min_run": run})

    for length, expected in ((run, 1), (run - 1, 0)):
        text = " ".join([*right[:30], *left[40 : 40 + length], *right[30:]])
        report = dedup.scan(dedup.articles_of([long_left, text]), config)

        assert expected == len(report.passages)


def test_several_passages_of_one_pair_stand_apart():
    """Three runs of one article in another, in the same order, far from each other."""
    source = random.Random(3)
    left = words_of(text_of(source, 1, 30))
    own = [words_of(text_of(source, 1, 3)) for _ in range(4)]
    runs = [left[20:60], left[150:200], left[300:330]]
    right = "".join(
        word for part in (own[0], runs[0], own[1], runs[1], own[2], runs[2], own[3]) for word in [*part, " "]
    )

    report = scan_texts("".join(left), right)

    assert [(" ".join("".join(run).split()),) * 2 for run in runs] == [
        tuple(" ".join(side.split()) for side in pair) for pair in spans_of(report)
    ]


@pytest.mark.parametrize(("gap", "expected"), [(1, 1), (4, 1), (8, 1), (40, 2), (90, 2)])
def test_small_gaps_are_bridged_and_large_ones_are_not(gap, expected):
    """Between two copied parts of forty words, the right article has words of its own."""
    source = random.Random(gap)
    left = words_of(text_of(source, 1, 12))
    own = sentence(source, 20 + gap).split()
    right = [*own[:10], *left[20:60], *own[10 : 10 + gap], *left[60:100], *own[10 + gap :]]

    report = scan_texts("".join(left), " ".join(word.strip() for word in right))

    assert expected == len(report.passages)
    assert 80 == report.passages.matched.sum()


def test_an_order_turned_round_gives_two_passages():
    """Two paragraphs that stand the other way round in the other article are not one passage."""
    source = random.Random(8)
    one, other = paragraph(source), paragraph(source)
    middle = paragraph(source), paragraph(source)

    report = scan_texts("\n\n".join([one, other]), "\n\n".join([other, *middle, one]))

    assert [(one, one), (other, other)] == spans_of(report)


def test_a_passage_inside_one_article_keeps_its_sides_apart():
    """A doubled run of two paragraphs is one passage of the article with itself."""
    source = random.Random(9)
    run = "\n\n".join([paragraph(source), paragraph(source)])
    for between in ("\n\n", "\n\n" + paragraph(source) + "\n\n"):
        report = scan_texts(paragraph(source) + "\n\n" + run + between + run + "\n\n" + paragraph(source))

        assert [(run, run)] == spans_of(report)


@pytest.mark.parametrize("n", [2, 3, 5, 9, 40, 200])
def test_a_paragraph_again_and_again_is_one_finding_of_all_its_places(n):
    """One behind the other: the first place and its copies, and not the first two, four, eight places as one."""
    line = paragraph(random.Random(n), 1)

    report = scan_texts("\n\n".join([line] * n))

    found = report.findings
    assert [n] == np.diff(found.offsets).tolist()
    assert {line} == {report.articles.slice_text(a, b) for a, b in zip(found.starts, found.ends, strict=True)}
    assert (n - 1) * len(line.split()) == report.repeated[0]


def test_a_copied_paragraph_ends_before_the_word_that_both_go_on_with():
    """``The`` behind a copied paragraph is not copied."""
    source = random.Random(4)
    line, rest = paragraph(source), [paragraph(source) for _ in range(3)]
    texts = [f"The {rest[0]}\n\n{line}\n\nThe {rest[1]}", f"{line}\n\nThe {rest[2]}"]

    report = scan_texts(*texts)

    assert [(line, line)] == spans_of(report)
    assert [Level.PARAGRAPH] == report.passages.levels.tolist()


def test_a_word_changed_at_the_edge_of_a_sentence_is_inside_the_passage():
    """Both sentences are meant, from their first word to their last; a number that changed there is marked."""
    middle = "people came to the opening of the new harbour hall and stayed for the speeches of the mayor and of"
    one, other = f"Exactly 450 {middle} 12.", f"Exactly 390 {middle} 14."

    report = scan_texts(one, other)

    assert [(one, other)] == spans_of(report)
    assert [True] == report.passages.numbers_changed.tolist()


def test_equal_after_folding_is_equal_in_a_passage():
    """Full-width and superscript digits are tokens like the ASCII ones, and numbers like them or not."""
    one = "On 15 May the council of Harrow Bay will vote on all 240 motions about the harbour and its 12 cranes."
    wide = one.replace("240", "\uff12\uff14\uff10").replace("12 ", "¹² ").replace("Bay", "\uff22ay")

    report = scan_texts(one, wide)

    assert [(1.0, 1.0)] == list(zip(report.passages.jaccard, report.passages.cosine, strict=True))
    assert report.passages.left_tokens.tolist() == report.passages.matched.tolist()
    assert [False] == report.passages.numbers_changed.tolist()


def test_no_passage_crosses_from_the_title_into_the_body():
    """Title and first paragraph are copied together; the passage is the paragraph, the titles are another pair."""
    source = random.Random(6)
    title, body = sentence(source, 12).rstrip("."), paragraph(source)
    records = [{"title": title, "text": body + "\n\n" + paragraph(source)} for _ in range(2)]

    report = dedup.scan(dedup.articles_of(records))

    assert [(title, title), (body, body)] == sorted(spans_of(report), key=len, reverse=True)
    assert {int(Level.TITLE), int(Level.PARAGRAPH)} == set(report.passages.levels.tolist())


def test_a_line_repeated_in_two_articles_does_not_cost_its_square():
    """Two articles of one line, over and over: few passages, and every place of the later article is covered."""
    line = sentence(random.Random(1), 10)
    text = "\n".join([line] * 3000)

    report = scan_texts(text, text)

    assert len(report.passages) <= 6 * 3000
    assert [3000 - 1, 3000] == (report.repeated // 10).tolist()


def check_passages(found: Passages, report: dedup.Report) -> None:
    articles = report.articles
    left, right = found.left_articles, found.right_articles
    is_title = found.levels == Level.TITLE
    for owners, starts, ends in (
        (left, found.left_starts, found.left_ends),
        (right, found.right_starts, found.right_ends),
    ):
        assert (starts < ends).all()
        assert (np.where(is_title, articles.offsets[owners], articles.body_starts[owners]) <= starts).all()
        assert (ends <= np.where(is_title, articles.body_starts[owners], articles.offsets[owners + 1])).all()
    dates = np.where(articles.dates == NO_DATE, np.iinfo(np.int64).max, articles.dates)
    same_date = dates[left] == dates[right]
    assert ((dates[left] < dates[right]) | (same_date & (left <= right))).all()
    inside = left == right
    assert (found.left_ends[inside] <= found.right_starts[inside]).all()
    keys = zip(left, found.left_starts, found.left_ends, found.right_starts, found.right_ends, strict=True)
    assert len(set(keys)) == len(found)
    assert (found.matched <= np.minimum(found.left_tokens, found.right_tokens)).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), n_articles=st.integers(1, 12), dated=st.booleans())
def test_passages_keep_their_promises(seed, n_articles, dated):
    """They lie inside the articles' bodies, the earlier article left, no two the same, the sides apart.

    And what they call equal is as much as the longest common subsequence of the two spans has at most: all of it where
    no two tokens of a span are equal.
    """
    report = dedup.scan(dedup.articles_of(made_feed(random.Random(seed), n_articles, dated)))

    found = report.passages
    check_passages(found, report)
    for (left, right), matched, n_left, n_right in zip(
        spans_of(report), found.matched.tolist(), found.left_tokens, found.right_tokens, strict=True
    ):
        one, other = ([token for token, _, _ in oracle.folded_tokens(side)] for side in (left, right))
        assert (len(one), len(other)) == (n_left, n_right)
        common = oracle.edit_counts(one, other)
        if Level.TITLE not in found.levels:
            assert matched == common if len({*one}) == len(one) else matched <= common


token_lists = st.lists(st.integers(0, 5), min_size=1, max_size=40)


@pytest.mark.parametrize("form", ["compiled", "plain"])
@given(left=token_lists, right=token_lists)
@settings(deadline=None, max_examples=60)
def test_the_alignment_is_a_best_one(form, left, right):
    """The spans it gives can be aligned with the best local score there is, with that number of equal tokens."""
    kernel = align_kernels.refine if form == "compiled" else align_kernels.refine.py_func
    n, m = len(left), len(right)
    # Terms are even: no digits. The chain is a block of nothing in the middle, its band is the whole table.
    values = np.array(left + right, np.int32) * 2
    chains = np.array([[0, n, n, n + m, n - n, 2 * n + m]])
    bounds = np.array([[0, n, n, n + m]])
    out = np.empty((1, 6), np.int64)

    kernel(values, chains, np.zeros(1, np.int64), np.zeros(1, np.bool_), bounds, 40, 0, out)

    a, b, c, d, equal, _ = out[0].tolist()
    score = oracle.local_score(left, right)
    assert (score == 0) == (equal == 0)
    if score:
        assert score == oracle.global_score(left[a:b], right[c - n : d - n])
        # equal - unequal - gaps = score, and both lengths together are 2 equal + 2 unequal + gaps.
        unequal = score - 3 * equal + (b - a) + (d - c)
        assert unequal >= 0
        assert (b - a) + (d - c) - 2 * equal - 2 * unequal >= 0
        assert equal <= oracle.edit_counts(left[a:b], right[c - n : d - n])


@given(spans=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 30), st.integers(1, 12)), max_size=20))
@settings(deadline=None)
def test_sources_are_chosen_by_what_they_bring(spans):
    """Passages of an article in turn: one is kept if what was told and the kept ones cover at most half of it."""
    rows = [(one, told, start, start + n) for one, told, start, n in sorted(spans, key=lambda s: (s[0], not s[1]))]
    articles, told, starts, ends = (np.array([row[i] for row in rows], np.int64) for i in range(4))
    chosen = np.zeros(len(rows), np.bool_)

    kernels.choose_sources(articles, starts, ends, told.astype(np.bool_), 0.5, chosen)

    expected, covered = [], {}
    for article, is_told, start, end in rows:
        mine = covered.setdefault(article, set())
        expected.append(not is_told and len(mine & set(range(start, end))) <= 0.5 * (end - start))
        if expected[-1] or is_told:
            mine |= set(range(start, end))
    assert expected == chosen.tolist()


@given(anchors=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 30)), max_size=24, unique=True))
@settings(deadline=None)
def test_anchors_pair_all_their_places(anchors):
    """Every two places of an anchor; of several pairs of two rows on one diagonal, one."""
    keys, rows, positions = (np.array([one[i] for one in anchors], np.int64) for i in range(3))

    found = pair_anchors(Anchors(keys.astype(np.uint64), rows.astype(np.int32), positions.astype(np.int32)))

    expected = set()
    for i, (key, row, position) in enumerate(anchors):
        for other_key, other_row, other_position in anchors[i + 1 :]:
            if key == other_key:
                (a, p), (b, q) = sorted([(row, position), (other_row, other_position)])
                expected.add((a, b, q - p))
    diagonals = (found.right_positions - found.left_positions).tolist()
    pairs = list(zip(found.left.tolist(), found.right.tolist(), diagonals, strict=True))
    assert sorted(expected) == pairs


def test_an_anchor_in_too_many_places_is_thinned_and_counted():
    """Each place is paired with the first and with the one before it: they stay connected, and linear in number."""
    n = 500
    anchors = Anchors(np.full(n, 7, np.uint64), np.arange(n, dtype=np.int32), np.zeros(n, np.int32))

    found = pair_anchors(anchors)

    assert 2 * (n - 1) - 1 == len(found.left)
    assert 1 == found.thinned


@pytest.mark.parametrize(
    ("settings", "allowed"), [({"min_run": 5}, "min_run is 5"), ({"max_gap": -1}, "max_gap is -1")]
)
def test_parameters_out_of_range_are_refused(settings, allowed):
    with pytest.raises(ValueError, match=allowed):
        PassageParams(**settings)
