"""Report -> its paragraphs as the gate sees them, and what the places of findings are known by."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dedup.gate.identity import text_digests
from dedup.model import Level
from dedup.reports.view import Finding, Place
from dedup.result import Report

#: Paragraphs of fewer tokens do not tell one article from another.
MIN_PARAGRAPH_TOKENS = 8
#: A place is a paragraph, and not something in it, if it has this share of one.
_WHOLE_PARAGRAPH = 0.8

#: Marks are comments of HTML and Markdown, or of MDX, which takes no others; `INSIDE_MARK` is all up to the end of one.
MARK_OPENS, MARK_CLOSES = r"(?:<!--|\{/\*)", r"(?:-->|\*/\})"
INSIDE_MARK = rf"(?:(?!{MARK_CLOSES}).)*"
_OPENS, _CLOSES = b"<{", b">}"
_ONE = rf"{MARK_OPENS}\s*dedup:{INSIDE_MARK}{MARK_CLOSES}".encode()
_MARK_AT_START = re.compile(rb"(?:" + _ONE + rb"\s*)+", re.DOTALL | re.IGNORECASE)
_MARK_AT_END = re.compile(rb"\s*" + _ONE + rb"$", re.DOTALL | re.IGNORECASE)
#: Shorter is no mark.
_MIN_BYTES = 4


class Paragraphs:
    """Where the paragraphs of all articles stand: byte spans of `Articles.text`, in text order."""

    def __init__(self, report: Report) -> None:
        segments = report.segments
        rows = (segments.parents < 0) & ((segments.levels & Level.PARAGRAPH) != 0)
        self.starts, self.ends = _without_marks(report, segments.starts[rows], segments.ends[rows])
        sentences = (segments.levels & Level.SENTENCE) != 0
        self.sentence_starts, self.sentence_ends = segments.starts[sentences], segments.ends[sentences]

    def cut(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return what of a span stands in each paragraph, with the length of the paragraph."""
        first = int(np.searchsorted(self.ends, start, "right"))
        last = int(np.searchsorted(self.starts, end))
        spans = zip(self.starts[first:last].tolist(), self.ends[first:last].tolist(), strict=True)
        return [(max(start, a), min(end, b), b - a) for a, b in spans]

    def has_one(self, start: int, end: int) -> bool:
        """Whether a span is a paragraph or more, and not a part of one."""
        return any(b - a >= _WHOLE_PARAGRAPH * length for a, b, length in self.cut(start, end))

    def parts(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the span cut at the edges of paragraphs, crumbs left out, each part as whole sentences."""
        cuts = [(a, b) for a, b, _ in self.cut(start, end)]
        long = [(a, b) for a, b in cuts if b - a >= 4 * MIN_PARAGRAPH_TOKENS]
        return [self._snap(*cut) for cut in long or cuts] or [(start, end)]

    def _snap(self, start: int, end: int) -> tuple[int, int]:
        """Return the sentences that stand at least half in a span, or the one that has most of it.

        Where a passage begins and ends follows from its other copy too; what it is known by must not.
        """
        first = int(np.searchsorted(self.sentence_ends, start, "right"))
        last = int(np.searchsorted(self.sentence_starts, end))
        starts, ends = self.sentence_starts[first:last].tolist(), self.sentence_ends[first:last].tolist()
        if not starts:
            return start, end
        inside = [min(b, end) - max(a, start) for a, b in zip(starts, ends, strict=True)]
        rows = [row for row, n in enumerate(inside) if 2 * n >= ends[row] - starts[row]] or [inside.index(max(inside))]
        return starts[rows[0]], ends[rows[-1]]


class Texts:
    """What places are known by: their texts are read once, together, for a call costs as much as a thousand words."""

    def __init__(self, report: Report, paragraphs: Paragraphs, findings: Iterable[Finding]) -> None:
        self.parts: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for finding in findings:
            for place in finding.places:
                span = span_of(report, place)
                if span not in self.parts:
                    self.parts[span] = [span] if place.part == "title" else paragraphs.parts(*span)
        spans = list(dict.fromkeys([*self.parts, *(part for parts in self.parts.values() for part in parts)]))
        rows = np.array(spans, np.int64).reshape(-1, 2)
        digests = text_digests(report.articles, rows[:, 0], rows[:, 1], report.config.tokens)
        self.digests = dict(zip(spans, digests, strict=True))


def _without_marks(
    report: Report, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return spans of paragraphs without marks at their edges: with a mark, a paragraph is what it is without."""
    text, starts, ends = report.articles.text, starts.copy(), ends.copy()
    long = ends - starts > _MIN_BYTES
    begins = long & np.isin(text[starts], np.frombuffer(_OPENS, np.uint8))
    for row in np.flatnonzero(begins).tolist():
        found = _MARK_AT_START.match(text[starts[row] : ends[row]].tobytes())
        starts[row] += found.end() if found and found.end() < ends[row] - starts[row] else 0
    closes = long & np.isin(text[np.maximum(ends - 1, 0)], np.frombuffer(_CLOSES, np.uint8))
    for row in np.flatnonzero(closes).tolist():
        found = _MARK_AT_END.search(text[starts[row] : ends[row]].tobytes())
        ends[row] = starts[row] + found.start() if found and found.start() else ends[row]
    return starts, ends


def span_of(report: Report, place: Place) -> tuple[int, int]:
    """Return a place as a span of `Articles.text`."""
    articles = report.articles
    base = int((articles.offsets if place.part == "title" else articles.body_starts)[place.article])
    return base + place.byte_span[0], base + place.byte_span[1]
