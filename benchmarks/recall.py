"""A feed, or passages edited until they are hardly alike -> the recall of LSH against the exact join, by Jaccard."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import dedup
from benchmarks.edits import Chance, replace_words, units_of
from benchmarks.made import base_articles
from benchmarks.planting import MAX_UNITS, MIN_UNITS, words_of
from benchmarks.results import SEEDS, Options, Result, Row
from dedup.audit import Audit, audit, recalls

#: Copies of each passage, and how many words of a copy are other ones: two copies are alike to .4 to .9.
_COPIES = 14
_LEAST, _MOST = 0.01, 0.09


def measure_audit(path: Path, options: Options) -> Result:
    """Measure the recall on a feed, and on what is made of seeds/ where no feed is given."""
    result = Result()
    config = dedup.load_config(options.settings)
    if path == SEEDS / "feed.jsonl":
        found = audit(edited_passages(path, options), config, jobs=options.jobs)
        result.notes.append(
            f"passages of seeds/, each with {_COPIES} copies, {_LEAST:.0%} to {_MOST:.0%} of words other"
        )
    else:
        found = audit([path], config, sample=options.count, jobs=options.jobs)
    result.settings["defaults"] = config.as_dict()
    result.rows.extend(recall_rows(found))
    result.notes.append(f"{found.bands.bands} bands of {found.bands.rows} rows, asked for {found.asked:g}")
    thinned = f"thinned buckets: {found.lsh.thinned_buckets} of LSH, {found.report.search.thinned_buckets} of the join"
    result.notes.append(
        f"{len(found.report.articles)} articles; {thinned}; pairs that LSH alone found: {found.lsh_alone}"
    )
    if not found.kept:
        result.failures.append(f"the recall is below the {found.asked:g} that was asked for")
    return result


def recall_rows(found: Audit) -> list[Row]:
    """Return the recall in steps of Jaccard as lines of a table."""
    rows: list[Row] = []
    for one in recalls(found):
        low, high = one.interval
        row: Row = {"Jaccard": one.label, "pairs": one.pairs, "found": one.found, "recall": one.recall}
        rows.append(row | {"95 %": f"{low:.4f}-{high:.4f}", "promised": one.promised})
    return rows


def edited_passages(path: Path, options: Options) -> dedup.Articles:
    """Return every passage of a feed beside copies of it, an article each."""
    articles = base_articles(path, options)
    _, rare, names = words_of(articles)
    chance = Chance(random.Random(options.seed), rare, names)
    records: list[Mapping[str, str]] = []
    for paragraphs in articles:
        for passage in paragraphs:
            if not MIN_UNITS <= len(units_of(passage)[0]) <= MAX_UNITS:
                continue
            records.append({"text": passage})
            for _ in range(_COPIES):
                copy = replace_words(chance.random.uniform(_LEAST, _MOST), passage, chance)
                records += [{"text": copy.text}] if copy is not None else []
    return dedup.articles_of(records)
