"""Report -> its scored pairs of segments as plain objects, so that other thresholds can be tried without a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from dedup.arrays import sorted_unique
from dedup.hashed import has_text
from dedup.reports.positions import positions
from dedup.reports.view import LEVELS, clean, cut_text
from dedup.spans import reader

if TYPE_CHECKING:
    from dedup.result import Report


class Segment(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    rename={"byte_span": "bytes", "character_span": "characters"},
):
    """The first place of a text that matches another one, or just does not.

    Attributes
    ----------
    article : int
        Row of `Articles`.
    id, path : str
    record : int
        From 1.
    part : {"title", "body"}
    level : str
        ``title``, ``paragraph``, ``sentence`` or ``article``.
    byte_span, character_span : tuple of int
        Half-open, from the start of the body, or of the title.
    line, column, end_line, end_column : int
        As those of `dedup.reports.view.Place`.
    text : str
    text_cut : bool
        The text is longer than what is given.
    text_kept : bool
        As of `dedup.reports.view.Place`; if not, the text is empty.
    """

    article: int
    id: str
    path: str
    record: int
    part: Literal["title", "body"]
    level: str
    byte_span: tuple[int, int]
    character_span: tuple[int, int]
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    text_cut: bool = False
    text_kept: bool = True


class Pair(msgspec.Struct, frozen=True, gc=False):
    """Two distinct segments with their scores.

    Attributes
    ----------
    left, right : int
        Numbers of `Segment`, from 0.
    jaccard, containment, cosine : float
        To 7 decimals, which is what decides at a threshold.
    shared : int
        Shingles that both have.
    match : bool
        Accepted at the thresholds of the report; borderline if not.
    """

    left: int
    right: int
    jaccard: float
    containment: float
    cosine: float
    shared: int
    match: bool


def paired_rows(report: Report) -> NDArray[np.int64]:
    """Return the rows of `Report.segments` that are in a pair, ascending: pairs number them in this order."""
    tables = (report.matches, report.borderline)
    rows = np.concatenate([column for one in tables for column in (one.left, one.right)])
    return sorted_unique(rows).astype(np.int64)


def segment_columns(report: Report, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64] | list[str]]:
    """Return where segments are: a column for each name of `report.schema.json`, text left out."""
    articles, segments = report.articles, report.segments
    owners = segments.articles[rows].astype(np.int64)
    starts, ends = segments.starts[rows], segments.ends[rows]
    titles = ends <= articles.body_starts[owners]
    bases = np.where(titles, articles.offsets[owners], articles.body_starts[owners])
    at = positions(articles, np.tile(owners, 2), np.concatenate([starts, ends]), np.tile(titles, 2))
    lines, columns, characters = (column.reshape(2, -1) for column in at)
    bits = segments.levels[rows].astype(np.int64)
    return {
        "article": owners,
        "part": ["title" if title else "body" for title in titles.tolist()],
        "level": [LEVELS[level] for level in (bits & -bits).tolist()],
        "start_byte": starts - bases,
        "end_byte": ends - bases,
        "start_character": characters[0],
        "end_character": characters[1],
        "line": lines[0],
        "column": columns[0],
        "end_line": lines[1],
        "end_column": columns[1],
    }


def segment_texts(report: Report, rows: NDArray[np.int64]) -> Iterator[tuple[str, bool]]:
    """Yield what is given of the text of each segment, and whether that is less than all."""
    read = reader(report.articles.text)
    starts, ends = report.segments.starts[rows], report.segments.ends[rows]
    ends = np.where(has_text(report.articles)[report.segments.articles[rows]], ends, starts)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield cut_text(read(start, end))


def report_segments(report: Report) -> list[Segment]:
    """Return the segments of `paired_rows`."""
    articles, rows = report.articles, paired_rows(report)
    columns: dict[str, list[Any]] = {
        name: column if isinstance(column, list) else column.tolist()
        for name, column in segment_columns(report, rows).items()
    }
    named = [
        (clean(articles.ids[one]), clean(articles.files[articles.file_rows[one]]), int(articles.records[one]))
        for one in columns["article"]
    ]
    kept = has_text(articles)[report.segments.articles[rows]].tolist()
    texts = ((*text, one) for text, one in zip(segment_texts(report, rows), kept, strict=True))
    return make_segments(columns, named, texts)


def make_segments(
    columns: Mapping[str, Sequence[Any]],
    named: Iterable[tuple[str, str, int]],
    texts: Iterable[tuple[str, bool, bool]],
) -> list[Segment]:
    """Return segments from their columns.

    Parameters
    ----------
    columns : dict
        As `segment_columns`.
    named : iterable of (str, str, int)
        Identifier, path and record of the article of each.
    texts : iterable of (str, bool, bool)
        As `segment_texts`, and whether there is one.
    """
    spans = [zip(columns[f"start_{unit}"], columns[f"end_{unit}"], strict=True) for unit in ("byte", "character")]
    rest = [columns[name] for name in ("line", "column", "end_line", "end_column")]
    rows = zip(columns["article"], named, columns["part"], columns["level"], *spans, *rest, texts, strict=True)
    return [Segment(article, *name, *place, *text) for article, name, *place, text in rows]


def pair_columns(report: Report, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the pairs of a report by field of `Pair`, ``match`` left out.

    Its matches come first, then the borderline ones, each by the order of their segments.
    """
    tables = (report.matches, report.borderline)
    columns: dict[str, NDArray[Any]] = {}
    for name in ("left", "right", "jaccard", "containment", "cosine", "shared"):
        column = np.concatenate([getattr(table, name) for table in tables])
        if name in ("left", "right"):
            columns[name] = np.searchsorted(rows, column).astype(np.int64)
        else:
            columns[name] = column if name == "shared" else np.round(column.astype(np.float64), 7)
    return columns


def report_pairs(report: Report) -> list[Pair]:
    """Return the pairs of a report, in the order of `pair_columns`."""
    columns = pair_columns(report, paired_rows(report))
    return make_pairs((column.tolist() for column in columns.values()), len(report.matches))


def make_pairs(columns: Iterable[Sequence[Any]], n_matches: int) -> list[Pair]:
    """Return pairs from the columns of `pair_columns`, of which the first ``n_matches`` match."""
    return [
        Pair(left, right, jaccard, containment, cosine, shared, number < n_matches)
        for number, (left, right, jaccard, containment, cosine, shared) in enumerate(zip(*columns, strict=True))
    ]
