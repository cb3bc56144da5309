"""XML that is given to be read -> why it must not be: entities that grow, or that fetch something."""

from __future__ import annotations

import re
from xml.parsers import expat

#: Of a declared entity: a character or a word, as old feeds have them for their accents; not a building block.
_MAX_VALUE = 64
_CHARACTER = re.compile(r"&#(?:\d{1,7}|x[0-9a-fA-F]{1,6});")
_ROOT = re.compile(r"<[A-Za-z_]")


class _RootReachedError(Exception):
    pass


class _RefusedError(Exception):
    pass


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
