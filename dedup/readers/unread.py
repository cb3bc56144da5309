"""Archives and other files that are known and not read -> a line that says so."""

from __future__ import annotations

from collections.abc import Iterator

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder
from dedup.readers.formats import FORMATS
from dedup.readers.tasks import OpenFile, Task


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield the skip of the file."""
    title = FORMATS[file.format].title
    remedy = "unpack it first" if "archive" in title else "turn it into text first"
    yield RowBuilder([Skip(file.path, 0, f"{title}, which is not read; {remedy}")]).rows
