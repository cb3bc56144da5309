"""What a run found, in one object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.known import Archived
from dedup.model import Articles, Clusters, Findings, Kind, Matches, Passages, Relations, Search, Segments
from dedup.score import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a run found.

    Attributes
    ----------
    articles : Articles
    config : Config
    segments : Segments
    n_tokens : int64[n]
        Tokens of each article, title included.
    repeated : int64[n]
        Those inside a match with the article itself or with something earlier.
    repeated_by_kind : dict of Kind to int
        The same over all articles, by the weightiest kind that covers a token.
    matches, borderline : Matches
        Accepted pairs of distinct segments, and those a little under a threshold.
    clusters : Clusters
    passages : Passages
    relations : Relations
    findings : Findings
    search : Search
    vocabulary : Vocabulary
        The words of the feed and their document frequencies.
    seconds : dict of str to float
        Wall time of each stage.
    archive : Archived or None
        The archive that the articles were checked against; findings, relations, passages, clusters and matches are
        then those that an article has which is not in it.
    """

    articles: Articles
    config: Config
    segments: Segments
    n_tokens: NDArray[np.int64]
    repeated: NDArray[np.int64]
    repeated_by_kind: dict[Kind, int]
    matches: Matches
    borderline: Matches
    clusters: Clusters
    passages: Passages
    relations: Relations
    findings: Findings
    search: Search
    vocabulary: Vocabulary
    seconds: dict[str, float]
    archive: Archived | None = None

    @property
    def redundancy(self) -> NDArray[np.float64]:
        """Share of each article's tokens that repeat itself or something earlier: float64[n]; novelty is 1 less it."""
        return self.repeated / np.maximum(self.n_tokens, 1)
