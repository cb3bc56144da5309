"""Report -> text for a terminal: the answer on one screen, then the findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from dedup.model import NO_DATE
from dedup.reports import DEFAULT_OPTIONS, KINDS, Options
from dedup.reports.terminal import Piece, escape, paint, uses_color, width_of, words, wrap
from dedup.reports.view import (
    RECORD_FORMATS,
    Finding,
    Place,
    Summary,
    choose_findings,
    iso_dates,
    report_findings,
    skip_reasons,
    summarize,
)
from dedup.reports.words import compare

if TYPE_CHECKING:
    from dedup.result import Report

DEFAULT_TOP = 20
#: Places of a finding that are shown.
_MAX_PLACES = 3
#: Characters of a text that are shown; its middle is left out.
_MAX_CHARACTERS = 480
_MAX_EXAMPLES = 3


_KIND_WORDS = {
    "self": "repeated inside an article",
    "reuse": "carried over from another article",
    "boilerplate": "notices under many articles",
    "near-duplicate": "articles that are nearly the same",
    "contained": "articles that stand in another one",
}
_LINE_FILES = (".jsonl", ".ndjson")


def write(report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    """Write a report for people to read.

    Nothing depends on colour alone, and nothing in an article can steer the terminal.
    """
    color = uses_color(stream, options.color)
    width = options.width or width_of(stream)
    summary = summarize(report)
    for line in _head(report, summary, options, width, color):
        stream.write(line + "\n")
    if options.borderline:
        _write_borderline(report, stream, options)
        return
    top = DEFAULT_TOP if options.top is None else options.top
    n_listed = len(choose_findings(report, options.kinds))
    if not n_listed:
        return
    n_shown = min(top or n_listed, n_listed)
    more = "" if n_shown == n_listed else f" ({n_shown} of {n_listed:,}; --top 0 shows all)"
    stream.write("\n" + paint("Findings, heaviest first", "bold" if color else "") + more + "\n")
    for finding in report_findings(report, options.kinds, top):
        stream.write("\n")
        for line in _finding(report, finding, width, color):
            stream.write(line + "\n")
    if n_shown < n_listed:
        stream.write(f"\n{n_listed - n_shown:,} more; --top 0 shows all, --format json lists every place.\n")


def _head(report: Report, summary: Summary, options: Options, width: int, color: bool) -> Iterator[str]:
    counts = [_many(summary.articles, "article"), "in", _many(summary.files, "file")]
    if summary.sources:
        counts += ["from", _many(summary.sources, "source")]
    yield from wrap(words(" ".join(counts) + f", {_many(summary.tokens, 'token')}"), width)
    if report.archive is not None:
        archive = f"checked against {_many(report.archive.n_articles, 'article')} of {escape(report.archive.name)}"
        yield from wrap(words(archive), width)
        if untold := report.archive.untold():
            yield from wrap(words(escape(untold)), width)
    n_findings = sum(summary.findings.values())
    if n_findings:
        said = f"{_percent(summary.redundancy)} of it is said again: {_many(summary.repeated_tokens, 'token')}"
        yield from wrap(words(said, "bold"), width, color=color)
        for kind in KINDS:
            if summary.findings[kind]:
                yield _kind_row(kind, summary)
    else:
        yield from wrap(words("Nothing is said twice.", "bold"), width, color=color)
    if options.kinds and n_findings and not sum(summary.findings[kind] for kind in options.kinds):
        yield f"Nothing of kind {', '.join(options.kinds)}."
    yield ""
    for name, told in searched(report, summary, options):
        yield from wrap(words(told), width, f"{name:<12}", " " * 12)
    yield from _skips(report, options, width, color)


def _write_borderline(report: Report, stream: TextIO, options: Options) -> None:
    from dedup.reports.pairlist import nearest, write_pairs
    from dedup.reports.pairs import report_pairs, report_segments

    score = report.config.score
    pairs = nearest(list(report_pairs(report)), score, match=False)
    write_pairs(pairs, list(report_segments(report)), score, "Borderline pairs", stream, options)


def _kind_row(kind: str, summary: Summary) -> str:
    tokens = summary.repeated_by_kind.get(kind, 0)
    return (
        f"  {_percent(tokens / max(summary.tokens, 1)):>6}  {kind:<15} {_KIND_WORDS[kind]:<35}"
        f"{_many(summary.findings[kind], 'finding'):>16}"
    )


def searched(report: Report, summary: Summary, options: Options) -> Iterator[tuple[str, str]]:
    """Yield how the report came about, each part with its name."""
    config, search = report.config, report.search
    if options.verbose and any(report.articles.formats):
        yield "read", ", ".join(_formats(report))
    yield (
        "searched",
        f"{_many(search.distinct, 'distinct segment')} ({', '.join(config.levels)}) of {config.shingle.min_tokens} "
        f"tokens or more; shingles of {config.shingle.k} {config.shingle.unit}s",
    )
    if search.method == "exact":
        how = f"exact join, which finds every pair with Jaccard {search.min_jaccard:.2f} or more"
    else:
        how = (
            f"LSH with {search.bands} bands of {search.rows} rows, which finds {search.recall:.1%} of the pairs with "
            f"Jaccard {search.min_jaccard:.2f}"
        )
    if search.thinned_buckets:
        how += (
            f", but for {_many(search.thinned_buckets, 'over-full bucket')} that were thinned: pairs may be missing "
            f"for {_many(search.thinned_rows, 'segment')}"
        )
    yield "candidates", f"{how}; {_many(search.candidates, 'pair')} scored"
    passages = f"; passages from {config.passages.min_run} equal tokens" if config.passages.min_run else ""
    yield (
        "thresholds",
        f"Jaccard {config.score.min_jaccard:.2f} and cosine {config.score.min_cosine:.2f}{passages}; near-duplicate "
        f"from {config.findings.near_duplicate:.0%} of both articles, contained from {config.findings.contained:.0%} "
        f"of one; boilerplate from {_many(config.findings.boilerplate_articles, 'article')}",
    )
    if summary.borderline:
        listed = "" if options.borderline else "; --borderline lists them"
        yield "borderline", f"{_many(summary.borderline, 'pair')} just missed a threshold{listed}"
    if options.verbose:
        yield "seconds", ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in report.seconds.items())


def _formats(report: Report) -> Iterator[str]:
    """Yield how many files were read as what, with the first of them."""
    files: dict[str, list[str]] = {}
    for path, form in zip(report.articles.files, report.articles.formats, strict=True):
        files.setdefault(form or "nothing", []).append(path)
    for form, paths in files.items():
        shown = ", ".join(escape(path) for path in paths[:_MAX_EXAMPLES])
        more = len(paths) - _MAX_EXAMPLES
        yield f"{_many(len(paths), 'file')} as {form} ({shown}{f' and {more:,} more' if more > 0 else ''})"


def _skips(report: Report, options: Options, width: int, color: bool) -> Iterator[str]:
    skips = report.articles.skips
    if not skips:
        return
    yield from wrap(words(f"{len(skips):,} not read, or not as given:", "warning"), width, "skipped     ", color=color)
    for reason, count in skip_reasons(report.articles):
        yield from wrap(words(reason), width, f"{count:>8,}  ", " " * 10)
        examples = (skip for skip in skips if skip.reason == reason)
        # Where the first one is has to be seen without asking: somebody has to mend it.
        for skip in islice(examples, _MAX_EXAMPLES if options.verbose else 1):
            where = escape(skip.path) + (f":{skip.record}" if skip.record else "")
            yield from wrap([Piece(where)], width, " " * 12, " " * 14)


def _finding(report: Report, finding: Finding, width: int, color: bool) -> Iterator[str]:
    first, told, shown = finding.places[0], finding.told, finding.places[:_MAX_PLACES]
    if not any(place is told for place in shown):
        shown = (*shown[:-1], told)
    number = f"{finding.number}. "
    yield from wrap(words(describe(finding), "bold"), width, number, " " * len(number), color=color)
    yield from wrap(words(scores_told(finding)), width, "   ", "   ")
    for i, place in enumerate(shown):
        same = i > 0 and place.article == first.article
        yield from wrap(_where(report, finding, place, same=same), width, "   ", "     ", color=color)
        if place is told:
            yield from wrap(excerpt(told.text or ""), width, " " * 7, " " * 7)
            if i and place.numbers_changed:  # against a text that cannot be shown
                yield from wrap(words("numbers changed", "warning"), width, " " * 5, " " * 7, color=color)
        elif place.text_kept and not finding.exact:
            texts = told.text or "", place.text or ""
            yield from difference_lines(*texts, width, color, numbers_changed=place.numbers_changed)
    if len(shown) < len(finding.places):
        yield f"   +{len(finding.places) - len(shown):,} more"
    if finding.more:
        yield f"   and in {_many(finding.more, 'more article')} of the archive"


def describe(finding: Finding) -> str:
    """Return the kind of a finding in words."""
    n_places, n_articles = len(finding.places), len({place.article for place in finding.places}) + finding.more
    exact = ", word for word" if finding.exact else ", reworded"
    if finding.kind == "self":
        said = ("repeated inside the article" if n_places == 2 else f"said {n_places:,} times in the article") + exact
    elif finding.kind == "reuse":
        said = (
            "carried over "
            + ("from another article" if n_articles == 2 else f"into {n_articles - 1:,} other articles")
            + exact
        )
    elif finding.kind == "boilerplate":
        said = f"notice under {_many(n_articles, 'article')}" + (exact if finding.exact else ", with variants")
    elif finding.kind == "near-duplicate":
        many = "two" if n_articles == 2 else f"{n_articles:,}"
        said = f"{many} articles " + ("with the same text" if finding.exact else "that are nearly the same")
    else:
        first, second = (
            ("first", "second") if finding.places[0].tokens < finding.places[1].tokens else ("second", "first")
        )
        said = f"most of the {first} article stands in the {second}"
    return said if finding.level == "article" else f"{said} ({finding.level})"


def scores_told(finding: Finding) -> str:
    """Return the scores of a finding's places in words."""
    others = finding.places[1:]
    told = [
        f"Jaccard {_range(place.jaccard for place in others)}",
        f"cosine {_range(place.cosine for place in others)}",
        f"containment {_range(place.containment for place in others)}",
    ]
    return ", ".join(told) + f"; {_many(finding.weight, 'token')} said again"


