"""datasketch: `MinHash.bulk` with a quick hash function (its docs advise one), `MinHashLSH`, then `MinHash.jaccard`."""

from __future__ import annotations

import xxhash  # type: ignore[import-not-found, unused-ignore]
from datasketch import MinHash, MinHashLSH

from benchmarks.peer_scripts.task import BANDS, MIN_JACCARD, ROWS, Clock, Found, flag_groups, group_equal, run, shingle

NUM_PERM = 128


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag distinct paragraphs whose signatures meet in a band and then agree in enough cells."""
    with clock("tokens"):
        groups = group_equal(paragraphs)
        shingles = [shingle(paragraph) for paragraph in groups]
    with clock("sketch"):
        rows = MinHash.bulk(shingles, num_perm=NUM_PERM, scheme="affine32", hashfunc=xxhash.xxh32_intdigest)
    del shingles
    with clock("query"):
        index = MinHashLSH(num_perm=NUM_PERM, params=(BANDS, ROWS))
        for i, row in enumerate(rows):
            index.insert(i, row, check_duplication=False)
        matched, n_pairs = [False] * len(rows), 0
        for i, row in enumerate(rows):
            for j in index.query(row):
                if j < i and row.jaccard(rows[j]) >= MIN_JACCARD:
                    matched[i] = matched[j] = True
                    n_pairs += 1
        flagged = flag_groups(groups, matched)
    settings = (
        f"distinct paragraphs, word 3-shingles, affine32, {NUM_PERM} cells, xxh32, {BANDS} bands of {ROWS}, "
        f"estimate >= {MIN_JACCARD}; 1 thread"
    )
    return Found(flagged, settings, n_pairs)


if __name__ == "__main__":
    run("datasketch", find)
