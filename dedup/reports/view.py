"""Report -> its findings and totals as plain objects, for writers and for users of the library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dedup.hashed import has_text
from dedup.model import Level
from dedup.reports import KINDS
from dedup.reports.positions import positions
from dedup.spans import reader

if TYPE_CHECKING:
    from dedup.model import Articles
    from dedup.result import Report

#: With ``texts="differing"``: so many characters of a text, and so many texts beside the first, are given.
MAX_TEXT_CHARACTERS = 2000
MAX_TEXTS = 100

LEVELS = {0: "passage", **{int(level): str(level.name).lower() for level in Level}}

#: Formats whose files nobody reads by line: their places are told by entry and paragraph.
RECORD_FORMATS = ("feed", "jsonfeed", "newsml", "ninjs", "warc")

_SURROGATES = re.compile("[\ud800-\udfff]")
_CHUNK_PLACES = 1024


class Place(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    rename={"byte_span": "bytes", "character_span": "characters"},
):
    """One place where the text of a finding stands.

    Attributes
    ----------
    article : int
        Row of `Articles`.
    id, path : str
    record : int
        From 1.
    part : {"title", "body"}
    byte_span, character_span : tuple of int
        Half-open, from the start of the body, or of the title.
    line, column, end_line, end_column : int
        See `dedup.reports.positions.Positions`; the end is the first character after the place.
    tokens : int
    jaccard, containment, cosine : float
        With the first place of the finding, to 4 decimals.
    numbers_changed : bool
        Against the first place, a number stands where another number stood.
    text : str, optional
    text_cut : bool
        The text is longer than what is given.
    paragraph : int
        In the records of a feed, whose lines nobody sees: the paragraph of the body in which the place starts, from 1.
        0 in a title, and where `line` says more.
    text_kept : bool
        False in an archive that keeps hashes: no text can be given.
    """

    article: int
    id: str
    path: str
    record: int
    part: Literal["title", "body"]
    byte_span: tuple[int, int]
    character_span: tuple[int, int]
    line: int
    column: int
    end_line: int
    end_column: int
    tokens: int
    jaccard: float
    containment: float
    cosine: float
    numbers_changed: bool
    text: str | None = None
    text_cut: bool = False
    paragraph: int = 0
    text_kept: bool = True


class Finding(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that is said again.

    Attributes
    ----------
    number : int
        From 1, by weight among all findings of the report.
    kind : str
        Of `dedup.reports.KINDS`.
    level : str
        ``title``, ``paragraph``, ``sentence`` or ``article``; ``passage`` for several segments or part of one.
    exact : bool
        Every place has the same tokens as the first.
    weight : int
        Tokens said again.
    places : tuple of Place
        The representative first.
    more : int
        In so many more articles of the archive it stands too; they are not among the places.
    """

    number: int
    kind: str
    level: str
    exact: bool
    weight: int
    places: tuple[Place, ...]
    more: int = 0

    @property
    def told(self) -> Place:
        """The first place that has its text: the one that is shown, and that others are compared with."""
        return next((place for place in self.places if place.text_kept), self.places[0])


class Summary(msgspec.Struct, frozen=True):
    """The totals of a report.

    Attributes
    ----------
    articles, files, sources : int
    tokens, repeated_tokens : int
    redundancy : float
        Share of all tokens that repeat something.
    repeated_by_kind : dict of str to int
        Tokens, each counted once.
    findings : dict of str to int
        How many there are of each kind, listed or not.
    matches, borderline : int
        Pairs of distinct segments that matched, and that just missed a threshold.
    """

    articles: int
    files: int
    sources: int
    tokens: int
    repeated_tokens: int
    redundancy: float
    repeated_by_kind: dict[str, int]
    findings: dict[str, int]
    matches: int
    borderline: int


def summarize(report: Report) -> Summary:
    """Return the totals of a report."""
    archived = None if report.archive is None else report.archive.articles
    own = slice(None) if archived is None else ~archived
    tokens, repeated = int(report.n_tokens[own].sum()), int(report.repeated[own].sum())
    counts = np.bincount(report.findings.kinds, minlength=len(KINDS) + 1).tolist()
    sources = report.articles.sources
    values, offsets = sources.values.tobytes(), sources.offsets.tolist()
    bounds: Iterable[tuple[int, int]] = pairwise(offsets)
    n_articles, n_files = len(report.articles), len(report.articles.files)
    if archived is not None:
        bounds = compress(bounds, ~archived)
        n_articles -= int(archived.sum())
        n_files -= len(np.unique(report.articles.file_rows[archived]))
    names = {values[start:end] for start, end in bounds}
    return Summary(
        articles=n_articles,
        files=n_files,
        sources=len(names - {b""}),
        tokens=tokens,
        repeated_tokens=repeated,
        redundancy=round(repeated / max(tokens, 1), 6),
        repeated_by_kind={
            KINDS[kind - 1]: int(report.repeated_by_kind[kind]) for kind in sorted(report.repeated_by_kind)
        },
        findings=dict(zip(KINDS, counts[1:], strict=True)),
        matches=len(report.matches),
        borderline=len(report.borderline),
    )


