"""The head of a web page -> the fields of its article."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dedup.readers.dates import parse_date
from dedup.readers.markup import html_line

if TYPE_CHECKING:
    from lxml.etree import _Element

#: What a page calls its fields, the best first: Open Graph, schema.org, Dublin Core, and habit.
_TITLES = ("og:title", "ld:headline", "twitter:title", "dc.title", "dcterms.title")
_DATES = (
    "article:published_time", "ld:datepublished", "datepublished", "og:published_time", "dc.date", "dcterms.created",
    "dc.date.issued", "dcterms.issued", "date", "pubdate", "publishdate", "publish-date", "publication_date",
    "article:modified_time", "ld:datemodified", "datemodified",
)  # fmt: skip
_LANGUAGES = ("og:locale", "content-language", "dc.language", "ld:inlanguage")
_TAGS = ("article:tag", "news_keywords", "keywords")
_LD_KEYS = ("headline", "datePublished", "dateModified", "inLanguage")
_MAX_LD_NODES = 1000


def page_fields(root: _Element) -> dict[str, object]:
    """Return title, date, source, url, language and tags of a page; empty where it names none.

    Parameters
    ----------
    root : Element
        Of `dedup.readers.markup.parse_html`.
    """
    named = _named_values(root)
    address = _address(root) or next(iter(named.get("og:url", ())), "")
    return {
        "title": _first(named, _TITLES) or _heading(root),
        "date": _date(named, root),
        "source": _first(named, ("og:site_name",)) or _host(address),
        "url": address,
        "language": (root.get("lang") or "").strip() or _first(named, _LANGUAGES).replace("_", "-"),
        "tags": [tag for key in _TAGS for value in named.get(key, ()) for tag in value.split(",")],
    }


def _named_values(root: _Element) -> dict[str, list[str]]:
    """Return what ``<meta>`` elements and JSON-LD say, by key in lower case."""
    named: dict[str, list[str]] = {}
    for meta in root.iter("meta"):
        value = (meta.get("content") or "").strip()
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            if value and (key := meta.get(attribute)):
                named.setdefault(key.strip().lower(), []).append(value)
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            for key, value in _linked_data(script.text or ""):
                named.setdefault(f"ld:{key.lower()}", []).append(value)
    return named


def _linked_data(text: str) -> Iterator[tuple[str, str]]:
    import msgspec

    try:
        nodes = [msgspec.json.decode(text.encode("utf-8", "replace"))]
    except (msgspec.DecodeError, RecursionError):
        return
    for _ in range(_MAX_LD_NODES):
        if not nodes:
            return
        node = nodes.pop(0)
        if isinstance(node, dict):
            yield from ((key, node[key]) for key in _LD_KEYS if isinstance(node.get(key), str))
            nodes += [node["@graph"]] if "@graph" in node else []
        elif isinstance(node, list):
            nodes += node[:_MAX_LD_NODES]


def _first(named: dict[str, list[str]], keys: tuple[str, ...]) -> str:
    return next((line for key in keys for value in named.get(key, ()) if (line := html_line(value))), "")


def _heading(root: _Element) -> str:
    """Return the longest heading that is part of the title of the page, which adds the name of the site; else that."""
    title = next((_text(element) for element in root.iter("title")), "")
    headings = [text for element in root.iter("h1", "h2") if (text := _text(element))]
    inside = max((text for text in headings if text in title), key=len, default="")
    return inside or title or next(iter(headings), "")


def _text(element: _Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _date(named: dict[str, list[str]], root: _Element) -> str:
    candidates = [value for key in _DATES for value in named.get(key, ())]
    candidates += [element.get("datetime") or "" for element in root.iter("time")]
    # The first that can be read: a page that names five has one that can.
    readable = (value for value in candidates if parse_date(value) is not None)
    return next(readable, candidates[0] if candidates else "")


def _address(root: _Element) -> str:
    links = (link for link in root.iter("link") if "canonical" in (link.get("rel") or "").lower().split())
    return next((href for link in links if (href := (link.get("href") or "").strip())), "")


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
