"""The seeds: what was planted is found, once, where it stands, and nothing else is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import dedup
from dedup.model import Kind, Relation

SEEDS = Path(__file__).parents[1] / "seeds"
EXPECTED = json.loads((SEEDS / "expected.json").read_text(encoding="utf-8"))
#: Articles of the folder have their file's name, less the ending, as their id.
IN_FOLDER = sorted(path.stem for path in (SEEDS / "articles").iterdir())


@cache
def scan(name: str) -> dedup.Report:
    return dedup.scan([SEEDS / name])


def article_names(report: dedup.Report) -> list[str]:
    return [Path(one).stem for one in report.articles.ids]


def places_of(report: dedup.Report, finding: int) -> list[tuple[str, int, int]]:
    """Return the article and the span, from the start of the body, of each place of a finding."""
    found = report.findings
    names = article_names(report)
    rows = range(found.offsets[finding], found.offsets[finding + 1])
    bodies = report.articles.body_starts
    return [
        (
            names[found.articles[row]],
            int(found.starts[row] - bodies[found.articles[row]]),
            int(found.ends[row] - bodies[found.articles[row]]),
        )
        for row in rows
    ]


def label_spans(report: dedup.Report, places: list[dict[str, str | None]]) -> list[tuple[str, int, int]]:
    """Return the labelled places in the same form; a text that stands twice in a body is meant twice."""
    names = article_names(report)
    taken: dict[tuple[str, str], int] = {}
    spans = []
    for place in places:
        name, text = str(place["id"]), place["text"]
        body = report.articles.body(names.index(name)).encode()
        if text is None:
            spans.append((name, 0, len(body)))
            continue
        start = body.find(text.encode(), taken.get((name, text), 0))
        assert start >= 0
        taken[name, text] = start + 1
        spans.append((name, start, start + len(text.encode())))
    return spans


def overlap(one: tuple[str, int, int], other: tuple[str, int, int]) -> float:
    """Return the share of the longer span that both have."""
    if one[0] != other[0]:
        return 0.0
    both = min(one[2], other[2]) - max(one[1], other[1])
    return both / max(one[2] - one[1], other[2] - other[1])


def is_kind(report: dedup.Report, finding: int, label: dict[str, object]) -> bool:
    return Kind(report.findings.kinds[finding]).name.lower().replace("_", "-") == label["kind"]


def labels_of(report: dedup.Report) -> list[tuple[int, list[int]]]:
    """Return for each label the findings of its kind that have its places."""
    pairs = []
    for number, label in enumerate(EXPECTED["findings"]):
        spans = label_spans(report, label["places"])
        matching = []
        for finding in range(len(report.findings)):
            places = places_of(report, finding)
            if is_kind(report, finding, label) and len(places) == len(spans):
                pairwise = zip(places, spans, strict=True)
                matching += [finding] if all(overlap(*pair) >= 0.9 for pair in pairwise) else []
        pairs.append((number, matching))
    return pairs


@pytest.mark.parametrize("name", ["feed.jsonl", "feed.xml"])
def test_every_label_is_found_once_and_nothing_else(name):
    """With its kind, its places in the order of the label, and each text to nine tenths both ways."""
    report = scan(name)

    found = labels_of(report)

    assert [(number, 1) for number, _ in found] == [(number, len(matching)) for number, matching in found]
    assert list(range(len(report.findings))) == sorted(finding for _, matching in found for finding in matching)


def test_exactness_is_that_of_the_labels():
    """Equal after folding; a contained article is exact if all of it is in the other one."""
    report = scan("feed.jsonl")

    found = {number: bool(report.findings.exact[matching[0]]) for number, matching in labels_of(report)}

    assert {number: label["exact"] for number, label in enumerate(EXPECTED["findings"])} == found


@pytest.mark.parametrize("name", ["feed.jsonl", "articles"])
def test_clean_articles_are_in_no_finding(name):
    """Nor is a token of theirs counted as repeated."""
    report = scan(name)
    names = article_names(report)
    clean = [names.index(one) for one in EXPECTED["clean"] if one in names]

    assert not set(clean) & set(report.findings.articles.tolist())
    assert [0] * len(clean) == report.repeated[clean].tolist()


def test_pairs_that_must_not_be_related_are_not():
    report = scan("feed.jsonl")
    names = article_names(report)

    related = {
        frozenset((names[a], names[b])) for a, b in zip(report.relations.left, report.relations.right, strict=True)
    }

    assert set() == related & {frozenset(pair) for pair in EXPECTED["not"]}


def test_near_duplicates_and_contained_articles_are_the_labelled_ones():
    """Whatever else shares a passage is not called more than that."""
    report = scan("feed.jsonl")
    names = article_names(report)
    relations = report.relations
    close = np.flatnonzero(relations.kinds != Relation.SHARES)

    expected = {
        frozenset(place["id"] for place in label["places"])
        for label in EXPECTED["findings"]
        if label["kind"] in ("near-duplicate", "contained")
    }
    assert expected == {frozenset((names[relations.left[i]], names[relations.right[i]])) for i in close}


def test_the_folder_has_the_findings_whose_articles_are_there():
    """Markdown, hard-wrapped text and one paragraph a line; the notice is under too few pages to be one."""
    report = scan("articles")
    expected = sorted(
        (label["kind"], tuple(place["id"] for place in label["places"]))
        for label in EXPECTED["findings"]
        if label["kind"] != "boilerplate" and all(place["id"] in IN_FOLDER for place in label["places"])
    )

    found = [
        (
            Kind(report.findings.kinds[i]).name.lower().replace("_", "-"),
            tuple(place[0] for place in places_of(report, i)),
        )
        for i in range(len(report.findings))
    ]

    notice = [one for one in found if len(one[1]) > 2]
    assert [("reuse", 4)] == [(kind, len(places)) for kind, places in notice]
    assert expected == sorted(one for one in found if one not in notice)


def test_numbers_that_changed_are_marked():
    """The market report of the second day and the update of the wire story have other numbers; the rest has not."""
    report = scan("feed.jsonl")
    names = article_names(report)
    found = report.findings
    relation = np.isin(found.kinds, [Kind.NEAR_DUPLICATE, Kind.CONTAINED])

    marked = {
        names[found.articles[row]]
        for i in np.flatnonzero(relation)
        for row in range(found.offsets[i], found.offsets[i + 1])
        if found.numbers_changed[row]
    }

    assert {"ledger-market-tuesday", "tribune-dam-update"} == marked
