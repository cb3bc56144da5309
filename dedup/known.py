"""What an archive knows beyond the articles of a run -> how the run counts and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from dedup.collapse import Distinct
from dedup.model import Articles, Clusters, Findings, Matches, Passages, Relations, Segments, Strings
from dedup.score import Vocabulary, vocabulary_of


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What an archive tells a run that has its new articles, and those of the archive that share something with them.

    Attributes
    ----------
    name : str
        Of the archive, for the report.
    n_articles : int
        In the whole archive.
    archived : bool[n]
        The articles of the run that come from the archive: compared with, and not reported on.
    frequencies : callable
        Token hashes (uint64[t]) -> in how many documents of archive and new articles together each stands (int64[t]),
        and how many documents there are.
    keys : uint64[r]
        Ascending: keys of the segments that stand in more articles of the archive than the run has.
    offsets : int64[r + 1]
        Segment ``i`` stands in the further articles ``offsets[i]`` to ``offsets[i + 1]`` of the next two columns.
    more_articles : int64[q]
        Numbers that the archive has for them.
    more_sources : Strings
        ``q`` rows.
    keeps_text : bool
        The archive has titles and texts, and not only hashes of their words.
    """

    name: str
    n_articles: int
    archived: NDArray[np.bool_]
    frequencies: Callable[[NDArray[np.uint64]], tuple[NDArray[np.int64], int]]
    keys: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    more_articles: NDArray[np.int64]
    more_sources: Strings
    keeps_text: bool = True

    def vocabulary(self, keys: NDArray[np.uint64]) -> Vocabulary:
        """Return these words (ascending) with the frequencies of the whole archive."""
        counts, n_documents = self.frequencies(keys)
        return vocabulary_of(keys, counts, n_documents)


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """Places in articles that a run does not have: their distinct row, article and source.

    Attributes
    ----------
    rows : int64[q]
    articles : int64[q]
        Numbers beyond those of the run's articles.
    sources : Strings
    """

    rows: NDArray[np.int64]
    articles: NDArray[np.int64]
    sources: Strings


@dataclass(frozen=True, slots=True, eq=False)
class Archived:
    """What a report says of the archive it was checked against.

    Attributes
    ----------
    name : str
    n_articles : int
        In the whole archive.
    articles : bool[n]
        Articles of the report that are the archive's.
    more : int64[f]
        In how many further articles of the archive the text of each finding stands.
    keeps_text : bool
        As of `Known`: if not, the articles of the archive have blanks for their titles and texts.
    """

    name: str
    n_articles: int
    articles: NDArray[np.bool_]
    more: NDArray[np.int64]
    keeps_text: bool = True

    def untold(self) -> str:
        """Return what a report cannot show of the archive, in a sentence; nothing where it can show all."""
        if self.keeps_text:
            return ""
        return f"{self.name} keeps hashes of words: its titles and texts cannot be shown, only where they are"


def unseen_places(known: Known, keys: NDArray[np.uint64], n_articles: int) -> Unseen:
    """Return the places that the run does not have.

    Parameters
    ----------
    keys : uint64[d]
        Of the run's distinct rows, ascending.
    """
    at = np.minimum(np.searchsorted(keys, known.keys), max(len(keys) - 1, 0))
    found = keys[at] == known.keys if len(keys) else np.zeros(len(known.keys), np.bool_)
    lengths = np.diff(known.offsets)
    kept = np.repeat(found, lengths)
    _, numbers = np.unique(known.more_articles[kept], return_inverse=True)
    sources = known.more_sources.take(np.flatnonzero(kept))
    return Unseen(np.repeat(at, lengths)[kept], n_articles + numbers.astype(np.int64), sources)


def count_more(findings: Findings, segments: Segments, distinct: Distinct, unseen: Unseen) -> NDArray[np.int64]:
    """Return in how many articles beyond those of the run the text of each finding stands: int64[f].

    That is, the segment of its first place that stands in most of them.
    """
    more = np.zeros(len(findings), np.int64)
    rows, counts = np.unique(unseen.rows, return_counts=True)
    if not len(rows):
        return more
    of_row = np.zeros(len(distinct), np.int64)
    of_row[rows] = counts
    members = distinct.members[np.repeat(of_row > 0, distinct.counts)]
    members = members[np.argsort(segments.starts[members], kind="stable")]
    starts, ends, numbers = segments.starts[members], segments.ends[members], of_row[distinct.of_segment[members]]
    for i, place in enumerate(findings.offsets[:-1].tolist()):
        low, high = np.searchsorted(starts, [findings.starts[place], findings.ends[place]])
        inside = ends[low:high] <= findings.ends[place]
        more[i] = numbers[low:high][inside].max(initial=0)
    return more


def findings_of_new(findings: Findings, archived: NDArray[np.bool_]) -> Findings:
    """Return the findings that have a place in an article which is not the archive's."""
    lengths = np.diff(findings.offsets)
    is_new = ~archived[findings.articles]
    keep = np.add.reduceat(is_new, findings.offsets[:-1]) > 0 if len(findings) else np.empty(0, np.bool_)
    places = np.repeat(keep, lengths)
    columns = {one.name: getattr(findings, one.name) for one in fields(findings) if one.name != "offsets"}
    whole = ("kinds", "levels", "exact", "weights")
    return Findings(
        offsets=np.append(0, np.cumsum(lengths[keep])).astype(np.int64),
        **{name: column[keep] if name in whole else column[places] for name, column in columns.items()},
    )


def passages_of_new(passages: Passages, archived: NDArray[np.bool_]) -> Passages:
    """Return the passages that an article has which is not the archive's."""
    keep = ~(archived[passages.left_articles] & archived[passages.right_articles])
    return replace(passages, **{one.name: getattr(passages, one.name)[keep] for one in fields(passages)})


def relations_of_new(relations: Relations, archived: NDArray[np.bool_]) -> Relations:
    """Return the relations that an article has which is not the archive's."""
    keep = ~(archived[relations.left] & archived[relations.right])
    return replace(relations, **{one.name: getattr(relations, one.name)[keep] for one in fields(relations)})


def matches_of_new(matches: Matches, segments: Segments, distinct: Distinct, archived: NDArray[np.bool_]) -> Matches:
    """Return the matches of which one text, or both, stands in an article that is not the archive's."""
    is_new = np.zeros(len(distinct), np.bool_)
    is_new[np.repeat(np.arange(len(distinct)), distinct.counts)[~archived[segments.articles[distinct.members]]]] = True
    keep = is_new[distinct.of_segment[matches.left]] | is_new[distinct.of_segment[matches.right]]
    return replace(matches, **{one.name: getattr(matches, one.name)[keep] for one in fields(matches)})


def clusters_of_new(clusters: Clusters, segments: Segments, archived: NDArray[np.bool_]) -> Clusters:
    """Return the clusters that have a place in an article which is not the archive's."""
    lengths = np.diff(clusters.offsets)
    is_new = ~archived[segments.articles[clusters.members]]
    keep = np.add.reduceat(is_new, clusters.offsets[:-1]) > 0 if len(clusters) else np.empty(0, np.bool_)
    offsets = np.append(0, np.cumsum(lengths[keep])).astype(np.int64)
    return Clusters(
        clusters.members[np.repeat(keep, lengths)], offsets, clusters.boilerplate[keep], clusters.exact[keep]
    )


def reported_articles(articles: Articles, archived: Archived | None) -> NDArray[np.bool_]:
    """Tell which articles a report is about: all, or those that are not the archive's: bool[n]."""
    return np.ones(len(articles), np.bool_) if archived is None else ~archived.articles
