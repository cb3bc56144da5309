"""New articles, an archive -> the articles of the archive that share something with them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import score
from dedup.config import Config
from dedup.gather import word_ranges
from dedup.index.contents import Contents, Described, contents_of, describe, take_sets
from dedup.index.store import Heads, Pairs, Store
from dedup.model import NO_DATE, Articles, Strings
from dedup.shingles import Shingles

#: Of a text that stands in more articles of the archive, so many are read, the earliest; the others are counted.
MAX_COPIES = 32
#: So many similar segments of the archive are looked at for a new one, the earliest.
MAX_SIMILAR = 256
#: What is like new segments, and what is like that: every member of a cluster matches its representative, so two steps
#: lead from one to all others. (Which of two clusters takes a row may hang on a third step; each costs as much again.)
_ROUNDS = 2
_MAX_FOLLOWED = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """What a check reads of an archive.

    Attributes
    ----------
    numbers : int64[n]
        Articles, ascending.
    keys : uint64[r]
        Of segments that stand in further ones.
    offsets : int64[r + 1]
    more_articles : int64[q]
    more_sources : Strings
        The further articles of each, and their sources.
    thinned : int
        Segments for which something may be missing: too much was like them.
    """

    numbers: NDArray[np.int64]
    keys: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    more_articles: NDArray[np.int64]
    more_sources: Strings
    thinned: int


def retrieve(
    store: Store, new: Contents, held: Pairs, config: Config, executor: Executor, leave_out: NDArray[np.int64]
) -> Retrieved:
    """Return the articles of the archive that a run over new articles needs beside them.

    These are the ones that have an equal segment, one that matches, or a run of ``min_run`` equal tokens; and what
    matches those, for it is in their clusters.

    Parameters
    ----------
    held : Pairs
        Rows of ``new`` and the segments of the archive that are equal to them.
    leave_out : int64[k]
        Articles of the archive that are among the new ones.
    """
    search = _Search(store, config, executor)
    search.look_up(new, held)
    segments = np.unique(search.found)
    return _choose(store, new, config, segments, leave_out, search.thinned)


class _Search:
    """The segments that have been found, and the articles that were read to look at them."""

    def __init__(self, store: Store, config: Config, executor: Executor) -> None:
        self.store, self.config, self.executor = store, config, executor
        self.found = np.empty(0, np.uint64)
        self.thinned = 0
        self._looked_at = np.empty(0, np.uint64)

    def look_up(self, new: Contents, held: Pairs) -> None:
        """Find what is equal to something in the new articles, like it, or has a run of it."""
        searched = new.searched()
        rows = np.flatnonzero(searched)
        described = describe(new, rows, self.executor)
        self.found = np.unique(held[1][searched[held[0]]])
        self._runs(new, rows, described)
        frontier = described
        known = self.found
        for _ in range(_ROUNDS):
            if not len(frontier):
                break
            frontier, known = self._similar(frontier, known)

    def _similar(self, frontier: Described, known: NDArray[np.uint64]) -> tuple[Described, NDArray[np.uint64]]:
        """Find what is like some segments; returns what of it has not been known before."""
        left, right = self.store.similar(frontier)
        fresh = ~np.isin(right, known)
        left, right = left[fresh], right[fresh]
        order = np.lexsort((right, left))
        left, right = left[order], right[order]
        place = np.arange(len(left)) - np.searchsorted(left, left, "left")
        kept = place < MAX_SIMILAR
        self.thinned += len(np.unique(left[~kept]))
        left, right = left[kept], right[kept]
        segments = np.unique(right)
        if len(segments) > _MAX_FOLLOWED:
            self.thinned += 1
            segments = segments[:_MAX_FOLLOWED]
        contents, rows = self._read(segments)
        there = rows >= 0
        segments, rows = segments[there], rows[there]
        if not len(segments):
            return describe(contents, rows, self.executor), known
        described = describe(contents, rows, self.executor)
        at = np.searchsorted(segments, right)
        at[at == len(segments)] = 0
        held = segments[at] == right
        left, at = left[held], at[held]
        both = Shingles(
            np.concatenate([frontier.sets.values, described.sets.values]),
            np.append(frontier.sets.offsets, frontier.sets.offsets[-1] + described.sets.offsets[1:]),
        )
        shared = score.overlaps(both, left, at + len(frontier), self.executor)
        jaccard = score.jaccard(shared, frontier.sizes[left], described.sizes[at])
        like = np.unique(at[jaccard >= self.config.score.min_jaccard - 1e-9])
        self.found = np.union1d(self.found, segments[like])
        return _take(described, like), np.union1d(known, segments[like])

    def _runs(self, new: Contents, rows: NDArray[np.int64], described: Described) -> None:
        """Find what has a run of ``min_run`` tokens of a new paragraph."""
        from dedup.kernels import index as kernels

        asked, right = self.store.anchored(described.anchors)
        pairs = np.unique(np.stack([described.anchor_rows[asked].astype(np.uint64), right]), axis=1)
        left, right = pairs[0].astype(np.int64), pairs[1]
        fresh = ~np.isin(right, self.found)
        left, right = left[fresh], right[fresh]
        segments = np.unique(right)
        contents, found_rows = self._read(segments)
        at = np.searchsorted(segments, right)
        held = found_rows[at] >= 0 if len(segments) else np.zeros(0, np.bool_)
        left, right, at = left[held], right[held], at[held]
        if not len(left):
            return
        one = _words(new, rows[left])
        other = _words(contents, found_rows[at])
        values = np.concatenate([one[0], other[0]])
        longest = np.empty(len(left), np.int32)
        kernels.longest_runs(values, one[1], one[2], other[1] + len(one[0]), other[2] + len(one[0]), longest)
        self.found = np.union1d(self.found, right[longest >= self.config.passages.min_run])

    def _read(self, segments: NDArray[np.uint64]) -> tuple[Contents, NDArray[np.int64]]:
        """Return articles in which the segments stand, and the row of each there, -1 for one that stands in none."""
        postings = self.store.postings(segments)
        first = (
            np.append(True, postings.asked[1:] != postings.asked[:-1]) if len(postings.asked) else postings.asked > 0
        )
        contents = contents_of(self.store.read(np.unique(postings.articles[first])), self.config, self.executor)
        keys = self.store.keys_of(segments)
        if not len(contents.keys):
            return contents, np.full(len(segments), -1, np.int64)
        at = np.minimum(np.searchsorted(contents.keys, keys), len(contents.keys) - 1)
        return contents, np.where(contents.keys[at] == keys, at, -1).astype(np.int64)


def _take(described: Described, rows: NDArray[np.int64]) -> Described:
    none = np.empty(0, np.int64)
    return Described(
        take_sets(described.sets, rows), described.bitmaps[rows], described.titles[rows], none.astype(np.uint32), none
    )


def _words(
    contents: Contents, rows: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the tokens of rows, each row once: values, and first and last of each of the rows asked for."""
    distinct, at = np.unique(rows, return_inverse=True)
    firsts = contents.distinct.firsts[distinct]
    segments = contents.survey.segments
    words = word_ranges(contents.articles, segments.starts[firsts], segments.ends[firsts], contents.config)
    return words.values, words.firsts[at], words.lasts[at]


