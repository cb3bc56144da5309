"""Band keys -> candidate pairs, with a recall that is calculated beforehand."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.arrays import sorted_unique
from dedup.model import Candidates

#: A bucket of more rows is thinned: 512 rows are 131,000 pairs, and no honest near-duplicate is that popular.
MAX_BUCKET = 512
#: How many rows of an over-full bucket the others are compared with.
MAX_LEADERS = 64


@dataclass(frozen=True, slots=True)
class LshParams:
    """What the bands must reach.

    Attributes
    ----------
    recall : float
        Share of the pairs at the Jaccard threshold that must become candidates; more above it, fewer below.
    """

    recall: float = 0.99

    def __post_init__(self) -> None:
        if not 0 < self.recall < 1:
            raise ValueError(f"lsh: recall is {self.recall}; it must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Bands:
    """How a signature is cut: ``bands`` slices of ``rows`` cells."""

    bands: int
    rows: int

    def recall(self, jaccard: float) -> float:
        """Return the probability that a pair of this Jaccard becomes a candidate.

        ``1 - (1 - J**rows)**bands``, the S-curve of Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4.2.

        Examples
        --------
        >>> round(Bands(20, 5).recall(0.8), 5)
        0.99964
        """
        return 1.0 - (1.0 - float(jaccard) ** self.rows) ** self.bands

    def min_equal(self, jaccard: float) -> int:
        """Return how many equal bands make a row of an over-full bucket one that its leader stands for.

        Expected equal bands at this Jaccard, less 3 standard deviations.
        """
        hit = jaccard**self.rows
        return max(1, int(self.bands * hit - 3 * math.sqrt(self.bands * hit * (1 - hit))))


def choose_bands(min_jaccard: float, params: LshParams, num_perm: int) -> Bands:
    """Return the most selective bands whose recall at ``min_jaccard`` is as asked for, and the fewest of those.

    More rows a band let fewer dissimilar pairs through, and need more bands for the same recall; so: the most rows
    whose bands fit into ``num_perm`` cells, then the fewest bands that suffice.

    Raises
    ------
    ValueError
        Even bands of one row need more cells than there are.

    Examples
    --------
    >>> choose_bands(0.5, LshParams(recall=0.99), 128)
    Bands(bands=35, rows=3)
    """
    best = None
    for rows in range(1, num_perm + 1):
        hit = min_jaccard**rows
        bands = _fewest_bands(hit, params.recall, num_perm)
        if bands * rows > num_perm:
            break
        best = Bands(max(bands, 1), rows)
    if best is None:
        raise ValueError(
            f"lsh: recall {params.recall} at Jaccard {min_jaccard} needs more than the {num_perm} cells of a "
            "signature; lower --recall, raise --min-jaccard or raise --num-perm"
        )
    return best


def _fewest_bands(hit: float, recall: float, most: int) -> int:
    """Return how many bands, each hit with this probability, reach the recall; more than ``most`` if too many do."""
    if hit >= 1.0:
        return 1
    if hit <= 0.0:
        return most + 1
    return min(most + 1, math.ceil(math.log1p(-recall) / math.log1p(-hit) - 1e-12))


def candidate_pairs(
    keys: NDArray[np.uint32], levels: NDArray[np.uint8], bands: Bands, min_jaccard: float, executor: Executor
) -> Candidates:
    """Return the pairs of rows that share a bucket in at least one band.

    Parameters
    ----------
    keys : uint32[n, bands]
    levels : uint8[n]
        Only rows with a level in common are paired.
    bands : Bands
    min_jaccard : float
        Decides which rows of an over-full bucket count as alike.
    executor : concurrent.futures.Executor
        Of threads; the answer does not depend on how many.
    """
    min_equal = bands.min_equal(min_jaccard)
    parts = list(executor.map(lambda band: _pairs_of_band(keys, levels, band, min_equal), range(bands.bands)))
    packed = sorted_unique(np.concatenate([pairs for pairs, _ in parts] or [np.empty(0, np.uint64)]))
    thinned = np.array([counts for _, counts in parts]).sum(axis=0)
    left, right = (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return Candidates(left, right, int(thinned[0]), int(thinned[1]))


def _pairs_of_band(
    table: NDArray[np.uint32], levels: NDArray[np.uint8], band: int, min_equal: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    from dedup.kernels import minhash as kernels
    from dedup.kernels.sort import radix_argsort

    keys = table[:, band].copy()
    order = np.arange(len(keys), dtype=np.uint32)
    radix_argsort(keys, 32, order, np.empty_like(keys), np.empty_like(order))
    out = np.empty(len(keys), np.uint64)
    while True:
        thinned = np.zeros(2, np.int64)
        used = kernels.bucket_pairs(keys, order, table, levels, MAX_BUCKET, MAX_LEADERS, min_equal, out, thinned)
        if used >= 0:
            # Here and not only at the end: most pairs of a band of few rows stand in several bands.
            return np.sort(out[:used]), thinned
        out = np.empty(-1 - used, np.uint64)