def skip_reasons(articles: Articles) -> list[tuple[str, int]]:
    """Return each reason for skips and how often it was given, the most frequent first."""
    return sorted(Counter(skip.reason for skip in articles.skips).items(), key=lambda pair: (-pair[1], pair[0]))


def choose_findings(report: Report, kinds: Sequence[str] = (), top: int = 0) -> NDArray[np.int64]:
    """Return the rows of the findings of these kinds, all kinds if none is named; the heaviest ``top``, 0 for all."""
    wanted = [KINDS.index(kind) + 1 for kind in kinds or KINDS]
    rows = np.flatnonzero(np.isin(report.findings.kinds, wanted))
    return rows[:top] if top else rows


def report_findings(
    report: Report,
    kinds: Sequence[str] = (),
    top: int = 0,
    texts: Literal["all", "differing", "none"] = "all",
) -> Iterator[Finding]:
    r"""Yield the findings of a report, heaviest first.

    Parameters
    ----------
    report : Report
    kinds : sequence of str
        Of `dedup.reports.KINDS`: only these; empty for all.
    top : int
        So many, 0 for all.
    texts : {"all", "differing", "none"}
        The text of each place; or that of the first place of a finding, and of those that differ from it in a byte:
        up to `MAX_TEXTS` of them, each to `MAX_TEXT_CHARACTERS`; or no text. Where an archive keeps no texts, the first
        place that has one stands for the first.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> report = dedup.scan(dedup.articles_of([{"text": line + "\n\nOther news.\n\n" + line}]))
    >>> for finding in report_findings(report):
    ...     print(finding.kind, finding.exact, [(place.line, place.column) for place in finding.places])
    self True [(1, 1), (5, 1)]
    """
    rows = choose_findings(report, kinds, top)
    findings = report.findings
    sizes = findings.offsets[rows + 1] - findings.offsets[rows]
    table = _locate_places(report, rows, sizes)
    ends = np.cumsum(sizes)
    paths = [clean(path) for path in report.articles.files]
    first = done = 0
    # Chunks bound the memory: the objects of one chunk at a time, never those of the whole report.
    while first < len(rows):
        last = max(first + 1, int(np.searchsorted(ends, done + _CHUNK_PLACES, "right")))
        part = table.rows(done, int(ends[last - 1]))
        yield from _findings_of(report, rows[first:last], sizes[first:last], part, paths, texts)
        first, done = last, int(ends[last - 1])


class _Located(NamedTuple):
    """Where each place of the listed findings is: a row of `Findings`' places each, and spans of two columns."""

    places: NDArray[np.int64]
    in_title: NDArray[np.bool_]
    bases: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    columns: NDArray[np.int64]
    characters: NDArray[np.int64]

    def rows(self, start: int, end: int) -> _Located:
        """Return some rows of the table."""
        columns: list[Any] = [column[start:end] for column in self]
        return _Located(*columns)


def _locate_places(report: Report, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> _Located:
    articles, findings = report.articles, report.findings
    places = np.repeat(findings.offsets[rows] - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))
    of_articles, ends = findings.articles[places], findings.ends[places]
    in_title = ends <= articles.body_starts[of_articles]
    bases = np.where(in_title, articles.offsets[of_articles], articles.body_starts[of_articles])
    # A place that takes in title and body counts from the body, which is where its file can be opened.
    starts = np.maximum(findings.starts[places], bases)
    at = positions(articles, np.tile(of_articles, 2), np.concatenate([starts, ends]), np.tile(in_title, 2))
    return _Located(places, in_title, bases, starts, ends, *(column.reshape(2, -1).T for column in at))


def _findings_of(
    report: Report, rows: NDArray[np.int64], sizes: NDArray[np.int64], table: _Located, paths: list[str], texts: str
) -> Iterator[Finding]:
    findings = report.findings
    kinds, levels = findings.kinds[rows].tolist(), findings.levels[rows].tolist()
    exact, weights = findings.exact[rows].tolist(), findings.weights[rows].tolist()
    if texts == "none":
        given: tuple[list[str | None], list[bool]] = [None] * len(table.places), [False] * len(table.places)
    else:
        given = _texts(report, table, sizes.tolist(), all_texts=texts == "all")
    kept = has_text(report.articles)[findings.articles[table.places]].tolist()
    places = list(map(Place, *_columns(report, table, paths), *given, _paragraphs(report, table), kept))
    more = [0] * len(rows) if report.archive is None else report.archive.more[rows].tolist()
    ends = np.cumsum(sizes).tolist()
    starts = [0, *ends[:-1]]
    for i, (row, start, end) in enumerate(zip(rows.tolist(), starts, ends, strict=True)):
        found = tuple(places[start:end])
        yield Finding(row + 1, KINDS[kinds[i] - 1], LEVELS[levels[i]], exact[i], weights[i], found, more[i])


