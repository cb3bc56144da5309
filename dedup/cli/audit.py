"""``dedup audit``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedup.cli import options, run

if TYPE_CHECKING:
    from dedup.audit import Audit


@click.command()
@click.option("--sample", type=click.IntRange(min=2), metavar="N", help="Only N articles, by chance. [default: all]")
@click.option("--examples", type=click.IntRange(min=0), default=3, metavar="N", help="Of missed pairs. [default: 3]")
@options.add(*options.INPUTS, *options.RUN, *options.SETTINGS)
def audit(
    inputs: tuple[str, ...],
    files_from: str | None,
    sample: int | None,
    examples: int,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Show how many of all similar pairs in INPUT the LSH search finds, beside what it promises.

    Every pair of segments at or over --min-jaccard is found by the exact join; those that LSH with the settings in
    force finds too are counted. Exit 1 if they are surely fewer than --recall: the whole 95 % interval is below it.
    """
    named = run.named_inputs(inputs, files_from)
    with run.prepared(named, settings, quiet=quiet, verbose=verbose, file=config_file) as (config, progress):
        from dedup import audit as stage

        found = stage.audit(named, config, sample=sample, jobs=jobs, progress=progress)
    with run.opened(None) as stream:
        for line in _lines(found, examples):
            stream.write(line + "\n")
    sys.exit(0 if found.kept else 1)


def _lines(found: Audit, n_examples: int) -> Iterator[str]:
    from dedup.audit import missed_pairs, recalls

    report, bands, rows = found.report, found.bands, recalls(found)
    least, everything = report.config.score.min_jaccard, next(row for row in rows if row.label == "all")
    part = f"a sample of {len(report.articles):,} of" if len(report.articles) < found.n_articles else "all"
    yield f"{bands.bands} bands of {bands.rows} rows; recall calculated at Jaccard {least:g}: {bands.recall(least):.4f}"
    yield f"{part} {found.n_articles:,} articles: {everything.pairs:,} pairs of distinct segments at {least:g} or over"
    yield ""
    yield f"{'Jaccard':12}{'pairs':>9}{'found':>9}{'recall':>8}  {'95 %':15}{'promised':>8}"
    for row in rows:
        low, high = row.interval
        measured = f"{row.recall:8.4f}  {f'{low:.4f}-{high:.4f}':15}{row.promised:8.4f}" if row.pairs else ""
        yield f"{row.label:12}{row.pairs:9,}{row.found:9,}{measured}"
    yield ""
    low, high = everything.interval
    verdict = "not kept" if not found.kept else "kept" if low >= found.asked else "within the interval"
    if not everything.pairs:
        verdict = "no pair to tell by"
    yield f"asked for {found.asked:g}, measured {everything.recall:.4f}: {verdict}"
    if found.lsh.thinned_buckets:
        yield f"{found.lsh.thinned_buckets:,} over-full buckets of LSH were thinned; what that missed is counted above"
    if report.search.thinned_buckets:
        yield (
            f"{report.search.thinned_buckets:,} over-full buckets of the exact join were thinned; LSH found "
            f"{found.lsh_alone:,} pairs there that the join did not, and neither counts them"
        )
    for title, some in _examples(missed_pairs(found).tolist(), n_examples):
        yield f"\n{title}"
        for i in some:
            pair = (int(found.left[i]), int(found.right[i]))
            match = "a match" if found.matched[i] else "no match"
            head = f"Jaccard {found.jaccard[i]:.3f}, cosine {found.cosine[i]:.3f}, {match}"
            yield from run.pair_lines(report, pair, head)


def _examples(missed: list[int], n_examples: int) -> list[tuple[str, list[int]]]:
    """Return titles and rows: the missed pairs most alike, and those nearest to the threshold."""
    alike = missed[:n_examples]
    borderline = [row for row in missed[-n_examples:] if row not in alike] if n_examples else []
    groups = [("Missed, most alike first", alike), ("Missed, nearest to the threshold", borderline)]
    return [(title, some) for title, some in groups if some]
