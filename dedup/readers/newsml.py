"""NewsML-G2, the news in XML of the IPTC -> rows, one article a ``newsItem`` of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from dedup.readers.buffer import Rows
from dedup.readers.documents import Document, read_document
from dedup.readers.markup import html_line, html_text, is_html, paragraphs_of
from dedup.readers.ninjs import WITHDRAWN
from dedup.readers.tasks import OpenFile, Task
from dedup.readers.xmlguard import first_error

if TYPE_CHECKING:
    from lxml.etree import _Element

_ITEMS = ("newsItem", "packageItem", "conceptItem", "knowledgeItem", "planningItem", "catalogItem")
#: NITF by the names of HTML: its head repeats the headline and the byline, its media are captions.
_NITF = {"body.head": "head", "body.end": "head", "media": "object", "hl1": "h1", "hl2": "h2", "block": "div"}
_REFERENCE = re.compile(r"&#(?:([0-9]{1,9})|[xX]([0-9a-fA-F]{1,9}));?")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a document of NewsML-G2."""
    yield partial(newsml_rows, read_document(file))


def newsml_rows(document: Document) -> Rows:
    """Return the news items of a document: of a ``newsMessage``, or the one that it is.

    Packages, concepts, knowledge, plans and pictures are skips, each with what it is.
    """
    text, notes = document.decode_xml()
    items: list[_Element] = []
    if text:
        items, broken = _parse(text)
        notes += [broken] if broken else [] if items else ["NewsML-G2 without an item"]
    table = document.table
    return document.rows(
        (
            _why_no_article(item) or table.resolve(table.values_by_role(item_fields(item)), is_text=True)
            for item in items
        ),
        notes,
    )


def _parse(text: str) -> tuple[list[_Element], str]:
    """Return the items of a document, without namespaces, and what is wrong with it."""
    from lxml import etree

    # The declaration names the encoding that the bytes had before they were decoded.
    content = text.lstrip()
    if content.startswith("<?xml"):
        content = content[content.find("?>") + 2 :]
    # In a document that it recovers, the parser writes half a surrogate pair as it is, and cannot read it then.
    content = _REFERENCE.sub(_character, content)
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(content.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        return [], f"broken XML: {' '.join(str(error).split())}"
    if root is None:
        return [], "broken XML: no element found"
    for element in root.iter(etree.Element):
        # A prefix that was never declared is part of the name, and a broken document has names that are none ("00"):
        # the parser gives them, and does not take them back.
        name = element.tag.rpartition("}")[2].rpartition(":")[2]
        element.tag = _NITF.get(name, name) if _NAME.fullmatch(name) else "unnamed"
    items = list(root.iter(*_ITEMS))
    if not len(parser.error_log):
        return items, ""
    where = first_error(text) or f": {' '.join(parser.error_log[0].message.split())}"
    return items, f"broken XML{where}; {len(items)} {'item' if len(items) == 1 else 'items'} found all the same"


def _character(reference: re.Match[str]) -> str:
    """Return a reference to a character of XML 1.0 (section 2.2) as it is, one to anything else as U+FFFD."""
    code = int(reference[1]) if reference[1] else int(reference[2], 16)
    fine = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    return reference[0] if fine else "\ufffd"


def _why_no_article(item: _Element) -> str:
    if item.tag != "newsItem":
        return f"no article: a {item.tag}"
    kind = _attribute(item, "itemMeta/itemClass", "qcode")
    if kind and not kind.endswith(":text"):
        return f"no article: a newsItem of class {kind[:40]}"
    status = _attribute(item, "itemMeta/pubStatus", "qcode").rpartition(":")[2].lower()
    if status in WITHDRAWN:
        return f"{status} by its provider"
    return ""


def item_fields(item: _Element) -> dict[str, object]:
    """Return the fields of a ``newsItem`` (its elements without namespaces) by our names for them."""
    identity = item.get("guid") or ""
    titles = (_text(item, path) for path in ("contentMeta/headline", "itemMeta/title", ".//h1"))
    dates = (_text(item, f"itemMeta/{name}") for name in ("versionCreated", "firstCreated"))
    return {
        "id": identity,
        "title": html_line(next(filter(None, titles), "")),
        "text": _content(item),
        "date": next(filter(None, [*dates, _text(item, "contentMeta/contentCreated")]), None),
        "source": _party(item, "itemMeta/provider") or _party(item, "contentMeta/infoSource"),
        "url": identity if identity.startswith(("http://", "https://")) else "",
        "language": _attribute(item, "contentMeta/language", "tag") or item.get(_LANGUAGE) or "",
        "tags": [" ".join(name.split()) for name in item.xpath("contentMeta/subject/name/text()")],
    }


def _content(item: _Element) -> str:
    """Return the longest of the renditions that are in the item itself."""
    texts = []
    for xml in item.iterfind("contentSet/inlineXML"):
        nitf = xml.find(".//body.content")
        texts.append("\n\n".join(paragraph.text for paragraph in paragraphs_of(xml if nitf is None else nitf)))
    for data in item.iterfind("contentSet/inlineData"):
        value = data.text or ""
        if (data.get("contenttype") or "text/").startswith("text/"):
            texts.append(html_text(value) if is_html(value) else value)
    return max(texts, key=len, default="")


def _party(item: _Element, path: str) -> str:
    """Return who a provider or a source is: by name, in words, or by the code of a scheme."""
    code = _attribute(item, path, "qcode").partition(":")[2]
    return _text(item, f"{path}/name") or _attribute(item, path, "literal") or code


def _text(item: _Element, path: str) -> str:
    element = item.find(path)
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _attribute(item: _Element, path: str, name: str) -> str:
    element = item.find(path)
    return "" if element is None else element.get(name) or ""
