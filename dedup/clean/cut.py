"""Articles and what goes of them -> the articles that are left, and where each byte of them was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup.model import Articles


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """The sentences of all bodies, in text order; between them is white space.

    Attributes
    ----------
    starts, ends : int64[u]
    articles : int32[u]
    offsets : int64[n + 1]
        Article ``i`` has the sentences ``offsets[i]`` to ``offsets[i + 1]``.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    articles: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, starts: NDArray[np.int64], ends: NDArray[np.int64], articles: NDArray[np.int32], n: int) -> Sentences:
        """Return the table of these spans, ``n`` articles."""
        return cls(starts, ends, articles, np.searchsorted(articles, np.arange(n + 1)).astype(np.int64))

    def touching(self, start: int, end: int) -> tuple[int, int]:
        """Return the first sentence that a span touches, and the one behind the last."""
        return int(np.searchsorted(self.ends, start, "right")), int(np.searchsorted(self.starts, end))


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Spans of a text that are gone.

    Attributes
    ----------
    spans : int64[k, 2]
        Half-open, sorted, apart.
    before : int64[k + 1]
        Bytes that went before each span, and in all.
    """

    spans: NDArray[np.int64]
    before: NDArray[np.int64]

    @classmethod
    def of(cls, spans: NDArray[np.int64]) -> Cut:
        """Return the cut of some spans."""
        spans = spans[np.argsort(spans[:, 0], kind="stable")]
        return cls(spans, np.append(0, np.cumsum(spans[:, 1] - spans[:, 0])).astype(np.int64))

    def to_left(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where positions of the whole text are in what is left of it; those that are gone, where they were.

        Examples
        --------
        >>> cut = Cut.of(np.array([[2, 4], [7, 8]]))
        >>> cut.to_left(np.array([0, 2, 3, 4, 6, 9])).tolist()
        [0, 2, 2, 2, 4, 6]
        """
        row = np.searchsorted(self.spans[:, 0], positions, "right")
        inside = self.spans[np.maximum(row - 1, 0), 1] if len(self.spans) else positions
        moved = np.where((row > 0) & (positions < inside), inside, positions)
        return (moved - self.before[row]).astype(np.int64)

    def to_whole(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where bytes of what is left are in the whole text.

        Examples
        --------
        >>> Cut.of(np.array([[2, 4], [7, 8]])).to_whole(np.arange(6)).tolist()
        [0, 1, 4, 5, 6, 8]
        """
        row = np.searchsorted(self.spans[:, 0] - self.before[:-1], positions, "right")
        return (positions + self.before[row]).astype(np.int64)


def cut_sentences(articles: Articles, sentences: Sentences, gone: NDArray[np.bool_], dropped: NDArray[np.bool_]) -> Cut:
    """Return what goes of the text with some sentences and whole articles.

    Parameters
    ----------
    articles : Articles
    sentences : Sentences
    gone : bool[u]
    dropped : bool[n]
        Articles that go with their titles.
    """
    from dedup.kernels import clean as kernels

    cut = gone & ~dropped[sentences.articles]
    out = np.empty((2 * int(cut.sum()), 2), np.int64)
    columns = sentences.starts, sentences.ends, sentences.articles
    n = kernels.cut_spans(articles.text, *columns, cut, out)
    rows = np.flatnonzero(dropped)
    return Cut.of(np.concatenate([out[:n], np.stack([articles.offsets[rows], articles.offsets[rows + 1]], axis=1)]))


def apply_cut(articles: Articles, cut: Cut) -> Articles:
    """Return the articles without the spans of a cut; those that are gone are there without title and text."""
    start, total = int(articles.offsets[0]), int(articles.offsets[-1])
    text = np.empty(total - start - int(cut.before[-1]), np.uint8)
    at = 0
    for first, last in np.stack(
        [np.append(start, cut.spans[:, 1]), np.append(cut.spans[:, 0], total)], axis=1
    ).tolist():
        text[at : at + last - first] = articles.text[first:last]
        at += last - first
    marks = articles.line_marks
    moved = np.stack([cut.to_left(marks[:, 0]) - start, marks[:, 1]], axis=1) if len(marks) else marks
    return replace(
        articles,
        text=text,
        offsets=cut.to_left(articles.offsets) - start,
        body_starts=cut.to_left(articles.body_starts) - start,
        line_marks=moved,
    )
