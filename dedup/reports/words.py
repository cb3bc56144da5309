"""Two texts -> the second one with its changes marked, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from dedup.reports.terminal import Piece, escape

#: Words beside a change that are shown; a longer equal stretch is shortened.
_CONTEXT = 7
#: Fewer words are not worth leaving out.
_MIN_HIDDEN = 5
#: Words of a marked text that are shown.
_MAX_SHOWN = 150
#: Words of a text that are compared: what comes after is not shown anyway unless the texts begin alike.
MAX_COMPARED = 1000
_MAX_NUMBERS = 5

# Scripts without spaces give one word a character; elsewhere a word keeps the marks inside it ("don't", "3.1").
_NO_SPACES = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_MARKS = r"!-/:-@\[-`{-~\xa1-\xbf\u2010-\u2027\u2030-\u205e\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\u0964\u0965"
_OTHER = rf"[^\s{_NO_SPACES}{_MARKS}]"
_WORD = re.compile(rf"[{_NO_SPACES}]|{_OTHER}+(?:[.,'’\-]{_OTHER}+)*|\S")
_ALIKE = str.maketrans("‘’‚“”„‐‑–—", "'''\"\"\"----")


@dataclass(frozen=True, slots=True)
class Difference:
    """What a text has that another one has not.

    Attributes
    ----------
    pieces : tuple of Piece
        The text, ``[-removed-]`` and ``{+added+}`` marked, equal stretches shortened.
    changes : int
    hidden : int
        Changes that are not in `pieces`.
    numbers : tuple of (str, str)
        Numbers that stand in the place of others.
    """

    pieces: tuple[Piece, ...]
    changes: int
    hidden: int
    numbers: tuple[tuple[str, str], ...]


def split_words(text: str, max_words: int | None = None) -> list[Piece]:
    """Return the words and marks of a text, each with whether white space follows.

    Examples
    --------
    >>> [word.text for word in split_words("It rose 3.1%, didn't it?")]
    ['It', 'rose', '3.1', '%', ',', "didn't", 'it', '?']
    """
    found: list[Piece] = []
    for match in _WORD.finditer(text):
        if max_words is not None and len(found) == max_words:
            break
        found.append(Piece(match[0], "", text[match.end() : match.end() + 1].isspace()))
    return found


def compare(left: str, right: str) -> Difference:
    """Return what of ``right`` differs from ``left``; case and the form of quotes and dashes make no difference.

    Examples
    --------
    >>> difference = compare("Kim pledged 3.1 tons.", "North Korean leader Kim pledged 9.7 tons.")
    >>> "".join(piece.text + " " * piece.space for piece in difference.pieces)
    '{+North Korean leader+} Kim pledged [-3.1-]{+9.7+} tons.'
    >>> difference.numbers
    (('3.1', '9.7'),)
    """
    left_words, right_words = split_words(left, MAX_COMPARED), split_words(right, MAX_COMPARED)
    pieces: list[Piece] = []
    numbers: dict[tuple[str, str], None] = {}
    changes = hidden = 0
    codes = opcodes(left_words, right_words)
    for at, (tag, left_start, left_end, right_start, right_end) in enumerate(codes):
        removed, kept = left_words[left_start:left_end], right_words[right_start:right_end]
        if tag == "equal":
            if len(pieces) < _MAX_SHOWN:
                pieces += _shorten(kept, first=at == 0, last=at == len(codes) - 1)
            continue
        changes += 1
        for pair in zip(_numbers(removed), _numbers(kept), strict=False):
            if pair[0] != pair[1]:
                numbers[pair] = None
        if len(pieces) >= _MAX_SHOWN:
            hidden += 1
            continue
        space = kept[-1].space if kept else removed[-1].space
        if removed:
            if pieces and not kept:
                pieces[-1] = pieces[-1]._replace(space=left_words[left_start - 1].space)
            pieces += marked(removed, "[-", "-]", "removed", space=space and not kept)
        if kept:
            pieces += marked(kept, "{+", "+}", "added", space=space)
    return Difference(tuple(pieces), changes, hidden, tuple(numbers)[:_MAX_NUMBERS])


def opcodes(left: Sequence[Piece], right: Sequence[Piece]) -> Sequence[tuple[str, int, int, int, int]]:
    """Return what turns the left words into the right ones, as `difflib.SequenceMatcher` has it."""
    return SequenceMatcher(None, _keys(left), _keys(right), autojunk=False).get_opcodes()


def _keys(found: Sequence[Piece]) -> list[str]:
    return [word.text.casefold().translate(_ALIKE) for word in found]


def _numbers(found: Sequence[Piece]) -> list[str]:
    return [word.text for word in found if any(char.isdigit() for char in word.text)]


def _shorten(found: list[Piece], *, first: bool, last: bool) -> list[Piece]:
    """Return an equal stretch, or its ends that stand beside a change."""
    before = found[: 0 if first else _CONTEXT]
    after = found[len(found) if last else -_CONTEXT :]
    if len(before) + len(after) + _MIN_HIDDEN > len(found):
        return [word._replace(text=escape(word.text)) for word in found]
    shown = [*before, Piece("…"), *after]
    if before:
        shown[len(before) - 1] = before[-1]._replace(space=True)
    return [word._replace(text=escape(word.text)) for word in shown]


def marked(found: Sequence[Piece], opening: str, closing: str, style: str, *, space: bool) -> list[Piece]:
    """Return words of one text between marks, in a style, the last one with white space after it or not."""
    made = [Piece(escape(word.text), style, word.space) for word in found[:_MAX_SHOWN]]
    if len(found) > _MAX_SHOWN:
        made.append(Piece("…", style))
    made[0] = made[0]._replace(text=opening + made[0].text)
    made[-1] = made[-1]._replace(text=made[-1].text + closing, space=space)
    return made
