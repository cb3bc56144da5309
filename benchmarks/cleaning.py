"""What `dedup clean` takes from a feed, by kind; and that a second run takes nothing.

``python -m benchmarks run clean --data DIR`` prints articles, paragraphs, sentences and bytes before and after, what
goes by kind, and what a second cleaning of what is left takes. With ``--samples DIR`` it writes fifty pieces that go,
drawn by chance from articles, notices and passages alike, each beside what stays of it, to be read by eye.
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.results import Figure, Options, Result
from dedup import load_config, read_feeds, scan
from dedup.clean.edits import dropped_articles, pieces
from dedup.clean.params import CleanParams
from dedup.clean.plan import make_plan
from dedup.clean.rounds import Cleaning, Removed, clean_articles
from dedup.clean.summary import by_kind
from dedup.reports import KINDS

_SAMPLES = 50
_SHOWN = 1000


def measure_clean(path: Path, options: Options) -> Result:
    """Clean the feed in memory."""
    config, params = load_config(options.settings), CleanParams()
    articles = read_feeds([path], config.read, jobs=options.jobs)
    cleaning = clean_articles(articles, params, partial(scan, config=config, jobs=options.jobs))
    result = Result()
    for name in ("articles", "paragraphs", "sentences", "text_bytes"):
        was, now = getattr(cleaning.before, name), getattr(cleaning.after, name)
        told = name.replace("_", " ")
        result.rows.append({"what": told, "before": was, "after": now, "share gone": round((was - now) / was, 5)})
    left = np.bincount(cleaning.report.findings.kinds, minlength=len(KINDS) + 1)[1:]
    for kind, (whole, parts, n_bytes), n_left in zip(KINDS, by_kind(cleaning), left.tolist(), strict=True):
        action = params.action(kind)
        result.rows.append({"table": "by kind", "kind": kind, "action": action, "articles": whole, "sentences": parts,
                            "bytes": n_bytes, "findings left": n_left})  # fmt: skip
    again = make_plan(cleaning.report, params)
    result.figures.append(Figure("what a second cleaning takes", float(again.drops.sum()), "=", 0))
    result.figures.append(Figure("rounds", float(cleaning.rounds)))
    if options.samples is not None:
        options.samples.mkdir(parents=True, exist_ok=True)
        (options.samples / "removed.txt").write_text(samples(cleaning, options.seed), encoding="utf-8")
    return result


def samples(cleaning: Cleaning, seed: int) -> str:
    """Return fifty things that go with what stays of them: a quarter articles, a third notices, the rest passages."""
    source = random.Random(seed)
    groups: list[list[Removed]] = [list(dropped_articles(cleaning)), [], []]
    for one in pieces(cleaning):
        groups[1 if KINDS[one.kind - 1] == "boilerplate" else 2].append(one)
    chosen: list[Removed] = []
    for group, n in zip(groups, (12, 16, _SAMPLES), strict=True):
        chosen += source.sample(group, min(n, len(group), _SAMPLES - len(chosen)))
    return "\n".join(_sample(cleaning, number, one) for number, one in enumerate(chosen, 1))


def _sample(cleaning: Cleaning, number: int, one: Removed) -> str:
    articles = cleaning.articles
    lines = [f"{number}. {KINDS[one.kind - 1]}, {one.share:.0%} of it stays elsewhere"]
    for sign, (article, start, end) in (("-", (one.article, one.start, one.end)), ("+", one.kept[0])):
        date = np.datetime_as_string(articles.dates[article].astype("datetime64[s]"), "D")
        lines.append(f"{sign} {articles.sources[article]}, {date}: {articles.title(article)}")
        lines.append(f"{sign} {articles.slice_text(start, min(end, start + _SHOWN))}")
    return "\n".join(lines) + "\n"
