"""rensa on word 3-shingles: full-set R-MinHash digest matrix from a stream of token lists, one-shot duplicate flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import BANDS, MIN_JACCARD, ROWS, Clock, Found, run, shingle


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs by full sets."""
    return flag(paragraphs, clock, RMinHash.digest_matrix_from_token_byte_sets, "word 3-shingles", "; 2 threads")


def flag(paragraphs: list[str], clock: Clock, digest: Callable[..., Any], told: str, threads: str = "") -> Found:
    """Flag paragraphs that share a band with another; the bulk way has no check of the estimate."""
    num_perm = BANDS * ROWS
    with clock(
        "sketch"
    ):  # the shingles are made on the way: lists of all of them at once are slower and 10 times larger
        matrix = digest(map(shingle, paragraphs), num_perm=num_perm, seed=42)
    with clock("query"):
        index = RMinHashLSH(threshold=MIN_JACCARD, num_perm=num_perm, num_bands=BANDS)
        flags = index.query_duplicate_flags_matrix_one_shot(matrix)
        flagged = [row for row, flag in enumerate(flags) if flag]
    settings = f"{told}, {num_perm} cells, {BANDS} bands of {ROWS}, no check of candidates{threads}"
    return Found(flagged, settings)


if __name__ == "__main__":
    run("rensa", find)
