"""Text and Markdown files, written again with shorter bodies; front matter as it was."""

from __future__ import annotations

from pathlib import Path

from dedup.clean.edits import Edits, RemovedWriter
from dedup.clean.packing import content_of, packed_output
from dedup.errors import FeedError
from dedup.readers.params import ReadParams


def write(path: str, out: Path, name: str, edits: Edits, params: ReadParams, removed: RemovedWriter) -> None:
    """Write a file again, unless it goes."""
    edit = edits.get(1)
    if edit is None:
        out.write_bytes(Path(path).read_bytes())
        return
    with content_of(path, params) as (mark, chunks):
        content = b"".join(chunks)
    if edit.marks:
        raise FeedError(path, 0, "text and Markdown have no place for marks; use drop, or add --format jsonl")
    removed.write(edit, content.decode("utf-8", "backslashreplace") if edit.drop else None)
    if edit.drop:
        return
    start = len(content) - len(edit.old)
    if content[start:] != edit.old:
        raise FeedError(path, 0, "was changed while it was cleaned; run again")
    with packed_output(out, name) as stream:
        stream.write(mark + content[:start] + edit.new)
