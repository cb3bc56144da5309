"""``dedup compare``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from dedup.cli import options, run
from dedup.errors import DedupError

if TYPE_CHECKING:
    from dedup.explain import Explanation, Span
    from dedup.model import Articles
    from dedup.result import Report

_MAX_SHINGLES = 12
_MAX_TERMS = 12


class _Named(NamedTuple):
    """What the user named: a file, and which article of it."""

    path: str
    id: str
    record: int


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="[default: text]")
@click.option("--color/--no-color", default=None, help="Colour the differences. [default: on a terminal]")
@options.add(*options.RUN, *options.SETTINGS)
def compare(
    left: str,
    right: str,
    form: str,
    color: bool | None,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Show why articles A and B are, or are not, a repeat.

    Each is a file of one article, feed.jsonl#ID or feed.jsonl:RECORD. Words are weighted by all articles of the files.
    """
    named = [_parse(left), _parse(right)]
    paths = list(dict.fromkeys(one.path for one in named))
    report = run.scan_inputs(paths, settings, jobs=jobs, quiet=quiet, verbose=verbose, file=config_file)
    rows = [_find(report.articles, one, told) for one, told in zip(named, (left, right), strict=True)]
    if rows[0] == rows[1]:
        raise DedupError(f"{left} and {right} are one article; name two")
    from dedup.explain import explain

    found = explain(report, *rows)
    with run.opened(None) as stream:
        if form == "json":
            stream.write(json.dumps(_plain(report, rows, found), ensure_ascii=False, indent=2) + "\n")
            return
        from dedup.reports.terminal import uses_color, width_of

        for line in _lines(report, rows, found, width=width_of(stream), color=uses_color(stream, color)):
            stream.write(line + "\n")


def _parse(named: str) -> _Named:
    """Return the file and the article; of several ``#`` the first one that leaves the name of a file counts."""
    if Path(named).exists():
        return _Named(named, "", 0)
    at = named.find("#")
    while at >= 0:
        if Path(named[:at]).exists():
            return _Named(named[:at], named[at + 1 :], 0)
        at = named.find("#", at + 1)
    path, _, record = named.rpartition(":")
    if record.isdigit() and Path(path).exists():
        return _Named(path, "", int(record))
    raise DedupError(f"{named}: no such file; name one, or an article of it as FILE#ID or FILE:RECORD")


def _find(articles: Articles, named: _Named, told: str) -> int:
    rows = [row for row in range(len(articles)) if articles.files[articles.file_rows[row]] == named.path]
    if named.id:
        rows = [row for row in rows if articles.ids[row] == named.id]
    elif named.record:
        rows = [row for row in rows if articles.records[row] == named.record]
    if not rows:
        raise DedupError(f"{told}: no article of that name in {named.path}")
    if len(rows) > 1 and named.id:
        records = " and ".join(f"{named.path}:{articles.records[row]}" for row in rows[:3])
        raise DedupError(f"{told}: {len(rows)} articles have this id; name one as {records}")
    if len(rows) > 1 and not named.record:
        first = articles.ids[rows[0]]
        raise DedupError(f"{told}: {len(rows)} articles; name one as {named.path}#{first} or {named.path}:1")
    return rows[0]


def _lines(report: Report, rows: list[int], found: Explanation, *, width: int, color: bool) -> Iterator[str]:
    from dedup.reports.terminal import escape

    articles = report.articles
    yield escape(found.why)
    yield ""
    for name, row in zip("AB", rows, strict=True):
        title = " ".join(articles.title(row).split())
        yield escape(f"{name}  {articles.files[articles.file_rows[row]]}:{articles.records[row]}  {title}")
    for number, passage in enumerate(found.passages, 1):
        yield ""
        scores = f"Jaccard {passage.jaccard:.2f}, cosine {passage.cosine:.2f}, containment {passage.containment:.2f}"
        yield f"Passage {number} of {len(found.passages)}: {scores}"
        yield from _sides(articles, passage.left, passage.right, width, color=color)
    if not found.passages:
        yield ""
        yield "The two paragraphs that are most alike"
        yield from _sides(articles, found.left, found.right, width, color=color)
    yield ""
    yield "What the scores of the longest passage are made of" if found.passages else "What their scores are made of"
    n, m = found.sizes
    k = report.config.shingle.k
    union = n + m - found.shared
    yield f"  Jaccard {found.jaccard:.3f}: {found.shared} of {union} {k}-grams are in both ({n} in A, {m} in B)"
    yield from (escape(f"    {shingle}") for shingle in found.shingles[:_MAX_SHINGLES])
    if len(found.shingles) > _MAX_SHINGLES:
        yield f"    ... and {len(found.shingles) - _MAX_SHINGLES} more"
    yield f"  TF-IDF cosine {found.cosine:.3f}: the sum of these words' parts"
    yield from (escape(f"    {term.part:.3f}  {term.word}") for term in found.terms[:_MAX_TERMS])
    if len(found.terms) > _MAX_TERMS:
        rest = sum(term.part for term in found.terms[_MAX_TERMS:])
        yield f"    {rest:.3f}  {len(found.terms) - _MAX_TERMS} other words"


def _sides(articles: Articles, left: Span, right: Span, width: int, *, color: bool) -> Iterator[str]:
    from dedup.reports.columns import side_by_side
    from dedup.reports.terminal import words, wrap

    texts = [articles.slice_text(*left), articles.slice_text(*right)]
    if texts[0].split() == texts[1].split():
        yield "  A and B, word for word the same"
        yield from wrap(words(texts[0]), width, "  ", "  ")
        return
    yield from (f"  {line}" for line in side_by_side(texts[0], texts[1], width - 2, color=color))


def _plain(report: Report, rows: list[int], found: Explanation) -> dict[str, object]:
    """Return an explanation as plain values, with texts in place of spans."""
    articles = report.articles
    plain = asdict(found)
    plain["relation"] = found.relation.name.lower().replace("_", "-") if found.relation is not None else None
    plain["articles"] = [articles.ids[row] for row in rows]
    plain["passages"] = [
        {**one._asdict(), "left": articles.slice_text(*one.left), "right": articles.slice_text(*one.right)}
        for one in found.passages
    ]
    plain["terms"] = [term._asdict() for term in found.terms]
    plain["left"], plain["right"] = articles.slice_text(*found.left), articles.slice_text(*found.right)
    return plain
