"""Signatures are datasketch's, and estimate what they claim to."""

from __future__ import annotations

import datasketch
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.minhash import MinHashParams, estimate_jaccard, permutations, sign, to_datasketch
from dedup.shingles import Ranges, ShingleParams, shingle
from tests.strategies import shingle_sets, table


@given(sets=shingle_sets, seed=st.integers(0, 2**32 - 1), num_perm=st.integers(1, 300))
def test_signatures_are_those_of_datasketch(sets, seed, num_perm):
    """Bit for bit the affine32 scheme, for any seed and size, an empty set included."""
    params = MinHashParams(num_perm, seed)

    signatures = sign(table(sets), params)

    for row, one in zip(signatures, sets, strict=True):
        theirs = datasketch.MinHash(num_perm, seed, hashfunc=int, scheme="affine32")
        for value in one:
            theirs.update(value)
        assert theirs.hashvalues.tolist() == row.tolist()


def test_a_signature_goes_into_an_index_of_datasketch():
    """A row turned into a MinHash is found by a MinHashLSH that was filled with datasketch's own."""
    params = MinHashParams()
    mine = sign(table([set(range(100))]), params)[0]
    theirs = datasketch.MinHash(128, 1, hashfunc=int)
    theirs.update_batch(range(100))
    index = datasketch.MinHashLSH(threshold=0.9, num_perm=128)
    index.insert("theirs", theirs)

    assert ["theirs"] == index.query(to_datasketch(mine, params))


@pytest.mark.parametrize("jaccard", [0.2, 0.5, 0.8])
def test_standard_error_is_as_stated(jaccard):
    """Over 200 seeds, mean and spread of the estimate are J and sqrt(J (1 - J) / num_perm), within 4 sigma.

    The shingles are made from tokens, so that the mixing of their hashes is part of the claim.
    """
    n, n_seeds, num_perm = 300, 200, 128
    shared = int(2 * n * jaccard / (1 + jaccard))
    tokens = np.arange(1, 2 * n + 3, dtype=np.uint64)
    ranges = Ranges(tokens, np.array([0, n - shared]), np.array([n + 2, 2 * n - shared + 2]))
    sets = shingle(ranges, ShingleParams(size=3))
    true = shared / (2 * n - shared)

    signatures = [sign(sets, MinHashParams(num_perm, seed)) for seed in range(n_seeds)]
    estimates = np.array([estimate_jaccard(left, right) for left, right in signatures])

    error = np.sqrt(true * (1 - true) / num_perm)
    assert abs(estimates.mean() - true) < 4 * error / np.sqrt(n_seeds)
    assert abs(estimates.std(ddof=1) - error) < 4 * error / np.sqrt(2 * (n_seeds - 1))


def test_shingle_hashes_are_well_mixed():
    """Tokens 1, 2, 3, ... give shingles of which each bit is set in half, within 4 sigma."""
    n = 20_000
    ranges = Ranges(np.arange(n + 2, dtype=np.uint64), np.array([0]), np.array([n + 2]))

    values = shingle(ranges, ShingleParams(size=3)).values

    bits = np.array([((values >> np.uint32(bit)) & 1).mean() for bit in range(32)])
    assert np.abs(bits - 0.5).max() < 4 * 0.5 / np.sqrt(len(values))


def test_multipliers_are_odd():
    """An even multiplier would collapse the range of a permutation."""
    multipliers, addends = permutations(MinHashParams(64, 9))

    assert [1] * 64 == (multipliers & 1).tolist()
    assert np.uint32 == addends.dtype


@pytest.mark.parametrize(("num_perm", "seed"), [(0, 1), (8, -1), (8, 2**32)])
def test_impossible_parameters_are_refused(num_perm, seed):
    """A signature has a cell, a seed fits into 32 bits."""
    with pytest.raises(ValueError, match="minhash"):
        MinHashParams(num_perm, seed)
