"""Byte positions of articles -> lines, columns and characters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.positions import locate
from dedup.model import Articles
from dedup.spans import compact


class Positions(NamedTuple):
    """Where places are, as an editor counts; int64[q] each.

    Attributes
    ----------
    lines : int64[q]
        Of the file, where the body stands in it (`Articles.body_lines`), else of the text field; from 1. 0 in a title.
    columns : int64[q]
        Characters from the start of the line, from 1; in a page, of the text of that line, its tags not counted.
    characters : int64[q]
        Characters from the start of the body, or of the title; from 0.
    """

    lines: NDArray[np.int64]
    columns: NDArray[np.int64]
    characters: NDArray[np.int64]


def positions(
    articles: Articles,
    article_rows: NDArray[np.integer],
    byte_positions: NDArray[np.int64],
    in_title: NDArray[np.bool_] | None = None,
) -> Positions:
    r"""Return lines, columns and characters of positions in `Articles.text`.

    Parameters
    ----------
    articles : Articles
    article_rows : int[q]
        The article that each position is in.
    byte_positions : int64[q]
        Edges of characters.
    in_title : bool[q], optional
        The position counts from the title. By default those before the body do; the end of a title, where the body
        starts, has to be told.

    Notes
    -----
    Characters are code points, an invalid byte sequence as many as ``bytes.decode(errors="replace")`` makes of it.
    Lines end with ``\n``; the ``\r`` of ``\r\n`` is the last character of its line.

    Examples
    --------
    >>> from dedup import articles_of
    >>> articles = articles_of([{"title": "Né", "text": "né\nici"}])
    >>> at = articles.body_starts[0] + np.array([-2, 0, 4])
    >>> [column.tolist() for column in positions(articles, np.zeros(3, np.int64), at)]
    [[0, 1, 2], [2, 1, 1], [1, 0, 3]]
    """
    body_starts = articles.body_starts[article_rows]
    if in_title is None:
        in_title = byte_positions < body_starts
    bases = np.where(in_title, articles.offsets[article_rows], body_starts)
    lines, columns, characters = _locate(articles, bases, byte_positions)
    lines += np.maximum(articles.body_lines[article_rows], 1)
    marks = articles.line_marks
    if len(marks):
        last = np.searchsorted(marks[:, 0], byte_positions, "right") - 1
        marked = (last >= 0) & (marks[last, 0] >= body_starts) & ~in_title
        lines[marked] = marks[last[marked], 1]
        columns[marked] = _locate(articles, marks[last[marked], 0], byte_positions[marked])[2]
    return Positions(np.where(in_title, 0, lines), columns + 1, characters)


def _locate(
    articles: Articles, bases: NDArray[np.int64], byte_positions: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return lines, columns and characters of positions, counted from their bases, from 0."""
    order = np.lexsort((byte_positions, bases))
    found = [np.empty(len(order), np.int64) for _ in range(3)]
    bases, byte_positions = bases[order], byte_positions[order]
    first = np.append(True, bases[1:] != bases[:-1])[: len(bases)]
    last = np.append(first[1:], True)[: len(bases)]
    text, moved, _ = compact(articles.text, bases[first], byte_positions[last])
    moved = moved[np.cumsum(first) - 1]
    locate(text, moved, byte_positions - bases + moved, *found)
    lines, columns, characters = (np.empty(len(order), np.int64) for _ in range(3))
    lines[order], columns[order], characters[order] = found
    return lines, columns, characters
