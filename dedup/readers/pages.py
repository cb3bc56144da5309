"""Saved web pages -> rows, one article a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dedup.errors import ConfigError
from dedup.model import Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.documents import read_whole
from dedup.readers.encodings import decode_markup
from dedup.readers.fields import FieldTable
from dedup.readers.formats import FORMATS
from dedup.readers.markup import Paragraph, html_text, paragraphs_of, parse_html
from dedup.readers.pagemeta import page_fields
from dedup.readers.tasks import OpenFile, Task

if TYPE_CHECKING:
    from lxml.etree import _Element

#: Furniture by its name, left out of a main text whatever an extractor makes of it.
_FURNITURE = ("aside", "dialog", "footer", "form", "menu", "nav")
#: A line of so many characters that stands in the main text is it; a shorter one ("Sport") has to be a line there.
_LONG = 40
#: A paragraph that is so much links leads elsewhere.
_LINKED = 0.5
_BULLETS = " -*•"


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a page; one that stands where something else was expected is named and not read."""
    if file.params.page_extractor == "trafilatura":
        _need_trafilatura()
    content, losses = read_whole(file)
    if file.named not in ("", "html", "text"):
        yield partial(_misplaced, content, file.path, FORMATS[file.named].title)
    else:
        params = file.params
        yield partial(
            page_rows, content, file.path, file.file_row, file.table, losses, params.page_text, params.page_extractor
        )


def _misplaced(content: bytes, path: str, expected: str) -> Rows:
    root = parse_html(decode_markup(content).text)
    title = str(page_fields(root)["title"])[:60] if root is not None else ""
    named = f' ("{title}")' if title else ""
    reason = f"an HTML page{named} where {expected} was expected, not read"
    return RowBuilder([Skip(path, 0, reason)], len(content)).rows()


def page_rows(
    content: bytes,
    path: str,
    file_row: int,
    table: FieldTable,
    losses: Sequence[str] = (),
    page_text: str = "main",
    extractor: str = "readability",
) -> Rows:
    """Return the article of a page; its paragraphs know their lines.

    Parameters
    ----------
    content : bytes
    path : str
    file_row : int
    table : FieldTable
    losses : sequence of str
        What of the file could not be read.
    page_text, extractor : str
        As in `ReadParams`.
    """
    decoded = decode_markup(content)
    builder = RowBuilder(read_bytes=len(content))
    builder.skips += [Skip(path, 0, note) for note in (*losses, decoded.note) if note]
    root = parse_html(decoded.text)
    if root is None:
        builder.skips.append(Skip(path, 0, "empty"))
        return builder.rows()
    fields = page_fields(root)
    paragraphs = (
        paragraphs_of(root) if page_text == "all" else main_paragraphs(root, EXTRACTORS[extractor](decoded.text))
    )
    title = str(fields["title"])
    paragraphs = [one for one in paragraphs if not (one.tag in ("h1", "h2") and one.text == title)]
    record = table.resolve(
        table.values_by_role({**fields, "text": "\n\n".join(one.text for one in paragraphs)}), is_text=True
    )
    if isinstance(record, str):
        builder.skips.append(Skip(path, 0, record))
        return builder.rows()
    marks = _line_marks(paragraphs)
    body_line = marks[0][1] if marks else 0
    builder.add(path, file_row, 1, record, body=[record.text], body_line=body_line, line_marks=marks)
    return builder.rows()


def main_paragraphs(root: _Element, found: str) -> list[Paragraph]:
    """Return the paragraphs of a page's main text: those that an extractor found; all but furniture if it found none.

    An extractor only chooses. The text is always that of `paragraphs_of`, which knows the lines, so a choice of
    another extractor changes which paragraphs there are and never how one reads.
    """
    paragraphs = [
        paragraph for paragraph in paragraphs_of(root, _FURNITURE) if paragraph.linked < _LINKED * len(paragraph.text)
    ]
    whole = _folded(found)
    lines = {_folded(line.lstrip(_BULLETS)) for line in found.split("\n")}
    chosen = []
    for paragraph in paragraphs:
        folded = _folded(paragraph.text)
        if folded in whole if len(folded) >= _LONG else folded in lines:
            chosen.append(paragraph)
    return chosen or paragraphs


def _folded(text: str) -> str:
    return "".join(text.split())


def _readability(html: str) -> str:
    import logging

    from readability import Document

    logging.getLogger("readability").setLevel(logging.CRITICAL)  # its tracebacks are not ours to show
    try:
        return html_text(Document(html).summary(html_partial=True))
    except Exception:  # it raises what it likes on pages without text; then there is no choice
        return ""


def _trafilatura(html: str) -> str:
    import trafilatura

    try:
        # Fast: its fallbacks cost half of the time and gain .004 in F1.
        return trafilatura.extract(html, include_comments=False, fast=True) or ""
    except Exception:  # as above
        return ""


#: Name -> what returns the main text of a page, in lines, or nothing if it finds none.
EXTRACTORS: dict[str, Callable[[str], str]] = {"readability": _readability, "trafilatura": _trafilatura}


def _need_trafilatura() -> None:
    try:
        import trafilatura  # noqa: F401
    except ImportError:
        raise ConfigError(
            "page_extractor: trafilatura is not installed; pip install 'saidtwice[pages]', or use readability"
        ) from None


def _line_marks(paragraphs: Sequence[Paragraph]) -> list[tuple[int, int]]:
    """Return positions in the body, in bytes, and the line of the file that begins there."""
    marks: list[tuple[int, int]] = []
    start = 0
    for paragraph in paragraphs:
        done = at = 0
        for character, line in paragraph.lines:
            at += len(paragraph.text[done:character].encode("utf-8", "replace"))
            done = character
            if not marks or marks[-1][1] != line:
                marks.append((start + at, line))
        start += at + len(paragraph.text[done:].encode("utf-8", "replace")) + 2
    return marks
