"""rensa on word 3-shingles by its sampling sketch (Rho): a shingle goes into a few cells, and empty ones are filled."""

from __future__ import annotations

from rensa import RMinHash  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.rensa_shingles import flag
from benchmarks.peer_scripts.task import Clock, Found, run


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs by samples of their sets."""
    digest = RMinHash.digest_matrix_from_token_sets_rho
    return flag(paragraphs, clock, digest, "sampling sketch of word 3-shingles")


if __name__ == "__main__":
    run("rensa", find)
