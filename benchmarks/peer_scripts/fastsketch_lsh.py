"""FastSketchLSH: batches of byte shingles, `insert`, then `duplicates`.

Its one-shot `insert_and_query_duplicates` flags the same and took 1.7 times as long with two threads.
"""

from __future__ import annotations

import numpy as np
from FastSketchLSH import LSH, FastSimilaritySketch  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import BANDS, ROWS, Clock, Found, run, shingle

SIZE = 128  # it takes powers of two only; each cell is an estimate of its own, so the index is given the first 105
BATCH = 50_000  # paragraphs; `batch` wants lists, and those of a whole feed take gigabytes


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs that share a band with another; the bulk way has no check of the estimate."""
    num_perm = BANDS * ROWS
    sketcher = FastSimilaritySketch(size=SIZE, seed=42)
    sketches = np.empty((len(paragraphs), num_perm), np.uint64)
    for start in range(0, len(paragraphs), BATCH):
        with clock("tokens"):
            shingles = [shingle(paragraph) for paragraph in paragraphs[start : start + BATCH]]
        with clock("sketch"):
            sketches[start : start + BATCH] = sketcher.batch(shingles, num_threads=2)[:, :num_perm]
    with clock("query"):
        index = LSH(num_perm=num_perm, num_bands=BANDS, num_threads=2)
        index.insert(sketches)
        flagged = np.flatnonzero(index.duplicates(sketches)).tolist()
    settings = (
        f"word 3-shingles, {num_perm} of {SIZE} cells, {BANDS} bands of {ROWS}, no check of candidates; 2 threads"
    )
    return Found(flagged, settings)


if __name__ == "__main__":
    run("fastsketchlsh", find)
