"""Cleaning -> what went, in a screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import numpy as np

from dedup.clean.edits import dropped_articles, pieces
from dedup.clean.params import CleanParams
from dedup.clean.remains import Why
from dedup.clean.rounds import Cleaning, Removed
from dedup.model import Articles
from dedup.reports import KINDS
from dedup.reports.terminal import escape

#: Characters of a text that an example shows.
_SHOWN = 160


def write_summary(cleaning: Cleaning, params: CleanParams, stream: TextIO, *, examples: int) -> None:
    """Write how much there was and is, what went by kind, and what is still said twice and why."""
    stream.writelines(f"{line}\n" for line in summary_lines(cleaning, params, examples=examples))


def summary_lines(cleaning: Cleaning, params: CleanParams, *, examples: int) -> Iterator[str]:
    """Yield the lines of the summary."""
    before, after = cleaning.before, cleaning.after
    for name in ("articles", "paragraphs", "sentences", "text_bytes"):
        was, now = getattr(before, name), getattr(after, name)
        told = "bytes of text" if name == "text_bytes" else name
        yield f"{was:>13,} -> {now:>13,}  {told}" + (f"  ({(now - was) / was:+.1%})" if was and was != now else "")
    yield ""
    gone = dict(zip(KINDS, by_kind(cleaning), strict=True))
    for kind, (articles, parts, n_bytes) in gone.items():
        yield f"{kind:>15}  {_what(params.action(kind), articles, parts, n_bytes, _marked(cleaning, kind))}"
    yield ""
    yield from _still(cleaning, params)
    if len(cleaning.uncut):
        first = _where(cleaning.articles, int(cleaning.uncut[0]))
        yield (
            f"{len(cleaning.uncut):,} articles stay whole: their text is HTML that cannot be cut (the first: {first})"
            "; --format jsonl writes it as text, --html never takes it as text"
        )
    shown: dict[tuple[int, bool], int] = {}
    for one in [*dropped_articles(cleaning), *pieces(cleaning)]:
        count = shown[one.kind, one.whole] = shown.get((one.kind, one.whole), 0) + 1
        if count <= examples:
            yield ""
            yield from _example(cleaning.articles, one)


def _what(action: str, articles: int, parts: int, n_bytes: int, marked: int) -> str:
    if action == "keep":
        return "kept"
    if action == "mark":
        return f"{marked:,} marked"
    return f"{articles:,} articles and {parts:,} sentences go, {n_bytes:,} bytes"


def _marked(cleaning: Cleaning, kind: str) -> int:
    return int((cleaning.marks.kinds == KINDS.index(kind) + 1).sum())


def by_kind(cleaning: Cleaning) -> list[tuple[int, int, int]]:
    """Return articles, sentences and bytes that go, by kind; what goes with its article is not counted again."""
    counts = np.zeros((len(KINDS), 3), np.int64)
    for one in cleaning.removed:
        counts[one.kind - 1, 1] += not cleaning.dropped[one.article]
    for one in dropped_articles(cleaning):
        counts[one.kind - 1] += (1, 0, one.end - one.start)
    for one in pieces(cleaning):
        counts[one.kind - 1, 2] += one.end - one.start
    return [(row[0], row[1], row[2]) for row in counts.tolist()]


def _still(cleaning: Cleaning, params: CleanParams) -> Iterator[str]:
    kinds = cleaning.report.findings.kinds
    if not len(kinds):
        yield "nothing in what is left is said twice"
        return
    yield "still said twice in what is left:"
    for number, kind in enumerate(KINDS, 1):
        whys = cleaning.whys[kinds == number]
        if len(whys):
            counts = [(why, int((whys == why).sum())) for why in Why]
            told = [f"{count:,} {_reason(why, kind, params)}" for why, count in counts if count]
            yield f"{kind:>15}  {', '.join(told)}"


def _reason(why: Why, kind: str, params: CleanParams) -> str:
    share = f"under {params.min_share:.0%} of any sentence (--min-share)"
    if kind in ("near-duplicate", "contained"):
        share = f"under {params.min_article_share:.0%} of the article (--min-article-share)"
    return {
        Why.ASKED: {"keep": "kept, as asked", "mark": "marked, as asked", "drop": ""}[params.action(kind)],
        Why.RETURNED: "came back for something that went",
        Why.UNCUT: "in a text that cannot be cut",
        Why.NUMBERS: "with other numbers (--changed-numbers)",
        Why.SHARE: share,
        Why.TITLE: "titles",
    }[why]


def _example(articles: Articles, one: Removed) -> Iterator[str]:
    what = "article" if one.whole else "text"
    yield f"{KINDS[one.kind - 1]} {what}, {one.share:.0%} of it in what stays: {_where(articles, one.article)}"
    yield f"  - {_text(articles, one.start, one.end)}"
    if one.kept:
        article, start, end = one.kept[0]
        yield f"  stays in {_where(articles, article)}"
        yield f"  + {_text(articles, start, end)}"


def _where(articles: Articles, article: int) -> str:
    path = articles.files[articles.file_rows[article]]
    return escape(f"{path}:{int(articles.records[article])} ({articles.ids[article]})")


def _text(articles: Articles, start: int, end: int) -> str:
    text = " ".join(articles.slice_text(start, min(end, start + 4 * _SHOWN)).split())
    return escape(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
