"""Tables of articles -> one table, or some rows of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.hashed import join_hashed, no_hashed, shift_hashed, take_hashed
from dedup.model import Articles, Hashed, Strings

_STRINGS = ("ids", "sources", "urls", "languages", "tags")


def join_articles(*tables: Articles) -> Articles:
    """Return the articles of all tables, one after the other; the files of each are its own."""
    sizes = [int(table.offsets[-1] - table.offsets[0]) for table in tables]
    shifts = np.cumsum([0, *sizes[:-1]]) - [int(table.offsets[0]) for table in tables]
    files = np.cumsum([0, *(len(table.files) for table in tables[:-1])])
    pairs = list(zip(tables, shifts.tolist(), strict=True))
    return Articles(
        text=np.concatenate([table.text[table.offsets[0] : table.offsets[-1]] for table in tables]),
        offsets=np.concatenate([[0], *(table.offsets[1:] + shift for table, shift in pairs)]).astype(np.int64),
        body_starts=np.concatenate([table.body_starts + shift for table, shift in pairs]),
        **{name: _join_strings([getattr(table, name) for table in tables]) for name in _STRINGS},
        dates=np.concatenate([table.dates for table in tables]),
        files=tuple(path for table in tables for path in table.files),
        file_rows=np.concatenate(
            [table.file_rows + np.int32(first) for table, first in zip(tables, files.tolist(), strict=True)]
        ),
        records=np.concatenate([table.records for table in tables]),
        body_lines=np.concatenate([table.body_lines for table in tables]),
        skips=tuple(skip for table in tables for skip in table.skips),
        formats=tuple(form for table in tables for form in table.formats or ("",) * len(table.files)),
        line_marks=np.concatenate([table.line_marks + np.array([shift, 0]) for table, shift in pairs]),
        hashed=_join_hashed(pairs),
    )


def _join_hashed(pairs: list[tuple[Articles, int]]) -> Hashed | None:
    if all(table.hashed is None for table, _ in pairs):
        return None
    firsts = np.cumsum([0, *(len(table) for table, _ in pairs)]).tolist()
    return join_hashed(
        [
            shift_hashed(table.hashed or no_hashed(len(table)), shift, first)
            for (table, shift), first in zip(pairs, firsts, strict=False)
        ]
    )


def take_articles(articles: Articles, rows: NDArray[np.int64]) -> Articles:
    """Return some articles (ascending) as a table of their own."""
    if len(rows) == len(articles):
        return articles
    sizes = np.diff(articles.offsets)[rows]
    offsets = np.append(0, np.cumsum(sizes)).astype(np.int64)
    pieces = [articles.text[articles.offsets[row] : articles.offsets[row + 1]] for row in rows.tolist()]
    marks = articles.line_marks
    of_mark = np.searchsorted(articles.offsets, marks[:, 0], "right") - 1
    at = np.minimum(np.searchsorted(rows, of_mark), max(len(rows) - 1, 0))
    kept = rows[at] == of_mark if len(rows) else np.zeros(len(marks), np.bool_)
    moved = marks[kept].copy()
    moved[:, 0] += (offsets[:-1] - articles.offsets[:-1][rows])[at[kept]]
    columns: dict[str, Any] = {name: getattr(articles, name).take(rows) for name in _STRINGS}
    columns |= {name: getattr(articles, name)[rows] for name in ("dates", "file_rows", "records", "body_lines")}
    return replace(
        articles,
        text=np.concatenate([np.empty(0, np.uint8), *pieces]),
        offsets=offsets,
        body_starts=offsets[:-1] + (articles.body_starts - articles.offsets[:-1])[rows],
        line_marks=moved,
        hashed=None if articles.hashed is None else take_hashed(articles, rows),
        **columns,
    )


def _join_strings(columns: list[Strings]) -> Strings:
    sizes = np.concatenate([[0], *(np.diff(column.offsets) for column in columns)])
    values = np.concatenate([column.values[column.offsets[0] : column.offsets[-1]] for column in columns])
    return Strings(values, np.cumsum(sizes).astype(np.int64))
