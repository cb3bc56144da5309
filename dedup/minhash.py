"""Shingles -> MinHash signatures, bit for bit those of datasketch's ``affine32`` scheme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.shingles import Shingles

if TYPE_CHECKING:
    from datasketch import MinHash


@dataclass(frozen=True, slots=True)
class MinHashParams:
    """What decides the bits of a signature.

    Attributes
    ----------
    num_perm : int
        Cells of a signature.
    seed : int
        Of the permutations, as in ``datasketch.MinHash(seed=...)``.
    """

    num_perm: int = 128
    seed: int = 1

    def __post_init__(self) -> None:
        if self.num_perm < 1:
            raise ValueError(f"minhash: num_perm is {self.num_perm}; at least 1 is needed")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"minhash: seed is {self.seed}; allowed: 0 to 4294967295")


def permutations(params: MinHashParams) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return multipliers (odd) and addends, each uint32[num_perm].

    Drawn as datasketch 2.0 draws them for the same seed (`MinHash._init_permutations`), without importing it.
    """
    draws = np.random.RandomState(params.seed)  # the legacy generator decides the bits
    multipliers = draws.randint(0, 1 << 31, params.num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    addends = draws.randint(0, 1 << 32, params.num_perm, dtype=np.uint32)
    return multipliers, addends


def sign(shingles: Shingles, params: MinHashParams) -> NDArray[np.uint32]:
    """Return the MinHash signature of each segment.

    Parameters
    ----------
    shingles : Shingles
        ``n`` rows.
    params : MinHashParams

    Returns
    -------
    uint32[n, num_perm]
        All ``0xFFFFFFFF`` where a segment has no shingles.

    Notes
    -----
    For two non-empty rows the share of equal cells estimates the Jaccard similarity ``J`` with standard error
    ``sqrt(J * (1 - J) / num_perm)`` [1]_.

    References
    ----------
    .. [1] A. Broder (1997), On the resemblance and containment of documents.

    Examples
    --------
    >>> shingles = Shingles(np.array([7, 9, 7, 9], np.uint32), np.array([0, 2, 4, 4]))
    >>> signatures = sign(shingles, MinHashParams(num_perm=4))
    >>> bool((signatures[0] == signatures[1]).all()), int(signatures[2, 0])
    (True, 4294967295)
    """
    from dedup.kernels import minhash as kernels

    multipliers, addends = permutations(params)
    out = np.empty((len(shingles), params.num_perm), np.uint32)
    kernels.sign_rows(shingles.values, shingles.offsets, multipliers, addends, out)
    return out


def estimate_jaccard(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    """Return the share of equal cells of two signatures: an estimate of their Jaccard similarity."""
    return float(np.mean(left == right))


def to_datasketch(signature: NDArray[np.uint32], params: MinHashParams) -> MinHash:
    """Return the ``datasketch.MinHash`` with this signature, to put into any index of that library.

    Examples
    --------
    >>> row = sign(Shingles(np.array([7, 9], np.uint32), np.array([0, 2])), MinHashParams())[0]
    >>> to_datasketch(row, MinHashParams()).jaccard(to_datasketch(row, MinHashParams()))
    1.0
    """
    from datasketch import MinHash

    return MinHash(num_perm=params.num_perm, seed=params.seed, hashvalues=signature, scheme="affine32")
