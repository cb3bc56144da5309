"""Files that are complete or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dedup.errors import DedupError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


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
    refuse_unwritable(path)
    if path.exists() and not path.is_file():
        with _stream(path, path, "strict") as stream:
            yield stream
        return
    told, path = path, path.resolve()  # through a link: the file that it names is replaced, not the link
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _stream(partial, told, "backslashreplace") as stream:
            yield stream
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o7777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def refuse_unwritable(path: Path) -> None:
    """Refuse an output that cannot be written, before the work for it is done.

    Raises
    ------
    DedupError
        Its folder is not there or cannot be written to, or it is a folder itself.
    """
    if path.is_dir():
        raise DedupError(f"{path}: is a folder; name a file")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise DedupError(f"{path}: cannot be written: there is no folder {path.parent}; make it first")
    if not os.access(path if path.exists() and not path.is_file() else folder, os.W_OK):
        raise DedupError(f"{path}: cannot be written: no permission; see that of {path.parent}")


class _File(FileIO):
    """A file whose errors have the name that the user gave it, and not that of the file beside it."""

    def __init__(self, path: Path, told: Path) -> None:
        try:
            super().__init__(path, "w")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(told)) from None
        self._told = told

    def write(self, data: Buffer, /) -> int:
        """Write bytes."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._told)) from None


def _stream(path: Path, told: Path, errors: str) -> TextIO:
    return TextIOWrapper(BufferedWriter(_File(path, told)), encoding="utf-8", errors=errors)
