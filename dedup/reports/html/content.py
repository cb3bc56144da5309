"""Findings and their articles -> the blocks of a page, the heaviest first, as much as there is room for."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from dedup.gate.identity import fingerprint, text_digests
from dedup.gate.model import Standing
from dedup.hashed import has_text
from dedup.reports import KINDS, Options
from dedup.reports.html.blocks import Address, Blocks, Counted
from dedup.reports.positions import positions
from dedup.reports.text import describe
from dedup.reports.view import LEVELS, Finding, Place, choose_findings, clean, iso_dates, report_findings
from dedup.spans import reader

if TYPE_CHECKING:
    from dedup.result import Report

LEVEL_NAMES = tuple(dict.fromkeys(LEVELS.values()))

#: Characters of the text of a place, and of what stands before and after it.
MAX_TEXT_CHARACTERS = 20_000
SURROUNDING_CHARACTERS = 160
#: Characters of an article.
MAX_ARTICLE_CHARACTERS = 200_000
#: Places of a finding of which text is given beside the first; of the others it is known where they are.
MAX_TEXTS = 20
#: Articles of a finding about whole articles whose text is given with it.
_MAX_WHOLE = 5
_EXCERPT_CHARACTERS = 200
_MAX_SOURCES = 50
_ID_DIGITS = 12

#: Of the page, what findings with their passages may fill; the rest is for whole articles.
_FINDINGS_SHARE = 0.85
#: Bytes of the page that an article takes, beside its strings, a byte of those, and a mark: a little over what is
#: measured on news, packed and in base64.
_ARTICLE_BYTES, _STRING_RATIO, _MARK_BYTES = 40, 0.7, 18
_META_BYTES, _SOURCE_BYTES = 2000, 30

_ENCODER = msgspec.json.Encoder()
_CHUNK = 1024


@dataclass
class Kept:
    """What of a report a page holds.

    Attributes
    ----------
    findings, of_findings : int
        In the page, and in the report as far as it was asked for.
    articles : dict of int to int
        Row of `Articles` -> row in the page.
    texts : dict of int to Address
        Row of `Articles` -> where its text is.
    sources : dict of str to int
        Name of a source -> number in the page.
    files : dict of int to int
        Index into `Articles.files` -> number in the page.
    """

    findings: int = 0
    of_findings: int = 0
    articles: dict[int, int] = field(default_factory=dict)
    texts: dict[int, Address] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    files: dict[int, int] = field(default_factory=dict)

    def article(self, article: int) -> int:
        """Return the row in the page of an article, a new one if it has none."""
        return self.articles.setdefault(article, len(self.articles))

    def source(self, name: str) -> int:
        """Return the number of a source."""
        return self.sources.setdefault(name, len(self.sources))

    def file(self, row: int) -> int:
        """Return the number of a file."""
        return self.files.setdefault(row, len(self.files))


class _Marks:
    """Where findings stand in articles: columns that grow."""

    def __init__(self) -> None:
        self.columns = [array("i") for _ in range(6)]

    def add(self, article: int, finding: int, place: int, in_title: bool, start: int, end: int) -> None:
        for column, value in zip(self.columns, (article, finding, place, int(in_title), start, end), strict=True):
            column.append(value)

    def __len__(self) -> int:
        return len(self.columns[0])

    def by_article(self, n_articles: int) -> Iterator[list[int]]:
        """Yield finding, place, part, start and end of the marks of each article, one after the other, flat."""
        table = np.array([np.frombuffer(column, np.int32) for column in self.columns]).reshape(6, -1)
        table = table[:, np.lexsort((table[4], table[3], table[0]))]
        edges = np.searchsorted(table[0], np.arange(n_articles + 1))
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            yield table[1:, start:end].T.ravel().tolist()


def finding_ids(report: Report, rows: NDArray[np.int64]) -> Iterator[str]:
    """Yield an id for each finding that follows from its kind and the words of its first place.

    Equal ones get a number, so that each is the id of one finding.
    """
    findings = report.findings
    seen: dict[str, int] = {}
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK]
        places = findings.offsets[part]
        digests = text_digests(report.articles, findings.starts[places], findings.ends[places], report.config.tokens)
        for kind, digest in zip(findings.kinds[part].tolist(), digests, strict=True):
            own = fingerprint(KINDS[kind - 1], digest)[:_ID_DIGITS]
            seen[own] = seen.get(own, 0) + 1
            yield own if seen[own] == 1 else f"{own}-{seen[own]}"


class Content:
    """Writes findings, articles and texts into a page, as long as there is room.

    Parameters
    ----------
    report : Report
    options : Options
    sink : Counted
    max_bytes : int
        Of the whole page, what is written already included.
    standings : mapping of int to Standing
        Number of a finding -> what a gate says of it.
    """

    def __init__(
        self, report: Report, options: Options, sink: Counted, max_bytes: int, standings: Mapping[int, Standing]
    ) -> None:
        self._report, self._options, self._sink, self._max_bytes = report, options, sink, max_bytes
        self._standings = standings
        self._findings, self._details = Blocks(sink, "findings"), Blocks(sink, "details")
        self._texts = Blocks(sink, "texts")
        self._marks = _Marks()
        self._pairs = _Pairs(report)
        self._has_text = has_text(report.articles)
        self._table_bytes = 0.0
        self.kept = Kept()

    def write(self) -> Kept:
        """Write all blocks and return what they hold."""
        rows = choose_findings(self._report, self._options.kinds, self._options.top or 0)
        self.kept.of_findings = len(rows)
        room = int(self._max_bytes * _FINDINGS_SHARE)
        found = report_findings(self._report, self._options.kinds, self._options.top or 0, texts="none")
        for own_id, finding in zip(finding_ids(self._report, rows), found, strict=True):
            if self.kept.findings and self._needed() > room:
                break
            self._add(own_id, finding)
        self._findings.flush()
        self._details.flush()
        for article in self.kept.articles:
            if self._needed() > self._max_bytes:
                break
            self._add_text(article)
        self._texts.flush()
        self._write_articles()
        return self.kept

    def _needed(self) -> int:
        """Return how large the page gets with what it has now."""
        waiting = sum(blocks.waiting for blocks in (self._findings, self._details, self._texts))
        tables = int(self._table_bytes) + _MARK_BYTES * len(self._marks) + _SOURCE_BYTES * len(self.kept.sources)
        return self._sink.written + waiting + tables + _META_BYTES

    def _add(self, own_id: str, finding: Finding) -> None:
        row = self.kept.findings
        places = [self._place(place) for place in finding.places]
        whole = finding.level == "article"
        if whole:
            for place in finding.places[:_MAX_WHOLE]:
                self._add_text(place.article)
        texts = {} if whole else self._place_texts(finding)
        address = self._details.add(_ENCODER.encode((places, texts)))
        self._findings.add(_ENCODER.encode(self._index(own_id, finding, address)))
        self._mark(row, finding)
        self.kept.findings += 1

    def _row(self, article: int) -> int:
        """Return the row in the page of an article."""
        if article not in self.kept.articles:
            articles = self._report.articles
            size = sum(
                int(column.offsets[article + 1] - column.offsets[article]) for column in (articles.ids, articles.urls)
            )
            size += int(articles.body_starts[article] - articles.offsets[article])
            file = int(articles.file_rows[article])
            size += 0 if file in self.kept.files else len(articles.files[file])
            self.kept.file(file)
            self._table_bytes += _ARTICLE_BYTES + _STRING_RATIO * size
        return self.kept.article(article)

    def _place(self, place: Place) -> tuple[object, ...]:
        return (
            self._row(place.article),
            int(place.part == "title"),
            *place.character_span,
            place.line,
            place.column,
            place.paragraph,
            place.tokens,
            place.jaccard,
            place.containment,
            place.cosine,
            int(place.numbers_changed),
        )

    def _index(self, own_id: str, finding: Finding, address: Address) -> tuple[object, ...]:
        """Return what the list of findings shows and sorts by."""
        report = self._report
        first, others = finding.places[0], finding.places[1:]
        told = finding.told
        start, end = _span(report, told)
        articles = dict.fromkeys(place.article for place in finding.places)
        sources = dict.fromkeys(self.kept.source(report.articles.sources[article]) for article in articles)
        standing = self._standings.get(finding.number, Standing())
        excerpt = report.articles.slice_text(start, min(end, start + 4 * _EXCERPT_CHARACTERS))
        if finding.level == "article":
            excerpt = report.articles.title(told.article) + " " + excerpt
        return (
            own_id,
            KINDS.index(finding.kind),
            LEVEL_NAMES.index(finding.level),
            int(finding.exact),
            int(any(place.numbers_changed for place in others)),
            finding.weight,
            first.tokens,
            len(finding.places),
            len(articles),
            [self._row(article) for article in list(articles)[:2]],
            list(sources)[:_MAX_SOURCES],
            max((place.jaccard for place in others), default=0.0),
            max((place.containment for place in others), default=0.0),
            max((place.cosine for place in others), default=0.0),
            describe(finding),
            " ".join(excerpt.split())[:_EXCERPT_CHARACTERS],
            *address,
            list(standing.codes),
            standing.status,
            finding.more,
        )

    def _place_texts(self, finding: Finding) -> dict[str, tuple[str, str | int, str, int]]:
        """Return the text of the first places, each with what stands around it; 0 for the text of the first one.

        A place in an archive that keeps hashes has none.
        """
        texts: dict[str, tuple[str, str | int, str, int]] = {}
        first = ""
        chosen = [(i, place) for i, place in enumerate(finding.places[: MAX_TEXTS + 1]) if place.text_kept]
        for number, place in chosen or [(finding.places.index(finding.told), finding.told)]:
            before, text, after = _surrounded(self._report, place)
            cut, text = int(len(text) > MAX_TEXT_CHARACTERS), text[:MAX_TEXT_CHARACTERS]
            texts[str(number)] = (before, 0 if number and first and text == first else text, after, cut)
            first = first if number else text
        return texts

    def _mark(self, row: int, finding: Finding) -> None:
        first = finding.places[0]
        if finding.level != "article":
            for number, place in enumerate(finding.places):
                article = self.kept.articles[place.article]
                self._marks.add(article, row, number, place.part == "title", *place.character_span)
            return
        for number, place in enumerate(finding.places[1:], 1):
            for side, article, start, end in self._pairs.spans(first.article, place.article):
                self._marks.add(self.kept.articles[article], row, number * side, False, start, end)

    def _add_text(self, article: int) -> None:
        if article in self.kept.texts or not self._has_text[article]:
            return
        articles = self._report.articles
        start, end = int(articles.body_starts[article]), int(articles.offsets[article + 1])
        body = articles.slice_text(start, min(end, start + 4 * MAX_ARTICLE_CHARACTERS))[:MAX_ARTICLE_CHARACTERS]
        self.kept.texts[article] = self._texts.add(_ENCODER.encode(body))

    def _write_articles(self) -> None:
        marks, table = Blocks(self._sink, "marks"), Blocks(self._sink, "articles")
        rows = list(self.kept.articles)
        of_articles = self._marks.by_article(len(rows))
        for first in range(0, len(rows), _CHUNK):
            part = rows[first : first + _CHUNK]
            lengths = _body_lengths(self._report, part)
            dates = iso_dates(self._report.articles.dates[part])
            for article, length, date, own in zip(part, lengths, dates, of_articles, strict=False):
                address = marks.add(_ENCODER.encode(own))
                table.add(_ENCODER.encode((*self._article(article), date, length, *address, self._archived(article))))
        marks.flush()
        table.flush()

    def _article(self, article: int) -> tuple[object, ...]:
        report, articles = self._report, self._report.articles
        text = self.kept.texts.get(article, Address(-1, -1))
        return (
            clean(articles.ids[article]),
            articles.title(article).strip(),
            self.kept.source(articles.sources[article]),
            clean(articles.urls[article]),
            self.kept.file(int(articles.file_rows[article])),
            int(articles.records[article]),
            int(articles.body_lines[article]),
            int(report.n_tokens[article]),
            int(report.repeated[article]),
            *text,
        )

    def _archived(self, article: int) -> int:
        """Return 1 for an article of the archive, 2 for one of which it keeps hashes and no text."""
        archive = self._report.archive
        return 0 if archive is None or not archive.articles[article] else 1 if self._has_text[article] else 2


class _Pairs:
    """The passages that two articles share, for findings about whole articles."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._keys: NDArray[np.int64] | None = None
        self._order = np.empty(0, np.int64)

    def spans(self, left: int, right: int) -> list[tuple[int, int, int, int]]:
        """Return side (0 or 1), article, start and end in characters of the body, for each passage on both sides."""
        passages, n = self._report.passages, len(self._report.articles)
        if self._keys is None:
            keys = passages.left_articles.astype(np.int64) * n + passages.right_articles
            self._order = np.argsort(keys, kind="stable")
            self._keys = keys[self._order]
        # The left article of a passage is the earlier one, as the first place of such a finding is.
        first, last = (int(np.searchsorted(self._keys, left * n + right, side)) for side in ("left", "right"))
        rows = self._order[first:last]
        sides = []
        for starts, ends, articles in (
            (passages.left_starts, passages.left_ends, passages.left_articles),
            (passages.right_starts, passages.right_ends, passages.right_articles),
        ):
            edges = np.concatenate([starts[rows], ends[rows]])
            owners = np.tile(articles[rows], 2)
            inside = edges >= self._report.articles.body_starts[owners]
            edges = np.maximum(edges, self._report.articles.body_starts[owners])
            at = positions(self._report.articles, owners, edges).characters.reshape(2, -1)
            for article, start, end, ends_inside in zip(
                owners[: len(rows)].tolist(), at[0].tolist(), at[1].tolist(), inside[len(rows) :].tolist(), strict=True
            ):
                if ends_inside and end > start:
                    sides.append((int(article != left), article, start, end))
        return sides


