"""The tables that the stages pass on: frozen records of arrays; strings appear in `Articles` only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.spans import reader

#: In `Articles.dates`: the article has no date, or one that cannot be read.
NO_DATE = np.iinfo(np.int64).min


class Level(IntFlag):
    """What a segment is; a paragraph of one sentence is both ``PARAGRAPH | SENTENCE``."""

    TITLE = 1
    PARAGRAPH = 2
    SENTENCE = 4
    ARTICLE = 8


@dataclass(frozen=True, slots=True, eq=False)  # eq: arrays have no single truth value
class Strings:
    """A column of strings, kept as UTF-8 bytes.

    Attributes
    ----------
    values : uint8[total]
    offsets : int64[n + 1]
        String ``i`` is ``values[offsets[i]:offsets[i + 1]]``; it may be empty.

    Examples
    --------
    >>> column = Strings.of(["a", "", "né"])
    >>> len(column), column[2], list(column)
    (3, 'né', ['a', '', 'né'])
    >>> list(column.take(np.array([2, 0, 2])))
    ['né', 'a', 'né']
    """

    values: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Strings:
        """Return a column of these strings; a lone surrogate becomes ``?``."""
        strings = list(strings)
        joined = "".join(strings)
        # Names are ASCII more often than not, and are then as many bytes as characters.
        encoded = strings if joined.isascii() else [string.encode("utf-8", "replace") for string in strings]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(one) for one in encoded], out=offsets[1:])
        return cls(np.frombuffer(joined.encode("utf-8", "replace"), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> str:
        return self.values[self.offsets[i] : self.offsets[i + 1]].tobytes().decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        data, offsets = self.values.tobytes(), self.offsets.tolist()
        return (data[start:end].decode("utf-8", "replace") for start, end in pairwise(offsets))

    def take(self, rows: NDArray[np.int64]) -> Strings:
        """Return the strings of some rows, in this order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
        at = np.repeat(self.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Strings(self.values[at], offsets)

    def texts(self, rows: NDArray[Any]) -> list[str]:
        """Return some of the strings, for a third of what each by itself takes."""
        return slices(self.values, self.offsets[rows], self.offsets[rows + 1])


def slices(text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[str]:
    """Return ``text[starts[i]:ends[i]]`` as strings, invalid bytes as U+FFFD."""
    read = reader(text)
    return [read(*span).decode("utf-8", "replace") for span in zip(starts.tolist(), ends.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class Skip:
    """Something in the input that was not read, or not read as it stands.

    Attributes
    ----------
    path : str
    record : int
        From 1; 0 where the whole file is meant.
    reason : str
        One line, the same text for the same cause (reports count by it).
    """

    path: str
    record: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Articles:
    """The records of the feeds, in feed order: one buffer of text, and columns beside it.

    Attributes
    ----------
    text : uint8[total]
        Title and body of each article, one after the other, UTF-8 as it was given (invalid bytes stay in
        place). A position anywhere in this package is an index into this buffer.
    offsets : int64[n + 1]
        Article ``i`` is ``text[offsets[i]:offsets[i + 1]]``.
    body_starts : int64[n]
        Its title is ``text[offsets[i]:body_starts[i]]`` (may be empty), its body the rest.
    ids, sources, urls, languages, tags : Strings
        Empty where the record names none; an id falls back to the path, or ``path:record``. The tags of an article
        have U+001F between them.
    dates : int64[n]
        Seconds since 1970 UTC; `NO_DATE` where there is none.
    files : tuple of str
        The paths as the user named them; ``-`` is standard input.
    file_rows : int32[n]
        The file of each article, an index into `files`.
    records : int64[n]
        Number of the record in its file, from 1: the line, in JSON Lines; 1 in a file that is one article.
    body_lines : int64[n]
        Line of the file, from 1, in which the body starts, where the body stands in the file, as it is (text,
        Markdown) or between tags (pages); 0 where it does not (JSON), and positions then count inside the text field.
    skips : tuple of Skip
    formats : tuple of str
        What each of `files` was read as, a key of `dedup.readers.formats.FORMATS`; empty for articles made in memory.
    line_marks : int64[k, 2]
        For pages, whose text was taken out of markup: positions in `text` from which on it stands in another line of
        the file, and that line, from 1; sorted. An article has one at the start of its body, or none at all.
    hashed : Hashed or None
        What there is of articles whose text is not kept; `text` has blanks for it (`dedup.hashed.blank`).
    """

    text: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    body_starts: NDArray[np.int64]
    ids: Strings
    sources: Strings
    urls: Strings
    languages: Strings
    tags: Strings
    dates: NDArray[np.int64]
    files: tuple[str, ...]
    file_rows: NDArray[np.int32]
    records: NDArray[np.int64]
    body_lines: NDArray[np.int64]
    skips: tuple[Skip, ...] = ()
    formats: tuple[str, ...] = ()
    line_marks: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    hashed: Hashed | None = None

    def __len__(self) -> int:
        return len(self.body_starts)

    def slice_text(self, start: int, end: int) -> str:
        """Return ``text[start:end]`` as a string, invalid bytes as U+FFFD; nothing of an article without text."""
        if self.hashed is not None and self.hashed.articles[np.searchsorted(self.offsets, start, "right") - 1]:
            return ""
        return reader(self.text)(int(start), int(end)).decode("utf-8", "replace")

    def title(self, article: int) -> str:
        """Return the title of an article, or an empty string."""
        return self.slice_text(self.offsets[article], self.body_starts[article])

    def titles(self, rows: NDArray[Any]) -> list[str]:
        """Return the titles of some articles."""
        ends = self.body_starts[rows]
        if self.hashed is not None:
            ends = np.where(self.hashed.articles[rows], self.offsets[rows], ends)
        return slices(self.text, self.offsets[rows], ends)

    def body(self, article: int) -> str:
        """Return the body of an article."""
        return self.slice_text(self.body_starts[article], self.offsets[article + 1])


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Titles, paragraphs and sentences as half-open byte spans of `Articles.text`.

    Rows are in text order: the title, then each paragraph followed by its sentences. A paragraph of one
    sentence is one row with both kinds.

    Attributes
    ----------
    starts, ends : int64[m]
        White space at both ends is outside the span.
    articles : int32[m]
    levels : uint8[m]
        Bits of `Level`.
    parents : int32[m]
        For a sentence with siblings, the row of its paragraph; else -1.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    articles: NDArray[np.int32]
    levels: NDArray[np.uint8]
    parents: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The tokens of each span, hashed, with where they stand.

    Attributes
    ----------
    values : uint64[t]
        Hash of the folded token; equal tokens have equal hashes.
    starts, ends : int64[t]
        Byte span of each token in the text, soft hyphens and dropped marks inside it included.
    offsets : int64[m + 1]
        Span ``i`` has the tokens ``offsets[i]`` to ``offsets[i + 1]``; it may have none.
    invalid : int
        How many invalid UTF-8 sequences were passed over.
    """

    values: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    offsets: NDArray[np.int64]
    invalid: int


@dataclass(frozen=True, slots=True, eq=False)
class Hashed:
    """What there is of articles whose text is not kept: their segments, and their tokens as hashes.

    Attributes
    ----------
    articles : bool[n]
        Those of `Articles` that have no text.
    segments : Segments
        Their titles, paragraphs and sentences.
    values : uint64[t]
        As `Tokens.values`: those of all these articles once, in text order.
    starts, ends : int64[t]
        Byte span of each token in the text that was.
    numbers : bool[t]
        The token begins or ends with a digit.
    joined_values : uint64[j]
    joined_starts, joined_ends : int64[j]
        Tokens across the edge of two segments, as in a line that is a paragraph and ends with a hyphen: a span that has
        both segments has this one, and not its parts.
    """

    articles: NDArray[np.bool_]
    segments: Segments
    values: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    numbers: NDArray[np.bool_]
    joined_values: NDArray[np.uint64]
    joined_starts: NDArray[np.int64]
    joined_ends: NDArray[np.int64]


class Kind(IntEnum):
    """What a finding says."""

    SELF = 1  #: repeated inside one article
    REUSE = 2  #: carried over from another article
    BOILERPLATE = 3  #: one outlet's notice, under many of its articles
    NEAR_DUPLICATE = 4  #: two articles share most of both
    CONTAINED = 5  #: most of one article stands in another


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs of rows to be scored.

    Attributes
    ----------
    left, right : int64[q]
        ``left < right``; sorted, distinct.
    thinned_buckets, thinned_rows : int
        Over-full buckets, and the rows in them that are like none of the few they were compared with.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    thinned_buckets: int = 0
    thinned_rows: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Accepted (or borderline) pairs of distinct segments, each by the row of its first occurrence.

    Attributes
    ----------
    left, right : int32[q]
        Rows of `Segments`; ordered pairs ``left < right``, sorted.
    jaccard, containment : float32[q]
        Exact, on the shingle sets; containment is shared / smaller set.
    cosine : float32[q]
        TF-IDF cosine over words.
    shared : int32[q]
        Shingles that both have.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    jaccard: NDArray[np.float32]
    containment: NDArray[np.float32]
    cosine: NDArray[np.float32]
    shared: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Segments that say the same; every member matches the representative, its first member.

    Attributes
    ----------
    members : int32[total]
        Rows of `Segments`, earliest article first after the representative.
    offsets : int64[c + 1]
    boilerplate : bool[c]
        The cluster stands in many articles of each of its sources.
    exact : bool[c]
        All members have equal token sequences.
    """

    members: NDArray[np.int32]
    offsets: NDArray[np.int64]
    boilerplate: NDArray[np.bool_]
    exact: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """Longest runs of matched text that stand in the same order on both sides.

    Attributes
    ----------
    left_articles, right_articles : int32[q]
        The left one is the earlier; equal inside one article.
    left_starts, left_ends, right_starts, right_ends : int64[q]
        Byte spans of `Articles.text`; they begin and end where the copying does.
    left_tokens, right_tokens : int32[q]
        Length of both spans in tokens.
    matched : int32[q]
        How many tokens are equal in the alignment of the two spans.
    jaccard, containment, cosine : float32[q]
        Of the two spans.
    levels : uint8[q]
        `Level.TITLE` for a pair of titles, the level of the segment where the passage is one, else 0.
    numbers_changed : bool[q]
        A number in one span stands against another number in the other.
    """

    left_articles: NDArray[np.int32]
    right_articles: NDArray[np.int32]
    left_starts: NDArray[np.int64]
    left_ends: NDArray[np.int64]
    right_starts: NDArray[np.int64]
    right_ends: NDArray[np.int64]
    left_tokens: NDArray[np.int32]
    right_tokens: NDArray[np.int32]
    matched: NDArray[np.int32]
    jaccard: NDArray[np.float32]
    containment: NDArray[np.float32]
    cosine: NDArray[np.float32]
    levels: NDArray[np.uint8]
    numbers_changed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.left_articles)


class Relation(IntEnum):
    """How two articles that share a passage relate."""

    SHARES = 0  #: they share a passage
    NEAR_DUPLICATE = 1  #: most of both
    LEFT_CONTAINED = 2  #: most of the left one stands in the right one
    RIGHT_CONTAINED = 3  #: most of the right one stands in the left one


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """Pairs of articles that share at least one passage.

    Attributes
    ----------
    left, right : int32[q]
        Articles, the earlier one left; sorted.
    kinds : uint8[q]
        Values of `Relation`.
    left_coverage, right_coverage : float32[q]
        Share of the article's tokens inside the passages of the pair.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    left_coverage: NDArray[np.float32]
    right_coverage: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a report lists, heaviest first: one row a finding, and the places where its text stands.

    Attributes
    ----------
    kinds : uint8[f]
        Values of `Kind`.
    levels : uint8[f]
        One bit of `Level`, `Level.ARTICLE` for relations of articles, 0 for a passage of several segments or of a
        part of one.
    exact : bool[f]
        Every place has the same tokens as the first.
    weights : int64[f]
        Tokens said again: those of all places but the first; of articles, those that stand in the other one too.
    offsets : int64[f + 1]
        Finding ``i`` has the places ``offsets[i]`` to ``offsets[i + 1]``; the first is the representative.
    articles : int32[p]
    starts, ends : int64[p]
        Byte span of the place in `Articles.text`; the whole article for relations of articles.
    tokens : int32[p]
    jaccard, containment, cosine : float32[p]
        Of the place with the first place of its finding; 1 for the first itself.
    numbers_changed : bool[p]
        Against the first place, a number stands where another number stood.
    """

    kinds: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    exact: NDArray[np.bool_]
    weights: NDArray[np.int64]
    offsets: NDArray[np.int64]
    articles: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: NDArray[np.int32]
    jaccard: NDArray[np.float32]
    containment: NDArray[np.float32]
    cosine: NDArray[np.float32]
    numbers_changed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kinds)


@dataclass(frozen=True, slots=True)
class Search:
    """How the candidates of a run were found, for the report.

    Attributes
    ----------
    method : str
        ``exact`` or ``lsh``.
    min_jaccard : float
    recall : float
        Of pairs at `min_jaccard`: 1.0 for the exact join, the S-curve's value for LSH.
    bands, rows : int
        Of the LSH; 0 for the exact join.
    distinct : int
        Distinct searched segments.
    candidates : int
        Pairs that were scored.
    thinned_buckets : int
        Over-full buckets whose members were compared with a few leaders and not with each other.
    thinned_rows : int
        Members of such buckets that found neither a match nor a place as leader: pairs may be missing there.
    """

    method: str
    min_jaccard: float
    recall: float
    bands: int
    rows: int
    distinct: int
    candidates: int
    thinned_buckets: int
    thinned_rows: int
