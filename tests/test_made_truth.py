"""Planted truth: copies stand where they are said to stand, and what is found is counted as the definitions say."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import adjusted_rand_score

import dedup
from benchmarks import made
from benchmarks.agreement import bootstrap, cluster_scores, found_places, pan_scores, union_length
from benchmarks.edits import EDITS, Chance, Edit, units_of
from benchmarks.planting import PLACES, Corpus, fit_articles, plant
from benchmarks.results import SEEDS, Options
from dedup.audit import recall_interval

spans = st.builds(lambda start, length: (start, start + length), st.integers(0, 40), st.integers(1, 20))
span_pairs = st.lists(st.tuples(spans, spans), max_size=6)


@pytest.fixture(scope="module")
def articles() -> list[list[str]]:
    return made.base_articles(SEEDS / "feed.jsonl", Options(jobs=1))


def edit_of(kind: str, strength: str = "") -> Edit:
    return next(one for one in EDITS if one.kind == kind and strength in ("", one.strength))


@given(cases=span_pairs, detections=span_pairs)
def test_passages_are_scored_as_the_definitions_of_pan_have_it(cases, detections):
    """Recall, precision and granularity equal what sets of characters give, one pair after the other."""

    def chars(pair):
        return {(side, at) for side in (0, 1) for at in range(*pair[side])}

    def detects(one, other):
        return all(set(range(*a)) & set(range(*b)) for a, b in zip(one, other, strict=True))

    def shares(ones, others):
        found = [(one, [chars(one) & chars(other) for other in others if detects(one, other)]) for one in ones]
        return [len(set().union(*parts)) / len(chars(one)) for one, parts in found], [len(p) for _, p in found if p]

    recall, counts = shares(cases, detections)
    precision, _ = shares(detections, cases)

    scores = pan_scores(cases, detections)

    assert scores.recall == pytest.approx(recall)
    assert scores.precision == pytest.approx(precision)
    assert scores.granularity == (sum(counts) / len(counts) if counts else 1)


def test_plagdet_is_f1_over_the_logarithm_of_granularity():
    """A case found in two halves has F1 1 and granularity 2."""
    scores = pan_scores([((0, 10), (50, 60))], [((0, 5), (50, 55)), ((5, 10), (55, 60))])

    assert (2.0, 1 / math.log2(3)) == (scores.granularity, scores.plagdet)


@given(labels=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_clusters_are_compared_as_scikit_learn_and_b_cubed_have_it(labels):
    """The adjusted Rand index is scikit-learn's; B-cubed is counted item by item."""
    truth, found = zip(*labels, strict=True)
    n = range(len(labels))

    def b_cubed(ones, others):
        mine = [[j for j in n if ones[j] == ones[i]] for i in n]
        return sum(sum(others[j] == others[i] for j in mine[i]) / len(mine[i]) for i in n) / len(labels)

    scores = cluster_scores(truth, found)

    assert scores.adjusted_rand == pytest.approx(adjusted_rand_score(truth, found))
    assert (scores.precision, scores.recall) == pytest.approx((b_cubed(found, truth), b_cubed(truth, found)))


@pytest.mark.parametrize(("hits", "total"), [(0, 7), (3, 7), (7, 7), (990, 1000)])
def test_the_interval_of_a_share_is_that_of_recall_interval(hits, total):
    """As SciPy has it."""
    expected = binomtest(hits, total).proportion_ci(method="wilson")

    assert recall_interval(hits, total) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says():
    """Of 200 samples of a known mean, the 95 % intervals hold it in 88 to 99 %: 30 values are few for a percentile."""
    source = random.Random(1)
    bounds = [bootstrap([source.random() for _ in range(30)], seed) for seed in range(200)]

    assert 0.88 < sum(low <= 0.5 <= high for low, high in bounds) / 200 < 0.99


def test_a_pair_of_places_is_found_if_half_of_each_is():
    """By one finding or by several together, on both sides."""
    places = ((0, 100), (500, 600))

    assert [True, True, False, False] == [
        found_places([places], found)[0]
        for found in (
            [((0, 50), (500, 560))],
            [((0, 30), (500, 530)), ((30, 60), (540, 600))],
            [((0, 49), (500, 600))],
            [((0, 100), (500, 600 - 60))],
        )
    ]


@given(st.lists(spans, max_size=6))
def test_length_of_a_union(some):
    """As a set of characters has it."""
    assert len({at for span in some for at in range(*span)}) == union_length(some)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.kind} {edit.strength}".strip())
