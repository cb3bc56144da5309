"""Pairs of segments -> text for a terminal: where both stand, their scores, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TextIO

from dedup.reports import Options
from dedup.reports.pairs import Pair, Segment
from dedup.reports.terminal import Piece, escape, paint, uses_color, width_of, words, wrap
from dedup.reports.text import difference_lines, excerpt
from dedup.reports.view import Place
from dedup.score import ScoreParams

DEFAULT_TOP = 20
#: Stands for a text of an archive that keeps hashes.
NOT_KEPT = "(its text is not kept in the archive)"


def distance(pair: Pair, score: ScoreParams) -> float:
    """Return how far a pair is from a threshold: under it, the most of both; over it, the least of both.

    Examples
    --------
    >>> round(distance(Pair(0, 1, 0.45, 0.6, 0.5, 9, False), ScoreParams(0.5, 0.75)), 2)
    0.25
    >>> round(distance(Pair(0, 1, 0.55, 0.6, 0.9, 9, True), ScoreParams(0.5, 0.75)), 2)
    0.05
    """
    missing = [score.min_jaccard - pair.jaccard, score.min_cosine - pair.cosine]
    return max(*missing, 0.0) if not pair.match else min(abs(one) for one in missing)


def nearest(pairs: Sequence[Pair], score: ScoreParams, *, match: bool) -> list[Pair]:
    """Return the matches, or the borderline pairs, nearest to a threshold first."""
    chosen = [pair for pair in pairs if pair.match == match]
    return sorted(chosen, key=lambda pair: (distance(pair, score), pair.left, pair.right))


def pair_lines(
    pair: Pair, segments: Sequence[Segment], score: ScoreParams, width: int, *, color: bool
) -> Iterator[str]:
    """Yield the lines of a pair."""
    left, right = segments[pair.left], segments[pair.right]
    said = f"Jaccard {pair.jaccard:.3f}, cosine {pair.cosine:.3f}, containment {pair.containment:.3f}"
    if not pair.match:
        missing = {"Jaccard": score.min_jaccard - pair.jaccard, "cosine": score.min_cosine - pair.cosine}
        said += "; " + " and ".join(f"{name} {by:.3f} under" for name, by in missing.items() if by > 0)
    elif pair.cosine < score.min_cosine:
        said += f"; a match by {pair.shared} shared shingles"
    yield from wrap(words(said, "bold"), width, "", "  ", color=color)
    for segment, same in ((left, False), (right, right.article == left.article)):
        yield from wrap(place_pieces(segment, same=same), width, "   ", "     ", color=color)
        if not segment.text_kept:
            yield " " * 7 + NOT_KEPT
        elif segment is left or not left.text_kept:
            yield from wrap(excerpt(segment.text), width, " " * 7, " " * 7)
        elif left.text == right.text:
            yield " " * 7 + "the same text"
        else:
            yield from difference_lines(left.text, right.text, width, color)


def place_pieces(place: Place | Segment, *, same: bool) -> Iterator[Piece]:
    """Yield where a place stands, as an editor takes it where its file is one article."""
    named = place.id not in (place.path, f"{place.path}:{place.record}")
    level = [place.level] if isinstance(place, Segment) and place.level != place.part else []
    in_title = place.part == "title"
    if named or place.record > 1 or in_title:
        yield Piece(escape(place.path), "bold")
        note = [f"record {place.record}"] * (named or place.record > 1) + [place.id] * named
        note.append("title" if in_title else f"line {place.line} of the text")
    else:
        yield Piece(escape(f"{place.path}:{place.line}:{place.column}"), "bold")
        note = []
    if note + level:
        yield from words(f"({', '.join(note + level)})")
    if same:
        yield from words("same article")


def write_pairs(
    pairs: Sequence[Pair],
    segments: Sequence[Segment],
    score: ScoreParams,
    title: str,
    stream: TextIO,
    options: Options,
) -> None:
    """Write pairs under a title, as many as the options say."""
    color, width = uses_color(stream, options.color), options.width or width_of(stream)
    top = DEFAULT_TOP if options.top is None else options.top
    n_shown = min(top or len(pairs), len(pairs))
    more = "" if n_shown == len(pairs) else f" ({n_shown} of {len(pairs):,}; --top 0 shows all)"
    title = f"{title}, nearest to a threshold first" if pairs else f"{title}: none"
    stream.write("\n" + paint(title, "bold" if color else "") + more + "\n")
    for pair in islice(pairs, n_shown):
        stream.write("\n")
        for line in pair_lines(pair, segments, score, width, color=color):
            stream.write(line + "\n")
