"""``dedup calibrate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedup.cli import options, run

if TYPE_CHECKING:
    from dedup.calibrate import Measure, Point, Scored
    from dedup.result import Report

_BAR = 40


@click.command()
@click.option("--measure", type=click.Choice(("cosine", "jaccard")), default="cosine", help="[default: cosine]")
@click.option("--examples", type=click.IntRange(min=0), default=3, metavar="N", help="On each side. [default: 3]")
@options.add(*options.INPUTS, *options.RUN, *options.SETTINGS)
def calibrate(
    inputs: tuple[str, ...],
    files_from: str | None,
    measure: Measure,
    examples: int,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Show what other thresholds would report of INPUT, and examples around the one in force.

    To see pairs further below, run it with a lower --min-jaccard.
    """
    report = run.scan_inputs(
        run.named_inputs(inputs, files_from), settings, jobs=jobs, quiet=quiet, verbose=verbose, file=config_file
    )
    from dedup.calibrate import scored_pairs

    pairs = scored_pairs(report)
    with run.opened(None) as stream:
        for line in _lines(report, pairs, measure, examples):
            stream.write(line + "\n")


def _lines(report: Report, pairs: Scored, measure: Measure, n_examples: int) -> Iterator[str]:
    from dedup import calibrate as stage

    now = getattr(report.config.score, f"min_{measure}")
    bars = stage.histogram(report, pairs, measure)
    most = max(1, *(count for _, count in bars))
    yield f"Pairs of distinct segments by {measure}; the threshold is {now:g}"
    for low, count in bars:
        if any(others for start, others in bars if start <= low):
            mark = ">" if low <= now < low + stage.STEP - 1e-9 else " "
            yield f"{mark} {low:.2f} {count:8,} {'#' * -(-count * _BAR // most)}"
    yield ""
    yield from _curve(stage.curve(report, pairs, measure), now)
    under, over = stage.examples(report, pairs, measure, n_examples)
    for title, rows in (("Just under the threshold", under), ("Just over it", over)):
        if len(rows):
            yield f"\n{title}"
        for row in rows.tolist():
            yield from _example(report, pairs, row)


def _curve(points: Sequence[Point], now: float) -> Iterator[str]:
    """Yield the table of thresholds; those that let the same through share a row, the one in force has its own."""
    yield f"{'threshold':>11} {'matches':>9} {'segments':>9} {'articles':>9}"
    in_force = max((point.threshold for point in points if point.threshold <= now + 1e-9), default=0.0)
    for (marked, *counts), same in groupby(
        points, key=lambda point: (point.threshold == in_force, point.matches, point.segments, point.articles)
    ):
        first, *rest = [f"{point.threshold:.2f}" for point in same]
        which = f"{first}-{rest[-1]}" if rest else first
        yield f"{'>' if marked else ' '} {which:>9} {counts[0]:9,} {counts[1]:9,} {counts[2]:9,}"


def _example(report: Report, pairs: Scored, row: int) -> Iterator[str]:
    sure = report.config.score.sure_shingles
    by_length = " (a match by its length)" if sure and pairs.shared[row] >= sure else ""
    head = f"cosine {pairs.cosine[row]:.4f}, Jaccard {pairs.jaccard[row]:.4f}{by_length}"
    yield from run.pair_lines(report, (int(pairs.left[row]), int(pairs.right[row])), head)
