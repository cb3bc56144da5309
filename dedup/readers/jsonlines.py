"""JSON Lines, JSON arrays, objects one after the other, single objects, and objects around an array -> rows.

A line is parsed one by one with msgspec (`dedup.readers.jsonrecords`), which says what is right; large blocks go
through the compiled scan (`dedup.readers.jsonscan`), which takes the lines that are plain and leaves the others to it,
so the answer is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

import numpy as np

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.encodings import decode_text
from dedup.readers.fields import FieldTable, Record
from dedup.readers.jsonrecords import is_cut_short, parse_line, wrapped_array
from dedup.readers.jsonvalues import are_values, listed_values
from dedup.readers.streams import HEAD_BYTES, line_blocks, peek, take
from dedup.readers.tasks import OpenFile, Task

_SPACE = b" \t\r"
_JSON_BYTES = b" \t\r\n"
_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_FEED = 10


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a file of JSON Lines, a JSON array, or one object."""
    start, table, params = file.head.lstrip(_JSON_BYTES), file.table, file.params
    if not start and len(file.head) < HEAD_BYTES and not file.stream.losses:
        yield RowBuilder([Skip(file.path, 0, "empty")]).rows
    chunks = file.chunks
    if start.startswith(b"["):
        pieces, is_whole = take(chunks, params.max_document_bytes)
        content = b"".join(pieces)
        array = array_elements(as_utf8(content, table), table) if is_whole else None
        if not is_whole and not _is_array(content.partition(b"\n")[0]):
            rest = chain([content[content.index(b"[") + 1 :]], chunks)
            array = listed_values(rest, params.max_document_bytes, is_array=True)
        chunks = chain([content] if array is None else [], chunks)
        del content, pieces
        if array is not None:
            yield from _array_tasks(array, file)
            chunks = iter([])
    yield from _line_tasks(chunks, file)
    if file.stream.losses:
        yield RowBuilder([Skip(file.path, 0, loss) for loss in file.stream.losses]).rows


def _array_tasks(array: Iterator[bytes | memoryview | str], file: OpenFile) -> Iterator[Task]:
    counted = parsed = 0
    for first, elements, end in array_blocks(array, file.params.block_bytes):
        read_bytes, counted = file.stream.read_bytes - counted, file.stream.read_bytes
        # Line breaks inside an element of an array that is right are white space between its tokens.
        is_plain = all(isinstance(element, memoryview) for element in elements) and file.table.scanned_keys is not None
        parsed += sum(map(len, elements))
        if is_plain and parsed >= file.params.compiled_bytes:
            block = b"\n".join(bytes(element).replace(b"\n", b" ") for element in elements)
            yield partial(parse_block, block, first, len(elements), file.path, file.file_row, file.table, read_bytes)
        else:
            yield partial(parse_lines, enumerate(elements, first), file.path, file.file_row, file.table, read_bytes)
        if end:
            yield RowBuilder([Skip(file.path, first + len(elements), end)]).rows


def _line_tasks(chunks: Iterator[bytes], file: OpenFile) -> Iterator[Task]:
    path, file_row, table, stream, params = file.path, file.file_row, file.table, file.stream, file.params
    counted = 0
    blocks = line_blocks(chunks, params.block_bytes, params.max_document_bytes, stream.losses)
    first = next(blocks, b"")
    beginning = first.lstrip(_SPACE)
    line_end = beginning.find(b"\n") + 1
    if beginning.startswith(b"{") and not is_record_line(beginning, line_end, table):
        head, blocks = peek(chain([first], blocks), HEAD_BYTES)
        if are_values(head, table):
            yield from _array_tasks(listed_values(blocks, params.max_document_bytes, is_array=False), file)
            return
        first = next(blocks, b"")
        beginning = first.lstrip(_SPACE)
        line_end = beginning.find(b"\n") + 1
    if beginning.startswith(b"{") and may_be_one_object(beginning, line_end, table):
        # One object over several lines, or a broken line: only the whole file can tell, if it is no larger than one.
        pieces, is_whole = take(chain([first], blocks), params.max_document_bytes)
        first = as_utf8(b"".join(pieces), table)
        if is_whole and isinstance(parse_line(first, table), Record):
            yield partial(parse_lines, [(1, first)], path, file_row, table, stream.read_bytes)
            return
        if is_whole and (span := wrapped_array(first, table)):
            array = array_elements(first[span], table)
            if array is not None:
                yield from _array_tasks(array, file)
                return
        blocks = chain(line_blocks(iter([first]), params.block_bytes), blocks)
        first = next(blocks, b"")
    line, parsed = 1, 0
    while first:
        read_bytes, counted = stream.read_bytes - counted, stream.read_bytes
        # Of bytes, `count` is four times slower.
        n_lines = int(np.count_nonzero(np.frombuffer(first, np.uint8) == _LINE_FEED))
        parsed += len(first)
        if parsed < params.compiled_bytes or table.scanned_keys is None:
            yield partial(parse_lines, numbered_lines(first, line), path, file_row, table, read_bytes)
        else:
            yield partial(parse_block, first, line, n_lines + 1, path, file_row, table, read_bytes)
        line += n_lines
        first = next(blocks, b"")


