"""rensa on word 3-shingles by its sampling sketch (Rho): a shingle goes into a few cells, and empty ones are filled."""

from __future__ import annotations

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import BANDS, MIN_JACCARD, ROWS, Clock, Found, run, shingle


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs that share a band with another; the bulk way has no check of the estimate."""
    num_perm = BANDS * ROWS
    with clock("sketch"):
        matrix = RMinHash.digest_matrix_from_token_sets_rho(map(shingle, paragraphs), num_perm=num_perm, seed=42)
    with clock("query"):
        index = RMinHashLSH(threshold=MIN_JACCARD, num_perm=num_perm, num_bands=BANDS)
        flags = index.query_duplicate_flags_matrix_one_shot(matrix)
        flagged = [row for row, flag in enumerate(flags) if flag]
    settings = f"sampling sketch of word 3-shingles, {num_perm} cells, {BANDS} bands of {ROWS}, no check of candidates"
    return Found(flagged, settings)


if __name__ == "__main__":
    run("rensa", find)
