"""A report at other thresholds -> text for a terminal: what stays and what goes, then the findings or pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from dedup.reports import KINDS, Options
from dedup.reports.pairlist import DEFAULT_TOP, NOT_KEPT, nearest, place_pieces, write_pairs
from dedup.reports.saved import Rethresholded, SavedArticle
from dedup.reports.terminal import Piece, paint, uses_color, width_of, words, wrap
from dedup.reports.text import describe, difference_lines, excerpt, scores_told
from dedup.reports.view import Finding

_MAX_PLACES = 3


def write(found: Rethresholded, path: str, stream: TextIO, options: Options) -> None:
    """Write a report at other thresholds for people to read."""
    color, width = uses_color(stream, options.color), options.width or width_of(stream)
    bold = "bold" if color else ""
    for line in _head(found, path, width):
        stream.write(line + "\n")
    top = DEFAULT_TOP if options.top is None else options.top
    if options.borderline:
        pairs = nearest(found.pairs, found.score, match=False)
        write_pairs(pairs, found.saved.segments, found.score, "Borderline pairs", stream, options)
        return
    if found.added:
        pairs = nearest([found.pairs[number] for number in found.added], found.score, match=True)
        write_pairs(pairs, found.saved.segments, found.score, "Matches that were none", stream, options)
    listed = [finding for finding in found.findings if finding.kind in (options.kinds or KINDS)]
    if not listed:
        return
    shown = listed[: top or len(listed)]
    more = "" if len(shown) == len(listed) else f" ({len(shown)} of {len(listed):,}; --top 0 shows all)"
    stream.write("\n" + paint("Findings that stay, heaviest first", bold) + more + "\n")
    articles = {one.article: one for one in found.saved.articles}
    for finding in shown:
        stream.write("\n")
        for line in _finding(finding, articles, width, color):
            stream.write(line + "\n")


def _head(found: Rethresholded, path: str, width: int) -> Iterator[str]:
    saved, before, now = found.saved, found.saved.score, found.score
    yield from wrap(words(f"{path}: {saved.summary.articles:,} articles"), width)
    yield ""
    yield f"{'':<16}{'then':>9}{'now':>9}"
    yield f"{'Jaccard':<16}{before.min_jaccard:9.2f}{now.min_jaccard:9.2f}"
    yield f"{'cosine':<16}{before.min_cosine:9.2f}{now.min_cosine:9.2f}"
    were = sum(pair.match for pair in saved.pairs)
    yield f"{'matches':<16}{were:9,}{found.matches:9,}   pairs of distinct segments"
    yield f"{'borderline':<16}{len(saved.pairs) - were:9,}{len(found.pairs) - found.matches:9,}   under a threshold"
    counts, listed = found.counts(), dict.fromkeys(KINDS, 0)
    for finding in saved.findings:
        listed[finding.kind] += 1
    for kind in KINDS:
        if listed[kind] or counts[kind]:
            yield f"{kind:<16}{listed[kind]:9,}{counts[kind]:9,}   findings"
    yield ""
    for note in _notes(found):
        yield from wrap(words(note), width)


def _notes(found: Rethresholded) -> Iterator[str]:
    saved, n_found = found.saved, sum(found.saved.summary.findings.values())
    if saved.search.method == "exact" and not saved.search.thinned_buckets:
        yield "Matches are those that a run at these thresholds finds."
    else:
        how = "over-full buckets were thinned" if saved.search.thinned_buckets else "by LSH"
        yield f"Matches are of the pairs that the run found ({how}, recall {saved.search.recall:.1%})."
    yield (
        "Findings keep the edges that they had, and relations of whole articles stay: a run may cut a few of them "
        "elsewhere."
    )
    if saved.listed.findings < n_found:
        yield f"Only {saved.listed.findings:,} of its {n_found:,} findings are in the file (--kind, --top)."
    if any(not place.text_kept for finding in saved.findings for place in finding.places):
        yield "The archive keeps hashes: its places stay by their scores alone, whatever runs of words they have."
    if found.score.min_cosine < saved.score.min_cosine:
        yield "For the findings of the matches that were none, run it again at these thresholds."


def _finding(finding: Finding, articles: dict[int, SavedArticle], width: int, color: bool) -> Iterator[str]:
    first, told, shown = finding.places[0], finding.told, finding.places[:_MAX_PLACES]
    if not any(place is told for place in shown):
        shown = (*shown[:-1], told)
    number = f"{finding.number}. "
    yield from wrap(words(describe(finding), "bold"), width, number, " " * len(number), color=color)
    yield from wrap(words(scores_told(finding)), width, "   ", "   ")
    for place in shown:
        same = place is not first and place.article == first.article
        pieces = [*place_pieces(place, same=same), *([] if same else _article(articles.get(place.article)))]
        yield from wrap(pieces, width, "   ", "     ", color=color)
        if place is told:
            yield from wrap(excerpt(told.text or ""), width, " " * 7, " " * 7)
        elif not place.text_kept:
            yield f"       {NOT_KEPT}"
        elif place.text is not None and told.text is not None:
            yield from difference_lines(told.text, place.text, width, color, numbers_changed=place.numbers_changed)
    if len(shown) < len(finding.places):
        yield f"   +{len(finding.places) - len(shown):,} more"


def _article(article: SavedArticle | None) -> Iterator[Piece]:
    if article is not None:
        told = [f'"{article.title}"' if article.title else "", article.source, article.date.partition("T")[0]]
        yield from words(", ".join(filter(None, told)), "dim")
