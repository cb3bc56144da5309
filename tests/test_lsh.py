"""Bands reach the recall that is calculated for them, and over-full buckets stay connected."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.kernels import minhash as kernels
from dedup.lsh import MAX_BUCKET, Bands, LshParams, candidate_pairs, choose_bands
from dedup.minhash import MinHashParams, sign
from tests import oracle
from tests.strategies import table

EXECUTOR = ThreadPoolExecutor(2)


def band_keys(sets: list[set[int]], bands: Bands, seed: int = 1) -> np.ndarray:
    """Return the band keys of sets."""
    signatures = sign(table(sets), MinHashParams(bands.bands * bands.rows, seed))
    keys = np.empty((len(sets), bands.bands), np.uint32)
    kernels.band_keys_of_signatures(signatures, bands.rows, keys)
    return keys


@given(st.floats(0.1, 0.95), st.floats(0.5, 0.999), st.integers(16, 512))
def test_chosen_bands_reach_the_recall_and_no_other_is_more_selective(jaccard, recall, num_perm):
    """The choice fits, reaches the recall, one band less does not, and one row more does not fit."""
    try:
        bands = choose_bands(jaccard, LshParams(recall), num_perm)
    except ValueError:
        assert 1 - (1 - jaccard) ** num_perm < recall + 1e-9
        return

    assert bands.bands * bands.rows <= num_perm
    assert bands.recall(jaccard) >= recall - 1e-9
    assert bands.bands == 1 or Bands(bands.bands - 1, bands.rows).recall(jaccard) < recall + 1e-9
    more = Bands(num_perm // (bands.rows + 1), bands.rows + 1)
    assert more.bands == 0 or more.recall(jaccard) < recall + 1e-9


@pytest.mark.parametrize("jaccard", [0.3, 0.5, 0.6, 0.8])
def test_measured_recall_is_the_calculated_one(jaccard):
    """Of 2,000 pairs of known Jaccard, as many become candidates as the S-curve says, within 4 sigma."""
    source = random.Random(11)
    bands = choose_bands(0.5, LshParams(0.9), 64)
    n_pairs, size = 2000, 60
    shared = round(2 * size * jaccard / (1 + jaccard))
    sets = []
    for _ in range(n_pairs):
        pool = [source.getrandbits(32) for _ in range(2 * size - shared)]
        sets += [set(pool[:size]), set(pool[size - shared :])]
    true = shared / (2 * size - shared)

    found = candidate_pairs(band_keys(sets, bands), np.full(len(sets), 2, np.uint8), bands, 0.5, EXECUTOR)

    hits = sum(right == left + 1 and left % 2 == 0 for left, right in zip(found.left, found.right, strict=True))
    expected = bands.recall(true)
    assert abs(hits / n_pairs - expected) < 4 * np.sqrt(expected * (1 - expected) / n_pairs) + 1e-9


def test_recall_against_the_exact_pairs():
    """On sets of every likeness, the share of pairs at or over the threshold that is found is at least as promised."""
    source = random.Random(13)
    sets = []
    for _ in range(400):
        base = [source.getrandbits(32) for _ in range(40)]
        sets += [set(base), set(base[: source.randint(24, 40)]) | {source.getrandbits(32) for _ in range(8)}]
    truth = oracle.similar_pairs(sets, [2] * len(sets), 0.5)
    bands = choose_bands(0.5, LshParams(0.99), 128)

    found = candidate_pairs(band_keys(sets, bands), np.full(len(sets), 2, np.uint8), bands, 0.5, EXECUTOR)

    hits = len(truth.keys() & set(zip(found.left.tolist(), found.right.tolist(), strict=True)))
    assert len(truth) > 200
    assert hits / len(truth) > 0.99 - 4 * np.sqrt(0.99 * 0.01 / len(truth))


def test_candidates_are_those_of_equal_bands():
    """With buckets that are not over-full, the pairs are those that nested loops over the bands give."""
    source = random.Random(17)
    sets = [{source.randrange(12) for _ in range(6)} for _ in range(60)]
    levels = np.array([source.choice([2, 4, 6]) for _ in sets], np.uint8)
    bands = Bands(8, 2)
    keys = band_keys(sets, bands)

    found = candidate_pairs(keys, levels, bands, 0.5, EXECUTOR)

    expected = [
        (i, j)
        for i in range(60)
        for j in range(i + 1, 60)
        if levels[i] & levels[j] and any(a == b for a, b in zip(keys[i], keys[j], strict=True))
    ]
    assert expected == list(zip(found.left.tolist(), found.right.tolist(), strict=True))


def test_overfull_buckets_are_thinned_counted_and_stay_connected():
    """Twice as many near-equal rows as a bucket holds: each has a partner, and pairs are not the square."""
    source = random.Random(19)
    common = {source.getrandbits(32) for _ in range(40)}
    n = 2 * MAX_BUCKET
    sets = [common | {source.getrandbits(32)} for _ in range(n)]
    bands = choose_bands(0.5, LshParams(0.99), 128)

    found = candidate_pairs(band_keys(sets, bands), np.full(n, 2, np.uint8), bands, 0.5, EXECUTOR)

    assert found.thinned_buckets > 0
    assert set(range(n)) == set(found.left.tolist()) | set(found.right.tolist())
    assert len(found.left) < n * n / 8


def test_an_impossible_recall_names_the_remedies():
    """Four cells cannot reach .99 at Jaccard .1."""
    with pytest.raises(ValueError, match="lower --recall, raise --min-jaccard or raise --num-perm"):
        choose_bands(0.1, LshParams(0.99), 4)
