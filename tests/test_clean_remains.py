"""What cleaning leaves said twice was to stay: nothing of it is over the thresholds, and each has its reason."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.clean.params import CleanParams, clean_params
from dedup.clean.remains import Why
from dedup.clean.rounds import Cleaning
from dedup.findings import passage_kinds
from dedup.model import Kind, Level, Relation
from dedup.reports import KINDS
from tests.strategies import LETTERS, nested_feed, paragraph, sentence
from tests.test_clean import cleaned, params, runs_of, share_in


def count_words(text: str) -> int:
    return len(re.findall(r"\w+", text))


def could_go(found: Cleaning, params: CleanParams) -> list[str]:
    """Return the sentences and articles in a report on what is left of which enough stands in what they repeat."""
    report, left = found.report, found.left
    whole = left.slice_text(0, len(left.text))
    sentences = [(one.start(), one.end()) for one in re.finditer(r"[^.\s][^.\n]*\.", whole)]

    def covered(goer: tuple[int, int], stayer: tuple[int, int]) -> dict[tuple[int, int], int]:
        """Return how many words of each sentence that one span touches stand in runs of the other."""
        inside = {
            one: whole[max(one[0], goer[0]) : min(one[1], goer[1])]
            for one in sentences
            if one[0] < goer[1] and one[1] > goer[0]
        }
        runs = runs_of(whole[slice(*stayer)])
        return {one: round(share_in(text, runs) * count_words(text)) for one, text in inside.items() if text.strip()}

    def enough(goer: tuple[int, int], stayer: tuple[int, int]) -> list[str]:
        counts = covered(goer, stayer).items()
        return [whole[slice(*one)] for one, n in counts if n >= params.min_share * count_words(whole[slice(*one)])]

    over = []
    passages, relations = report.passages, report.relations
    of_pair: dict[tuple[int, int], list[list[tuple[int, int]]]] = {}
    for row, kind in enumerate(passage_kinds(passages, relations).tolist()):
        if passages.levels[row] == Level.TITLE:
            continue
        left_span, right_span = (
            (int(getattr(passages, f"{side}_starts")[row]), int(getattr(passages, f"{side}_ends")[row]))
            for side in ("left", "right")
        )
        pair = int(passages.left_articles[row]), int(passages.right_articles[row])
        of_pair.setdefault(pair, []).append([left_span, right_span])
        if params.action("self" if kind == Kind.SELF else "reuse") == "drop":
            over += enough(left_span, right_span) + enough(right_span, left_span)
    for row, kind in enumerate(relations.kinds.tolist()):
        if kind == Relation.SHARES or params.action("near-duplicate" if kind == 1 else "contained") != "drop":
            continue
        pair = int(relations.left[row]), int(relations.right[row])
        sides = [pair] if kind == Relation.LEFT_CONTAINED else [pair[::-1]]
        for goer, _ in [pair, pair[::-1]] if kind == Relation.NEAR_DUPLICATE else sides:
            spans = of_pair[pair] if goer == pair[0] else [one[::-1] for one in of_pair[pair]]
            counts: dict[tuple[int, int], int] = {}
            for one in spans:
                for part, n in covered(*one).items():
                    counts[part] = max(n, counts.get(part, 0))
            if sum(counts.values()) >= params.min_article_share * count_words(left.body(goer)):
                over.append(left.body(goer))
    findings = report.findings
    for row in np.flatnonzero(findings.kinds == Kind.BOILERPLATE):
        places = slice(int(findings.offsets[row]), int(findings.offsets[row + 1]))
        spans = list(zip(findings.starts[places].tolist(), findings.ends[places].tolist(), strict=True))
        if params.action("boilerplate") == "drop":
            over += [text for one in spans for other in spans if one != other for text in enough(one, other)]
    return over


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 16), params=params)
def test_a_report_on_what_is_left_finds_nothing_that_was_asked_to_go(seed, n, params):
    """Of no passage, notice or pair of articles that is left has one side so much in the other that it should go."""
    found = cleaned(nested_feed(random.Random(seed), n), params)

    assert [] == could_go(found, params)
    asked = [params.action(KINDS[kind - 1]) != "drop" for kind in found.report.findings.kinds.tolist()]
    assert asked == (found.whys == Why.ASKED).tolist()
    assert Why.RETURNED not in found.whys


@pytest.mark.parametrize(
    ("settings", "whys"),
    [
        ({}, [Why.NUMBERS, Why.SHARE, Why.SHARE]),
        ({"changed_numbers": "drop"}, [Why.SHARE, Why.SHARE]),
        ({"min_share": 0.6, "min_article_share": 0.6}, [Why.NUMBERS]),
        ({"actions": {"self": "mark", "near-duplicate": "keep"}}, [Why.ASKED, Why.ASKED, Why.ASKED]),
    ],
)
def test_what_is_left_is_told_with_its_reason(settings, whys):
    """Another number, two thirds of a sentence, three quarters of an article, and what was asked to stay."""
    source = random.Random(13)
    line = "Output of the harbour mills rose by {} percent in the year, the statistics office of the island said."
    core = sentence(source, 24)[:-1].translate(LETTERS)
    parts = [f"{core} {sentence(source, 10)[:-1].lower().translate(LETTERS)}." for _ in range(2)]
    body = [paragraph(source) for _ in range(3)]
    feed = [
        "\n\n".join([line.format(3), paragraph(source), line.format(9)]),
        "\n\n".join([parts[0], paragraph(source), parts[1]]),
        *("\n\n".join([*body, paragraph(source)]) for _ in range(2)),
    ]

    found = cleaned([{"text": text} for text in feed], clean_params(settings))

    assert whys == sorted(found.whys.tolist())
