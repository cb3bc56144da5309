"""What every peer script shares: the paragraphs of a feed, the clock and the result file. Standard library only."""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import math
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MIN_JACCARD = 0.5
ROWS = 3  # a band of 4 needs 72 bands, 288 cells, for the same recall; one of 3 fits into the usual 128
BANDS = math.ceil(math.log(1 - 0.99) / math.log(1 - MIN_JACCARD**ROWS))  # 35: recall .9907 at Jaccard .5
MIN_WORDS = 8
BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a peer found: rows of paragraphs with a near-duplicate, and how many pairs where the tool tells."""

    flagged: Iterable[int]
    settings: str
    n_pairs: int | None = None


@dataclass(slots=True)
class Clock:
    """Seconds by step; a step that is entered again adds up."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Time the block as `step`."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start


@dataclass(slots=True)
class Feed:
    """The searched paragraphs and their ids ``(record from 1, paragraph from 0)``; short ones are counted, not kept."""

    paragraphs: list[str] = field(default_factory=list)
    ids: list[tuple[int, int]] = field(default_factory=list)
    n_articles: int = 0
    text_bytes: int = 0


def read_feed(path: Path, max_bytes: int | None) -> Feed:
    """Return the paragraphs of the first articles of a JSON Lines feed, up to `max_bytes` of article text."""
    feed = Feed()
    with path.open("rb") as lines:
        for record, line in enumerate(lines, 1):
            if not line.strip():
                continue
            text = json.loads(line).get("text") or ""
            n_bytes = len(text.encode("utf-8", "replace"))
            if max_bytes is not None and feed.text_bytes + n_bytes > max_bytes:
                break
            feed.n_articles += 1
            feed.text_bytes += n_bytes
            for number, paragraph in enumerate(BLANK_LINES.split(text.strip())):
                if len(paragraph.split()) >= MIN_WORDS:
                    feed.paragraphs.append(paragraph)
                    feed.ids.append((record, number))
    return feed


def shingle(paragraph: str) -> list[bytes]:
    """Return the lower-cased word 3-grams: the quickest way in plain Python, and as bytes what all sketches take."""
    words = paragraph.lower().encode("utf-8", "replace").split()
    return list(map(b" ".join, zip(words, words[1:], words[2:], strict=False)))


def group_equal(paragraphs: list[str]) -> dict[str, list[int]]:
    """Return the rows of each distinct paragraph: a tool that lists pairs must not list those of a notice."""
    rows: dict[str, list[int]] = {}
    for row, paragraph in enumerate(paragraphs):
        rows.setdefault(paragraph, []).append(row)
    return rows


def flag_groups(groups: dict[str, list[int]], matched: list[bool]) -> list[int]:
    """Return the rows of the groups that are matched by another, or have an equal row."""
    return [row for rows, hit in zip(groups.values(), matched, strict=True) if hit or len(rows) > 1 for row in rows]


def read_peak_mb() -> float:
    """Return the largest resident size of this program; `getrusage` alone would count the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        kilobytes = re.search(r"VmHWM:\s+(\d+)", status.read_text())
        if kilobytes:
            return int(kilobytes[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def children_peak_mb() -> float:
    """Return the largest resident size of a program that this one started and that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def run(distribution: str, find: Callable[[list[str], Clock], Found]) -> None:
    """Read the feed named on the command line, let the peer find, write what it found and took."""
    run_feed(distribution, lambda feed, clock: find(feed.paragraphs, clock))


def run_feed(distribution: str, find: Callable[[Feed, Clock], Found]) -> None:
    """Do the same for a peer that wants to know which article a paragraph is of; no distribution: PEER_VERSION."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--max-bytes", type=int)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    gc.disable()  # every peer is quicker: millions of live strings are walked for nothing
    clock = Clock()
    with clock("parse"):
        feed = read_feed(arguments.input, arguments.max_bytes)
    found = find(feed, clock)
    result = {
        "version": importlib.metadata.version(distribution) if distribution else os.environ["PEER_VERSION"],
        "settings": found.settings,
        "seconds": clock.seconds,
        "cpu_seconds": sum(os.times()[:4]),
        "peak_mb": max(read_peak_mb(), children_peak_mb()),
        "text_mb": feed.text_bytes / 1e6,
        "n_articles": feed.n_articles,
        "n_paragraphs": len(feed.paragraphs),
        "n_pairs": found.n_pairs,
        "flagged": [feed.ids[row] for row in found.flagged],
    }
    arguments.out.write_text(json.dumps(result))
