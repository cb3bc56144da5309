"""Pieces of text -> lines for a terminal: made harmless, wrapped, coloured."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO
from unicodedata import category, east_asian_width

#: What could steer the terminal or turn the order of the text around: controls, bidirectional marks, embeddings,
#: overrides and isolates (UAX #9), line separators, tag characters, lone surrogates, noncharacters that XML refuses.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)

#: Style -> SGR parameters (ECMA-48, 8.3.117).
STYLES = {"bold": "1", "dim": "2", "removed": "31", "added": "32", "warning": "33"}

DEFAULT_WIDTH = 80


class Piece(NamedTuple):
    """Some text in one style.

    Attributes
    ----------
    text : str
        Without white space, unless it is not to be broken there.
    style : str
        A key of `STYLES`, or empty.
    space : bool
        White space follows: the line may be broken there.
    """

    text: str
    style: str = ""
    space: bool = True


def escape(text: str) -> str:
    r"""Return the text with everything visible that could steer a terminal.

    Examples
    --------
    >>> escape("red \x1b[31mtext\u202e")
    'red \\x1b[31mtext\\u202e'
    """
    return text if text.isascii() and text.isprintable() else _HARMFUL.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def words(text: str, style: str = "") -> list[Piece]:
    """Return the text cut at white space, escaped."""
    return [Piece(escape(word), style) for word in text.split()]


def uses_color(stream: TextIO, wanted: bool | None) -> bool:
    """Whether to colour what goes to a stream: as wanted, else on a terminal (https://no-color.org)."""
    if wanted is not None:
        return wanted
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """Return the columns of a terminal, `DEFAULT_WIDTH` where the stream is none."""
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns if stream.isatty() else DEFAULT_WIDTH


def display_width(text: str) -> int:
    """Return how many columns a terminal gives the text (UAX #11: wide characters two, combining marks none).

    Examples
    --------
    >>> display_width("Kim"), display_width("金正恩"), display_width("e\u0301")
    (3, 6, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def wrap(pieces: Iterable[Piece], width: int, first: str = "", rest: str = "", *, color: bool = False) -> Iterator[str]:
    """Yield lines of at most ``width`` columns, the first after ``first``, the others after ``rest``.

    A line is broken where white space is; what is wider than a line by itself, such as a text in a script without
    spaces, anywhere.
    """
    line, used, empty, space = first, display_width(first), True, False
    room = max(width - display_width(rest), 10)
    for unit in _units(pieces):
        unit_width = sum(display_width(piece.text) for piece in unit)
        gap = 1 if space and not empty else 0
        if not empty and used + gap + unit_width > width and (unit_width <= room or used + gap >= width):
            yield line
            line, used, empty, gap = rest, display_width(rest), True, 0
        line += " " * gap
        used += gap
        for piece in unit:
            for part in _fitting(piece.text, width - used, room) if unit_width > room else [piece.text]:
                part_width = display_width(part)
                if used + part_width > width and not empty:
                    yield line.rstrip(" ")
                    line, used = rest, display_width(rest)
                line += paint(part, piece.style if color else "")
                used += part_width
                empty = False
        space = unit[-1].space
    yield line


def _units(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield the runs of pieces without white space between."""
    unit: list[Piece] = []
    for piece in pieces:
        unit.append(piece)
        if piece.space:
            yield unit
            unit = []
    if unit:
        yield unit


def _fitting(text: str, left: int, room: int) -> Iterator[str]:
    """Yield parts of the text: one that fits into what is left of the line, and then lines."""
    part, used, limit = "", 0, left
    for char in text:
        char_width = _char_width(char)
        if used + char_width > limit:
            if part:
                yield part
            part, used, limit = "", 0, room
        part += char
        used += char_width
    if part:
        yield part


def paint(text: str, style: str) -> str:
    """Return the text in a style, an empty one for none."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style else text
