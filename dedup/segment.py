"""Articles -> titles, paragraphs and sentences, as byte spans of the text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.model import Segments


@dataclass(frozen=True, slots=True)
class SegmentParams:
    """How text is cut.

    Attributes
    ----------
    strict : bool
        Sentences by the rules of UAX #29 alone: line ends end them, abbreviations as well.
    """

    strict: bool = False


def segment(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    body_starts: NDArray[np.int64],
    params: SegmentParams,
    *,
    first_article: int = 0,
) -> Segments:
    r"""Return the segments of articles, in text order.

    Paragraphs are separated by blank lines; a list item or a Markdown heading is one of its own, and so is a line of
    more than 120 characters. An indented line begins one where the line before it ends a sentence. A body without a
    blank line has a paragraph a line, unless its lines look wrapped by hand: then one also ends where a line is
    indented, or where a short one ends a sentence. Sentences follow UAX #29, mended for initials, titles,
    abbreviations, dates, list numbers, names like iPhone, lost spaces and quoted speech; inside a paragraph a line's
    end is white space.

    Parameters
    ----------
    text : uint8[total]
        UTF-8; invalid bytes are characters of no kind.
    offsets : int64[n + 1]
        Article ``i`` is ``text[offsets[i]:offsets[i + 1]]``.
    body_starts : int64[n]
        Where its body starts; before it stands the title.
    params : SegmentParams
    first_article : int
        Number of the first article given.

    Returns
    -------
    Segments
        An article without anything but white space has none.

    Examples
    --------
    >>> body = b'"Stop!" said Gen. Popov. He left at 9 a.m. on Monday.\n\nN. Korea agreed.'
    >>> text = np.frombuffer(body, np.uint8)
    >>> found = segment(text, np.array([0, len(body)]), np.array([0]), SegmentParams())
    >>> [body[a:b].decode() for a, b in zip(found.starts[1:], found.ends[1:])]
    ['"Stop!" said Gen. Popov.', 'He left at 9 a.m. on Monday.', 'N. Korea agreed.']
    >>> found.levels.tolist(), found.parents.tolist()
    ([2, 4, 4, 6], [-1, 0, 0, -1])
    """
    from dedup.kernels.segment import segment_bodies
    from dedup.kernels.sentence_table import load_sentence_table

    table = load_sentence_table()
    n_bytes = int(offsets[-1] - offsets[0]) if len(body_starts) else 0
    size = n_bytes // 32 + 4 * len(body_starts) + 16
    while True:
        starts, ends = np.empty(size, np.int64), np.empty(size, np.int64)
        articles, levels, parents = np.empty(size, np.int32), np.empty(size, np.uint8), np.empty(size, np.int32)
        n = segment_bodies(
            text,
            offsets,
            body_starts,
            first_article,
            table,
            params.strict,
            starts,
            ends,
            articles,
            levels,
            parents,
        )
        if n >= 0:
            return Segments(
                starts[:n].copy(), ends[:n].copy(), articles[:n].copy(), levels[:n].copy(), parents[:n].copy()
            )
        size *= 4
