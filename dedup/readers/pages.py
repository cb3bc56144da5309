"""Saved web pages -> rows, one article a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dedup.errors import ConfigError
from dedup.readers.buffer import Rows
from dedup.readers.documents import Document, read_document
from dedup.readers.formats import FORMATS
from dedup.readers.markup import Paragraph, html_text, paragraphs_of, parse_html
from dedup.readers.pagemeta import page_fields
from dedup.readers.params import ReadParams
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
    document = read_document(file)
    if file.named not in ("", "html", "text"):
        yield partial(_misplaced, document, FORMATS[file.named].title)
    else:
        yield partial(page_rows, document, file.params)


def _misplaced(document: Document, expected: str) -> Rows:
    root = parse_html(document.decode()[0])
    title = str(page_fields(root)["title"])[:60] if root is not None else ""
    named = f' ("{title}")' if title else ""
    return document.rows([], [f"an HTML page{named} where {expected} was expected, not read"])


def page_rows(document: Document, params: ReadParams) -> Rows:
    """Return the article of a page; its paragraphs know their lines."""
    html, notes = document.decode()
    root = parse_html(html)
    if root is None:
        return document.rows([], notes if not html else [*notes, "empty"])
    fields = page_fields(root)
    if params.page_text == "all":
        paragraphs = paragraphs_of(root)
    else:
        paragraphs = main_paragraphs(root, EXTRACTORS[params.page_extractor](html))
    title = str(fields["title"])
    paragraphs = [one for one in paragraphs if not (one.tag in ("h1", "h2") and one.text == title)]
    table = document.table
    record = table.resolve(
        table.values_by_role({**fields, "text": "\n\n".join(one.text for one in paragraphs)}), is_text=True
    )
    if isinstance(record, str):
        return document.rows([], [*notes, record])
    marks = _line_marks(paragraphs)
    line = marks[0][1] if marks else 0
    builder = document.builder(notes)
    builder.add(document.path, document.file_row, 1, record, body=[record.text], body_line=line, line_marks=marks)
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
            "page_extractor: trafilatura is not installed; pip install 'saidtwice[pages]' (if an old pip fails at it, "
            "pip install -U pip first), or use readability"
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
