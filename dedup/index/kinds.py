"""What is an archive: told without loading one."""

from __future__ import annotations

from pathlib import Path

#: "SAID": what `file` of Unix and `is_index` know the file by.
APPLICATION_ID = 0x53414944
MAGIC = b"SQLite format 3\x00"
_SERVERS = ("redis://", "rediss://", "unix://")


def is_server(path: str | Path) -> bool:
    """Tell whether something is the address of a server."""
    return str(path).startswith(_SERVERS)


def is_index(path: str | Path) -> bool:
    """Tell whether something is an archive: the address of a server, or a file, by its content."""
    if is_server(path):
        return True
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(72)
    except OSError:
        return False
    return head.startswith(MAGIC) and int.from_bytes(head[68:72], "big") == APPLICATION_ID


def how_to_rebuild(name: str) -> str:
    """Return the commands that make an archive anew which only another version of dedup can read."""
    return (
        f"with the version that wrote it: `dedup index export --index {name} -o articles.jsonl`; then with this one: "
        "`dedup index create --index NEW` and `dedup index add articles.jsonl --index NEW`"
    )