def _choose(
    store: Store,
    new: Contents,
    config: Config,
    segments: NDArray[np.uint64],
    leave_out: NDArray[np.int64],
    thinned: int,
) -> Retrieved:
    """Return the articles to read: the earliest of each segment."""
    postings = store.postings(segments)
    kept = ~np.isin(postings.articles, leave_out)
    asked, articles = postings.asked[kept], postings.articles[kept]
    heads = store.heads(np.unique(articles))
    allowed = _allowed(heads, new.articles, config)
    kept = allowed[np.searchsorted(heads.numbers, articles)] if len(articles) else np.empty(0, np.bool_)
    asked, articles = asked[kept], articles[kept]
    at = np.searchsorted(heads.numbers, articles)
    dates = np.where(heads.dates == NO_DATE, np.iinfo(np.int64).max, heads.dates)
    order = np.lexsort((articles, dates[at], asked))
    asked, articles, at = asked[order], articles[order], at[order]
    place = np.arange(len(asked)) - np.searchsorted(asked, asked, "left")
    chosen = np.unique(articles[place < MAX_COPIES])
    more = ~np.isin(articles, chosen)
    rows, lengths = np.unique(asked[more], return_counts=True)
    keys = store.keys_of(segments[rows])
    by_key = np.argsort(keys)
    offsets = np.append(0, np.cumsum(lengths))
    spread = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in by_key] or [np.empty(0, np.int64)])
    spread = spread.astype(np.int64)
    return Retrieved(
        chosen,
        keys[by_key],
        np.append(0, np.cumsum(lengths[by_key])).astype(np.int64),
        articles[more][spread],
        heads.sources.take(at[more][spread]),
        thinned,
    )


def _allowed(heads: Heads, articles: Articles, config: Config) -> NDArray[np.bool_]:
    """Tell which articles of the archive may match some new one, by time and source."""
    allowed = np.ones(len(heads.numbers), np.bool_)
    seconds = config.pairs.seconds
    if seconds >= 0:
        dates = articles.dates[articles.dates != NO_DATE]
        allowed &= heads.dates != NO_DATE
        if len(dates):
            allowed &= (heads.dates >= dates.min() - seconds) & (heads.dates <= dates.max() + seconds)
        else:
            allowed[:] = False
    if config.pairs.same_source != "both":
        sources = set(articles.sources)
        ours = np.array([one in sources for one in heads.sources], np.bool_)
        if config.pairs.same_source == "only":
            allowed &= ours
        elif len(sources) == 1 and "" not in sources:
            allowed &= ~ours
    return allowed
