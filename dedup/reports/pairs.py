"""Report -> its scored pairs of segments as plain objects, so that other thresholds can be tried without a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from dedup.reports.positions import positions
from dedup.reports.view import LEVELS, clean, cut_text

if TYPE_CHECKING:
    from dedup.pipeline import Report

_CHUNK = 1024


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
    return np.unique(np.concatenate([column for one in tables for column in (one.left, one.right)])).astype(np.int64)


def report_segments(report: Report) -> Iterator[Segment]:
    """Yield the segments of `paired_rows`."""
    articles, segments, rows = report.articles, report.segments, paired_rows(report)
    paths = [clean(path) for path in articles.files]
    text = articles.text.data
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK]
        owners = segments.articles[part].astype(np.int64)
        starts, ends = segments.starts[part], segments.ends[part]
        titles = ends <= articles.body_starts[owners]
        bases = np.where(titles, articles.offsets[owners], articles.body_starts[owners])
        at = positions(articles, np.tile(owners, 2), np.concatenate([starts, ends]), np.tile(titles, 2))
        lines, columns, characters = (column.reshape(2, -1) for column in at)
        bits = segments.levels[part].astype(np.int64)
        texts = [cut_text(text[start:end].tobytes()) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        yield from map(
            Segment,
            owners.tolist(),
            [clean(articles.ids[article]) for article in owners.tolist()],
            [paths[file] for file in articles.file_rows[owners].tolist()],
            articles.records[owners].tolist(),
            ["title" if title else "body" for title in titles.tolist()],
            [LEVELS[level] for level in (bits & -bits).tolist()],
            zip((starts - bases).tolist(), (ends - bases).tolist(), strict=True),
            map(tuple, characters.T.tolist()),
            *(column.tolist() for column in (lines[0], columns[0], lines[1], columns[1])),
            *zip(*texts, strict=True),
        )


def report_pairs(report: Report) -> Iterator[Pair]:
    """Yield the pairs of a report: its matches, then the borderline ones, each by the order of their segments."""
    rows = paired_rows(report)
    for table, match in ((report.matches, True), (report.borderline, False)):
        scores = (table.jaccard, table.containment, table.cosine)
        for first in range(0, len(table), _CHUNK):
            part = slice(first, first + _CHUNK)
            columns = (
                np.searchsorted(rows, table.left[part]).tolist(),
                np.searchsorted(rows, table.right[part]).tolist(),
                *(np.round(column[part].astype(np.float64), 7).tolist() for column in scores),
                table.shared[part].tolist(),
            )
            for left, right, jaccard, containment, cosine, shared in zip(*columns, strict=True):
                yield Pair(left, right, jaccard, containment, cosine, shared, match)