def _columns(report: Report, table: _Located, paths: list[str]) -> list[Sequence[object]]:
    """Return the fields of `Place` up to the text, one list each."""
    articles, findings = report.articles, report.findings
    of_articles = findings.articles[table.places]
    distinct, of_distinct = np.unique(of_articles, return_inverse=True)
    ids = list(map(clean, articles.ids.texts(distinct)))
    return [
        of_articles.tolist(),
        [ids[i] for i in of_distinct.tolist()],
        [paths[file] for file in articles.file_rows[of_articles].tolist()],
        articles.records[of_articles].tolist(),
        ["title" if title else "body" for title in table.in_title.tolist()],
        list(zip((table.starts - table.bases).tolist(), (table.ends - table.bases).tolist(), strict=True)),
        list(map(tuple, table.characters.tolist())),
        table.lines[:, 0].tolist(),
        table.columns[:, 0].tolist(),
        table.lines[:, 1].tolist(),
        table.columns[:, 1].tolist(),
        findings.tokens[table.places].tolist(),
        *(
            np.round(scores[table.places].astype(np.float64), 4).tolist()
            for scores in (findings.jaccard, findings.containment, findings.cosine)
        ),
        findings.numbers_changed[table.places].tolist(),
    ]


def _paragraphs(report: Report, table: _Located) -> list[int]:
    """Return `Place.paragraph` of each place."""
    articles = report.articles
    of_articles = report.findings.articles[table.places]
    in_records = np.array([form in RECORD_FORMATS for form in articles.formats] or [False] * len(articles.files))
    wanted = in_records[articles.file_rows[of_articles]] & ~table.in_title
    if not wanted.any():
        return [0] * len(wanted)
    starts = report.segments.starts[report.segments.levels & Level.PARAGRAPH != 0]
    before = np.searchsorted(starts, articles.body_starts[of_articles])
    numbers: list[int] = np.where(wanted, np.searchsorted(starts, table.starts, "right") - before, 0).tolist()
    return numbers


def _texts(
    report: Report, table: _Located, sizes: list[int], *, all_texts: bool
) -> tuple[list[str | None], list[bool]]:
    """Return the text to give of each place, and whether it is cut."""
    kept = has_text(report.articles)[report.findings.articles[table.places]].tolist()
    read = reader(report.articles.text)
    spans = zip(table.starts.tolist(), table.ends.tolist(), strict=True)
    texts = [read(start, end) for start, end in spans]
    cut = [False] * len(texts)
    if all_texts:
        return [text.decode("utf-8", "replace") if one else None for text, one in zip(texts, kept, strict=True)], cut
    given: list[str | None] = [None] * len(texts)
    first = 0
    for size in sizes:
        left = MAX_TEXTS
        told = next((i for i in range(first, first + size) if kept[i]), first)
        for i in range(told, first + size):
            if kept[i] and (i == told or (left and texts[i] != texts[told])):
                given[i], cut[i] = cut_text(texts[i])
                left -= i > told
        first += size
    return given, cut


def cut_text(text: bytes) -> tuple[str, bool]:
    """Return what is given of a text, to `MAX_TEXT_CHARACTERS`, and whether that is less than all."""
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text.decode("utf-8", "replace"), False
    # No character has more than four bytes, so the part that is not decoded is never part of what is given.
    characters = text[: 4 * MAX_TEXT_CHARACTERS + 3].decode("utf-8", "replace")
    return characters[:MAX_TEXT_CHARACTERS], len(characters) > MAX_TEXT_CHARACTERS


def clean(string: str) -> str:
    """Return the string with lone surrogates, as in paths that are not UTF-8, as U+FFFD."""
    return _SURROGATES.sub("\ufffd", string) if not string.isascii() else string


def iso_dates(dates: NDArray[np.int64]) -> list[str]:
    """Return dates (seconds since 1970) as ``2025-02-01T06:30:00Z``; `NO_DATE` as an empty string."""
    # NumPy's "not a time" is the same number as `NO_DATE`.
    return [
        "" if date == "NaT" else f"{date}Z" for date in np.datetime_as_string(dates.astype("datetime64[s]")).tolist()
    ]
