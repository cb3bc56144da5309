"""What `dedup clean` takes from a feed, by kind; what is left and why; and that a second run takes nothing.

``python -m benchmarks run clean --data DIR`` prints articles, paragraphs, sentences and bytes before and after, what
goes by kind, what a report on the rest still finds and for which reason, what a second cleaning takes, and the
processor seconds beside those of a report in the same run. With ``--samples DIR`` it writes fifty pieces that go, drawn
by chance from articles, notices and passages alike, each beside what stays of it, to be read by eye.
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.results import Figure, Options, Result, Row
from dedup import articles_of, load_config, read_feeds, scan
from dedup.clean.edits import dropped_articles, pieces
from dedup.clean.params import CleanParams
from dedup.clean.plan import make_plan
from dedup.clean.remains import Why
from dedup.clean.rounds import Cleaning, Removed, clean_articles
from dedup.clean.summary import by_kind
from dedup.reports import KINDS

_SAMPLES = 50
_SHOWN = 1000
_REASONS = {
    Why.ASKED: "asked to stay",
    Why.NUMBERS: "other numbers",
    Why.SHARE: "too small a share",
    Why.TITLE: "titles",
    Why.UNCUT: "cannot be cut",
    Why.RETURNED: "came back",
}


def measure_clean(path: Path, options: Options) -> Result:
    """Clean the feed in memory."""
    config, params = load_config(options.settings), CleanParams()
    articles = read_feeds([path], config.read, jobs=options.jobs)
    small = articles_of([{"text": "One sentence, so that nothing is compiled while time is taken."}])
    clean_articles(small, params, partial(scan, config=config, jobs=options.jobs))
    scan(articles, config=config, jobs=options.jobs)
    began = process_time()
    scan(articles, config=config, jobs=options.jobs)
    of_report = process_time() - began
    began = process_time()
    cleaning = clean_articles(articles, params, partial(scan, config=config, jobs=options.jobs))
    of_cleaning = process_time() - began
    result = Result()
    for name in ("articles", "paragraphs", "sentences", "text_bytes"):
        was, now = getattr(cleaning.before, name), getattr(cleaning.after, name)
        told = name.replace("_", " ")
        result.rows.append({"what": told, "before": was, "after": now, "share gone": round((was - now) / was, 5)})
    reasons: list[Row] = []
    for number, (kind, (whole, parts, n_bytes)) in enumerate(zip(KINDS, by_kind(cleaning), strict=True), 1):
        whys = cleaning.whys[cleaning.report.findings.kinds == number]
        result.rows.append({"table": "by kind", "kind": kind, "action": params.action(kind), "articles": whole,
                            "sentences": parts, "bytes": n_bytes, "findings left": len(whys)})  # fmt: skip
        reasons.append(
            {"table": "findings left", "kind": kind} | {_REASONS[why]: int((whys == why).sum()) for why in Why}
        )
    result.rows.extend(reasons)
    over = int(np.isin(cleaning.whys, (Why.RETURNED, Why.UNCUT)).sum())
    result.figures.append(Figure("findings left that clean's thresholds let go", float(over), "=", 0))
    again = make_plan(cleaning.report, params)
    result.figures.append(Figure("what a second cleaning takes", float(again.drops.sum()), "=", 0))
    result.figures.append(Figure("rounds", float(cleaning.rounds)))
    result.figures.append(Figure("processor seconds", round(of_cleaning, 1)))
    result.figures.append(Figure("processor seconds of a report", round(of_report, 1)))
    result.figures.append(Figure("times a report", round(of_cleaning / of_report, 2)))
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
