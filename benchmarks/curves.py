"""A feed -> precision and recall over one threshold at a time, on copies of every kind, and where the defaults lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dedup
from benchmarks.datasets import run
from benchmarks.edits import EDITS
from benchmarks.made import base_articles, compare
from benchmarks.planting import PLACES, plant
from benchmarks.results import Options, Result, Row

#: Kinds whose copies say the same in other words: what a scanner misread is another matter, and has another setting.
_KINDS = tuple(edit for edit in EDITS if edit.form == "paragraph" and edit.kind != "OCR noise")
#: By setting: thresholds tried, and what else is set. Cosine weighs only what `sure_shingles` does not let through.
_TRIED: Mapping[str, tuple[float, ...]] = {
    "min_jaccard": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "min_cosine": (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
}


def measure_curves(path: Path, options: Options) -> Result:
    """Measure the mean precision and recall over all kinds of edit at each threshold, the other one as it is."""
    result = Result()
    articles = base_articles(path, options)
    corpora = [plant(articles, edit, place, options.seed) for edit in _KINDS for place in PLACES]
    corpora = [corpus for corpus in corpora if corpus.pairs]
    feeds = [dedup.articles_of([{"text": text} for text in corpus.texts]) for corpus in corpora]
    in_force = dedup.load_config(options.settings).score
    for setting, thresholds in _TRIED.items():
        here = getattr(in_force, setting)
        for threshold in thresholds:
            label = f"{setting}={threshold:g}"
            rows = [
                compare(corpus, run(result, label, feed, {setting: threshold}, options), options.seed)
                for corpus, feed in zip(corpora, feeds, strict=True)
            ]
            point: Row = {"table": setting, "threshold": threshold, "in force": "*" if threshold == here else ""}
            for name in ("recall", "precision", "F1", "B3 F1", "plagdet"):
                point[name] = sum(row[name] for row in rows) / len(rows)
            result.rows.append(point | {"decoys taken": sum(row["decoys taken"] for row in rows)})
        points = [row for row in result.rows if row["table"] == setting]
        result.data[setting] = {"x": setting, "points": points, "here": here}
    result.notes.append(f"means of {len(corpora)} corpora, a kind of edit and a strength each; without OCR noise")
    return result
