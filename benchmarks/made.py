"""A feed -> how well each kind of edit is found in it, at each strength, inside an article and across articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dedup
from benchmarks.agreement import (
    HALF,
    ClusterScores,
    Span,
    SpanPair,
    bootstrap,
    cluster_scores,
    components,
    f1,
    found_places,
    overlap,
    pan_scores,
)
from benchmarks.datasets import run
from benchmarks.edits import EDITS, Edit
from benchmarks.planting import PLACES, Corpus, Paragraphs, fit_articles, plant
from benchmarks.results import MissingDataError, Options, Result, Row, said_settings, share
from dedup.audit import recall_interval
from dedup.model import Articles, Kind, Relation
from dedup.result import Report

#: Articles that are taken of a feed.
COUNT = 300
#: How many times as many are looked at: most share some words with another one.
_LOOK_AT = 4
#: Of fewer places that say the same, all pairs count as found.
_ALL_PAIRS = 64
#: Kinds that are measured with shingles of characters too: what a scanner misread has few whole words in a row.
_NOISY = ("OCR noise",)


def base_articles(path: Path, options: Options) -> list[Paragraphs]:
    """Return articles of a feed that say nothing twice, by a count in plain Python.

    Raises
    ------
    MissingDataError
        There are fewer than two of them.
    """
    count = options.count or COUNT
    read = dedup.read_feeds([path], jobs=options.jobs)
    texts = [read.body(row) for row in range(min(len(read), _LOOK_AT * count))]
    articles = fit_articles(texts, count)
    if len(articles) < 2:
        raise MissingDataError(
            f"{path}: {len(articles)} articles of two paragraphs or more share no run of 8 words with others; two are "
            "needed; give a larger --count or another --data"
        )
    return articles


def measure_made(path: Path, options: Options) -> Result:
    """Plant each kind of edit, at each strength and in each place, and compare what is found with what was planted."""
    result = Result()
    articles = base_articles(path, options)
    for edit in EDITS:
        for place in PLACES:
            if edit.form == "notice" and place == "inside":
                continue
            corpus = plant(articles, edit, place, options.seed)
            if not corpus.pairs:
                result.notes.append(f"{edit.kind} {edit.strength}, {place}: no passage has what is edited")
                continue
            for settings in ({}, {"shingle": "char"}) if edit.kind in _NOISY else ({},):
                result.rows.append(_measure(corpus, edit, place, settings, result, options))
    result.notes.extend(_explanation(len(articles)))
    return result


def _explanation(n_articles: int) -> list[str]:
    return [
        f"{n_articles} articles whose paragraphs share no run of 8 words, up to three passages of 24 to 200 words of "
        "each; every third one has two copies; as many decoys: a stock phrase of nine words before other words",
        "pairs: of a passage and its copy; found if a finding has half of both, or both and a third; what is found is "
        "right if half of it was planted",
        "95 %: Wilson for pairs, bootstrap for characters",
        "clusters: of planted places, decoys and what was wrongly found; joined where a finding has both",
        "characters, granularity, plagdet: as PAN has them, over both sides of all pairs of a cluster",
    ]


def _measure(
    corpus: Corpus, edit: Edit, place: str, settings: Mapping[str, object], result: Result, options: Options
) -> Row:
    articles = dedup.articles_of([{"id": str(i), "text": text} for i, text in enumerate(corpus.texts)])
    report = run(result, said_settings(settings) or "defaults", articles, settings, options)
    key: Row = {"kind": edit.kind, "strength": edit.strength, "place": place, "settings": said_settings(settings)}
    return key | compare(corpus, report, options.seed)


def compare(corpus: Corpus, report: Report, seed: int = 0) -> Row:
    """Return how well a report has found what was planted in a corpus."""
    spans = place_spans(corpus, report.articles)
    groups = found_groups(report)
    found = found_pairs(groups)
    clusters = [place.cluster for place in corpus.places]
    alike = _pairs_of(clusters)
    everything = [_ordered(spans[a], spans[b]) for a, b in alike]
    hit, by_character = found_places(everything, found), pan_scores(everything, found)
    right = [one >= HALF for one in by_character.precision]
    # Of three places that say the same, two pairs imply the third.
    joined = components(len(spans), [pair for pair, ok in zip(alike, hit, strict=True) if ok])
    n_hit, n_right, n_pairs = sum(joined[a] == joined[b] for a, b in corpus.pairs), sum(right), len(corpus.pairs)
    recall, precision = share(n_hit, n_pairs), share(n_right, len(found))
    wrong = [one for one, ok in zip(found, right, strict=True) if not ok]
    agreement = _cluster_agreement(clusters, spans, groups, wrong)
    decoys = found_places([_ordered(spans[a], spans[b]) for a, b in corpus.decoys], found)
    return {
        "pairs": n_pairs,
        "recall": recall,
        "recall 95 %": _interval(recall_interval(n_hit, n_pairs)),
        "precision": precision,
        "precision 95 %": _interval(recall_interval(n_right, len(found))),
        "F1": f1(precision, recall),
        "decoys taken": sum(decoys),
        "ARI": agreement.adjusted_rand,
        "B3 precision": agreement.precision,
        "B3 recall": agreement.recall,
        "B3 F1": agreement.f1,
        "char recall": float(np.mean(by_character.recall)),
        "char recall 95 %": _interval(bootstrap(by_character.recall, seed)),
        "char precision": float(np.mean(by_character.precision or [1.0])),
        "char precision 95 %": _interval(bootstrap(by_character.precision, seed)),
        "granularity": by_character.granularity,
        "plagdet": by_character.plagdet,
    }


def _interval(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.2f}-{bounds[1]:.2f}"


def _ordered(one: Span, other: Span) -> SpanPair:
    return (one, other) if one <= other else (other, one)


def _pairs_of(clusters: Sequence[int]) -> list[tuple[int, int]]:
    """Return all pairs of places of one cluster."""
    members: dict[int, list[int]] = {}
    for row, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(row)
    return [pair for rows in members.values() for pair in combinations(rows, 2)]


def place_spans(corpus: Corpus, articles: Articles) -> list[Span]:
    """Return the planted places as characters of the whole feed."""
    at = characters(articles)
    firsts = at[articles.body_starts].tolist()
    return [(firsts[one.article] + one.start, firsts[one.article] + one.end) for one in corpus.places]


def characters(articles: Articles) -> NDArray[np.int64]:
    """Return how many characters begin before each byte of the text, its end included: int64[t + 1]."""
    begins = (articles.text & 0xC0) != 0x80
    return np.append(0, np.cumsum(begins)).astype(np.int64)


def found_groups(report: Report) -> list[list[Span]]:
    """Return what a report says is the same: the places of each finding, and the passages that whole articles share."""
    at, found, table = characters(report.articles), report.findings, report.passages
    groups = []
    for i in np.flatnonzero(np.isin(found.kinds, (Kind.SELF, Kind.REUSE, Kind.BOILERPLATE))).tolist():
        rows = slice(int(found.offsets[i]), int(found.offsets[i + 1]))
        groups.append(list(zip(at[found.starts[rows]].tolist(), at[found.ends[rows]].tolist(), strict=True)))
    relations = report.relations
    kinds = zip(relations.left.tolist(), relations.right.tolist(), relations.kinds.tolist(), strict=True)
    whole = {(left, right) for left, right, kind in kinds if kind != Relation.SHARES}
    articles = zip(table.left_articles.tolist(), table.right_articles.tolist(), strict=True)
    for i, pair in enumerate(articles):
        if pair in whole:
            bounds = (table.left_starts, table.left_ends, table.right_starts, table.right_ends)
            a, b, c, d = (int(at[column[i]]) for column in bounds)
            groups.append([(a, b), (c, d)])
    return groups


def found_pairs(groups: Sequence[Sequence[Span]]) -> list[SpanPair]:
    """Return all pairs of places that are said to be the same; of many places, the first with the others."""
    pairs: set[SpanPair] = set()
    for first, *others in groups:
        pairs |= {_ordered(first, other) for other in others}
        if len(others) < _ALL_PAIRS:
            pairs |= {_ordered(one, other) for one, other in combinations(others, 2)}
    return sorted(pairs)


def _cluster_agreement(
    clusters: Sequence[int], spans: Sequence[Span], groups: Sequence[Sequence[Span]], wrong: Sequence[SpanPair]
) -> ClusterScores:
    """Return how the found clusters of places agree with the planted ones; what was wrongly found stands for itself."""
    extra = sorted({span for pair in wrong for span in pair})
    items = [*spans, *extra]
    lowest = min([0, *clusters])
    truth = [*clusters, *(lowest - 1 - i for i in range(len(extra)))]
    order = sorted(range(len(items)), key=lambda row: items[row])
    starts = [items[row][0] for row in order]
    longest = max((_length(one) for one in items), default=0)
    joined = []
    for group in (*groups, *wrong):
        members = []
        for span in group:
            low, high = np.searchsorted(starts, (span[0] - longest, span[1]), "left").tolist()
            members.append([row for row in order[low:high] if overlap(items[row], span) >= HALF * _length(items[row])])
        # A passage may hold several planted places, one after the other: they are joined with those of the same rank.
        for rows in zip_longest(*members):
            present = [row for row in rows if row is not None]
            joined += [(present[0], other) for other in present[1:]]
    return cluster_scores(truth, components(len(items), joined))


def _length(span: Span) -> int:
    return span[1] - span[0]
