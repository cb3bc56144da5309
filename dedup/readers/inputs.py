"""What the user named (files, folders, patterns, standard input) -> the files to read, in order."""

from __future__ import annotations

import codecs
import glob
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from dedup.errors import FeedError, NoFileError
from dedup.model import Skip
from dedup.patterns import matches
from dedup.readers.formats import PACKED

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    Attributes
    ----------
    path : str
        As the user named it, or the folder or pattern it is from; ``-`` is standard input.
    size_bytes : int
        0 if it is not known.
    is_named : bool
        The user named it itself, and expects an error if it cannot be read.
    """

    path: str
    size_bytes: int
    is_named: bool

    @property
    def is_packed(self) -> bool:
        """Whether the name is that of a compressed file."""
        return PurePath(self.path).suffix.lower() in PACKED


@dataclass(slots=True)
class _Plan:
    exclude: Sequence[str] = ()
    sources: list[Source] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    seen: dict[tuple[int, int], str] = field(default_factory=dict)

    def is_new(self, path: str, status: os.stat_result, what: str) -> bool:
        """Note a file or folder; False, and a skip, if it was there before under this or another name."""
        key = (status.st_dev, status.st_ino)
        earlier = self.seen.setdefault(key, path)
        if earlier is not path:
            self.skips.append(Skip(path, 0, f"same {what} as {earlier}"))
        return earlier is path

    def excludes(self, path: str) -> bool:
        return any(matches(path, pattern) for pattern in self.exclude)

    def add_file(self, path: str, status: os.stat_result, *, is_named: bool) -> None:
        if self.excludes(path):
            return
        is_regular = stat.S_ISREG(status.st_mode)
        if not is_regular and not is_named:
            self.skips.append(Skip(path, 0, "not a regular file"))
        elif not is_regular or self.is_new(path, status, "file"):
            self.sources.append(Source(path, status.st_size if is_regular else 0, is_named))

    def add_folder(self, path: str, *, is_named: bool) -> bool:
        """Add what is in a folder, by name; return whether there is a file in it."""
        if self.excludes(path):
            return True
        try:
            with os.scandir(path) as entries:
                names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        except OSError as error:
            if is_named:
                raise FeedError(path, 0, f"cannot be read: {error.strerror}; see its permissions") from None
            self.skips.append(Skip(path, 0, f"cannot be read: {error.strerror}"))
            return True
        found = False
        for name in names:
            child = os.path.join(path, name)  # noqa: PTH118  # Path would drop the "./" that the user wrote
            try:
                status = os.stat(child)  # noqa: PTH116
            except OSError as error:
                self.skips.append(Skip(child, 0, f"cannot be read: {error.strerror}"))
                found = True
                continue
            if stat.S_ISDIR(status.st_mode):
                # A folder that was read already, by a link or a second name, is not entered again: links may be loops.
                found |= not self.is_new(child, status, "folder") or self.add_folder(child, is_named=False)
            else:
                self.add_file(child, status, is_named=False)
                found = True
        return found


def find_sources(inputs: Iterable[str | Path], exclude: Sequence[str] = ()) -> tuple[list[Source], list[Skip]]:
    """Return the files that the inputs mean, each once, and what was passed over.

    What has one of the patterns to ``exclude`` is left out, though it is named itself.

    Raises
    ------
    FeedError
        An input does not exist, cannot be read, is a folder without a file, or a pattern that nothing matches.
    """
    plan = _Plan(exclude)
    for one in inputs:
        path = os.fspath(one)
        if path == STDIN:
            if any(source.path == STDIN for source in plan.sources):
                plan.skips.append(Skip(path, 0, f"same file as {STDIN}"))
            else:
                plan.sources.append(Source(path, 0, is_named=True))
            continue
        try:
            status = os.stat(path)  # noqa: PTH116  # of the name as it was written
        except (OSError, ValueError) as error:
            matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207
            if not matches:
                kind = NoFileError if glob.has_magic(path) else FeedError
                raise kind(path, 0, _why_missing(path, error)) from None
            _add_matches(plan, matches)
            continue
        if not stat.S_ISDIR(status.st_mode):
            plan.add_file(path, status, is_named=True)
        elif plan.is_new(path, status, "folder") and not plan.add_folder(path, is_named=True):
            raise NoFileError(path, 0, "no file in this folder (hidden ones are not read); name another")
    return plan.sources, plan.skips


def with_files(inputs: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the inputs that have a file, and a line for each folder or pattern that has none."""
    found, told = [], []
    for one in inputs:
        try:
            find_sources([one])
        except NoFileError as error:
            told.append(str(error))
        else:
            found.append(one)
    return found, told


def listed_files(path: str) -> list[str]:
    """Return the names in a file: a line each, or ended by NUL as ``find -print0`` and ``git ls-files -z`` write them.

    Parameters
    ----------
    path : str
        ``-`` is standard input. The names count from the current folder; empty ones are left out.

    Raises
    ------
    FeedError
        The file cannot be read, or names nothing.
    """
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except (OSError, ValueError, AttributeError) as error:
        raise FeedError(
            path, 0, f"cannot be read: {getattr(error, 'strerror', None) or 'there is no such input'}"
        ) from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as a redirection on Windows writes
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    content = content.removeprefix(codecs.BOM_UTF8)
    end = b"\0" if b"\0" in content else b"\n"
    names = [os.fsdecode(name if end == b"\0" else name.rstrip(b"\r")) for name in content.split(end)]
    if not any(names):
        raise FeedError(path, 0, "names no file; give one a line, or ended by NUL")
    return [name for name in names if name]


def _add_matches(plan: _Plan, matches: Sequence[str]) -> None:
    for match in matches:
        try:
            status = os.stat(match)  # noqa: PTH116
        except OSError as error:
            plan.skips.append(Skip(match, 0, f"cannot be read: {error.strerror}"))
            continue
        if not stat.S_ISDIR(status.st_mode):
            plan.add_file(match, status, is_named=False)
        elif plan.is_new(match, status, "folder") and not plan.add_folder(match, is_named=False):
            plan.skips.append(Skip(match, 0, "no file in this folder"))


def _why_missing(path: str, error: Exception) -> str:
    if glob.has_magic(path):
        return "no file matches this pattern; see it with ls"
    if isinstance(error, FileNotFoundError):
        return "no such file or folder; check the name, and from where it is counted"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
