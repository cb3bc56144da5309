"""A piece of JSON -> the record that it holds, or why it holds none."""

from __future__ import annotations

import json
from dataclasses import replace

from dedup.readers.encodings import decode_text
from dedup.readers.fields import FieldTable, Record


def parse_line(line: bytes | memoryview, table: FieldTable) -> Record | str:
    """Return the record that a line of JSON holds, or why it holds none.

    What strict JSON forbids but can be read is read: NaN and Infinity (as null), raw control characters, bytes that
    are not UTF-8 (noted), and halves of surrogate pairs (as U+FFFD, noted where they are in a value that is used).
    """
    import msgspec

    try:
        return table.resolve(msgspec.structs.astuple(table.decoder.decode(line)))
    except msgspec.ValidationError as error:
        if str(error).startswith("Expected `object`"):
            return "not an object"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # the lenient reader knows more, and says what is wrong in fewer different ways
    return _parse_leniently(bytes(line), table)


def _parse_leniently(line: bytes, table: FieldTable) -> Record | str:
    decoded = decode_text(line)
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
    if decoded.note and isinstance(record, Record):
        return replace(record, notes=(decoded.note, *record.notes))
    return record


def is_cut_short(line: bytes, table: FieldTable) -> bool:
    """Tell whether a line is the beginning of a JSON value, as the first line of an indented object is."""
    import msgspec

    try:
        table.decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cut = "truncated" in str(error)  # also said of half a surrogate pair, which the lenient reader reads
        return cut and str(_parse_leniently(line, table)).startswith("not JSON")
    return False
