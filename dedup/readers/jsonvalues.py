"""JSON values one after the other, or the elements of a large array -> pieces of JSON, a block in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dedup.readers.fields import FieldTable, Record
from dedup.readers.jsonrecords import parse_line
from dedup.readers.streams import too_long

#: A string, its closing quote missing where the block ends in it, or a bracket.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[{]|[]}]', re.DOTALL)
#: Between values; the comma of an array, and the record separator of RFC 7464.
_BETWEEN = b" \t\r\n,\x1e"
_LINE_WITH_OBJECT = re.compile(rb"\n(?=\{)")


def split_values(chunks: Iterable[bytes], max_value_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    r"""Yield objects and arrays that stand one after the other, each with what stands before it; at last what is left.

    Parameters
    ----------
    chunks : iterable of bytes
        If of an array, from behind its bracket on: its elements come, and what is left begins with the closing one.
    max_value_bytes : int
        A longer value is what is left.

    Examples
    --------
    >>> list(split_values([b'{"a": "}"}\n{"b": {', b'}}{"c'], 99))
    [(b'', b'{"a": "}"}'), (b'\n', b'{"b": {}}'), (b'{"c', b'')]
    >>> list(split_values([b"{}, 5, {}] "], 99))
    [(b'', b'{}'), (b', 5, ', b'{}'), (b'] ', b'')]
    """
    chunks = iter(chunks)
    rest, at, depth, start = b"", 0, 0, 0
    for chunk in chunks:
        rest += chunk
        done = 0
        for token in _TOKEN.finditer(rest, at):
            kind = token[0][:1]
            if kind == b'"' and not token[1]:
                break  # the next chunk may close it
            at = token.end()
            if kind in b"[{":
                start = start if depth else token.start()
                depth += 1
            elif kind in b"]}":
                depth -= 1
                if depth < 0:
                    yield b"".join([rest[done:], *chunks]), b""
                    return
                if not depth:
                    yield rest[done:start], rest[start:at]
                    done = at
        else:
            at = len(rest)
        rest, at, start = rest[done:], at - done, start - done
        if len(rest) > max_value_bytes:
            break
    yield rest, b""


def are_values(block: bytes, table: FieldTable) -> bool:
    r"""Tell whether a file that begins so is objects one after the other, over several lines or several in one.

    Examples
    --------
    >>> from dedup.readers import ReadParams
    >>> table = FieldTable(ReadParams())
    >>> are_values(b'{\n  "text": "a"\n}\n{\n  "text": "b"\n}\n', table), are_values(b'{\n  "text": "a"\n}\n', table)
    (True, False)
    """
    values = split_values([block], len(block))
    before, value = next(values)
    if before.strip(_BETWEEN) or not value:
        return False
    record = parse_line(value, table)
    is_object = isinstance(record, Record) or not record.startswith("not ")
    return is_object and block[len(before) + len(value) :].lstrip(_BETWEEN).startswith(b"{")


def listed_values(
    chunks: Iterable[bytes], max_value_bytes: int, *, is_array: bool
) -> Iterator[bytes | memoryview | str]:
    """Yield the values of a file as `dedup.readers.jsonlines.array_elements` does, broken ones as they are.

    Parameters
    ----------
    chunks : iterable of bytes
    max_value_bytes : int
        Where a value is longer, the rest of the file is not read, and a string says so.
    is_array : bool
        As in `split_values`.
    """
    for before, value in split_values(chunks, max_value_bytes):
        if not value and len(before) > max_value_bytes:
            yield f"a value is {too_long(max_value_bytes)}"
        elif value:
            yield from (part.strip() for part in before.split(b",") if part.strip(_BETWEEN))  # null, a number, rubbish
            yield memoryview(value) if _is_right(value) else value
        elif not is_array:
            # What never ends begins a line; those behind it may be right.
            yield from (part for part in _LINE_WITH_OBJECT.split(before.strip(_BETWEEN)) if part)
        else:
            last, closing, behind = before.partition(b"]")
            yield from (part.strip() for part in last.split(b",") if closing and part.strip(_BETWEEN))
            if not closing:
                yield "not JSON: the array does not end; it is read up to there"
            elif behind.strip():
                yield "not JSON: Extra data after the array"


def _is_right(value: bytes) -> bool:
    import msgspec

    try:
        msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
