"""HTML -> paragraphs of text, each with the lines of the file that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

#: Their end, and their beginning, ends a paragraph (HTML Standard, section 15.3, `display: block` and of tables).
BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog",
        "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
        "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "optgroup",
        "p", "plaintext", "pre", "search", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
    )
)  # fmt: skip
_CELLS = frozenset(("td", "th"))
#: Their content is no text of the article.
DROPPED = frozenset(
    (
        "applet", "audio", "button", "canvas", "datalist", "embed", "head", "iframe", "map", "math", "meter",
        "noembed", "noframes", "noscript", "object", "option", "progress", "script", "select", "style", "svg",
        "template", "textarea", "title", "video",
    )
)  # fmt: skip
# In plain prose "<" is rare, and one of these tags rarer: what `is_html` takes for markup is shown as markup on a page.
_TAG = re.compile(
    r"</(?:p|div|h[1-6]|ul|ol|li|blockquote|table|section|article|figure|pre|span|a|em|strong|b|i)\s*>"
    r"|<(?:br|hr|p|img)\b[^<>]*/?>",
    re.IGNORECASE,
)
#: All tags but those of elements that hold no others, or end where the next begins.
_NESTING = re.compile(r"<(?!/?(?:p|br|script|style|title|meta|link)\b)/?[a-z][^<>]*>", re.IGNORECASE)
#: A line of the parser; it counts no further.
_LAST_LINE = 65535


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of a page.

    Attributes
    ----------
    text : str
        White space folded; a line break is a ``<br>``. Never empty.
    lines : tuple of (int, int)
        Where in ``text`` (characters, from 0) which line of the file (from 1) begins; the first entry is at 0.
    tag : str
        The element whose text it is, the innermost block.
    linked : int
        Characters of its text that stand in links.
    """

    text: str
    lines: tuple[tuple[int, int], ...]
    tag: str
    linked: int = 0


def is_html(text: str) -> bool:
    """Tell whether a text is HTML and not prose: it has a tag that ends a block or a phrase, or breaks a line.

    Examples
    --------
    >>> is_html("<p>One.</p>"), is_html("One.<br>Two."), is_html("if a < b and c > d"), is_html("mail <jo@example.com>")
    (True, True, False, False)
    """
    return "<" in text and _TAG.search(text) is not None


def html_text(html: str) -> str:
    r"""Return HTML as text: paragraphs with a blank line between them, tags and what is not shown left out.

    Examples
    --------
    >>> html_text("<h2>Ferry</h2><p>Sails&nbsp;on <b>Fri</b>day.<script>x()</script><br>Bring tea.<p>Bye &amp; thanks")
    'Ferry\n\nSails on Friday.\nBring tea.\n\nBye & thanks'
    """
    root = parse_html(html)
    return "" if root is None else "\n\n".join(paragraph.text for paragraph in paragraphs_of(root))


def html_line(html: str) -> str:
    """Return HTML as one line of text.

    Examples
    --------
    >>> html_line("Bread &#38; <i>butter</i>"), html_line("1 < 2 &amp; 2 < 3")
    ('Bread & butter', '1 < 2 & 2 < 3')
    """
    return " ".join((html_text(html) if is_html(html) else unescape(html)).split())


def parse_html(html: str) -> _Element | None:
    """Return the root element of a page or a piece of one, None if there is nothing in it."""
    from lxml import etree

    # Huge: a text node may be larger than 10 MB; what is too large was refused when the file was read.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    content = html.encode("utf-8", "replace")
    try:
        root = etree.fromstring(content, parser) if content.strip() else None
    except etree.XMLSyntaxError:
        return None
    last = parser.error_log.last_error
    if last is not None and last.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        # Past 2,048 levels the parser drops the rest of the text: what nests becomes a paragraph, which does not.
        return parse_html(_NESTING.sub(_flat, html)) if _NESTING.search(html) else root
    return root


def _flat(tag: re.Match[str]) -> str:
    return "<p>" + "\n" * tag[0].count("\n")


def paragraphs_of(root: _Element, dropped: Iterable[str] = ()) -> list[Paragraph]:
    """Return the paragraphs of an element, in order.

    Parameters
    ----------
    root : Element
        Of `parse_html`, or of XHTML in XML without its namespaces.
    dropped : iterable of str
        Tags to leave out with their content, beside `DROPPED`.
    """
    from lxml import etree

    writer, without = _Writer(), DROPPED | frozenset(dropped)
    walk = etree.iterwalk(root, events=("start", "end", "comment"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            writer.line_at(element.sourceline)
            if tag in without or "hidden" in element.attrib:
                walk.skip_subtree()
                writer.pass_over("".join(element.itertext()))
                continue
            writer.start(tag)
            if element.text:
                writer.add(element.text)
        else:
            if event == "comment":
                writer.pass_over(element.text or "")
            elif tag not in without and "hidden" not in element.attrib:
                writer.end(tag)
            if element.tail and element is not root:
                writer.add(element.tail)
    writer.flush()
    return writer.paragraphs


@dataclass(slots=True)
class _Writer:
    """Collects text until a block begins or ends."""

    paragraphs: list[Paragraph] = field(default_factory=list)
    _line: int = 1
    _pieces: list[tuple[int, str]] = field(default_factory=list)
    _blocks: list[str] = field(default_factory=list)
    _links: int = 0  # that are open
    _linked: int = 0

    def line_at(self, line: int | None) -> None:
        # The parser gives the line in which a start tag ends. Past its last line, only line breaks in text count.
        if line is not None and (line < _LAST_LINE or self._line < _LAST_LINE):
            self._line = max(line, self._line)

    def pass_over(self, text: str) -> None:
        """Count the lines of what is not shown: a text may go on after it."""
        self._line += text.count("\n")

    def start(self, tag: str) -> None:
        if tag in BLOCKS:
            self.flush()
            self._blocks.append(tag)
        elif tag == "a":
            self._links += 1
        elif tag == "br":
            self._pieces.append((self._line, "\n"))
        elif tag in _CELLS:
            self._pieces.append((self._line, " "))

    def end(self, tag: str) -> None:
        if tag in BLOCKS:
            self.flush()
            self._blocks.pop()
        elif tag == "a":
            self._links -= 1

    def add(self, text: str) -> None:
        for i, line in enumerate(text.split("\n")):
            if i:
                self._line += 1
                self._pieces.append((self._line, " "))
            if line:
                self._pieces.append((self._line, line))
                self._linked += len(" ".join(line.split())) if self._links else 0

    def flush(self) -> None:
        """End the paragraph, or the several that two line breaks in a row make of it."""
        text: list[str] = []
        lines: list[tuple[int, int]] = []
        size, gap = 0, ""
        for line, piece in self._pieces:
            if piece == "\n":
                if "\n" in gap and text:
                    self._close(text, lines)
                    text, lines, size = [], [], 0
                gap = "\n"
                continue
            words = " ".join(piece.split())
            if not words or piece[0].isspace():
                gap = gap or " "
            if not words:
                continue
            if text and gap:
                text.append(gap)
                size += 1
            if not lines or lines[-1][1] != line:
                lines.append((size, line))
            text.append(words)
            size += len(words)
            gap = " " if piece[-1].isspace() else ""
        self._pieces.clear()
        if text:
            self._close(text, lines)
        self._linked = 0

    def _close(self, text: list[str], lines: list[tuple[int, int]]) -> None:
        tag = self._blocks[-1] if self._blocks else "body"
        self.paragraphs.append(Paragraph("".join(text), tuple(lines), tag, self._linked))
        self._linked = 0
