"""Report -> JSON of `report.schema.json`, a finding a line, pairs by column, written as it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from dedup import __version__
from dedup.hashed import has_text
from dedup.model import Relation
from dedup.reports import DEFAULT_OPTIONS, Options
from dedup.reports.pairs import pair_columns, paired_rows, segment_columns, segment_texts
from dedup.reports.view import choose_findings, clean, iso_dates, report_findings, summarize

if TYPE_CHECKING:
    from dedup.result import Report

#: Raised whenever the fields of `report.schema.json` change.
SCHEMA_VERSION = 3

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
    paired = paired_rows(report)
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
        if not report.archive.keeps_text:
            head["archive"]["store"] = "hashes"
    if options.verbose:
        head["seconds"] = {stage: round(seconds, 3) for stage, seconds in report.seconds.items()}
    sink.write(b"{")
    for key, value in head.items():
        sink.write(_ENCODER.encode(key) + b":" + _ENCODER.encode(value) + b",\n")
    write_array(sink, b"skips", _skips(report))
    write_array(sink, b"articles", _articles(report, rows, paired))
    write_array(sink, b"relations", _relations(report))
    _write_pairs(sink, report, paired)
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


def write_columns(sink: Sink, name: bytes, columns: Iterable[tuple[str, Iterable[object]]]) -> None:
    """Write an object of the document that has an array for each field of its entries, some thousand values a line.

    An array of NumPy is written as plain numbers; other columns may be made while they are written.
    """
    sink.write(b'"' + name + b'":{')
    before = b"\n"
    for key, column in columns:
        sink.write(before + _ENCODER.encode(key) + b":[")
        before = b"],\n"
        between = b"\n"
        for part in _chunks(column):
            sink.write(between + _ENCODER.encode(part)[1:-1])
            between = b",\n"
    sink.write(b"]\n},\n")


def _chunks(column: Iterable[object]) -> Iterator[list[object]]:
    if isinstance(column, np.ndarray):
        for first in range(0, len(column), _CHUNK):
            yield column[first : first + _CHUNK].tolist()
        return
    source = iter(column)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _write_pairs(sink: Sink, report: Report, paired: NDArray[np.int64]) -> None:
    """Write segments and pairs by column: there are many, and their names would be more than they are."""
    write_columns(sink, b"segments", _segments(report, paired))
    write_columns(sink, b"pairs", pair_columns(report, paired).items())


def _segments(report: Report, paired: NDArray[np.int64]) -> Iterator[tuple[str, Iterable[object]]]:
    yield from segment_columns(report, paired).items()
    cut: list[int] = []
    yield "text", _noting_cut(segment_texts(report, paired), cut)
    yield "text_cut", cut
    untold = np.flatnonzero(~has_text(report.articles)[report.segments.articles[paired]])
    if len(untold):
        yield "text_not_kept", untold


def _noting_cut(texts: Iterable[tuple[str, bool]], cut: list[int]) -> Iterator[str]:
    """Yield the texts; add the numbers of those that are cut."""
    for number, (text, is_cut) in enumerate(texts):
        if is_cut:
            cut.append(number)
        yield text


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


def _articles(report: Report, rows: NDArray[np.int64], paired: NDArray[np.int64]) -> Iterator[_Article]:
    """Yield the articles that repeat something, and those that a listed finding, a relation or a pair names."""
    articles, findings = report.articles, report.findings
    named = report.repeated > 0
    named[report.relations.left] = True
    named[report.relations.right] = True
    named[report.segments.articles[paired]] = True
    listed = np.zeros(len(findings), np.bool_)
    listed[rows] = True
    named[findings.articles[np.repeat(listed, np.diff(findings.offsets))]] = True
    wanted = np.flatnonzero(named)
    paths = [clean(path) for path in articles.files]
    archived = np.zeros(len(articles), np.bool_) if report.archive is None else report.archive.articles
    redundancy = np.round(report.redundancy, 6)
    for first in range(0, len(wanted), _CHUNK):
        part = wanted[first : first + _CHUNK]
        yield from map(
            _Article,
            part.tolist(),
            map(clean, articles.ids.texts(part)),
            [paths[row] for row in articles.file_rows[part].tolist()],
            articles.records[part].tolist(),
            report.n_tokens[part].tolist(),
            redundancy[part].tolist(),
            np.round(1 - redundancy[part], 6).tolist(),
            articles.titles(part),
            articles.sources.texts(part),
            articles.urls.texts(part),
            iso_dates(articles.dates[part]),
            archived[part].tolist(),
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
