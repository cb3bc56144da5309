"""The audit counts what there is and what LSH finds of it, and notices an LSH that finds less than it promises."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import dedup
from benchmarks.recall import edited_passages
from benchmarks.results import SEEDS, Options
from dedup import audit as stage
from dedup import cli, lsh
from dedup.lsh import Bands
from tests import oracle

#: One level, so that an article is a segment and no more.
CONFIG = dedup.load_config({"levels": ["article"], "min_tokens": 1})


@pytest.fixture(scope="module")
def articles() -> dedup.Articles:
    return edited_passages(SEEDS / "feed.jsonl", Options(jobs=1, count=8))


@pytest.fixture(scope="module")
def feed(articles: dedup.Articles, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("audit") / "feed.jsonl"
    path.write_text("".join(json.dumps({"text": articles.body(row)}) + "\n" for row in range(len(articles))))
    return str(path)


@pytest.fixture
def half_of_the_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search with half of the bands that the recall was calculated for."""
    whole = lsh.choose_bands

    def half(*arguments) -> Bands:
        return Bands(whole(*arguments).bands // 2, whole(*arguments).rows)

    monkeypatch.setattr(lsh, "choose_bands", half)


def test_the_pairs_are_all_that_nested_loops_find(articles):
    """Distinct texts with a word-3-shingle Jaccard of .5 or more; LSH has nearly all of them, as its bands promise."""
    found = stage.audit(articles, CONFIG, jobs=1)
    texts = sorted({articles.body(row) for row in range(len(articles))})
    sets = [oracle.shingle_set([token for token, _, _ in oracle.folded_tokens(text)], 3) for text in texts]
    expected = sum(len(a & b) / len(a | b) >= 0.5 for a, b in combinations(sets, 2))

    everything = next(one for one in stage.recalls(found) if one.label == "all")
    assert expected == everything.pairs == len(found.found) > 1000
    assert 0.99 < everything.promised < 1
    assert found.kept
    assert everything.interval[0] - 0.01 < everything.promised


def test_groups_add_up_to_all(articles):
    """Every pair is in one step of Jaccard, and what is missed is what is not found, most alike first."""
    found = stage.audit(articles, dedup.load_config({"recall": 0.7}), jobs=1)
    *steps, everything, matches = stage.recalls(found)
    missed = stage.missed_pairs(found)

    assert (sum(one.pairs for one in steps), sum(one.found for one in steps)) == (everything.pairs, everything.found)
    assert matches.pairs == found.matched.sum() <= everything.pairs
    assert len(missed) == everything.pairs - everything.found > 0
    assert (np.diff(found.jaccard[missed]) <= 0).all()


def test_a_sample_keeps_articles_whole_and_in_order(articles):
    """So many, each with its own text, by the seed."""
    part = stage.sample_articles(articles, 20, seed=3)
    texts = [articles.body(row) for row in range(len(articles))]
    rows = [texts.index(part.body(row)) for row in range(len(part))]

    assert len(part) == 20
    assert rows == sorted(rows)
    assert stage.sample_articles(articles, 10**6) is articles


def test_the_command_says_what_was_asked_for_and_what_was_found(feed):
    """Exit 0 where the promise holds; of a sample, it says so."""
    result = CliRunner().invoke(cli.main, ["audit", feed, "--sample", "60", "-q"])

    assert result.exit_code == 0, result.output
    assert "35 bands of 3 rows; recall calculated at Jaccard 0.5: 0.9907\na sample of 60 of" in result.output
    assert "\nasked for 0.99, measured " in result.output


def test_fewer_bands_than_promised_are_noticed(feed, half_of_the_bands):
    """Exit 1, the recall beside the promise, and pairs that were missed."""
    result = CliRunner().invoke(cli.main, ["audit", feed, "-q", "--examples", "1"])

    assert result.exit_code == 1
    assert "35 bands of 3 rows" in result.output
    assert ": not kept\n" in result.output
    assert "Missed, most alike first\n\nJaccard 0." in result.output
    assert "Missed, nearest to the threshold\n\nJaccard 0.5" in result.output


def test_what_cannot_be_asked_for_is_said(tmp_path: Path):
    """A recall out of reach, and a feed of nothing, end with a line."""
    (tmp_path / "feed.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "empty.jsonl").write_text("")

    far = CliRunner().invoke(cli.main, ["audit", str(tmp_path / "feed.jsonl"), "--num-perm", "2", "-q"])
    empty = CliRunner().invoke(cli.main, ["audit", str(tmp_path / "empty.jsonl"), "-q"])

    assert (2, 2) == (far.exit_code, empty.exit_code)
    assert "lsh: recall 0.99 at Jaccard 0.5 needs more than the 2 cells" in far.output
    assert "no article in the input" in empty.output
