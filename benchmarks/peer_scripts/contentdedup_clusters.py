"""content-dedup: its clusters by TF-IDF, which compare everything with everything; equal titles are dropped before."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from content_dedup import ContentDeduplicator  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import Clock, Found, flag_groups, group_equal, run

_SIMILAR = 0.8  # its default


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag distinct paragraphs that share a cluster; a paragraph is the title and the text of an item."""
    groups = group_equal(paragraphs)
    with tempfile.TemporaryDirectory() as folder, clock("query"):
        path = Path(folder) / "items.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for row, text in enumerate(groups):
                file.write(json.dumps({"title": text, "content_text": text, "content": text, "url": str(row)}) + "\n")
        tool = ContentDeduplicator(language="en", similarity_threshold=_SIMILAR)
        tool.load_jsonl(str(path))
        matched = [False] * len(groups)
        for cluster in tool.cluster_and_deduplicate():
            for one in cluster.members if len(cluster.members) > 1 else ():
                matched[int(one.url)] = True
    return Found(flag_groups(groups, matched), f"distinct paragraphs, similarity >= {_SIMILAR}, its default; 1 thread")


if __name__ == "__main__":
    run("content-dedup", find)