def _span(report: Report, place: Place) -> tuple[int, int]:
    """Return a place as a span of `Articles.text`."""
    articles = report.articles
    base = int((articles.offsets if place.part == "title" else articles.body_starts)[place.article])
    return base + place.byte_span[0], base + place.byte_span[1]


def _surrounded(report: Report, place: Place) -> tuple[str, str, str]:
    """Return what stands before a place in its title or body, its text, and what stands after it."""
    articles = report.articles
    start, end = _span(report, place)
    body = int(articles.body_starts[place.article])
    first, last = int(articles.offsets[place.article]), int(articles.offsets[place.article + 1])
    low, high = (first, body) if place.part == "title" else (body, last)
    # Characters that a cut goes through are left out.
    read = reader(articles.text)
    before = read(max(low, start - 4 * SURROUNDING_CHARACTERS), start).decode("utf-8", "ignore")
    after = read(end, min(high, end + 4 * SURROUNDING_CHARACTERS)).decode("utf-8", "ignore")
    text = articles.slice_text(start, min(end, start + 4 * MAX_TEXT_CHARACTERS + 4))
    return _tail(before), text, _head(after)


def _head(text: str) -> str:
    """Return the start of a text, not cut in a word where words have spaces between."""
    if len(text) <= SURROUNDING_CHARACTERS:
        return text
    head = text[:SURROUNDING_CHARACTERS]
    return (head.rsplit(None, 1)[0] if " " in head.strip() else head) + " …"


def _tail(text: str) -> str:
    if len(text) <= SURROUNDING_CHARACTERS:
        return text
    tail = text[-SURROUNDING_CHARACTERS:]
    return "… " + (tail.split(None, 1)[1] if " " in tail.strip() else tail)


def _body_lengths(report: Report, rows: Sequence[int]) -> list[int]:
    """Return the characters of the bodies of some articles, as many as are given of each."""
    articles = report.articles
    owners = np.array(rows, np.int64)
    ends = positions(articles, owners, articles.offsets[owners + 1], np.zeros(len(rows), np.bool_)).characters
    return np.minimum(ends, MAX_ARTICLE_CHARACTERS).tolist()  # type: ignore[no-any-return]
