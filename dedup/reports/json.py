"""Report -> JSON of `report.schema.json`, a finding a line, written as it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from dedup import __version__
from dedup.model import Relation
from dedup.reports import DEFAULT_OPTIONS, Options
from dedup.reports.pairs import report_pairs, report_segments
from dedup.reports.view import choose_findings, clean, iso_dates, report_findings, summarize

if TYPE_CHECKING:
    from dedup.pipeline import Report

#: Raised whenever the fields of `report.schema.json` change.
SCHEMA_VERSION = 2

RELATIONS = tuple(relation.name.lower().replace("_", "-") for relation in Relation)

_ENCODER = msgspec.json.Encoder()
_CHUNK = 1024


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""


class _TextSink:
    """A text stream without bytes below it, such as ``io.StringIO``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, data: bytes, /) -> object:
        """Take some bytes of UTF-8, cut between characters."""
        return self._stream.write(data.decode())


class _Article(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    article: int
    id: str
    path: str
    record: int
    tokens: int
    redundancy: float
    novelty: float
    title: str = ""
    source: str = ""
    url: str = ""
    date: str = ""
    archived: bool = False


class _Relation(msgspec.Struct, frozen=True, gc=False):
    left: int
    right: int
    kind: str
    left_coverage: float
    right_coverage: float


def write(report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    """Write a report as JSON, in UTF-8 whatever the encoding of the stream.

    Equal runs give equal bytes: times are left out unless ``options.verbose``.
    """
    sink = open_sink(stream)
    rows = choose_findings(report, options.kinds, options.top or 0)
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "saidtwice", "version": __version__},
        "config": _plain(report.config.as_dict()),
        "summary": summarize(report),
        "search": asdict(report.search),
        "listed": {"kinds": list(options.kinds), "findings": len(rows)},
    }
    if report.archive is not None:
        head["archive"] = {"name": clean(report.archive.name), "articles": report.archive.n_articles}
    if options.verbose:
        head["seconds"] = {stage: round(seconds, 3) for stage, seconds in report.seconds.items()}
    sink.write(b"{")
    for key, value in head.items():
        sink.write(_ENCODER.encode(key) + b":" + _ENCODER.encode(value) + b",\n")
    write_array(sink, b"skips", _skips(report))
    write_array(sink, b"articles", _articles(report, rows))
    write_array(sink, b"relations", _relations(report))
    write_array(sink, b"segments", report_segments(report))
    write_array(sink, b"pairs", report_pairs(report))
    findings = report_findings(report, options.kinds, options.top or 0, texts="differing")
    write_array(sink, b"findings", findings, last=True)


def open_sink(stream: TextIO) -> Sink:
    """Return what takes the bytes of a document, whatever the encoding of the stream."""
    stream.flush()
    return getattr(stream, "buffer", None) or _TextSink(stream)


def write_array(sink: Sink, name: bytes, entries: Iterable[object], *, last: bool = False) -> None:
    """Write an array of the document, an entry a line."""
    sink.write(b'"' + name + b'":[')
    source = iter(entries)
    before = b"\n"
    while chunk := list(islice(source, _CHUNK)):
        sink.write(before + b",\n".join(map(_ENCODER.encode, chunk)))
        before = b",\n"
    sink.write(b"\n]}\n" if last else b"\n],\n")


def _plain(value: object) -> object:
    """Return a setting as JSON can hold it."""
    if isinstance(value, Mapping):
        return {clean(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return clean(value) if isinstance(value, str) else value


def _skips(report: Report) -> Iterator[dict[str, object]]:
    for skip in report.articles.skips:
        yield {"path": clean(skip.path), "record": skip.record, "reason": clean(skip.reason)}


def _articles(report: Report, rows: NDArray[np.int64]) -> Iterator[_Article]:
    """Yield the articles that repeat something, and those that a listed finding or a relation names."""
    articles, findings = report.articles, report.findings
    named = report.repeated > 0
    named[report.relations.left] = True
    named[report.relations.right] = True
    listed = np.zeros(len(findings), np.bool_)
    listed[rows] = True
    named[findings.articles[np.repeat(listed, np.diff(findings.offsets))]] = True
    wanted = np.flatnonzero(named)
    redundancy = np.round(report.redundancy[wanted], 6)
    for article, date, tokens, redundant, novel in zip(
        wanted.tolist(),
        iso_dates(articles.dates[wanted]),
        report.n_tokens[wanted].tolist(),
        redundancy.tolist(),
        np.round(1 - redundancy, 6).tolist(),
        strict=True,
    ):
        yield _Article(
            article=article,
            id=clean(articles.ids[article]),
            path=clean(articles.files[articles.file_rows[article]]),
            record=int(articles.records[article]),
            tokens=tokens,
            redundancy=redundant,
            novelty=novel,
            title=articles.title(article),
            source=articles.sources[article],
            url=articles.urls[article],
            date=date,
            archived=report.archive is not None and bool(report.archive.articles[article]),
        )


def _relations(report: Report) -> Iterator[_Relation]:
    relations = report.relations
    for first in range(0, len(relations), _CHUNK):
        part = slice(first, first + _CHUNK)
        yield from map(
            _Relation,
            relations.left[part].tolist(),
            relations.right[part].tolist(),
            [RELATIONS[kind] for kind in relations.kinds[part].tolist()],
            np.round(relations.left_coverage[part].astype(np.float64), 4).tolist(),
            np.round(relations.right_coverage[part].astype(np.float64), 4).tolist(),
        )
