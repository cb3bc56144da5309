"""The beginning of a document -> what it is, and why it must not be read: entities that grow, or fetch something."""

from __future__ import annotations

import re
from xml.parsers import expat

#: Of a declared entity: a character or a word, as old feeds have them for their accents; not a building block.
_MAX_VALUE = 64
_CHARACTER = re.compile(r"&#(?:\d{1,7}|x[0-9a-fA-F]{1,6});")
_ROOT = re.compile(r"<[A-Za-z_]")


#: First elements of Atom, RSS 0.9x and 2.0, RSS 1.0.
FEED_ROOTS = ("feed", "rss", "rdf")
_NAME = re.compile(rb"[A-Za-z_][\w.:-]*")
_SPACE = b" \t\r\n"
#: What may stand before the first element, and how it ends; a DOCTYPE with declarations inside ends with its bracket.
_BEFORE_ROOT = ((b"<?", b"?>"), (b"<!--", b"-->"), (b"<!", b">"))


class _RootReachedError(Exception):
    pass


class _RefusedError(Exception):
    pass


def root_name(head: bytes) -> str:
    """Return the name of the first element of a document in lower case, without its prefix; nothing if it has none.

    Examples
    --------
    >>> root_name(b'<?xml version="1.0"?> <!-- a feed --> <rdf:RDF xmlns:rdf="...">'), root_name(b"{}")
    ('rdf', '')
    >>> root_name(b"<!DOCTYPE html><title>"), root_name(b"<!DOCTYPE html><feed>")
    ('html', 'feed')
    """
    if head[:2] in (b"<\0", b"\0<"):  # UTF-16 without its mark
        head = head.replace(b"\0", b"")
    start = len(head) - len(head.lstrip(_SPACE))
    is_page = False
    while head.startswith(b"<", start):
        opening, closing = next((one for one in _BEFORE_ROOT if head.startswith(one[0], start)), (b"", b""))
        if not opening:
            found = _NAME.match(head, start + 1)
            name = found[0].decode().lower().rpartition(":")[2] if found else ""
            return "html" if is_page and name not in FEED_ROOTS else name
        if head[start : start + 14].lower() == b"<!doctype html":
            is_page = True
        bracket = head.find(b"[", start, head.find(b">", start) + 1) if opening == b"<!" else -1
        end = head.find(b"]", bracket) if bracket >= 0 else start
        end = head.find(closing, max(end, start))
        if end < 0:
            break
        start = end + len(closing)
        start += len(head[start:]) - len(head[start:].lstrip(_SPACE))
    return "html" if is_page else ""


def refuse_entities(text: str) -> str:
    """Return why a document is refused for what its DOCTYPE declares, or nothing.

    An entity may stand for a short text. One that names a file or an address, that names other entities (which is how
    a few lines become gigabytes), or that is long, is refused; so is a DOCTYPE with entities that cannot be read.

    Examples
    --------
    >>> refuse_entities('<!DOCTYPE rss [<!ENTITY nbsp "&#160;">]><rss/>')
    ''
    >>> refuse_entities('<!DOCTYPE rss [<!ENTITY key SYSTEM "file:///etc/passwd">]><rss/>')
    'refused: XML with the external entity "key"; remove its DOCTYPE'
    """
    if "<!ENTITY" not in text:
        return ""
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = _stop
    parser.EntityDeclHandler = _judge
    try:
        parser.Parse(text.lstrip().encode("utf-8", "replace"), True)
    except _RefusedError as error:
        return str(error)
    except _RootReachedError:
        return ""
    except expat.ExpatError:
        root = _ROOT.search(text)
        if "<!ENTITY" in text[: root.start() if root else len(text)]:
            return "refused: XML that declares entities in a broken DOCTYPE; remove it"
    return ""


def first_error(text: str) -> str:
    r"""Return where a document stops being well-formed XML, and why; nothing if it does not.

    Examples
    --------
    >>> first_error("<a>\n<b></a>"), first_error("<a/>")
    (' at line 2, column 6: mismatched tag', '')
    """
    parser = expat.ParserCreate("utf-8", " ")
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        return f" at line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}"
    return ""


def _stop(_name: str, _attributes: dict[str, str]) -> None:
    raise _RootReachedError


def _judge(
    name: str, _is_parameter: bool, value: str | None, _base: str | None, system: str | None, *_names: str | None
) -> None:
    # A parameter entity builds declarations, which is no business of a feed: its value has to be plain as well.
    if value is None:
        kind = "external" if system else "undefined"
        raise _RefusedError(f'refused: XML with the {kind} entity "{name[:40]}"; remove its DOCTYPE')
    rest = _CHARACTER.sub("", value)
    if "&" in rest or "%" in rest or "<" in rest or len(value) > _MAX_VALUE:
        raise _RefusedError(f'refused: XML with the nested or long entity "{name[:40]}"; remove its DOCTYPE')