def may_be_one_object(beginning: bytes, line_end: int, table: FieldTable) -> bool:
    """Tell whether a file that begins with an object may be that object and no more, as far as its start shows."""
    return not beginning[line_end:].strip(_JSON_BYTES) or is_cut_short(beginning[:line_end], table)


def is_record_line(beginning: bytes, line_end: int, table: FieldTable) -> bool:
    """Tell whether a file that begins with an object has it alone in its first line, and so is lines."""
    line = beginning[:line_end].strip(_JSON_BYTES)
    return line.endswith(b"}") and not is_cut_short(line, table) and not are_values(line, table)


def as_utf8(content: bytes, table: FieldTable) -> bytes:
    """Return what is read as a whole as UTF-8 where its encoding was named: in some a backslash is half a character."""
    return decode_text(content, table.encoding).text.encode() if table.encoding else content


def _is_array(line: bytes) -> bool:
    import msgspec

    try:
        return isinstance(msgspec.json.decode(line), list)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def parse_lines(
    lines: Iterable[tuple[int, bytes | memoryview]], path: str, file_row: int, table: FieldTable, read_bytes: int = 0
) -> Rows:
    """Return the rows of numbered records, each a piece of JSON."""
    builder = RowBuilder(read_bytes=read_bytes)
    for number, line in lines:
        builder.take(path, file_row, number, parse_line(line, table))
    return builder.rows()


def numbered_lines(block: bytes, first_line: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers."""
    for number, line in enumerate(block.split(b"\n"), first_line):
        if line.strip(_SPACE):
            yield number, line


def parse_block(
    block: bytes, first_line: int, n_lines: int, path: str, file_row: int, table: FieldTable, read_bytes: int = 0
) -> Rows:
    """Return the rows of a block of whole lines by the compiled scan; it has at most ``n_lines`` lines."""
    from dedup.readers.jsonscan import JsonScan  # loads the compiler, which a small feed does not need

    return JsonScan(block, first_line, n_lines, path, table).rows(file_row, read_bytes)


def _is_record(line: bytes, table: FieldTable) -> bool:
    return isinstance(parse_line(line, table), Record)


def array_elements(content: bytes, table: FieldTable) -> Iterator[bytes | memoryview | str] | None:
    """Return the elements of a JSON array; None for lines of which the first begins like one.

    An array that is broken somewhere is read up to there, and a string in place of an element says why it ends;
    unless more of its lines are records than of these elements.
    """
    import msgspec

    try:
        return map(memoryview, msgspec.json.decode(content, type=list[msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        elements = list(_salvage(content))
        in_array = sum(_is_record(element, table) for element in elements if isinstance(element, bytes))
        in_lines = sum(_is_record(line, table) for _, line in numbered_lines(content, 1))
        return None if in_lines > in_array else iter(elements)


def array_blocks(
    elements: Iterator[bytes | memoryview | str], block_bytes: int
) -> Iterator[tuple[int, list[bytes | memoryview], str]]:
    """Yield the elements of an array some at a time: the number of the first, from 1, and why the array ends there.

    The last is an empty string but where the array breaks off.
    """
    part: list[bytes | memoryview] = []
    first, size = 1, 0
    for element in elements:
        if isinstance(element, str):
            yield first, part, element
            return
        part.append(element)
        size += len(element)
        if size >= block_bytes:
            yield first, part, ""
            first, part, size = first + len(part), [], 0
    yield first, part, ""


def _salvage(content: bytes) -> Iterator[bytes | memoryview | str]:
    """Yield the elements of an array up to where it is broken; a string says why it ends there."""
    text = content.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder(strict=False)
    i = _after_space(text, text.index("[") + 1)
    while text[i : i + 1] != "]":
        try:
            _, end = decoder.raw_decode(text, i)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "nested too deeply, or a number is too long")
            yield f"not JSON: {reason}; the array is read up to there"
            return
        yield text[i:end].encode("utf-8", "surrogateescape")
        i = _after_space(text, end)
        if text[i : i + 1] == ",":
            i = _after_space(text, i + 1)
        elif text[i : i + 1] != "]":
            yield "not JSON: Expecting ',' delimiter; the array is read up to there"
            return
    if _after_space(text, i + 1) < len(text):
        yield "not JSON: Extra data after the array"


def _after_space(text: str, i: int) -> int:
    found = _JSON_SPACE.match(text, i)
    return found.end() if found else i
