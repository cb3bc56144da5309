"""A feed -> the local engine and Apache Spark on it in one run: seconds by step, bytes shuffled for each article."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

import dedup
from benchmarks.results import Figure, MissingDataError, Options, Result, Row
from dedup.model import Articles
from dedup.readers import read_feeds

#: Articles, where no number is given: Spark takes a hundred times what the local engine takes for a few.
_COUNT = 5_000
#: Jobs that are no part of the run.
_BESIDE = "beside"
_TABLES = ("segments", "matches", "passages", "relations", "findings")


def measure_spark(path: Path, options: Options) -> Result:
    """Measure both engines on the first articles of a feed, on the same number of cores."""
    try:
        from dedup.engines import reports, session
    except ImportError:
        raise MissingDataError("it needs pyspark: pip install 'saidtwice[spark]', and Java 17 or later") from None

    config = dedup.load_config({"candidates": "lsh", **options.settings})
    articles = take_articles(read_feeds([path], config.read, jobs=options.jobs), options.count or _COUNT)
    result = Result()
    result.settings["defaults"] = config.as_dict()
    dedup.scan(take_articles(articles, 50), config, jobs=options.jobs)  # kernels are compiled, or loaded
    begun, cpu = perf_counter(), _cpu_seconds()
    local = dedup.scan(articles, config, jobs=options.jobs)
    local_seconds, local_cpu = perf_counter() - begun, _cpu_seconds() - cpu
    with TemporaryDirectory() as folder:
        begun = perf_counter()
        spark = _start(folder, options.jobs)
        start_seconds = perf_counter() - begun
        try:
            begun = perf_counter()
            frame = session.frame_of(spark, articles)
            with session.planned(spark, frame, config) as plan:
                found = reports.report_of(plan, articles, config)
                steps = dict(plan.seconds)
            seconds = perf_counter() - begun
            candidates = _measure_candidates(spark, articles, config)
        finally:
            spark.stop()
        by_step = read_event_log(folder)
        by_step.pop(_BESIDE, None)
    n, n_bytes = len(articles), len(articles.text)
    for step, used in by_step.items():
        row: Row = {"table": "Spark, by step", "step": step, "seconds": steps.get(step), "task s": used["tasks"]}
        row |= {"shuffled MB": used["shuffled"] / 1e6, "bytes an article": used["shuffled"] / n}
        result.rows.append(row | {"spilled MB": used["spilled"] / 1e6})
    result.rows.extend(candidates)
    shuffled = sum(used["shuffled"] for used in by_step.values())
    result.figures.append(Figure("tables that differ", float(count_differing(local, found)), "=", 0.0))
    result.figures.append(Figure("seconds, Spark", seconds, peer=f"local {local_seconds:.1f}"))
    result.figures.append(Figure("times the local engine", seconds / local_seconds))
    of_tasks = sum(used["tasks"] for used in by_step.values())
    result.figures.append(Figure("seconds of all tasks of Spark", of_tasks, peer=f"local, CPU: {local_cpu:.1f}"))
    result.figures.append(Figure("seconds, start of Spark", start_seconds))
    result.figures.append(Figure("bytes shuffled an article", shuffled / n, peer=f"text {n_bytes / n:.0f}"))
    result.notes.append(f"{n} articles, {n_bytes / 1e6:.1f} MB; {len(local.findings)} findings of both; LSH in both")
    return result


def take_articles(articles: Articles, count: int) -> Articles:
    """Return the first articles of a feed."""
    return dedup.articles_of(
        [
            {"title": articles.title(i), "text": articles.body(i), "source": articles.sources[i],
             "date": _iso(int(articles.dates[i]))}
            for i in range(min(count, len(articles)))
        ]
    )  # fmt: skip


def _iso(seconds: int) -> str:
    return "" if seconds == dedup.model.NO_DATE else f"{np.datetime64(seconds, 's')}Z"


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _start(folder: str, jobs: int) -> Any:
    from dedup.engines.session import start_session

    log = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": f"file://{folder}"}
    log |= {"spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "false"}
    return start_session(master=f"local[{jobs},4]", memory="4g", settings=log)


def read_event_log(folder: str) -> dict[str, dict[str, float]]:
    """Return what the tasks of each step took in all (seconds), and what they shuffled and spilled (bytes)."""
    steps: dict[int, str] = {}
    used: dict[str, dict[str, float]] = {}
    for event in _events(folder):
        if event["Event"] == "SparkListenerJobStart":
            name = (event.get("Properties") or {}).get("spark.job.description") or "read and collect"
            for stage in event["Stage IDs"]:
                steps.setdefault(stage, name.removeprefix("saidtwice: "))
        elif event["Event"] == "SparkListenerTaskEnd":
            metrics = event.get("Task Metrics") or {}
            one = used.setdefault(
                steps.get(event["Stage ID"], "read and collect"), {"tasks": 0.0, "shuffled": 0, "spilled": 0}
            )
            one["tasks"] += metrics.get("Executor Run Time", 0) / 1e3
            one["shuffled"] += (metrics.get("Shuffle Write Metrics") or {}).get("Shuffle Bytes Written", 0)
            one["spilled"] += metrics.get("Disk Bytes Spilled", 0)
    return used


def _events(folder: str) -> Iterable[dict[str, Any]]:
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            with path.open(encoding="utf-8") as stream:
                for line in stream:
                    if '"SparkListenerJobStart"' in line[:60] or '"SparkListenerTaskEnd"' in line[:60]:
                        yield json.loads(line)


def count_differing(local: Any, found: Any) -> int:
    """Return how many tables of two reports are not the same."""
    differing = 0
    for name in _TABLES:
        one, other = getattr(local, name), getattr(found, name)
        same = all(np.array_equal(getattr(one, c.name), getattr(other, c.name)) for c in fields(one))
        differing += not same
    return differing


def _measure_candidates(spark: Any, articles: Articles, config: Any) -> list[Row]:
    """Return what the step from band keys to pairs and components takes in Spark, and in DuckDB if it is installed."""
    from dedup.engines import session
    from dedup.engines.components import connected_components
    from dedup.engines.spark import Planner

    spark.conf.set("spark.sql.shuffle.partitions", "4")
    spark.sparkContext.setJobDescription(_BESIDE)
    planner = Planner(spark, session.frame_of(spark, articles), config, 4)
    keys = planner.keep(planner.shared_bands(planner.keep(planner.harvest())))
    rows: list[Row] = []
    table = "Band keys to pairs to components, the same keys"

    def add(engine: str, n_pairs: int, n_components: int, begun: float) -> None:
        seconds = perf_counter() - begun
        rows.append(
            {"table": table, "engine": engine, "keys": n_keys, "pairs": n_pairs, "components": n_components,
             "seconds": seconds}
        )  # fmt: skip

    n_keys = keys.count()
    begun = perf_counter()
    pairs = planner.pairs_in_buckets(keys).where("kind = 0").select("left_id", "right_id")
    pairs = planner.keep(pairs.distinct())
    found = connected_components(pairs, planner.keep)
    add("spark", pairs.count(), found.select("component").distinct().count(), begun)
    try:
        import duckdb
    except ImportError:
        return rows
    given = keys.toArrow()  # found by its name in the query
    base = duckdb.connect(config={"threads": 2})
    base.register("given", given)
    begun = perf_counter()
    base.execute(
        "create table rows as select key, id, bit_or(levels) levels from given group by key, id; "
        "create table pairs as select distinct a.id l, b.id r from rows a join rows b "
        "on a.key = b.key and a.id < b.id and a.levels & b.levels != 0"
    )
    base.execute("create table near as select l a, r b from pairs union all select r, l from pairs")
    base.execute("create table labels as select a id, least(a, min(b)) c from near group by a")
    while True:
        base.execute(
            "create or replace table next as select l.id, least(l.c, min(m.c)) c from labels l "
            "join near n on n.a = l.id join labels m on m.id = n.b group by l.id, l.c"
        )
        changed = base.execute("select count(*) from next join labels using (id) where next.c != labels.c").fetchone()
        base.execute("create or replace table labels as select * from next")
        if not changed or not changed[0]:
            break
    counted = base.execute("select (select count(*) from pairs), (select count(distinct c) from labels)").fetchone()
    assert counted is not None
    add("duckdb", int(counted[0]), int(counted[1]), begun)
    return rows
