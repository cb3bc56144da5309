"""Text that a program reads -> a stream: UTF-8 whatever the terminal speaks."""

from __future__ import annotations

from typing import TextIO

from dedup.reports.terminal import escape


def write_utf8(stream: TextIO, text: str) -> None:
    """Write text as UTF-8 without a byte order mark, below the encoding of the stream where there are bytes below."""
    buffer = getattr(stream, "buffer", None)
    if buffer is None:  # such as io.StringIO
        stream.write(text)
        return
    stream.flush()
    buffer.write(text.encode())


def one_line(text: str, max_characters: int = 0) -> str:
    r"""Return the text on one line, with what could steer a reader visible, cut to a length if one is given.

    Examples
    --------
    >>> one_line("red\nherring \x00\u202e")
    'red herring \\x00\\u202e'
    >>> one_line("a long winter", 8)
    'a long …'
    """
    line = escape(" ".join(text.split()))
    return line if not max_characters or len(line) <= max_characters else line[: max_characters - 1] + "…"


def many(count: int, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> many(1, "repeat"), many(1200, "repeat")
    ('1 repeat', '1,200 repeats')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
