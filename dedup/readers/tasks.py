"""A file whose format is known -> the calls that read it, by the module of the format.

A format's module has ``tasks(file: OpenFile) -> Iterator[Task]``: what is read from the file in order, as calls that
give `Rows` and may run in any thread. It is imported when a file of the format is met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from dedup.readers.buffer import Rows
from dedup.readers.fields import FieldTable
from dedup.readers.formats import FORMATS
from dedup.readers.params import ReadParams
from dedup.readers.streams import ByteStream

Task = Callable[[], Rows]


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile:
    """A file whose format is known, opened: what the module of the format reads.

    Attributes
    ----------
    path : str
        As in `Articles.files`; ``-`` is standard input.
    file_row : int
        Its index in `Articles.files`.
    format : str
        The key of `FORMATS` that was found.
    named : str
        The key that the name alone speaks for, or nothing: a ``feed.xml`` that is a page is to be told so.
    stream : ByteStream
        Its ``losses`` are complete, and to be passed on as skips, when ``chunks`` has been read.
    head : bytes
        The first 64 KiB, or all that there is.
    chunks : iterator of bytes
        The content, ``head`` included.
    table : FieldTable
    params : ReadParams
    """

    path: str
    file_row: int
    format: str
    named: str
    stream: ByteStream
    head: bytes
    chunks: Iterator[bytes]
    table: FieldTable
    params: ReadParams


def format_tasks(file: OpenFile) -> Iterator[Task]:
    """Return what the module of a file's format makes of it."""
    tasks: Iterator[Task] = import_module(f"dedup.readers.{FORMATS[file.format].module}").tasks(file)
    return tasks
