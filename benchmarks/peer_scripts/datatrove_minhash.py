"""datatrove: its four MinHash stages with local executors, two tasks, and the cluster file that they leave."""

from __future__ import annotations

import struct
import tempfile
from collections import Counter
from pathlib import Path

from datatrove.data import Document  # type: ignore[import-not-found, unused-ignore]
from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found, unused-ignore]
from datatrove.pipeline.dedup import (  # type: ignore[import-not-found, unused-ignore]
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import (  # type: ignore[import-not-found, unused-ignore]
    MinhashConfig,
)

from benchmarks.peer_scripts.task import BANDS, ROWS, Clock, Found, run


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs in a cluster of two or more: whatever shares a band is joined, with no check."""
    config = MinhashConfig(n_grams=3, num_buckets=BANDS, hashes_per_bucket=ROWS)
    with tempfile.TemporaryDirectory() as folder:
        names = ("signatures", "buckets", "clusters")
        signatures, buckets, clusters = (str(Path(folder) / name) for name in names)
        documents = [Document(text=paragraph, id=str(row)) for row, paragraph in enumerate(paragraphs)]
        with clock("sketch"):
            stage = MinhashDedupSignature(output_folder=signatures, config=config, language="eng")
            _run([documents, stage], Path(folder) / "log1", 1)
        with clock("query"):
            stage = MinhashDedupBuckets(input_folder=signatures, output_folder=buckets, config=config)
            _run([stage], Path(folder) / "log2", BANDS)
            stage = MinhashDedupCluster(buckets, clusters, config=config, save_cluster_id=True)
            _run([stage], Path(folder) / "log3", 1)
        files = [path.read_bytes() for path in Path(clusters).glob("*.clusters")]
        rows = {row: cluster for content in files for row, cluster in struct.iter_unpack("<II", content)}
    sizes = Counter(rows.values())
    flagged = [row for row, cluster in rows.items() if sizes[cluster] > 1]
    settings = f"its stages, word 3-grams, {BANDS} buckets of {ROWS}, no check of candidates; 2 workers for the buckets"
    return Found(flagged, settings)


def _run(pipeline: list[object], log: Path, tasks: int) -> None:
    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=min(2, tasks), logging_dir=str(log)).run()


if __name__ == "__main__":
    run("datatrove", find)
