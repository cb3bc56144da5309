"""RSS, Atom and JSON Feed -> rows, one article an entry."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from xml.sax import SAXParseException

from dedup.readers.buffer import Rows
from dedup.readers.documents import Document, elements_before_break, read_document
from dedup.readers.markup import html_line, html_text, is_html
from dedup.readers.tasks import OpenFile, Task
from dedup.readers.xmlguard import first_error, root_name

#: The first element is looked for in so much.
_HEAD_CHARACTERS = 1 << 16
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_TITLE = re.compile(r'"title"\s*:\s*"([^"\\]*)"')
_TEXT_TYPES = ("text/", "application/xhtml+xml", "html", "xhtml", "")


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a feed."""
    yield partial(json_feed_rows if file.format == "jsonfeed" else feed_rows, read_document(file))


def feed_rows(document: Document) -> Rows:
    """Return the entries of an RSS or Atom feed."""
    text, notes = document.decode_xml()
    entries: list[dict[str, object]] = []
    if text:
        entries, note = _parse_xml(text)
        notes += [note] if note else []
    table = document.table
    return document.rows((table.resolve(table.values_by_role(one), is_text=True) for one in entries), notes)


def json_feed_rows(document: Document) -> Rows:
    """Return the entries of a JSON Feed (versions 1 and 1.1)."""
    text, notes = document.decode()
    if not text:
        return document.rows([], notes)
    table, source, language = document.table, "", ""
    items: object = None
    feed: object
    try:
        feed = _parse_json(text)
    except (ValueError, RecursionError) as error:
        opened = _ITEMS.search(text)
        found, reason = elements_before_break(text, opened.end()) if opened else ([], str(error))
        notes.append(f"broken JSON Feed: {reason}")
        named = _TITLE.search(text[: opened.start()] if opened else "")
        feed = {"title": named[1] if named else "", "items": found}
    if isinstance(feed, dict):
        items, source = feed.get("items"), html_line(_string(feed.get("title")))
        language = _string(feed.get("language"))
    if not isinstance(items, list):
        return document.rows([], [*notes, 'no feed: "items" is missing or not a list'])
    entries = (_json_entry(one, source, language) if isinstance(one, dict) else None for one in items)
    records = (
        "not an object" if one is None else table.resolve(table.values_by_role(one), is_text=True) for one in entries
    )
    return document.rows(records, notes or ([] if items else ["a feed without an entry"]))


def field_text(value: str) -> str:
    r"""Return the content of a field as text: HTML as paragraphs, a plain text with its own lines.

    Examples
    --------
    >>> field_text("<p>Now &amp; then"), field_text("Fish &amp; chips\n\nat noon")
    ('Now & then', 'Fish & chips\n\nat noon')
    """
    return html_text(value) if is_html(value) else html.unescape(value)


def _parse_json(text: str) -> object:
    """Return what JSON says; half a character is no error, for it is replaced where it is used."""
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        try:
            return json.loads(text)
        except ValueError:
            raise error from None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _parse_xml(text: str) -> tuple[list[dict[str, object]], str]:
    """Return the entries of a feed, and one line on what is wrong with it."""
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        # A stream: a string might be taken for an address. Cleaning and addresses cost five times the parsing.
        feed = feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # whatever the library falls over, the other files are read
        return [], f"feed that feedparser cannot read ({type(error).__name__})"
    source = html_line(_string(feed.feed.get("title")))
    language = _string(feed.feed.get("language"))
    entries = [_xml_entry(entry, source, language) for entry in feed.entries]
    root = root_name(text[:_HEAD_CHARACTERS].encode("utf-8", "replace"))
    # The library has put a declaration before the text and taken a DOCTYPE out of it: its lines are not the file's.
    return entries, _why_broken(feed, len(entries), root, first_error(text) if feed.bozo else "")


def _why_broken(feed: Any, n_entries: int, root: str, where: str) -> str:
    error = feed.get("bozo_exception") if feed.bozo else None
    why = ""
    if isinstance(error, SAXParseException):
        why = f"broken XML{where or f': {error.getMessage()}'}"
    elif error is not None:
        why = f"broken feed: {' '.join(str(error).split()) or type(error).__name__}"
    if not n_entries:
        found = f"its first element is <{root[:40]}>" if root else "no element found"
        none = "a feed without an entry" if feed.get("version") else f"neither RSS nor Atom: {found}"
        return f"{none}; {why}" if why else none
    return why and f"{why}; {n_entries} {'entry' if n_entries == 1 else 'entries'} found all the same"


def _xml_entry(entry: Any, feed_title: str, feed_language: str) -> dict[str, object]:
    source = entry.get("source")
    named = html_line(_string(source.get("title"))) if isinstance(source, Mapping) else ""
    link = _string(entry.get("link"))
    summary = _value_text(entry.get("summary_detail"))
    texts = [_value_text(one) for one in entry.get("content") or []]
    return {
        "id": _string(entry.get("id")) or link,
        "title": html_line(_string(entry.get("title"))),
        # Several contents are one text in several forms; the one that lost nothing is the longest.
        "text": max(texts, key=len, default="") or summary,
        "summary": summary,
        "date": _date_of(entry),
        "source": named or feed_title,
        "url": link,
        "language": _language_of(entry) or feed_language,
        "tags": [tag["term"] for tag in entry.get("tags") or [] if isinstance(tag.get("term"), str)],
        "author": _string(entry.get("author")),
    }


def _value_text(detail: Any) -> str:
    if not isinstance(detail, Mapping):
        return ""
    kind, value = _string(detail.get("type")), _string(detail.get("value"))
    return field_text(value) if kind.startswith(_TEXT_TYPES) else ""


def _language_of(entry: Any) -> str:
    details = [*(entry.get("content") or []), entry.get("summary_detail") or {}, entry.get("title_detail") or {}]
    named = next((_string(one.get("language")) for one in details if one.get("language")), "")
    return _string(entry.get("language")) or named


def _date_of(entry: Any) -> str | None:
    """Return when an entry was published, else changed, as it is written.

    What the library makes of it is not used: it completes a date with the day of the run, and takes 31 February for
    3 March.
    """
    # Its own look-up gives one date for another, with a warning.
    written = (_string(dict.get(entry, name)) for name in ("published", "created", "updated"))
    return next(filter(None, written), None)


def _json_entry(entry: Mapping[str, Any], feed_title: str, feed_language: str) -> dict[str, object]:
    identity = entry.get("id")
    link = _string(entry.get("url")) or _string(entry.get("external_url"))
    summary = field_text(_string(entry.get("summary")))
    tags = entry.get("tags")
    return {
        "id": identity if isinstance(identity, str | int | float) and identity != "" else link,
        "title": html_line(_string(entry.get("title"))),
        "text": html_text(_string(entry.get("content_html"))) or _string(entry.get("content_text")) or summary,
        "summary": summary,
        "date": entry.get("date_published") or entry.get("date_modified"),
        "source": feed_title,
        "url": link,
        "language": _string(entry.get("language")) or feed_language,
        "tags": [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "author": ", ".join(_authors(entry)),
    }


def _authors(entry: Mapping[str, Any]) -> Iterator[str]:
    authors = entry.get("authors")
    for author in authors if isinstance(authors, list) else [entry.get("author")]:
        if isinstance(author, dict) and isinstance(author.get("name"), str):
            yield author["name"]
