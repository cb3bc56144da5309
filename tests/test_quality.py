"""The quality benchmark's own arithmetic, on made-up data."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

import dedup
from benchmarks.datasets import article_pairs, body_tokens, equal_rows, words_only
from benchmarks.repeats import area_under_curve, covered_share, exact_repeats, measure_seeds
from benchmarks.results import Figure, Options
from benchmarks.sentence_pairs import Judged, best_points, point
from dedup.tokens import token_hash

LINE = "The harbour council of Osk voted on Monday to keep the old ferry running through the winter storms."


@pytest.mark.parametrize(
    ("relation", "value", "met"),
    [("", 0.1, None), (">=", 0.5, True), (">=", 0.49, False), ("=", 0.5, True), ("=", 0.51, False), ("~", 0.5009, True),
     ("~", 0.502, False)],
)  # fmt: skip
def test_figure_meets_its_target(relation: str, value: float, met: bool | None) -> None:
    """A figure is compared with .5 as its relation says, and has no verdict without one."""
    assert Figure("recall", value, relation, 0.5).met is met


def test_words_only_gives_the_tokens_of_a_regular_expression() -> None:
    r"""Our tokens of the blanked text are those of ``\w+`` of the text itself, where folding would join them."""
    text = "Net 1,914,388 vs U.S. loss; don't re-\nsell it_all 3.1%"

    tokens = body_tokens(dedup.articles_of([words_only(text)]))

    assert [token_hash(word) for word in re.findall(r"\w+", text.lower())] == tokens.values.tolist()


def test_article_pairs_stand_for_all_articles_of_equal_text() -> None:
    """Pairs of equal and of similar articles come back, each once, whatever was collapsed."""
    texts = [LINE, "Nothing of this is said anywhere else in the whole of the feed.", LINE.upper()]
    texts += [LINE.replace("Monday", "Friday"), LINE]
    articles = dedup.articles_of(texts)
    config = dedup.load_config({"levels": ["article"], "min_cosine": 0.0})

    pairs = article_pairs(dedup.scan(articles, config, jobs=1), equal_rows(body_tokens(articles)))

    assert set(itertools.combinations((0, 2, 3, 4), 2)) == pairs


def test_exact_repeats_are_later_paragraphs_of_the_same_words() -> None:
    """Case and white space do not matter, short paragraphs do not count, and the spans are of the later places."""
    again = LINE.upper().replace(" ", "\n ", 2)
    texts = [f"{LINE}\n\nRead more.\n\nOther news.\n \n{again}\n\nRead more.\n\n{LINE}", f"{LINE}\n\n{LINE} Really."]
    articles = dedup.articles_of(texts)

    repeats = exact_repeats(articles)

    assert {0: [again, LINE]} == {row: [articles.slice_text(*span) for span in spans] for row, spans in repeats.items()}


def test_covered_share_counts_the_union() -> None:
    """Spans that overlap or reach beyond the place are counted once and inside it only."""
    assert covered_share((10, 20), [(0, 12), (11, 14), (18, 30), (40, 50)]) == 0.6


def test_area_under_curve_counts_pairs_in_order() -> None:
    """Of four pairs of a one and a zero, three are in order and one is a tie."""
    assert area_under_curve(np.array([1, 0, 1, 0]), np.array([0.9, 0.4, 0.4, 0.1])) == 3.5 / 4


def test_point_counts_labels_and_scores_apart() -> None:
    """Precision and recall come from the labelled pairs, the mean from the scored ones, and neither from the others."""
    nan = np.nan
    judged = Judged(
        jaccard=np.array([0.9, 0.6, 0.2, 0.9, 0.6, 0.3]),
        cosine=np.array([0.9, 0.9, 0.9, 0.2, 0.9, 0.9]),
        shared=np.array([9, 9, 2, 9, 9, 3]),
        labels=np.array([1, 0, 1, 1, nan, nan]),
        scores=np.array([nan, nan, nan, nan, 4.5, 4.0]),
    )

    one, all_of_them = point(judged, 0.5, 0.7, 0), point(judged, 0.01, 0.0, 0)

    assert (1 / 2, 1 / 3, 2, 4.5, 1 / 2, 1) == (
        one.precision, one.recall, one.accepted, one.mean_score, one.scored_recall, one.scored_accepted,
    )  # fmt: skip
    assert (3 / 4, 1.0, 4.25, 1.0) == (
        all_of_them.precision, all_of_them.recall, all_of_them.mean_score, all_of_them.scored_recall,
    )  # fmt: skip
    assert {"scores: mean >= 4, most recall": all_of_them, "labels: best F1": all_of_them} == best_points(
        [one, all_of_them]
    )


def test_seeds_are_compared_by_kind_and_place(tmp_path: Path) -> None:
    """A finding with a label counts as right, a label without one as missed, and one of another place as neither."""
    records = [
        {"id": "one", "text": f"{LINE}\n\nA word between the two of them.\n\n{LINE}"},
        {"id": "two", "text": "Nothing of this is said anywhere else in the whole of the feed."},
    ]
    labels = [
        {"kind": "self", "exact": False, "places": [{"id": "one", "text": LINE}, {"id": "one", "text": LINE}]},
        {"kind": "contained", "exact": True, "places": [{"id": "two", "text": None}, {"id": "one", "text": None}]},
    ]
    (tmp_path / "feed.jsonl").write_text("\n".join(json.dumps(one) for one in records))
    (tmp_path / "expected.json").write_text(json.dumps({"findings": labels, "clean": ["two"], "not": [["one", "two"]]}))

    figures = measure_seeds(tmp_path, Options(jobs=1)).figures

    assert {
        "precision": 1.0,
        "recall": 0.5,
        "exact flags": 0.0,
        "pairs related that are not": 0,
        "clean articles with a finding": 0,
    } == {figure.name: figure.value for figure in figures}
