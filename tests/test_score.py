"""Scores are those of set arithmetic and of scikit-learn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from dedup import score
from dedup.shingles import Ranges
from tests.strategies import shingle_sets, table

EXECUTOR = ThreadPoolExecutor(2)

documents = st.lists(st.lists(st.integers(0, 25), min_size=1, max_size=30), min_size=1, max_size=12)


def ranges(rows: list[list[int]]) -> Ranges:
    """Return rows of small numbers as token hashes; number 0 is the hash 0."""
    values = np.array([token * 0xD6E8FEB86659FD93 % 2**64 for row in rows for token in row], np.uint64)
    offsets = np.append(0, np.cumsum([len(row) for row in rows])).astype(np.int64)
    return Ranges(values, offsets[:-1], offsets[1:])


def vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=list, sublinear_tf=True, smooth_idf=True, norm="l2")


@given(corpus=documents, others=documents)
def test_cosines_are_those_of_scikit_learn(corpus, others):
    """Fitted on one corpus, asked about another with unknown words: the same cosines to 1e-6."""
    frequencies = score.DocumentFrequencies()
    for row in corpus:  # in as many parts as there are documents: counts add up
        frequencies.add(ranges([row]))
    vocabulary = frequencies.vocabulary()
    asked = ranges(others)
    left, right = np.triu_indices(len(others))

    ids = vocabulary.ids(asked.values)
    rows = score.term_rows(ids, np.append(asked.firsts, len(ids)), vocabulary.idf)
    mine = score.cosines(rows, left, right, EXECUTOR)

    theirs = vectorizer().fit(corpus).transform(others)
    expected = (theirs @ theirs.T).toarray()[left, right]
    np.testing.assert_allclose(mine, expected, atol=1e-6)


@given(corpus=documents)
def test_the_transformer_is_scikit_learns_with_our_frequencies(corpus):
    """Count rows over our term ids, put through it, give our rows."""
    frequencies = score.DocumentFrequencies()
    frequencies.add(ranges(corpus))
    vocabulary = frequencies.vocabulary()
    asked = ranges(corpus)
    ids = vocabulary.ids(asked.values)
    rows = score.term_rows(ids, np.append(asked.firsts, len(ids)), vocabulary.idf)
    counts = scipy.sparse.csr_matrix((np.ones(len(ids)), ids, np.append(asked.firsts, len(ids))))
    counts.resize(len(corpus), len(vocabulary.keys))
    counts.sum_duplicates()

    theirs = vocabulary.transformer().transform(counts)

    mine = scipy.sparse.csr_matrix((rows.weights, rows.terms, rows.offsets), shape=theirs.shape)
    np.testing.assert_allclose(mine.toarray(), theirs.toarray(), atol=1e-9)


def test_document_frequencies_grow_past_their_first_table():
    """200,000 terms in parts are counted as numpy counts them."""
    source = np.random.default_rng(1)
    parts = [source.integers(1, 250_000, 40_000).astype(np.uint64) for _ in range(10)]
    frequencies = score.DocumentFrequencies()

    for part in parts:
        frequencies.add(Ranges(part, np.array([0]), np.array([len(part)])))
    vocabulary = frequencies.vocabulary()

    keys, counts = np.unique(np.concatenate([np.unique(part) for part in parts]), return_counts=True)
    assert keys.tolist() == vocabulary.keys.tolist()
    assert counts.tolist() == vocabulary.counts.tolist()
    assert vocabulary.n_documents == 10


@given(sets=shingle_sets)
def test_overlaps_are_set_intersections(sets):
    """The merge counts what set intersection counts, for every pair; both scores follow."""
    left, right = np.triu_indices(len(sets), 1)
    rows = table(sets)
    sizes = np.diff(rows.offsets)

    shared = score.overlaps(rows, left, right, EXECUTOR)

    pairs = [(sets[i], sets[j]) for i, j in zip(left, right, strict=True)]
    assert [len(a & b) for a, b in pairs] == shared.tolist()
    jaccard = [len(a & b) / len(a | b) if a | b else 0.0 for a, b in pairs]
    assert jaccard == score.jaccard(shared, sizes[left], sizes[right]).tolist()
    containment = [len(a & b) / min(len(a), len(b)) if a and b else 0.0 for a, b in pairs]
    assert containment == score.containment(shared, sizes[left], sizes[right]).tolist()


@pytest.mark.parametrize("change", [{"min_jaccard": 0}, {"min_jaccard": 1.5}, {"min_cosine": -0.1}, {"min_cosine": 2}])
def test_impossible_thresholds_are_refused(change):
    """A threshold outside of its range is named."""
    with pytest.raises(ValueError, match=next(iter(change))):
        score.ScoreParams(**change)