def _range(values: Iterable[float]) -> str:
    texts = sorted({f"{value:.2f}" for value in values})
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def _where(report: Report, finding: Finding, place: Place, *, same: bool) -> Iterator[Piece]:
    """Yield where a place is, in a form that editors open, and what article that is."""
    articles = report.articles
    path = escape(place.path)
    form = articles.formats[articles.file_rows[place.article]] if articles.formats else ""
    by_line = form not in RECORD_FORMATS and (place.path.endswith(_LINE_FILES) or place.path == "-")
    if articles.body_lines[place.article]:
        at = f"{path}:{place.line}" if form == "html" else f"{path}:{place.line}:{place.column}"
        yield Piece(path if place.part == "title" else at, "bold")
        note = ["title"] if place.part == "title" else []
    else:
        yield Piece(f"{path}:{place.record}" if by_line else path, "bold")
        named = place.id not in (place.path, f"{place.path}:{place.record}")
        note = [] if by_line else [f"record {place.record}"]
        note += [escape(" ".join(place.id.split()))] * named
        if place.part == "title":
            note.append("title")
        elif finding.level != "article":
            note.append(f"paragraph {place.paragraph}" if place.paragraph else f"line {place.line} of the text")
    if note:
        yield from words(f"({', '.join(note)})")
    if same:
        yield from words("same article")
        return
    told = ["in the archive"] if report.archive is not None and report.archive.articles[place.article] else []
    told += [] if place.text_kept else ["its text not kept"]
    if title := articles.title(place.article).strip():
        told.append(f'"{title}"')
    if source := articles.sources[place.article]:
        told.append(source)
    link = articles.urls[place.article]
    if form in RECORD_FORMATS and link and link != place.id:
        told.append(link)
    if articles.dates[place.article] != NO_DATE:
        told.append(iso_dates(articles.dates[place.article : place.article + 1])[0].partition("T")[0])
    yield from words(", ".join(told), "dim")


