"""jscpd: its command on a folder of Markdown files, an article each; equal runs of tokens are all that it looks for."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from itertools import groupby
from pathlib import Path

from benchmarks.peer_scripts.task import MIN_WORDS, Clock, Feed, Found, run_feed

_BETWEEN = b"\n\n"


def find(feed: Feed, clock: Clock) -> Found:
    """Flag paragraphs of which half or more lies in a clone."""
    with tempfile.TemporaryDirectory() as folder:
        texts, out = Path(folder) / "texts", Path(folder) / "out"
        texts.mkdir()
        rows_of = {}
        for record, rows in groupby(range(len(feed.ids)), lambda row: feed.ids[row][0]):
            rows_of[f"{record}.md"] = list(rows)
            paragraphs = [" ".join(feed.paragraphs[row].split()).encode() for row in rows_of[f"{record}.md"]]
            (texts / f"{record}.md").write_bytes(_BETWEEN.join(paragraphs))
        command = [os.environ["PEER_PROGRAM"], str(texts), "--min-tokens", str(MIN_WORDS), "--min-lines", "1"]
        command += [
            "--max-lines",
            "1000000",
            "--max-size",
            "100mb",
            "--reporters",
            "json",
            "--output",
            str(out),
            "--silent",
        ]
        with clock("query"):
            subprocess.run(command, check=False, capture_output=True)
        clones = json.loads((out / "jscpd-report.json").read_bytes())["duplicates"]
    spans: dict[str, list[tuple[int, int]]] = {}
    for clone in clones:
        for side in ("firstFile", "secondFile"):
            one = clone[side]
            name = Path(one["name"].split(":")[0]).name
            spans.setdefault(name, []).append((one["startLoc"]["position"], one["endLoc"]["position"]))
    flagged = []
    for name, mine in rows_of.items():
        at = 0
        for row in mine:
            end = at + len(" ".join(feed.paragraphs[row].split()).encode())
            if _covered(at, end, spans.get(name, [])) >= (end - at) / 2:
                flagged.append(row)
            at = end + len(_BETWEEN)
    return Found(flagged, f"its command, Markdown, an article a file, {MIN_WORDS} tokens or more; all threads")


def _covered(start: int, end: int, spans: list[tuple[int, int]]) -> int:
    total, reached = 0, start
    for first, last in sorted(spans):
        first, last = max(first, reached), min(last, end)
        if last > first:
            total, reached = total + last - first, last
    return total


if __name__ == "__main__":
    run_feed("", find)
