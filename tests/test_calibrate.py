"""What a threshold would let through is what a run with that threshold lets through."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from click.testing import CliRunner

import dedup
from dedup import cli
from dedup.calibrate import accepted, curve, examples, histogram, scored_pairs
from tests.site_factory import Writer


@pytest.fixture(scope="module")
def articles() -> dedup.Articles:
    """Sixty pairs of paragraphs, from one changed word to a third of them."""
    writer, records = Writer(11), []
    for number in range(60):
        first = [writer.sentence(12) for _ in range(2)]
        second = first
        for _ in range(number % 8):
            second = [writer.reworded(one) for one in second]
        records += [{"text": " ".join(first)}, {"text": " ".join(second)}]
    return dedup.articles_of(records)


def with_threshold(measure: str, threshold: float) -> dedup.Config:
    config = dedup.Config()
    return replace(config, score=replace(config.score, **{f"min_{measure}": threshold}))


@pytest.mark.parametrize(
    ("measure", "threshold"), [("cosine", 0.8), ("cosine", 0.95), ("jaccard", 0.6), ("jaccard", 0.8)]
)
def test_a_threshold_gives_the_matches_of_a_run_with_it(articles, measure, threshold):
    """Pair by pair, and in the counts of the curve."""
    report, other = dedup.scan(articles), dedup.scan(articles, with_threshold(measure, threshold))
    pairs = scored_pairs(report)

    found = accepted(report, pairs, measure, threshold)

    expected = sorted(zip(other.matches.left.tolist(), other.matches.right.tolist(), strict=True))
    assert expected == sorted(zip(pairs.left[found].tolist(), pairs.right[found].tolist(), strict=True))
    assert {point.threshold: point.matches for point in curve(report, pairs, measure)}[threshold] == len(expected)
    assert 0 < len(expected) <= len(pairs.left)


def test_the_threshold_in_force_gives_the_matches_of_the_run(articles):
    """And the histogram has every pair over the other threshold once."""
    report = dedup.scan(articles)
    pairs = scored_pairs(report)

    assert accepted(report, pairs, "cosine", report.config.score.min_cosine).sum() == len(report.matches)
    assert sum(count for _, count in histogram(report, pairs, "jaccard")) == len(pairs.left)


def test_examples_are_the_nearest_on_both_sides(articles):
    """Under and over the threshold, by distance."""
    report = dedup.scan(articles)
    pairs = scored_pairs(report)

    under, over = examples(report, pairs, "cosine", 5)

    assert all(pairs.cosine[under] < report.config.score.min_cosine)
    assert pairs.cosine[over].tolist() == sorted(pairs.cosine[over].tolist())
    assert len(over) == 5


def test_the_command_shows_scores_thresholds_and_examples():
    """On the seeds: a histogram, a table, texts with their differences."""
    result = CliRunner().invoke(cli.main, ["calibrate", "seeds/feed.jsonl", "-q"], prog_name="dedup")

    assert result.exit_code == 0, result.output
    assert "threshold" in result.stdout
    assert "Just over it" in result.stdout
    assert "[-" in result.stdout
    table = result.stdout.partition("\n  threshold ")[2].partition("\n\n")[0]
    rows = [line[2:].split() for line in table.splitlines()[1:]]
    assert ("0.00", "1.00") == (rows[0][0][:4], rows[-1][0][-4:])
    assert all(one[1:] != other[1:] or "0.75" in (one[0], other[0]) for one, other in pairwise(rows))
