"""text-dedup: its MinHash command on a file of paragraphs, with the bands of the task; its union-find is read."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

from text_dedup import minhash  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import BANDS, ROWS, Clock, Found, run


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs in a cluster of two or more: whatever shares a band is joined, with no check."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "paragraphs.jsonl", Path(folder) / "out"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": paragraph}) + "\n" for paragraph in paragraphs)
        command = ["--path", "json", "--data_files", str(path), "--split", "train", "--column", "text"]
        command += ["--output", str(out), "--cache_dir", str(Path(folder) / "cache"), "--num_proc", "2"]
        command += ["--ngram", "3", "--min_length", "3", "--num_perm", str(BANDS * ROWS)]
        command += ["--b", str(BANDS), "--r", str(ROWS), "--hash_func", "xxh3", "--hash_bits", "32"]
        with clock("query"):
            minhash.main.main(args=command, standalone_mode=False)
    clusters = [minhash.uf.find(row) for row in range(len(paragraphs))]
    sizes = Counter(clusters)
    flagged = [row for row, cluster in enumerate(clusters) if sizes[cluster] > 1]
    settings = f"its command, word 3-grams, 32 bits, xxh3, {BANDS} bands of {ROWS}, no check of candidates; 2 processes"
    return Found(flagged, settings)


if __name__ == "__main__":
    run("text-dedup", find)
