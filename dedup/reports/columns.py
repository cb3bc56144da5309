"""Two texts -> lines of a terminal with the one beside the other, their changes marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from dedup.reports.terminal import Piece, display_width, escape, wrap
from dedup.reports.words import MAX_COMPARED, marked, opcodes, split_words

#: Where a sentence ends in both texts, both columns begin a new line.
_SENTENCE_ENDS = tuple(".!?…。！？।؟")
_BETWEEN = "  "


def side_by_side(left: str, right: str, width: int, *, color: bool = False) -> Iterator[str]:
    """Yield lines of ``width`` columns, the first with ``A`` and ``B``; what the other text has not is marked.

    On the left ``[-so-]``, on the right ``{+so+}``. What follows a sentence that both have begins in the same line. As
    many words of a text as are compared are shown.

    Examples
    --------
    >>> for line in side_by_side("It rose. Kim pledged 3 tons.", "It rose. Kim gave 3 tons.", 36):
    ...     print(line)
    A                  B
    It rose.           It rose.
    Kim [-pledged-] 3  Kim {+gave+} 3
    tons.              tons.
    """
    column = (width - len(_BETWEEN)) // 2
    yield f"A{' ' * (column - 1)}{_BETWEEN}B"
    for block in _blocks(split_words(left, MAX_COMPARED), split_words(right, MAX_COMPARED)):
        plain, shown = ([list(wrap(side, column, color=paint)) for side in block] for paint in (False, color))
        for texts, painted in zip(zip_longest(*plain, fillvalue=""), zip_longest(*shown, fillvalue=""), strict=True):
            yield (painted[0] + " " * (column - display_width(texts[0])) + _BETWEEN + painted[1]).rstrip(" ")


def _blocks(left: Sequence[Piece], right: Sequence[Piece]) -> Iterator[tuple[list[Piece], list[Piece]]]:
    """Yield what of both texts stands in the same lines."""
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for tag, left_start, left_end, right_start, right_end in opcodes(left, right):
        if tag != "equal":
            if removed := left[left_start:left_end]:
                sides[0].extend(marked(removed, "[-", "-]", "removed", space=removed[-1].space))
            if added := right[right_start:right_end]:
                sides[1].extend(marked(added, "{+", "+}", "added", space=added[-1].space))
            continue
        for one, other in zip(left[left_start:left_end], right[right_start:right_end], strict=True):
            sides[0].append(one._replace(text=escape(one.text)))
            sides[1].append(other._replace(text=escape(other.text)))
            if one.text in _SENTENCE_ENDS and one.space and other.space:
                yield sides
                sides = ([], [])
    if any(sides):
        yield sides
