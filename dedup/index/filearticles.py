"""Articles <-> rows of SQLite: columns as they are, texts packed one by one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from dedup.errors import IndexFormatError
from dedup.index.packing import Keeps, pack_texts, unpack_texts
from dedup.index.store import Heads
from dedup.model import NO_DATE, Articles, Strings

#: Texts that are packed as one task.
_PACKED = 500
_COLUMNS = "ident, content, source, url, language, tags, date, file, record, body_line, title_bytes, bytes"


def write_articles(
    db: sqlite3.Connection, articles: Articles, contents: NDArray[np.uint64], executor: Executor
) -> NDArray[np.int64]:
    """Insert articles; returns the numbers they have: int64[n]."""
    n = len(articles)
    files = _file_ids(db, articles)
    (last,) = db.execute("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'articles'), 0)").fetchone()
    numbers: NDArray[np.int64] = last + 1 + np.arange(n)
    # Where markup was taken away no line of the file is known by the text alone.
    marked = np.zeros(n, np.bool_)
    marked[np.searchsorted(articles.offsets, articles.line_marks[:, 0], "right") - 1] = True
    lines = np.where(marked, 0, articles.body_lines)
    columns = (
        numbers.tolist(), articles.ids, contents.view(np.int64).tolist(), articles.sources, articles.urls,
        articles.languages, articles.tags, [None if date == NO_DATE else date for date in articles.dates.tolist()],
        [files[row] for row in articles.file_rows.tolist()], articles.records.tolist(), lines.tolist(),
        (articles.body_starts - articles.offsets[:-1]).tolist(), np.diff(articles.offsets).tolist(),
    )  # fmt: skip
    marks = ", ".join("?" * 13)
    db.executemany(f"INSERT INTO articles (id, {_COLUMNS}) VALUES ({marks})", zip(*columns, strict=True))
    slices = [slice(i, min(i + _PACKED, n)) for i in range(0, n, _PACKED)]
    parts = executor.map(lambda part: list(pack_texts(articles, part)), slices)
    for part, first in zip(parts, range(0, n, _PACKED), strict=True):
        rows = zip(numbers[first : first + _PACKED].tolist(), part, strict=True)
        db.executemany("INSERT INTO texts VALUES (?, ?)", rows)
    return numbers


def _file_ids(db: sqlite3.Connection, articles: Articles) -> dict[int, int]:
    formats = articles.formats or ("",) * len(articles.files)
    ids = {}
    for row in np.unique(articles.file_rows).tolist():
        key = (articles.files[row].encode("utf-8", "replace").decode(), formats[row])
        db.execute("INSERT OR IGNORE INTO files (path, format) VALUES (?, ?)", key)
        (ids[row],) = db.execute("SELECT id FROM files WHERE path = ? AND format = ?", key).fetchone()
    return ids


def read_articles(db: sqlite3.Connection, numbers: NDArray[np.int64], keeps: Keeps, name: str) -> Articles:
    """Return articles by their numbers, in this order, with what the archive ``name`` keeps of their texts."""
    found = {
        row[0]: row
        for row in db.execute(
            f"SELECT id, {_COLUMNS}, data FROM articles JOIN texts USING (id) "
            "WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers.tolist()),),
        )
    }
    if len(found) < len(numbers):
        raise IndexFormatError(f"index {name}: {len(numbers) - len(found)} articles are missing; `dedup index verify`")
    rows = [found[number] for number in numbers.tolist()]
    text, hashed = unpack_texts([row[13] for row in rows], [row[12] for row in rows], keeps, name)
    offsets = np.append(0, np.cumsum([row[12] for row in rows])).astype(np.int64)
    files = {row[8]: i for i, row in enumerate({row[8]: row for row in rows}.values())}
    paths = {one: (path, form) for one, path, form in db.execute("SELECT id, path, format FROM files")}
    ints = np.array([[row[9], row[10], row[11]] for row in rows], np.int64).reshape(-1, 3)
    return Articles(
        text=text,
        offsets=offsets,
        body_starts=offsets[:-1] + ints[:, 2],
        ids=Strings.of(row[1] for row in rows),
        sources=Strings.of(row[3] for row in rows),
        urls=Strings.of(row[4] for row in rows),
        languages=Strings.of(row[5] for row in rows),
        tags=Strings.of(row[6] for row in rows),
        dates=np.array([NO_DATE if row[7] is None else row[7] for row in rows], np.int64),
        files=tuple(paths[one][0] for one in files),
        file_rows=np.array([files[row[8]] for row in rows], np.int32),
        records=ints[:, 0].copy(),
        body_lines=ints[:, 1].copy(),
        formats=tuple(paths[one][1] for one in files),
        hashed=hashed,
    )


def read_heads(db: sqlite3.Connection, column: str, values: Sequence[object] | None) -> Heads:
    """Return the heads of the articles that have one of these values (any, if None) in a column, by their numbers."""
    where = "" if values is None else f"WHERE {column} IN (SELECT value FROM json_each(?))"
    given = () if values is None else (json.dumps(values),)
    rows = db.execute(f"SELECT id, date, source, ident, content FROM articles {where} ORDER BY id", given).fetchall()
    return Heads(
        np.array([row[0] for row in rows], np.int64),
        np.array([NO_DATE if row[1] is None else row[1] for row in rows], np.int64),
        Strings.of(row[2] for row in rows),
        Strings.of(row[3] for row in rows),
        np.array([row[4] for row in rows], np.int64).view(np.uint64),
    )
