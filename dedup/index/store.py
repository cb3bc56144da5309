"""What an archive asks of the place where it is kept: one file, or a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.errors import IndexFormatError
from dedup.index.contents import Describe, Described
from dedup.index.kinds import how_to_rebuild
from dedup.model import Articles, Strings

#: Raised when what is kept, or how, changes; `dedup index info` shows it.
FORMAT_VERSION = 3

Pairs = tuple[NDArray[np.int64], NDArray[np.uint64]]


def settings_in(name: str, version: str | None, settings: str | None) -> dict[str, object]:
    """Return the settings that an archive was created with, from what it keeps of its format and of them.

    Raises
    ------
    IndexFormatError
        It is in the format of another version of dedup, older or newer (with the commands that help), or damaged.

    Examples
    --------
    >>> settings_in("a.db", "3", '{"num_perm": 128}')
    {'num_perm': 128}
    >>> settings_in("a.db", "x", "{}")
    Traceback (most recent call last):
    dedup.errors.IndexFormatError: index a.db: damaged: its format is 'x', which is no number; take it from a backup
    """
    if version is None or not version.isdecimal():
        told = "does not say its format" if version is None else f"its format is {version!r}, which is no number"
        raise IndexFormatError(f"index {name}: damaged: {told}; take it from a backup")
    if int(version) != FORMAT_VERSION:
        newer = "install a newer dedup, or " if int(version) > FORMAT_VERSION else ""
        told = f"format {version}, this version of dedup reads {FORMAT_VERSION}"
        raise IndexFormatError(f"index {name}: {told}; {newer}{how_to_rebuild(name)}")
    try:
        found = json.loads(settings or "")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise IndexFormatError(f"index {name}: damaged: its settings cannot be read; take it from a backup")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """Articles to be added, with their distinct segments.

    Attributes
    ----------
    articles : Articles
        ``n`` rows.
    contents : uint64[n]
        Keys of their texts: equal articles have equal ones.
    keys : uint64[d]
        Of the distinct segments, ascending.
    documents : bool[d]
        Those that are a paragraph or a title somewhere.
    owners, places : int64[p]
        Row and article of each place.
    is_document : bool[p]
    describe : callable
        Rows -> what they are found by; asked for those that the archive does not have.
    words : callable
        Rows -> their words (token hashes, ascending) and in how many of these rows each stands.
    """

    articles: Articles
    contents: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    documents: NDArray[np.bool_]
    owners: NDArray[np.int64]
    places: NDArray[np.int64]
    is_document: NDArray[np.bool_]
    describe: Describe
    words: Callable[[NDArray[np.int64]], tuple[NDArray[np.uint64], NDArray[np.int64]]]


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """What is known of articles without their text, ascending by number.

    Attributes
    ----------
    numbers : int64[n]
    dates : int64[n]
    sources : Strings
    ids : Strings
    contents : uint64[n]
    """

    numbers: NDArray[np.int64]
    dates: NDArray[np.int64]
    sources: Strings
    ids: Strings
    contents: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Where segments stand: the index of the segment that was asked for, and the number of the article."""

    asked: NDArray[np.int64]
    articles: NDArray[np.int64]
    is_document: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much an archive holds."""

    articles: int
    segments: int
    documents: int
    words: int
    size_bytes: int


class Store(Protocol):
    """Where an archive is kept.

    Segments go by numbers that the store gives them (uint64), articles by numbers that ascend as they are added and
    are given once.
    """

    name: str

    def settings(self) -> Mapping[str, object]:
        """Return the settings that the archive was created with, by their names in `dedup.config.SETTINGS`."""

    def configure(self, config: Config) -> None:
        """Set what the archive was created with."""

    def writing(self) -> AbstractContextManager[None]:
        """Return a context in which everything is written, or nothing if it does not end well."""

    def reading(self) -> AbstractContextManager[None]:
        """Return a context in which what is read belongs together, whatever is written meanwhile."""

    def add(self, addition: Addition) -> None:
        """Take articles in."""

    def remove(self, numbers: NDArray[np.int64], removal: Addition) -> None:
        """Take articles out; ``removal`` has the segments of their texts."""

    def segments_of(self, keys: NDArray[np.uint64]) -> Pairs:
        """Return the numbers of segments, from their keys: pairs of an index into ``keys`` and a number."""

    def keys_of(self, segments: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the keys of segments."""

    def similar(self, described: Described) -> Pairs:
        """Return pairs of a row and a segment that share a band and may reach the least Jaccard."""

    def anchored(self, anchors: NDArray[np.uint32]) -> Pairs:
        """Return pairs of an index into ``anchors`` and a segment that has it."""

    def postings(self, segments: NDArray[np.uint64]) -> Postings:
        """Return in which articles segments stand."""

    def heads(self, numbers: NDArray[np.int64] | None = None) -> Heads:
        """Return the heads of those of these articles (all, if None) that are there."""

    def heads_with(self, ids: Sequence[str]) -> Heads:
        """Return the heads of the articles that have one of these ids."""

    def read(self, numbers: NDArray[np.int64]) -> Articles:
        """Return these articles, in this order."""

    def frequencies(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return in how many documents each word stands: int64[t]."""

    def counts(self) -> Counts:
        """Return how much there is."""

    def totals(self) -> tuple[int, int]:
        """Return how many articles and how many documents there are."""

    def compact(self) -> None:
        """Let go of what removed articles have left behind."""

    def problems(self) -> Iterator[str]:
        """Yield what is wrong inside, a line each."""

    def close(self) -> None:
        """Let go of the file or the server."""