def excerpt(text: str) -> list[Piece]:
    """Return a text, the middle of a long one left out."""
    if len(text) <= _MAX_CHARACTERS:
        return words(text)
    half = _MAX_CHARACTERS // 2
    head, tail = text[:half], text[-half:]
    # Not in the middle of a word, in texts that have spaces.
    head = head.rsplit(None, 1)[0] if " " in head else head
    tail = tail.split(None, 1)[1] if " " in tail.rstrip() else tail
    return [*words(head), Piece("…"), *words(tail)]


def difference_lines(
    first: str, other: str, width: int, color: bool, *, numbers_changed: bool = False
) -> Iterator[str]:
    """Yield what another text has that the first one has not."""
    difference = compare(first, other)
    if not difference.changes:
        return
    yield from wrap(difference.pieces, width, " " * 7, " " * 7, color=color)
    if difference.hidden:
        yield f"       … {_many(difference.hidden, 'more change')}"
    if difference.numbers or numbers_changed:
        pairs = ", ".join(f"{left} -> {right}" for left, right in difference.numbers)
        told = "numbers changed" + (f": {pairs}" if pairs else "")
        yield from wrap(words(told, "warning"), width, " " * 5, " " * 7, color=color)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _percent(share: float) -> str:
    return f"{share:.1%}"
