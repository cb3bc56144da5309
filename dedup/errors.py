"""Exceptions, one tree.

::

    DedupError
    |-- ConfigError          a setting has a value that is not allowed
    |-- FeedError            a feed, or a record of it, cannot be read
    |   `-- NoFileError        a folder, or a pattern, has no file
    |-- IndexFormatError     a file is not an index of this version
    |   `-- IncompatibleError  an index was built with other parameters
    `-- EngineError          an execution engine failed

Wrong arguments to a function raise ``ValueError``.
"""

from __future__ import annotations


class DedupError(Exception):
    """Base of all errors that this package raises on purpose; the message is one line."""


class ConfigError(DedupError):
    """A setting has a value that is not allowed."""


class FeedError(DedupError):
    """A feed, or a record of it, cannot be read.

    Parameters
    ----------
    path : str
        The file as the user named it; ``-`` is standard input.
    record : int
        Number of the record in the file, from 1 (the line, in JSON Lines); 0 for the file as a whole.
    reason : str
        What is wrong and what to do.
    """

    def __init__(self, path: str, record: int, reason: str) -> None:
        where = f"{path}: record {record}" if record else path
        super().__init__(f"{where}: {reason}")
        self.path, self.record, self.reason = path, record, reason

    def __reduce__(self) -> tuple[type[FeedError], tuple[str, int, str]]:
        return type(self), (self.path, self.record, self.reason)  # crosses worker boundaries


class NoFileError(FeedError):
    """A folder has no file, or a pattern matches none."""


class IndexFormatError(DedupError):
    """A file is not an index, or not one of this version."""


class IncompatibleError(IndexFormatError):
    """An index was built with parameters other than those of this run."""


class EngineError(DedupError):
    """An execution engine failed."""
