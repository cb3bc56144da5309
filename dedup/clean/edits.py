"""Cleaning -> what happens to the records of a file, and the lines that say what went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from dedup.clean.rounds import Cleaning, Removed
from dedup.errors import FeedError
from dedup.model import Articles
from dedup.reports import KINDS
from dedup.reports.view import clean

#: The field, or column, that marks are written into.
MARKS = "dedup"


@dataclass(frozen=True, slots=True)
class Edit:
    """What happens to a record.

    Attributes
    ----------
    article : int
    drop : bool
    old, new : bytes
        Its text as it was read, and what is left of it.
    marks : tuple of dict
        What is marked in what is left.
    """

    article: int
    drop: bool
    old: bytes
    new: bytes
    marks: tuple[dict[str, Any], ...] = ()


NOT_CUT = "its text is HTML, or otherwise not what was read, and cannot be cut"


class Edits:
    """What happens to the records of one file; those that are not named stay as they are."""

    has_marks = False

    def get(self, record: int) -> Edit | None:
        """Return what happens to a record, None if nothing."""
        raise NotImplementedError

    def refuse(self, path: str, record: int, edit: Edit) -> None:
        """Take note of a record whose text cannot be cut; it stays as it is."""
        raise FeedError(path, record, NOT_CUT)


class Trial(Edits):
    """Asks for some articles whether their texts can be cut, and changes nothing.

    Attributes
    ----------
    refused : list of int
        Articles whose texts cannot: what was read is not what stands there.
    """

    def __init__(self, articles: Articles, rows: NDArray[np.int64]) -> None:
        self.refused: list[int] = []
        self._all, self._articles = articles, dict(zip(articles.records[rows].tolist(), rows.tolist(), strict=True))

    def get(self, record: int) -> Edit | None:
        """Return an edit that would leave nothing."""
        article = self._articles.get(record)
        return None if article is None else Edit(article, False, body_bytes(self._all, article), b"")

    def refuse(self, path: str, record: int, edit: Edit) -> None:
        """Take note."""
        self.refused.append(edit.article)


class CleaningEdits(Edits):
    """What a cleaning does to the records of one file."""

    def __init__(self, cleaning: Cleaning, file_row: int) -> None:
        self._cleaning = cleaning
        articles = cleaning.articles
        mine = articles.file_rows == file_row
        touched = cleaning.dropped.copy()
        touched[np.searchsorted(articles.offsets, cleaning.cut.spans[:, 0], "right") - 1] = True
        touched[cleaning.marks.articles] = True
        rows = np.flatnonzero(mine & touched)
        self._articles = dict(zip(articles.records[rows].tolist(), rows.tolist(), strict=True))
        self.has_marks = bool(mine[cleaning.marks.articles].any())

    def __len__(self) -> int:
        return len(self._articles)

    def get(self, record: int) -> Edit | None:
        """Return what happens to a record, None if nothing."""
        article = self._articles.get(record)
        return None if article is None else edit_of(self._cleaning, article)


def body_bytes(articles: Articles, article: int) -> bytes:
    """Return the body of an article as it was read."""
    return articles.text[articles.body_starts[article] : articles.offsets[article + 1]].tobytes()


def edit_of(cleaning: Cleaning, article: int) -> Edit:
    """Return what happens to an article."""
    marks = cleaning.marks
    first, last = np.searchsorted(marks.articles, (article, article + 1))
    return Edit(
        article,
        bool(cleaning.dropped[article]),
        body_bytes(cleaning.articles, article),
        body_bytes(cleaning.left, article),
        tuple(_mark(cleaning, row) for row in range(int(first), int(last))),
    )


def _mark(cleaning: Cleaning, row: int) -> dict[str, Any]:
    marks, left = cleaning.marks, cleaning.left
    article, start = int(marks.articles[row]), int(marks.starts[row])
    kept = int(marks.kept_offsets[marks.kept[row]])
    mark: dict[str, Any] = {"kind": KINDS[marks.kinds[row] - 1], "of": clean(left.ids[int(marks.kept_articles[kept])])}
    if not marks.whole[row]:
        base = int(left.body_starts[article])
        first = len(left.slice_text(base, start))
        mark["characters"] = [first, first + len(left.slice_text(start, int(marks.ends[row])))]
    return mark | {"share": round(float(marks.shares[row]), 3)}


def pieces(cleaning: Cleaning) -> Iterator[Removed]:
    """Yield what went with the white space that went with it: the pieces and what is left make up what was read."""
    spans, removed = cleaning.cut.spans, cleaning.removed
    articles = cleaning.articles
    at = 0
    for start, end in spans.tolist():
        article = int(np.searchsorted(articles.offsets, start, "right")) - 1
        if cleaning.dropped[article]:
            while at < len(removed) and removed[at].article == article:
                at += 1  # told with the article
            continue
        first = at
        while at < len(removed) and removed[at].start < end:
            at += 1
        group = removed[first:at]
        # Sentences that go for one reason are one piece.
        heads = [i for i, one in enumerate(group) if not i or _reason(one) != _reason(group[i - 1])]
        edges = [start, *(group[i].start for i in heads[1:]), end]
        for i, following, low, high in zip(heads, [*heads[1:], len(group)], edges[:-1], edges[1:], strict=True):
            share = min(one.share for one in group[i:following])
            yield Removed(article, low, high, False, group[i].kind, share, group[i].kept)


def _reason(one: Removed) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    return one.kind, one.kept


def dropped_articles(cleaning: Cleaning) -> Iterator[Removed]:
    """Yield the articles that go, each with the reason: of one of which nothing is left, that of its longest part."""
    by_article: dict[int, Removed] = {}
    for one in cleaning.removed:
        known = by_article.get(one.article)
        if cleaning.dropped[one.article] and (known is None or one.end - one.start > known.end - known.start):
            by_article[one.article] = one
    articles = cleaning.articles
    for article, one in by_article.items():
        span = int(articles.body_starts[article]), int(articles.offsets[article + 1])
        yield Removed(article, *span, True, one.kind, one.share, one.kept)


class RemovedWriter:
    """Writes a line of JSON for everything that goes; without a stream, nothing."""

    def __init__(self, cleaning: Cleaning | None, stream: TextIO | None) -> None:
        self._cleaning, self._stream = cleaning, stream
        if cleaning is None or stream is None:
            return
        self._dropped = {one.article: one for one in dropped_articles(cleaning)}
        self._pieces: dict[int, list[Removed]] = {}
        for one in pieces(cleaning):
            self._pieces.setdefault(one.article, []).append(one)

    def write(self, edit: Edit, record: object) -> None:
        """Write what goes of an article; ``record`` is the whole of it as it stood, for one that goes."""
        if self._stream is None or self._cleaning is None:
            return
        rows = [self._dropped[edit.article]] if edit.drop else self._pieces.get(edit.article, [])
        for one in rows:
            line = removed_line(self._cleaning.articles, one)
            if edit.drop:
                line["title"] = self._cleaning.articles.title(edit.article)
                line["as_it_stood"] = record
            self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def removed_line(articles: Articles, one: Removed) -> dict[str, Any]:
    """Return the line for something that goes; bytes count from the start of the text."""
    base = int(articles.body_starts[one.article])
    return {
        **_place(articles, one.article),
        "what": "article" if one.whole else "text",
        "kind": KINDS[one.kind - 1],
        "share": round(one.share, 3),
        "bytes": [one.start - base, one.end - base],
        "text": articles.slice_text(one.start, one.end),
        "kept": [
            {**_place(articles, article), "bytes": [start - base_of, end - base_of]}
            for article, start, end in one.kept
            for base_of in [int(articles.body_starts[article])]
        ],
    }


def _place(articles: Articles, article: int) -> dict[str, Any]:
    return {
        "id": clean(articles.ids[article]),
        "path": clean(articles.files[articles.file_rows[article]]),
        "record": int(articles.records[article]),
    }


def kept_rows(cleaning: Cleaning) -> NDArray[np.int64]:
    """Return the articles that stay."""
    return np.flatnonzero(~cleaning.dropped)
