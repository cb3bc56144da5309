"""rensa as its README shows it: whitespace tokens and a Jaccard of .8; the bulk matrix and one-shot duplicate flags.

At Jaccard .5 single words join nearly all paragraphs of a news feed, so this one keeps the README's threshold.
"""

from __future__ import annotations

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import Clock, Found, run

MIN_WORD_JACCARD = 0.8
NUM_PERM, BANDS = 96, 16  # 6 rows: recall .992 at .8


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs that share a band with another; the bulk way has no check of the estimate."""
    with clock("sketch"):  # the tokens are made on the way
        matrix = RMinHash.digest_matrix_from_token_sets(map(str.split, paragraphs), num_perm=NUM_PERM, seed=42)
    with clock("query"):
        index = RMinHashLSH(threshold=MIN_WORD_JACCARD, num_perm=NUM_PERM, num_bands=BANDS)
        flags = index.query_duplicate_flags_matrix_one_shot(matrix)
        flagged = [row for row, flag in enumerate(flags) if flag]
    settings = (
        f"whitespace tokens, Jaccard {MIN_WORD_JACCARD}, {NUM_PERM} cells, {BANDS} bands of {NUM_PERM // BANDS}, "
        "no check of candidates; 2 threads"
    )
    return Found(flagged, settings)


if __name__ == "__main__":
    run("rensa", find)
