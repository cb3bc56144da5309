"""A piece of JSON -> the record that it holds, or why it holds none."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import Any

from dedup.readers.encodings import decode_text
from dedup.readers.fields import FieldTable, Record

#: What answers of interfaces and exports call the list of their articles, or what it stands in.
_LISTS = frozenset(
    (
        *("articles", "items", "data", "results", "result", "posts", "docs", "documents", "entries", "records", "rows"),
        *("hits", "stories", "news", "pages", "value", "objects", "response", "payload", "feed", "nodes"),
    )
)
#: Where the fields of a record stand in an object of their own: Elasticsearch, JSON:API (Drupal, Strapi), CouchDB.
INNER = ("_source", "attributes", "doc")
#: A list is one of articles if one of so many of its first elements is.
_TRIED = 32


def parse_line(line: bytes | memoryview, table: FieldTable) -> Record | str:
    """Return the record that a line of JSON holds, or why it holds none.

    What strict JSON forbids but can be read is read: NaN and Infinity (as null), raw control characters, bytes that
    are not UTF-8 (noted), and halves of surrogate pairs (as U+FFFD, noted where they are in a value that is used).
    """
    import msgspec

    try:
        record = table.resolve(msgspec.structs.astuple(table.decoder.decode(line)))
        return record if isinstance(record, Record) else _inner_record(bytes(line), table) or record
    except msgspec.ValidationError as error:
        if str(error).startswith("Expected `object`"):
            return "not an object"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # the lenient reader knows more, and says what is wrong in fewer different ways
    return _parse_leniently(bytes(line), table)


def _parse_leniently(line: bytes, table: FieldTable) -> Record | str:
    decoded = decode_text(line, table.encoding)
    try:
        values = json.loads(decoded.text, strict=False, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg}"
    except RecursionError:
        return "not JSON: nested too deeply"
    except ValueError:
        return "not JSON: a number is too long"
    if not isinstance(values, dict):
        return "not an object"
    record = table.resolve(table.values_of(values))
    if not isinstance(record, Record):
        record = _inner_record(decoded.text.encode("utf-8", "surrogatepass"), table) or record
    if decoded.note and isinstance(record, Record):
        return replace(record, notes=(decoded.note, *record.notes))
    return record


def _inner_record(line: bytes, table: FieldTable) -> Record | None:
    """Return the record that stands in a member of the object that a line holds, the id beside it or in it."""
    if not any(b'"%s"' % name.encode() in line for name in INNER):
        return None
    try:
        values = json.loads(line, strict=False, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    for name in INNER if isinstance(values, dict) else ():
        if isinstance(inner := values.get(name), dict):
            outer = {key: values[key] for key in table.roles["id"] if values.get(key) is not None}
            record = table.resolve(table.values_of({**inner, **outer}))
            if isinstance(record, Record):
                return record
    return None


def is_cut_short(line: bytes, table: FieldTable) -> bool:
    """Tell whether a line is the beginning of a JSON value, as the first line of an indented object is."""
    import msgspec

    try:
        table.decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cut = "truncated" in str(error)  # also said of half a surrogate pair, which the lenient reader reads
        return cut and str(_parse_leniently(line, table)).startswith("not JSON")
    return False


def wrapped_array(content: bytes, table: FieldTable) -> slice | None:
    r"""Return where in an object its list of articles stands, or in an object inside; None if it has none.

    Examples
    --------
    >>> from dedup.readers import ReadParams
    >>> content = b'{"n": 1, "response": {"tags": [{"id": 7}], "docs": [{"text": "One."}]}}'
    >>> content[wrapped_array(content, FieldTable(ReadParams()))]
    b'[{"text": "One."}]'
    """
    found: list[slice] = []
    for outer, inside in _listed_members(content, 0):
        if inside.startswith(b"["):
            found.append(slice(outer, outer + len(inside)))
        else:
            found += [slice(at, at + len(one)) for at, one in _listed_members(inside, outer) if one.startswith(b"[")]
    return next((span for span in found if _has_record(content[span], table)), None)


def _listed_members(content: bytes, offset: int) -> list[tuple[int, bytes]]:
    """Return the members of an object that may hold articles, and where they stand; none if it is no object."""
    import msgspec

    try:
        members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    found, at = [], 0
    for name, raw in members.items():
        value = bytes(raw)
        at = content.find(value, at)  # the members stand in this order, but for those that are there twice
        if at < 0:
            return []
        if name.lower() in _LISTS:
            found.append((offset + at, value))
        at += len(value)
    return found


def _has_record(array: bytes, table: FieldTable) -> bool:
    import msgspec

    elements: list[Any] = msgspec.json.decode(array, type=list[msgspec.Raw])
    return any(isinstance(parse_line(memoryview(element), table), Record) for element in islice(elements, _TRIED))
