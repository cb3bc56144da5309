"""ninjs, the news in JSON of the IPTC (1.x to 3.x) -> rows, one article an item.

In 1.x a text stands under ``body_*`` and a headline under ``headline`` or ``headline_*``; from 2.0 on they are lists,
``bodies`` and ``headlines``, of objects with role, content type and value. Keys are in lower case up to 2.x, in camel
case in 3.x, and compared in lower case here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.documents import Document, elements_before_break, read_document
from dedup.readers.encodings import decode_text
from dedup.readers.fields import FieldTable, Record
from dedup.readers.markup import html_line, html_text, is_html
from dedup.readers.streams import line_blocks
from dedup.readers.tasks import OpenFile, Task

_SPACE = b" \t\r\n"
#: An item of no type, or of these, is read, and others that have a text; that of a picture is a caption, no article.
_PICTURES = ("picture", "graphic")
_TEXT_TYPES = ("", "text", "composite")
#: The publishing status of what is not to be used (NewsCodes `pubstatusg2`, in NewsML too); the other is "usable".
WITHDRAWN = ("canceled", "cancelled", "withheld")


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads ninjs: an item, an array of them, or one a line."""
    first_line = file.head.lstrip(_SPACE).partition(b"\n")[0]
    if isinstance(_parse(first_line), dict) and not _is_one_line(file.head):
        line, params = 1, file.params
        for block in line_blocks(file.chunks, params.block_bytes, params.max_document_bytes, file.stream.losses):
            yield partial(line_rows, block, line, file.path, file.file_row, file.table)
            line += block.count(b"\n")
        if file.stream.losses:
            yield RowBuilder([Skip(file.path, 0, loss) for loss in file.stream.losses]).rows
    else:
        yield partial(document_rows, read_document(file))


def _is_one_line(head: bytes) -> bool:
    return b"\n" not in head.strip(_SPACE)


def _parse(text: bytes | str) -> object:
    import msgspec

    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return str(error) if isinstance(error, msgspec.DecodeError) else "not UTF-8, or nested too deeply"


def document_rows(document: Document) -> Rows:
    """Return the articles of a document: an item, or an array of items."""
    text, notes = document.decode()
    if not text:
        return document.rows([], notes)
    items = _parse(text)
    if isinstance(items, str):
        is_array = text.lstrip().startswith("[")
        kept, reason = elements_before_break(text, text.find("[") + 1) if is_array else ([], items)
        notes.append(f"broken ninjs: {reason}")
        items = kept
    listed = items if isinstance(items, list) else [items]
    return document.rows((_record(item, document.table) for item in listed), notes)


def line_rows(block: bytes, first_line: int, path: str, file_row: int, table: FieldTable) -> Rows:
    """Return the articles of a block of lines, an item each."""
    builder = RowBuilder(read_bytes=len(block))
    for number, line in enumerate(block.split(b"\n"), first_line):
        if line.strip(_SPACE):
            decoded = decode_text(line, table.encoding)
            item = _parse(decoded.text)
            record = f"broken ninjs: {item}" if isinstance(item, str) else _record(item, table)
            builder.skips += [Skip(path, number, decoded.note)] if decoded.note else []
            builder.take(path, file_row, number, record)
    return builder.rows()


def _record(item: object, table: FieldTable) -> Record | str:
    """Return the record that an item is, or why it is none."""
    if not isinstance(item, dict):
        return "not an object"
    fields = item_fields(item)
    kind, status = str(fields.pop("type")).lower(), str(fields.pop("status")).lower()
    if status in WITHDRAWN:
        return f"{status} by its provider"
    if kind in _PICTURES or (kind not in _TEXT_TYPES and not fields["text"]):
        return f'no text: an item of type "{kind[:40]}"'
    return table.resolve(table.values_by_role({**item, **fields}))


def item_fields(item: Mapping[str, Any]) -> dict[str, object]:
    """Return the fields of an item by our names for them.

    Examples
    --------
    >>> item = {"uri": "urn:7", "headlines": [{"role": "main", "value": "Fog"}], "bodies": [{"value": "<p>Thick.</p>"}]}
    >>> fields = item_fields(item)
    >>> fields["id"], fields["title"], fields["text"]
    ('urn:7', 'Fog', 'Thick.')
    """
    lower = {key.lower(): value for key, value in item.items()}
    identity = _string(lower.get("uri"))
    return {
        "type": _string(lower.get("type")),
        "status": _string(lower.get("pubstatus")),
        "id": identity,
        "title": html_line(_headline(lower)),
        "text": _body(lower),
        "date": lower.get("versioncreated") or lower.get("firstcreated") or lower.get("contentcreated"),
        "source": _first_name(lower.get("infosources") or lower.get("infosource"))
        or _string(lower.get("copyrightholder")),
        "url": identity if identity.startswith(("http://", "https://")) else "",
        "language": _string(lower.get("language")),
        "tags": [name for one in _objects(lower.get("subjects") or lower.get("subject")) if (name := _name_of(one))],
    }


def _headline(item: Mapping[str, Any]) -> str:
    listed = _objects(item.get("headlines"))
    main = [one for one in listed if _string(one.get("role")).lower() in ("", "main")]
    values = [_string(one.get("value")) for one in main or listed]
    values += [_string(item.get(key)) for key in ("headline", "headline_main")]
    values += [_string(value) for key, value in item.items() if key.startswith("headline_")]
    values.append(_string(item.get("title")))
    return next(filter(None, values), "")


def _body(item: Mapping[str, Any]) -> str:
    """Return the text: the form that has paragraphs, else the longest."""
    values = [_string(one.get("value")) for one in _objects(item.get("bodies"))]
    values += [_string(value) for key, value in item.items() if key.startswith("body_") or key == "body"]
    marked = [html_text(value) for value in values if is_html(value)]
    plain = [value for value in values if not is_html(value)]
    return max(marked, key=len, default="") or max(plain, key=len, default="")


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [_lowered(one) for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _lowered(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key.lower(): value for key, value in one.items()}


def _first_name(value: object) -> str:
    return next((name for one in _objects(value) if (name := _name_of(one))), "")


def _name_of(one: Mapping[str, Any]) -> str:
    names = _objects(one.get("names"))
    return _string(one.get("name")) or next((_string(name.get("value")) for name in names), "")


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
