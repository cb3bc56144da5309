"""Files that are complete or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file that takes its name when the context ends well, and leaves nothing behind when not.

    A file that was there stays as it is until then. What is not a plain file (``/dev/stdout``, a named pipe) is
    written to as it is.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> with open_output(folder / "report.txt") as stream:
    ...     _ = stream.write("Nothing is said twice.")
    >>> [path.name for path in folder.iterdir()]
    ['report.txt']
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as stream:
            yield stream
        return
    path = path.resolve()  # through a link: the file that it names is replaced, not the link
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            yield stream
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o7777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
