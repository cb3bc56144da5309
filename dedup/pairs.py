"""Which pairs of articles may match at all: by the time between them, and by their sources."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE, Articles

SAME_SOURCE = ("both", "skip", "only")
_WINDOW = re.compile(r"(\d{1,6})\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


@dataclass(frozen=True, slots=True)
class PairParams:
    """Which pairs of articles may match.

    An article is always compared with itself. Of two articles only what is known counts: an article without a date is
    within no window of another one, and one without a source has that of no other.

    Attributes
    ----------
    window : str
        Articles further apart than this do not match: a number and ``s``, ``m``, ``h``, ``d`` or ``w`` (seconds,
        minutes, hours, days, weeks), as ``30d``; empty for no limit.
    same_source : {"both", "skip", "only"}
        Articles of one source and of several match; only of several; only of one.

    Examples
    --------
    >>> PairParams("36h").seconds
    129600
    """

    window: str = ""
    same_source: str = "both"

    def __post_init__(self) -> None:
        if self.window and not (isinstance(self.window, str) and _WINDOW.fullmatch(self.window)):
            raise ValueError(f"pairs: window is {self.window!r}; give a number and one of s, m, h, d, w, as in 30d")
        if self.same_source not in SAME_SOURCE:
            raise ValueError(f"pairs: same_source is {self.same_source!r}; allowed: {', '.join(SAME_SOURCE)}")

    @property
    def seconds(self) -> int:
        """The window; -1 for no limit."""
        found = _WINDOW.fullmatch(self.window)
        return int(found[1]) * _SECONDS[found[2]] if found else -1


@dataclass(frozen=True, slots=True, eq=False)
class PairRule:
    """The rule for the articles of a run.

    Attributes
    ----------
    dates : int64[n]
    sources : int32[n]
        Numbers of the sources, -1 where there is none.
    seconds : int
        As `PairParams.seconds`.
    same_source : str
    """

    dates: NDArray[np.int64]
    sources: NDArray[np.int32]
    seconds: int
    same_source: str

    def allows(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell which pairs of articles may match: bool[q]."""
        allowed = np.ones(len(left), np.bool_)
        if self.seconds >= 0:
            known = (self.dates[left] != NO_DATE) & (self.dates[right] != NO_DATE)
            apart = np.abs(np.where(known, self.dates[left], 0) - np.where(known, self.dates[right], 0))
            allowed &= known & (apart <= self.seconds)
        if self.same_source != "both":
            same = (self.sources[left] == self.sources[right]) & (self.sources[left] >= 0)
            allowed &= same if self.same_source == "only" else ~same
        allowed |= left == right
        return allowed

    def split(
        self,
        articles: NDArray[np.int32],
        clusters: NDArray[np.int64],
        leads: NDArray[np.bool_],
        rows: NDArray[np.int32],
    ) -> NDArray[np.int64]:
        """Return the number of the part of its cluster that each place belongs to, -1 where it stands alone.

        Every place of a part may match the first of the part, or, where places of one source are to be skipped, some
        place of another source.

        Parameters
        ----------
        articles : int32[p]
            The places of clusters, in the order of their clusters and, inside, of time.
        clusters : int64[p]
            Ascending.
        leads : bool[p]
            Places of the row that represents the cluster, which every other one matches.
        rows : int32[p]
            Distinct rows: without a place of that row, only equal places make a part.
        """
        keys = [clusters]
        outside = np.zeros(len(articles), np.bool_)
        if self.same_source == "only":
            keys.append(self.sources[articles].astype(np.int64))
            outside |= self.sources[articles] < 0
        if self.seconds >= 0:
            dates = self.dates[articles]
            outside |= dates == NO_DATE
            keys.append(_time_steps(np.stack(keys, axis=1), np.where(outside, 0, dates), self.seconds))
        _, part = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)
        part = part.ravel().astype(np.int64)
        led = np.zeros(int(part.max(initial=-1)) + 1, np.bool_)
        led[part[leads & ~outside]] = True
        _, part = np.unique(np.stack([part, np.where(led[part], -1, rows)], axis=1), axis=0, return_inverse=True)
        part = part.ravel().astype(np.int64)
        if self.same_source == "skip" and len(part):
            first = np.full(int(part.max()) + 1, -1, np.int32)
            first[part[::-1]] = self.sources[articles][::-1]
            several = np.zeros(len(first), np.bool_)
            several[part[(self.sources[articles] != first[part]) | (self.sources[articles] < 0)]] = True
            outside |= ~several[part]
        alone = np.bincount(part[~outside], minlength=int(part.max(initial=-1)) + 1) < 2
        return np.where(outside | alone[part], -1, part)


def _time_steps(groups: NDArray[np.int64], dates: NDArray[np.int64], seconds: int) -> NDArray[np.int64]:
    """Return which window of its group each place is in; a window begins with the first that is in no other."""
    order = np.lexsort((dates, *groups.T[::-1]))
    steps = np.zeros(len(dates), np.int64)
    sorted_groups, sorted_dates = groups[order], dates[order]
    new = (
        np.append(True, (sorted_groups[1:] != sorted_groups[:-1]).any(axis=1)) if len(dates) else np.empty(0, np.bool_)
    )
    starts = np.append(np.flatnonzero(new), len(dates))
    for low, high in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        step, at = 0, low
        while at < high:
            end = low + int(np.searchsorted(sorted_dates[low:high], sorted_dates[at] + seconds, "right"))
            steps[order[at:end]] = step
            step, at = step + 1, end
    return steps


def pair_rule(articles: Articles, sources: NDArray[np.int32], params: PairParams) -> PairRule | None:
    """Return the rule for some articles, None if every pair may match.

    Parameters
    ----------
    articles : Articles
    sources : int32[n]
        Numbers of their sources.
    params : PairParams
    """
    if params.seconds < 0 and params.same_source == "both":
        return None
    named = np.diff(articles.sources.offsets) > 0
    return PairRule(articles.dates, np.where(named, sources, -1).astype(np.int32), params.seconds, params.same_source)
