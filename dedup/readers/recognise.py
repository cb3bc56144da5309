"""The first bytes and the name of a file -> its format."""

from __future__ import annotations

import re
from collections.abc import Callable

from dedup.readers.encodings import is_binary
from dedup.readers.fields import FieldTable
from dedup.readers.formats import name_format
from dedup.readers.layout import is_table
from dedup.readers.own import is_own
from dedup.readers.xmlguard import FEED_ROOTS, root_name

_SPACE = b" \t\r\n"
_OBJECT = re.compile(rb'\s*\{\s*"')
_ARRAY = re.compile(rb"\s*\[\s*\{")
_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org')
#: A feed that something has put into a page, which happens; in a page about feeds, it is escaped.
_WRAPPED_FEED = re.compile(rb"<(?:feed\s[^<>]*http://www\.w3\.org/2005/Atom|rss\s[^<>]*\bversion\s*=|rdf:RDF\s)")
_NINJS = re.compile(rb'"(?:body_(?:xhtml|text|main|richtext)|bodies|headline_main|headlines|version[cC]reated)"\s*:')
#: The elements that documents of NewsML-G2 begin with (version 2.34, section "NAR"), in lower case.
_NEWSML = frozenset(
    ("newsitem", "newsmessage", "packageitem", "conceptitem", "knowledgeitem", "planningitem", "catalogitem")
)


def _is_json(head: bytes, _table: FieldTable) -> bool:
    return bool(_OBJECT.match(head) or _ARRAY.match(head))


def _begins(*marks: bytes) -> Callable[[bytes, FieldTable], bool]:
    return lambda head, _table: head.startswith(marks)


def _is_page(head: bytes, _table: FieldTable) -> bool:
    return root_name(head) in ("html", "head", "body") and not _WRAPPED_FEED.search(head)


def _is_newsml(head: bytes, _table: FieldTable) -> bool:
    return root_name(head) in _NEWSML


def _is_feed(head: bytes, _table: FieldTable) -> bool:
    # XML that is neither is told so by the reader of feeds, with its root.
    is_xml = head.lstrip(_SPACE).startswith((b"<?xml", b"<\0?\0", b"\0<\0?"))
    return (
        is_xml or root_name(head) in FEED_ROOTS or bool(head.lstrip(_SPACE)[:1] == b"<" and _WRAPPED_FEED.search(head))
    )


def _is_json_feed(head: bytes, _table: FieldTable) -> bool:
    return head.lstrip(_SPACE).startswith(b"{") and bool(_JSON_FEED.search(head))


def _is_ninjs(head: bytes, table: FieldTable) -> bool:
    return _is_json(head, table) and b'"uri"' in head and bool(_NINJS.search(head))


#: Name -> what tells from the first bytes of a file (unpacked, UTF-8 where it was UTF-16) and the fields that are
#: looked for whether it is one. They are asked in this order, so the narrower stands first.
_CONTENT: dict[str, Callable[[bytes, FieldTable], bool]] = {
    "parquet": _begins(b"PAR1"),
    "arrow": _begins(b"ARROW1\0\0", b"\xff\xff\xff\xff"),
    "warc": _begins(b"WARC/"),
    "zip": _begins(b"PK\x03\x04", b"PK\x05\x06"),
    "tar": lambda head, _table: head[257:262] == b"ustar",
    "7z": _begins(b"7z\xbc\xaf\x27\x1c"),
    "rar": _begins(b"Rar!\x1a\x07"),
    "pdf": _begins(b"%PDF-"),
    "office": _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"),
    "html": _is_page,
    "newsml": _is_newsml,
    "feed": _is_feed,
    "jsonfeed": _is_json_feed,
    "ninjs": _is_ninjs,
    "json": _is_json,
    "csv": is_table,
}


def find_format(path: str, head: bytes, table: FieldTable) -> str:
    """Return the format of a file: that of its content, else that of its name, else text.

    What this program wrote itself is ``own``.

    A Markdown file may begin with anything (front matter in JSON, a piece of HTML), so there the name decides.
    """
    if is_own(head):
        return "own"
    named = name_format(path)
    if named == "markdown":
        return named
    for key, is_one in _CONTENT.items():
        if is_one(head, table):
            return named if (key, named) == ("zip", "office") else key  # the newer ones are ZIP archives
    if is_binary(head):
        return "binary"
    if path == "-" and head.lstrip(_SPACE).startswith(b"{"):
        return "json"
    return named or "text"