@pytest.mark.parametrize("place", PLACES)
def test_copies_stand_where_the_truth_says(articles, edit, place):
    """Every place lies in its article, none overlap, pairs are of one cluster and inside or across as asked for."""
    corpus = plant(articles, edit, place, seed=3)
    texts = [corpus.texts[one.article][one.start : one.end] for one in corpus.places]

    assert corpus == plant(articles, edit, place, seed=3) != plant(articles, edit, place, seed=4)
    assert all(text and text == text.strip() for text in texts)
    for one, other in zip(corpus.places, corpus.places[1:], strict=False):
        assert (one.article, one.end) <= (other.article, other.start) or one.article < other.article
    for a, b in corpus.pairs:
        one, other = corpus.places[a], corpus.places[b]
        assert one.cluster == other.cluster >= 0
        assert edit.form == "notice" or (one.article == other.article) == (place == "inside")
        if edit.form == "inline" or edit.kind == "verbatim":
            assert texts[a] == texts[b]
    for a, b in corpus.decoys:
        assert len({corpus.places[a].cluster, corpus.places[b].cluster}) == 2
        assert texts[a].split()[:9] == texts[b].split()[:9]
        assert not set(texts[a].split()[9:]) & set(texts[b].split()[9:])


@pytest.mark.parametrize(
    ("kind", "strength", "same"),
    [("words dropped", "10 %", 0.9), ("words inserted", "20 %", 1.0), ("words replaced", "5 %", 0.95),
     ("words swapped", "20 %", 1.0), ("sentences reordered", "shuffled", 1.0), ("abridged to", "50 %", 0.5)],
)  # fmt: skip
def test_an_edit_keeps_as_many_words_as_its_strength_says(articles, kind, strength, same):
    """Of a passage of 60 words, within one word."""
    words = [f"word{i}" + "." * (i % 12 == 11) for i in range(60)]
    copy = edit_of(kind, strength).apply(" ".join(words), Chance(random.Random(1), ["other"], ["Name"]))

    kept = (Counter(words) & Counter(copy.text.split())).total()

    assert abs(kept - 60 * same) <= 1
    assert units_of(copy.text)[0] != words


def test_what_an_edit_has_nothing_to_change_in_is_not_planted():
    """No digits, one sentence, too few words: no copy, rather than one that is word for word."""
    chance = Chance(random.Random(1), ["other"], ["Name"])
    text = "nothing but small words without any number stands here"

    kinds = [("numbers changed", ""), ("sentences reordered", "rotated"), ("sentences joined", ""),
             ("inside a sentence", "40 words"), ("names changed", "100 %"), ("quotes", "")]  # fmt: skip
    assert [None] * len(kinds) == [edit_of(*one).apply(text, chance) for one in kinds]


def test_articles_that_share_words_are_not_planted_in():
    """A paragraph with eight words in a row of another one is left out, and articles of one paragraph with it."""
    line = "one two three four five six seven eight"
    texts = [f"alpha beta gamma\n\n{line} nine\n\ndelta epsilon", f"ten {line}\n\nzeta eta", "theta\n\niota"]

    assert [["alpha beta gamma", "delta epsilon"], ["theta", "iota"]] == fit_articles(texts, 5)


def test_a_report_is_compared_with_what_was_planted(articles):
    """Word-for-word copies: all found, all right, no decoy; with a cosine of 0 the decoys are taken for copies."""
    corpus = plant(articles, edit_of("verbatim"), "across")
    feed = dedup.articles_of([{"text": text} for text in corpus.texts])

    fine = made.compare(corpus, dedup.scan(feed))
    broken = made.compare(corpus, dedup.scan(feed, dedup.load_config({"min_cosine": 0.0})))
    blind = made.compare(corpus, dedup.scan(feed, dedup.load_config({"min_tokens": 10_000, "min_run": 0})))

    assert (1.0, 1.0, 0) == (fine["recall"], fine["precision"], fine["decoys taken"])
    assert (fine["ARI"], fine["char recall"]) == (pytest.approx(1, abs=0.03), pytest.approx(1, abs=0.03))
    assert broken["recall"] == 1
    assert broken["precision"] < 0.8
    assert broken["decoys taken"] > 50
    assert broken["ARI"] < fine["ARI"]
    assert (0.0, 0.0, 0.0) == (blind["recall"], blind["char recall"], blind["plagdet"])


def test_a_corpus_of_few_articles_says_so():
    """A notice needs twelve articles; fewer have none, and no copies."""
    few = [["one two three four", "five six seven eight"], ["nine ten eleven", "twelve thirteen"]]

    assert Corpus(["one two three four\n\nfive six seven eight", "nine ten eleven\n\ntwelve thirteen"], [], [], []) == (
        plant(few, edit_of("notice with a date"), "across")
    )
