"""Report -> one page that opens from disk: overview, findings, texts side by side, articles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TextIO

import msgspec

from dedup import __version__
from dedup.reports import DEFAULT_OPTIONS, KINDS, Options
from dedup.reports.charts import SHARE_WORDS, markup
from dedup.reports.html.blocks import Blocks, Counted
from dedup.reports.html.content import LEVEL_NAMES, Content, Kept
from dedup.reports.html.page import asset, overview_markup, policy, script, style
from dedup.reports.json import open_sink
from dedup.reports.view import Summary, choose_findings, clean, summarize

if TYPE_CHECKING:
    from dedup.gate.check import Judgement
    from dedup.result import Report

#: Size of a page, unless another one is asked for: mail servers commonly take so much.
DEFAULT_BYTES = 20_000_000

_NAMED = re.compile(r"\{\{(\w+)\}\}")


def write(
    report: Report,
    stream: TextIO,
    options: Options = DEFAULT_OPTIONS,
    judgement: Judgement | None = None,
) -> None:
    """Write a report as a page, in UTF-8 whatever the encoding of the stream.

    Equal runs give equal bytes: no time is in it.

    Parameters
    ----------
    report : Report
    stream : TextIO
    options : Options
        ``page_bytes`` is how large the page may become; the heaviest findings are kept, and it says how many.
    judgement : Judgement, optional
        What a gate says: the page then has the verdict, and findings their rules and whether they are new.
    """
    sink = Counted(open_sink(stream))
    summary = summarize(report)
    max_bytes = options.page_bytes or DEFAULT_BYTES
    page, tail = asset("page.html"), f'<script type="module">{script()}</script>\n</body>\n</html>\n'.encode()
    head, _, rest = page.partition("{{overview}}")
    sink.write(_filled(head, report, summary, options).encode())
    verdict = judgement.verdict if judgement else None
    for line in overview_markup(report, summary, options, _notes(options, summary), verdict):
        sink.write(line.encode() + b"\n")
    sink.write(_filled(rest, report, summary, options).encode())
    content = Content(report, options, sink, max_bytes - len(tail), judgement.standings if judgement else {})
    kept = content.write()
    meta = Blocks(sink, "meta")
    meta.add(msgspec.json.encode(_meta(report, summary, options, kept, gated=judgement is not None)))
    meta.flush()
    sink.write(tail)


def write_nothing(told: str, stream: TextIO) -> None:
    """Write a page for an input without articles, which says so."""
    title = f"<title>said twice</title><style>{style()}</style>"
    page = f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8">{title}<h1>{markup(told)}</h1></html>\n'
    open_sink(stream).write(page.encode())


def _filled(template: str, report: Report, summary: Summary, options: Options) -> str:
    values = {
        "policy": policy(),
        "version": __version__,
        "title": markup(f"said twice: {', '.join(report.articles.files[:3])}"),
        "style": style(),
        "n_findings": f"{len(choose_findings(report, options.kinds, options.top or 0)):,}",
        "n_articles": f"{summary.articles:,}",
    }
    # In one pass: what a file is called may look like a name of the template.
    return _NAMED.sub(lambda match: values[match[1]], template)


def _notes(options: Options, summary: Summary) -> list[str]:
    notes = []
    if options.kinds:
        notes.append(f"Findings of kind {', '.join(options.kinds)} are listed; the figures are those of all.")
    if options.top and options.top < sum(summary.findings.values()):
        notes.append(f"The {options.top:,} heaviest findings are listed; the figures are those of all.")
    return notes


def _meta(report: Report, summary: Summary, options: Options, kept: Kept, *, gated: bool) -> dict[str, object]:
    config = report.config
    return {
        "kinds": [{"name": kind, "words": SHARE_WORDS[kind]} for kind in KINDS],
        "levels": LEVEL_NAMES,
        "sources": [clean(name) for name in kept.sources],
        "files": [clean(report.articles.files[row]) for row in kept.files],
        "findings": kept.findings,
        "ofFindings": kept.of_findings,
        "articles": len(kept.articles),
        "ofArticles": summary.articles,
        "texts": len(kept.texts),
        "words": summary.tokens,
        "shingle": {"size": config.shingle.k, "unit": config.shingle.unit},
        "thresholds": {"jaccard": config.score.min_jaccard, "cosine": config.score.min_cosine},
        "pageBytes": options.page_bytes or DEFAULT_BYTES,
        "gated": gated,
    }
