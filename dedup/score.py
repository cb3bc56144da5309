"""Candidate pairs -> exact Jaccard, containment and TF-IDF cosine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.shingles import Ranges, Shingles

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfTransformer

#: Scores that are kept are so near to those that decided: float32, or 7 decimals.
KEPT_PRECISION = 1e-7


@dataclass(frozen=True, slots=True)
class ScoreParams:
    """What makes a candidate pair a match: the overlap *and* the cosine.

    The default cosine is the lowest, in steps of .05, at which nine in ten of the accepted sentence pairs of MSRP are
    paraphrases by their labels; `benchmarks/sentence_pairs.py` prints the curve.

    Attributes
    ----------
    min_jaccard : float
        On shingle sets; also what the candidate search promises its recall at.
    min_cosine : float
        TF-IDF over words.
    sure_shingles : int
        Pairs that share so many shingles need no cosine; 0 lets none off. The words of a notice under every article
        weigh next to nothing, and the date that changed in it nearly all: its cosine says nothing of what is the same.
    """

    min_jaccard: float = 0.5
    min_cosine: float = 0.75
    sure_shingles: int = 18

    def __post_init__(self) -> None:
        if not 0 < self.min_jaccard <= 1:
            raise ValueError(f"score: min_jaccard is {self.min_jaccard}; it must be over 0 and at most 1")
        if not 0 <= self.min_cosine <= 1:
            raise ValueError(f"score: min_cosine is {self.min_cosine}; allowed: 0 to 1")
        if self.sure_shingles < 0:
            raise ValueError(f"score: sure_shingles is {self.sure_shingles}; it cannot be negative")

    def accepts(
        self, jaccard: NDArray[np.float64], cosine: NDArray[np.float64], shared: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell which pairs are matches, from their scores and the number of shingles they share.

        Examples
        --------
        >>> jaccard, cosine, shared = np.array([0.6, 0.6, 0.4]), np.array([0.8, 0.3, 0.9]), np.array([9, 20, 9])
        >>> ScoreParams(0.5, 0.7, 18).accepts(jaccard, cosine, shared).tolist()
        [True, True, False]
        """
        alike = cosine >= self.min_cosine
        if self.sure_shingles:
            alike |= shared >= self.sure_shingles
        return alike & (jaccard >= self.min_jaccard - 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The terms of a corpus and in how many documents each stands.

    Attributes
    ----------
    keys : uint64[t]
        Token hashes, ascending; the position of a term is its id.
    counts : int64[t]
        Documents that have the term.
    n_documents : int
    lookup_keys, lookup_ids : uint64[2**p], int32[2**p]
        Hash table from token hash to id.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    n_documents: int
    lookup_keys: NDArray[np.uint64]
    lookup_ids: NDArray[np.int32]

    @property
    def idf(self) -> NDArray[np.float64]:
        """Smoothed inverse document frequency: float64[t].

        ``ln((1 + n) / (1 + df)) + 1``, as ``TfidfTransformer(smooth_idf=True)`` of scikit-learn has it: a term that
        stands everywhere keeps a weight of 1, unlike in the textbook.
        """
        idf: NDArray[np.float64] = np.log((1.0 + self.n_documents) / (1.0 + self.counts)) + 1.0
        return idf

    def ids(self, values: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the id of each token hash; -1 for one that stands in no document."""
        from dedup.kernels import score as kernels

        out = np.empty(len(values), np.int32)
        kernels.look_up(values, self.lookup_keys, self.lookup_ids, out)
        return out

    def transformer(self) -> TfidfTransformer:
        """Return scikit-learn's transformer with these frequencies, for count rows whose columns are our ids."""
        import scipy.sparse
        from sklearn.feature_extraction.text import TfidfTransformer

        transformer = TfidfTransformer(sublinear_tf=True, smooth_idf=True, norm="l2")
        transformer.fit(scipy.sparse.csr_matrix((1, len(self.keys))))
        transformer.idf_ = self.idf
        return transformer


class DocumentFrequencies:
    """Adds up document frequencies from parts, in any order and from any thread."""

    def __init__(self) -> None:
        self._keys = np.zeros(1 << 16, np.uint64)
        self._counts = np.zeros(1 << 16, np.int32)
        self._used = 0
        self._documents = 0
        self._lock = Lock()

    def add(self, documents: Ranges) -> None:
        """Count the distinct tokens of each range as one document."""
        self._count(documents, 1)

    def remove(self, documents: Ranges) -> None:
        """Take documents back that have been added; equal ones must remain."""
        self._count(documents, -1)

    def _count(self, documents: Ranges, sign: int) -> None:
        from dedup.kernels import score as kernels

        # A megabyte of text has some 20,000 different words: a table that stays in the cache.
        size = 1 << 16
        while True:
            keys, counts, latest = np.zeros(size, np.uint64), np.zeros(size, np.int32), np.zeros(size, np.int32)
            if kernels.count_documents(documents.values, documents.firsts, documents.lasts, keys, counts, latest) >= 0:
                break
            size *= 4
        used = np.flatnonzero(keys)
        keys, counts = keys[used], counts[used] * np.int32(sign)
        with self._lock:
            self._documents += sign * len(documents.firsts)
            self._merge(keys, counts)

    def _merge(self, keys: NDArray[np.uint64], counts: NDArray[np.int32]) -> None:
        from dedup.kernels import score as kernels

        if 2 * (self._used + len(keys)) > len(self._keys):
            old_keys, old_counts = self._keys, self._counts
            size = 1 << (2 * (self._used + len(keys))).bit_length()
            self._keys, self._counts = np.zeros(size, np.uint64), np.zeros(size, np.int32)
            kernels.add_counts(old_keys, old_counts, self._keys, self._counts)
        self._used += kernels.add_counts(keys, counts, self._keys, self._counts)

    def vocabulary(self) -> Vocabulary:
        """Return the terms counted so far."""
        used = np.flatnonzero(self._keys)
        used = used[np.argsort(self._keys[used])]
        return vocabulary_of(self._keys[used], self._counts[used].astype(np.int64), self._documents)


def vocabulary_of(keys: NDArray[np.uint64], counts: NDArray[np.int64], n_documents: int) -> Vocabulary:
    """Return the vocabulary of these terms (token hashes, ascending) and their document frequencies."""
    from dedup.kernels import score as kernels

    size = 1 << max(4, (2 * len(keys)).bit_length())
    lookup_keys, lookup_ids = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    kernels.fill_lookup(keys, lookup_keys, lookup_ids)
    return Vocabulary(keys, counts, n_documents, lookup_keys, lookup_ids)


@dataclass(frozen=True, slots=True, eq=False)
class TermRows:
    """TF-IDF rows of unit length.

    Attributes
    ----------
    terms : int32[nnz]
        Ids of a `Vocabulary`, ascending within a row.
    weights : float64[nnz]
    offsets : int64[n + 1]
    """

    terms: NDArray[np.int32]
    weights: NDArray[np.float64]
    offsets: NDArray[np.int64]


def term_rows(ids: NDArray[np.int32], offsets: NDArray[np.int64], idf: NDArray[np.float64]) -> TermRows:
    """Return the TF-IDF row of each row of term ids.

    A weight is ``(1 + ln tf) * idf``, the row is scaled to length 1: scikit-learn's
    ``TfidfTransformer(sublinear_tf=True, smooth_idf=True, norm="l2")``. Ids of -1 (unknown terms) are left out, as its
    vectoriser does. That library takes longer to import than a small run takes altogether, so it is the tests' oracle
    and not what runs.

    Examples
    --------
    >>> rows = term_rows(np.array([2, 0, 2, 1], np.int32), np.array([0, 3, 4]), np.array([1.0, 1.0, 2.0]))
    >>> rows.terms.tolist(), rows.weights.round(3).tolist(), rows.offsets.tolist()
    ([0, 2, 1], [0.283, 0.959, 1.0], [0, 2, 3])
    """
    from dedup.kernels import score as kernels

    terms, weights = np.empty(len(ids), np.int32), np.empty(len(ids), np.float64)
    out_offsets = np.empty(len(offsets), np.int64)
    found = np.empty(int(np.diff(offsets).max(initial=0)), np.int32)
    used = kernels.term_rows(ids, offsets, idf, found, terms, weights, out_offsets)
    return TermRows(terms[:used], weights[:used], out_offsets)


def cosines(
    rows: TermRows, left: NDArray[np.int64], right: NDArray[np.int64], executor: Executor, *, jobs: int = 1
) -> NDArray[np.float64]:
    """Return the cosine of each pair of rows: float64[q], 0 where a row is empty."""
    from dedup.kernels import score as kernels

    out = np.empty(len(left), np.float64)
    _in_parts(
        lambda part: kernels.dot_products(rows.terms, rows.weights, rows.offsets, left[part], right[part], out[part]),
        len(left),
        executor,
        jobs,
    )
    np.minimum(out, 1.0, out=out)
    return out


def overlaps(
    shingles: Shingles, left: NDArray[np.int64], right: NDArray[np.int64], executor: Executor, *, jobs: int = 1
) -> NDArray[np.int64]:
    """Return how many shingles each pair of rows shares: int64[q]."""
    from dedup.kernels import score as kernels

    out = np.empty(len(left), np.int64)
    _in_parts(
        lambda part: kernels.intersection_sizes(shingles.values, shingles.offsets, left[part], right[part], out[part]),
        len(left),
        executor,
        jobs,
    )
    return out


def jaccard(shared: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return shared / union from the sizes of intersections and sets; 0 for two empty sets."""
    score: NDArray[np.float64] = shared / np.maximum(left + right - shared, 1)
    return score


def containment(shared: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return shared / smaller set from the sizes of intersections and sets; 0 where a set is empty."""
    score: NDArray[np.float64] = shared / np.maximum(np.minimum(left, right), 1)
    return score


def _in_parts(work: Callable[[slice], None], n: int, executor: Executor, jobs: int) -> None:
    step = max(1000, -(-n // (4 * jobs)))
    list(executor.map(work, [slice(i, i + step) for i in range(0, n, step)]))
