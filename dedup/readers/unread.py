"""Archives, office documents, code and other files that are known and not read -> a line that says so."""

from __future__ import annotations

from collections.abc import Iterator

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder
from dedup.readers.encodings import BINARY
from dedup.readers.formats import FORMATS
from dedup.readers.own import REMEDY
from dedup.readers.tasks import OpenFile, Task

#: What to do with a format; archives are unpacked.
_REMEDIES = {
    "pdf": "turn it into text first",
    "office": "save it as text, HTML or CSV first",
    "own": REMEDY,
    "code": "--input-format text reads it",
    "binary": "",
}


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield the skip of the file."""
    title = FORMATS[file.format].title
    remedy = _REMEDIES.get(file.format, "unpack it first")
    reason = f"{title}, which is not read; {remedy}" if remedy else BINARY
    yield RowBuilder([Skip(file.path, 0, reason)]).rows
