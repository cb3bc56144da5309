"""Articles with one id -> all of them with a note, or the latest version of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import Articles, Skip, Strings
from dedup.readers.buffer import strings_of

#: Characters of an id that a note shows.
_SHOWN = 120
#: So many articles with an id that was given before are named; the rest are counted.
NAMED_REPEATS = 10
OLDER_NOTE = "an older version of an article with the same id, not read"


def settle_ids(articles: Articles, same_id: str) -> Articles:
    """Return the articles, those with the id of another one noted or left out.

    Parameters
    ----------
    articles : Articles
    same_id : {"keep", "latest"}
        ``keep``: all stay, and the first `NAMED_REPEATS` of those whose id an earlier one has are named. ``latest``: of
        those with one id the one with the latest date stays, else (equal dates, or none) the last one in the feed;
        each of the others is a skip.

    Returns
    -------
    Articles
        Its text is a copy where something was left out.
    """
    repeats = _repeated_ids(articles)
    if not repeats:
        return articles
    if same_id == "keep":
        return replace(articles, skips=articles.skips + _notes(articles, repeats))
    latest: dict[int, int] = {}
    for article, first in repeats:
        rival = latest.get(first, first)
        latest[first] = article if articles.dates[article] >= articles.dates[rival] else rival
    members = {article for pair in repeats for article in pair}
    older = sorted(members - set(latest.values()))
    skips = tuple(Skip(*_place(articles, article), OLDER_NOTE) for article in older)
    return without(replace(articles, skips=articles.skips + skips), older)


def _shown(identity: str) -> str:
    """Return an id as part of a line: in a broken feed it may be half of the feed."""
    line = " ".join(identity.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _place(articles: Articles, article: int) -> tuple[str, int]:
    return articles.files[articles.file_rows[article]], int(articles.records[article])


def _notes(articles: Articles, repeats: list[tuple[int, int]]) -> tuple[Skip, ...]:
    notes = []
    for article, first in repeats[:NAMED_REPEATS]:
        path, number = _place(articles, first)
        notes.append(
            Skip(*_place(articles, article), f'id "{_shown(articles.ids[article])}" also at {path}:{number}, both kept')
        )
    more = len(repeats) - NAMED_REPEATS
    if more > 0:
        path, _ = _place(articles, repeats[NAMED_REPEATS][0])
        notes.append(Skip(path, 0, f"{more} more articles have the id of an earlier one, all kept"))
    return tuple(notes)


def without(articles: Articles, left_out: list[int]) -> Articles:
    """Return the articles but for some; their text is copied, for a position belongs to one article."""
    kept = np.ones(len(articles), np.bool_)
    kept[left_out] = False
    sizes = np.diff(articles.offsets)
    removed = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.where(kept, 0, sizes))])
    origin = articles.offsets[0]
    bytes_kept = np.repeat(kept, sizes)
    marks = articles.line_marks
    owners = np.searchsorted(articles.offsets, marks[:, 0], "right") - 1
    owners = np.clip(owners, 0, len(articles) - 1)
    marks = (marks - np.stack([removed[owners] + origin, np.zeros_like(owners)], axis=1))[kept[owners]]
    rows = np.flatnonzero(kept)
    strings: dict[str, Any] = {
        name: strings_of([_bytes_at(getattr(articles, name), row) for row in rows.tolist()])
        for name in ("ids", "sources", "urls", "languages", "tags")
    }
    columns: dict[str, Any] = {
        name: getattr(articles, name)[rows] for name in ("dates", "file_rows", "records", "body_lines")
    }
    return replace(
        articles,
        text=articles.text[origin : articles.offsets[-1]][bytes_kept],
        offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[rows])]),
        body_starts=articles.body_starts[rows] - removed[rows] - origin,
        line_marks=marks,
        **strings,
        **columns,
    )


def _bytes_at(column: Strings, row: int) -> bytes:
    return column.values[column.offsets[row] : column.offsets[row + 1]].tobytes()


def _repeated_ids(articles: Articles) -> list[tuple[int, int]]:
    """Return the articles whose id an earlier one has, each with the first that has it."""
    hashes = _hash_rows(articles.ids)
    order = np.argsort(hashes, kind="stable")
    equal = hashes[order][1:] == hashes[order][:-1]
    suspects = np.unique(np.concatenate([order[1:][equal], order[:-1][equal]]))
    first: dict[str, int] = {}
    return [(int(i), first[articles.ids[i]]) for i in suspects if first.setdefault(articles.ids[i], int(i)) != i]


def _hash_rows(strings: Strings, step: int = 1 << 14) -> NDArray[np.uint64]:
    """Return a polynomial hash modulo 2**64 of each string; equal ones are compared in full by the caller."""
    hashes = np.zeros(len(strings), np.uint64)
    for low in range(0, len(strings), step):  # in steps: the work space is some 40 bytes a byte
        offsets = strings.offsets[low : low + step + 1]
        sizes = np.diff(offsets)
        within = np.arange(offsets[-1] - offsets[0]) - np.repeat(offsets[:-1] - offsets[0], sizes)
        powers = np.cumprod(np.full(int(sizes.max(initial=0)) + 1, 0x9E3779B97F4A7C15, np.uint64), dtype=np.uint64)
        terms = (strings.values[offsets[0] : offsets[-1]].astype(np.uint64) + np.uint64(1)) * powers[within]
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
        ends = offsets - offsets[0]
        hashes[low : low + step] = sums[ends[1:]] - sums[ends[:-1]]
    return hashes
