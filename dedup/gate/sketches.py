"""What an article says beside a repeat: by it a baseline knows in which articles a known text stands."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dedup.gate.baseline import DIGITS, Sketch
from dedup.gate.groups import Group, Part, Spot
from dedup.gate.paragraphs import span_of
from dedup.hashed import tokens_of
from dedup.model import Level
from dedup.result import Report

#: Sentences that stand for an article: all of them have to go before it is another one.
MAX_SENTENCES = 5
#: Shorter ones ("Read more") tell no article from another.
_MIN_TOKENS = 4
#: Of an article that is a near copy as a whole, so many sentences of its own tell it from its copies.
_MIN_OWN = 3
#: Of a notice, and of the feed, it does not matter in which article it is named.
_ANYWHERE = ("D301", "D402")


class Sketches:
    """The sentences and titles of the articles that some groups name, hashed."""

    def __init__(self, report: Report, groups: Iterable[Group]) -> None:
        segments = report.segments
        wanted = np.zeros(len(report.articles), np.bool_)
        wanted[[spot.article for group in groups for spot in group.spots]] = True
        rows = np.flatnonzero(wanted[segments.articles] & ((segments.levels & (Level.TITLE | Level.SENTENCE)) != 0))
        tokens = tokens_of(report.articles, segments.starts[rows], segments.ends[rows], report.config.tokens)
        rows, counts = rows[np.diff(tokens.offsets) >= _MIN_TOKENS], np.diff(tokens.offsets)
        # The order of the words does not matter here, so that a sum is enough; the high bits are the mixed ones.
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(tokens.values, dtype=np.uint64)])[tokens.offsets]
        hashes = (np.diff(sums) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - 4 * DIGITS)
        self._report = report
        self._hashes = hashes[counts >= _MIN_TOKENS].astype(np.int64)
        self._starts, self._ends, owners = segments.starts[rows], segments.ends[rows], segments.articles[rows]
        self._offsets = np.searchsorted(owners, np.arange(len(wanted) + 1))
        # Which sentences stand in one article only: the others do not tell it from those that it is compared with.
        pairs = np.unique(owners.astype(np.int64) << (4 * DIGITS) | self._hashes)
        values, n_articles = np.unique(pairs & ((1 << 4 * DIGITS) - 1), return_counts=True)
        self._shared = n_articles[np.searchsorted(values, self._hashes)] > 1
        self._around: dict[tuple[int, tuple[int, int]], Sketch] = {}

    def around(self, spot: Spot) -> Sketch:
        """Return all sentences of an article that are not in a place; all, of an article as a whole."""
        key = spot.article, self._span(spot)
        if key not in self._around:
            self._around[key] = frozenset(_written(self._rest(spot)[0]))
        return self._around[key]

    def of(self, spot: Spot, code: str) -> str:
        """Return what stands for the article around a place in a baseline, or nothing where nothing does.

        Some sentences that no other article has, by their hashes and not by their order, so that edits elsewhere leave
        most of them.
        """
        if code in _ANYWHERE:
            return ""
        hashes, shared = self._rest(spot)
        own = sorted({one for one, in_others in zip(hashes, shared, strict=True) if not in_others})
        if len(own) < (_MIN_OWN if self._span(spot) == (0, 0) else 1):
            own += sorted(set(hashes) - set(own))
        return "".join(_written(sorted(own[:MAX_SENTENCES])))

    def text_of(self, spot: Spot, part: Part) -> str:
        """Return the sentences of a part of a place, or of an article that is one paragraph."""
        return "".join(_written(self._inside(spot, part)))

    def _inside(self, spot: Spot, part: Part) -> list[int]:
        rows = slice(self._offsets[spot.article], self._offsets[spot.article + 1])
        if spot.whole:  # one of several paragraphs is known by the others
            inside = np.full(rows.stop - rows.start, len(spot.aliases) == 1)
        elif spot.place is None:
            return []
        else:
            inside = (self._starts[rows] >= part.start) & (self._ends[rows] <= part.start + part.weight)
        hashes: list[int] = self._hashes[rows][inside].tolist()
        return hashes

    def _span(self, spot: Spot) -> tuple[int, int]:
        return (0, 0) if spot.whole or spot.place is None else span_of(self._report, spot.place)

    def _rest(self, spot: Spot) -> tuple[list[int], list[bool]]:
        rows = slice(self._offsets[spot.article], self._offsets[spot.article + 1])
        hashes = self._hashes[rows]
        start, end = self._span(spot)
        inside = (self._starts[rows] < end) & (self._ends[rows] > start)
        # A sentence of the place that stands in the article once more is none of its own either.
        rest = ~np.isin(hashes, hashes[inside]) if inside.any() else ~inside
        return hashes[rest].tolist(), self._shared[rows][rest].tolist()


def _written(hashes: Iterable[int]) -> list[str]:
    return [f"{one:0{DIGITS}x}" for one in hashes]
