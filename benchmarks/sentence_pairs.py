"""Pairs of sentences that people judged -> precision and recall of the match rule over its thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dedup
from benchmarks.datasets import body_tokens, read_records, shingle_rows
from benchmarks.results import Figure, Options, Result, share
from dedup import score
from dedup.config import Config
from dedup.model import Articles, Level
from dedup.passes import cut_shards
from dedup.segment import SegmentParams, segment
from dedup.shingles import Ranges, leaves, token_ranges
from dedup.tokens import TokenParams, tokenize

MIN_JACCARDS = (0.01, *(round(0.05 * i, 2) for i in range(1, 16)))
MIN_COSINES = tuple(round(0.05 * i, 2) for i in range(20))
#: What the printed table has of them.
_PRINTED_JACCARDS = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_PRINTED_COSINES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: Of 5, on the scale of the STS tasks: "mostly equivalent, but some unimportant details differ".
SAME_SCORE = 4.0


@dataclass(frozen=True, slots=True)
class Judged:
    """Pairs with the scores of the engine and the verdict of people.

    Attributes
    ----------
    jaccard, cosine : float64[q]
    shared : int64[q]
    labels : float64[q]
        1 for a paraphrase, 0 for none; NaN where the pair has a score instead.
    scores : float64[q]
        0 to 5; NaN where the pair has a label instead.
    """

    jaccard: NDArray[np.float64]
    cosine: NDArray[np.float64]
    shared: NDArray[np.int64]
    labels: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """What the match rule accepts at a pair of thresholds.

    Attributes
    ----------
    precision, recall, f1 : float
        Of the labelled pairs; precision is 1 where nothing is accepted.
    accepted : int
    mean_score : float
        Of the accepted scored pairs; 5 where there are none.
    scored_recall : float
        Accepted share of the pairs with a score of `SAME_SCORE` or more.
    scored_accepted : int
    """

    min_jaccard: float
    min_cosine: float
    precision: float
    recall: float
    f1: float
    accepted: int
    mean_score: float
    scored_recall: float
    scored_accepted: int


def point(judged: Judged, min_jaccard: float, min_cosine: float, sure_shingles: int) -> Point:
    """Return how the match rule does at one pair of thresholds."""
    params = score.ScoreParams(min_jaccard, min_cosine, sure_shingles)
    accepted = params.accepts(judged.jaccard, judged.cosine, judged.shared)
    labelled, scored = ~np.isnan(judged.labels), ~np.isnan(judged.scores)
    true = judged.labels == 1
    hits, taken = int((accepted & true).sum()), int((accepted & labelled).sum())
    precision, recall = share(hits, taken), share(hits, int(true.sum()))
    same = judged.scores >= SAME_SCORE
    n_scored = int((accepted & scored).sum())
    return Point(
        min_jaccard,
        min_cosine,
        precision,
        recall,
        2 * precision * recall / max(precision + recall, 1e-9),
        taken,
        float(judged.scores[accepted & scored].mean()) if n_scored else 5.0,
        share(int((accepted & same).sum()), int(same.sum())),
        n_scored,
    )


def best_points(points: Sequence[Point]) -> dict[str, Point]:
    """Return the points with the most recall under each criterion; criteria that no point meets are left out."""
    criteria = {
        "labels: precision >= .9, most recall": ([p for p in points if p.precision >= 0.9], "recall"),
        "scores: mean >= 4, most recall": ([p for p in points if p.mean_score >= SAME_SCORE], "scored_recall"),
        "both: precision >= .9 and mean >= 4, most recall of scored pairs": (
            [p for p in points if p.precision >= 0.9 and p.mean_score >= SAME_SCORE],
            "scored_recall",
        ),
        "labels: best F1": (list(points), "f1"),
    }
    return {name: max(some, key=lambda p: getattr(p, by)) for name, (some, by) in criteria.items() if some}


def measure_sentence_pairs(folder: Path, options: Options) -> Result:
    """Measure the match rule on sentence pairs: paraphrase labels (MSRP) and similarity scores (STS)."""
    records = read_records(folder / "pairs.jsonl.zst")
    articles = dedup.articles_of([{"text": one[name]} for one in records for name in ("text1", "text2")])
    judged = judge(articles, records, vocabulary_of(articles, options.background))
    config = Config()
    defaults = config.score
    curve = [point(judged, j, c, defaults.sure_shingles) for j in MIN_JACCARDS for c in MIN_COSINES]
    here = point(judged, defaults.min_jaccard, defaults.min_cosine, defaults.sure_shingles)
    best = best_points(curve)
    said = f"min_jaccard={here.min_jaccard} min_cosine={here.min_cosine}"
    base = float(np.nanmean(judged.labels))
    result = Result(
        [
            Figure("MSRP precision, defaults", here.precision, ">=", 0.9, f"all pairs accepted {base:.3f}", said),
            Figure("MSRP recall, defaults", here.recall, settings=said),
            Figure(
                f"STS mean score of the {here.scored_accepted} accepted, defaults",
                here.mean_score, ">=", SAME_SCORE, f"all pairs {float(np.nanmean(judged.scores)):.2f}", said,
            ),
            Figure(f"STS recall of scores >= {SAME_SCORE:g}, defaults", here.scored_recall, settings=said),
        ],
        settings={"defaults": config.as_dict()},
    )  # fmt: skip
    weights = options.background.name if options.background else "the sentences themselves"
    result.notes.append(
        f"document frequencies: {weights}; segments shorter than min_tokens are rated here all the same"
    )
    for name, one in best.items():
        where = f"min_jaccard {one.min_jaccard} min_cosine {one.min_cosine}"
        labelled = f"MSRP precision {one.precision:.3f} recall {one.recall:.3f} F1 {one.f1:.3f}"
        result.notes.append(
            f"{name}: {where}: {labelled}, STS mean {one.mean_score:.2f} recall {one.scored_recall:.3f}"
        )
    result.notes.extend(format_curve(curve, here))
    result.data.update(curve=[asdict(one) for one in curve], defaults=asdict(here), background=weights)
    result.data["best"] = {name: asdict(one) for name, one in best.items()}
    return result


def judge(articles: Articles, records: Sequence[dict[str, float]], vocabulary: score.Vocabulary) -> Judged:
    """Return the scores of articles 0 and 1, 2 and 3, and so on, with what the records say of them."""
    tokens = body_tokens(articles)
    rows = shingle_rows(tokens, Config().shingle.k)
    left = np.arange(0, len(articles), 2, dtype=np.int64)
    terms = score.term_rows(vocabulary.ids(tokens.values), tokens.offsets, vocabulary.idf)
    sizes = np.diff(rows.offsets)
    with ThreadPoolExecutor(1) as executor:
        shared = score.overlaps(rows, left, left + 1, executor)
        cosine = score.cosines(terms, left, left + 1, executor)
    labels, scores = (np.array([one.get(name, np.nan) for one in records], np.float64) for name in ("label", "score"))
    return Judged(score.jaccard(shared, sizes[left], sizes[left + 1]), cosine, shared, labels, scores)


def vocabulary_of(articles: Articles, background: Path | None) -> score.Vocabulary:
    """Return the document frequencies of distinct texts: the articles' bodies, or titles and paragraphs of a feed."""
    frequencies, seen = score.DocumentFrequencies(), set[bytes]()

    def add(ranges: Ranges, wanted: NDArray[np.bool_]) -> None:
        spans = zip(ranges.firsts.tolist(), ranges.lasts.tolist(), strict=True)
        keys = [ranges.values[first:last].tobytes() for first, last in spans]
        new = wanted.copy()
        for row in np.flatnonzero(wanted):
            new[row] = keys[row] not in seen
            seen.add(keys[row])
        frequencies.add(Ranges(ranges.values, ranges.firsts[new], ranges.lasts[new]))

    if background is None:
        tokens = body_tokens(articles)
        add(Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:]), np.diff(tokens.offsets) > 0)
        return frequencies.vocabulary()
    feed = dedup.read_feeds([background])
    for first, last in cut_shards(feed.offsets):
        segments = segment(feed.text, feed.offsets[first : last + 1], feed.body_starts[first:last], SegmentParams())
        leaf = leaves(segments)
        tokens = tokenize(feed.text, segments.starts[leaf], segments.ends[leaf], TokenParams())
        add(token_ranges(segments, tokens), (segments.levels & (Level.TITLE | Level.PARAGRAPH)) != 0)
    return frequencies.vocabulary()


def format_curve(curve: Sequence[Point], here: Point) -> list[str]:
    """Return two small tables: precision/recall of the labels, mean/recall of the scores; ``*`` marks the defaults."""
    at = {(one.min_jaccard, one.min_cosine): one for one in curve}
    head = "min_cosine \\ min_jaccard " + "".join(f"{value:>10}" for value in _PRINTED_JACCARDS)
    tables: tuple[tuple[str, Callable[[Point], str]], ...] = (
        ("MSRP precision/recall, %", lambda one: f"{100 * one.precision:.0f}/{100 * one.recall:.0f}"),
        ("STS mean score/recall %", lambda one: f"{one.mean_score:.2f}/{100 * one.scored_recall:.0f}"),
    )
    lines = []
    for title, cell in tables:
        lines += [title, head]
        for cosine in _PRINTED_COSINES:
            cells = []
            for value in _PRINTED_JACCARDS:
                one = at[value, cosine]
                mark = "*" if (value, cosine) == (here.min_jaccard, here.min_cosine) else ""
                cells.append(f"{cell(one) + mark:>10}")
            lines.append(f"{cosine:>24} " + "".join(cells))
    return lines
