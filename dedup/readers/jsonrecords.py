"""A piece of JSON -> the record that it holds, or why it holds none."""

from __future__ import annotations

import json

from dedup.readers.fields import FieldTable, Record


def parse_line(line: bytes | memoryview, table: FieldTable) -> Record | str:
    """Return the record that a line of JSON holds, or why it holds none.

    What strict JSON forbids but can be read is read: NaN and Infinity (as null), raw control characters, bytes that
    are not UTF-8 and halves of surrogate pairs (as U+FFFD, noted where they are in a value that is used).
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
    try:
        text, was_invalid = line.decode(), False
    except UnicodeDecodeError:
        text, was_invalid = line.decode("utf-8", "surrogateescape"), True
    try:
        record = json.loads(text, strict=False, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg}"
    except RecursionError:
        return "not JSON: nested too deeply"
    except ValueError:
        return "not JSON: a number is too long"
    if not isinstance(record, dict):
        return "not an object"
    return table.resolve(table.values_of(record), was_invalid=was_invalid)


def is_cut_short(line: bytes, table: FieldTable) -> bool:
    """Tell whether a line is the beginning of a JSON value, as the first line of an indented object is."""
    import msgspec

    try:
        table.decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cut = "truncated" in str(error)  # also said of half a surrogate pair, which the lenient reader reads
        return cut and str(_parse_leniently(line, table)).startswith("not JSON")
    return False
