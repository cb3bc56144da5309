"""`dedup.engines`: Apache Spark finds what the local engine finds, however the work is cut and whatever dies."""

from __future__ import annotations

import os
import random
import shutil
import signal
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import dedup
from dedup import lsh
from dedup.cli import main
from dedup.model import Articles, Clusters
from tests import oracle

pytest.importorskip("pyspark", reason="the engine spark needs pyspark: pip install 'saidtwice[spark]'")
if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
    pytest.skip("the engine spark needs Java 17 or later", allow_module_level=True)

from dedup.engines import pairing, session
from dedup.engines.spark import Planner

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # the sockets of a session that lives as long as the tests
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SEEDS = Path(__file__).parent.parent / "seeds"
CONFIG = dedup.load_config({"candidates": "lsh"})
TABLES = ("segments", "matches", "borderline", "passages", "relations", "findings", "search", "vocabulary")


@pytest.fixture(scope="module")
def spark() -> Any:
    """Start one session for all tests; plans this small run faster than they compile."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
    }
    started = session.start_session(master="local[2,4]", settings=settings)
    yield started
    started.stop()


def feed() -> Articles:
    """Return articles with notices, chains, ties, copies and parts of each other; some without a date."""
    draw = random.Random(8)
    words = ["".join(draw.choices("abcdefghiklmnoprstu", k=draw.randint(3, 9))) for _ in range(600)]

    def sentence(n: int) -> str:
        return " ".join(draw.choices(words, k=n)).capitalize() + "."

    def reworded(text: str, n: int) -> str:
        parts = text.split(" ")
        for at in draw.sample(range(len(parts)), n):
            parts[at] = draw.choice(words)
        return " ".join(parts)

    lead, line, wire = sentence(30), sentence(24), [sentence(25) for _ in range(6)]
    records: list[dict[str, object]] = []
    for i in range(40):
        body = [sentence(draw.randint(9, 40)) for _ in range(3)]
        if i % 2:
            body.insert(1, f"Subscribe to our letter of {i} May for more of what {line}")
        if i % 3 == 0:
            body += [reworded(one, i % 4) for one in wire[: 2 + i % 5]]
        if i % 5 == 0:
            body += [body[0], reworded(body[1], 1)]
        if i % 7 == 0:
            body[0] = body[0][:-1] + " " + lead
        dates = {0: "2024-03-01", 1: "", 2: f"2024-02-{28 - i % 28:02}"}
        records.append({"text": "\n\n".join(body), "title": sentence(9 if i % 4 else 3), "source": f"paper {i % 3}",
                        "date": dates[i % 3]})  # fmt: skip
    for i in (4, 8, 10):
        body = str(records[i]["text"]).split("\n\n")
        copied = [reworded(body[0], 2), *body[1:]]
        records.append({**records[i], "text": "\n\n".join(copied), "date": "2023-12-31"})
        held = [*[sentence(40) for _ in range(8)], *body]
        records.append({"text": "\n\n".join(held), "title": "A book of all that was written about it in this year",
                        "date": "2023-01-01" if i == 8 else ""})  # fmt: skip
    return dedup.articles_of(records)


@pytest.fixture(scope="module")
def expected() -> Any:
    """Return what the local engine finds."""
    return dedup.scan(feed(), CONFIG, jobs=1)


def assert_equal(expected: Any, found: Any) -> None:
    """Every table has the same rows; clusters may come in another order."""
    for name in TABLES:
        one, other = getattr(expected, name), getattr(found, name)
        for column in fields(one):
            a, b = getattr(one, column.name), getattr(other, column.name)
            assert np.array_equal(a, b), f"{name}.{column.name}"
    assert clusters_of(expected.clusters) == clusters_of(found.clusters)
    assert expected.n_tokens.tolist() == found.n_tokens.tolist()
    assert expected.repeated.tolist() == found.repeated.tolist()
    assert expected.repeated_by_kind == found.repeated_by_kind


def clusters_of(table: Clusters) -> set[tuple[tuple[int, ...], bool, bool]]:
    ranges = zip(table.offsets[:-1], table.offsets[1:], table.boilerplate, table.exact, strict=True)
    return {(tuple(table.members[a:b].tolist()), bool(notice), bool(exact)) for a, b, notice, exact in ranges}


def test_spark_finds_what_the_local_engine_finds(spark: Any, expected: Any) -> None:
    """The same matches, clusters, passages, relations, findings and scores in 7 partitions; in 1 and 2, see below."""
    found = session.scan_on_spark(feed(), CONFIG, session=spark, partitions=7)

    assert_equal(expected, found)


def test_the_feed_has_what_it_is_to_have(expected: Any) -> None:
    """Notices, relations and findings of every kind are in it: else equality would say little."""
    assert set(expected.findings.kinds.tolist()) == {1, 2, 3, 4, 5}
    assert expected.findings.numbers_changed.any()
    assert (expected.passages.levels == 1).any()
    assert set(expected.relations.kinds.tolist()) == {0, 1, 2, 3}


def test_a_killed_task_is_done_again(
    spark: Any, expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 2 partitions, workers that are killed in every task that scores, clusters or aligns change nothing."""
    died = tmp_path / "died"

    class Deadly(Planner):
        def together(self, left: Any, right: Any, work: Any, schema: str) -> Any:
            def dies(one: Any, other: Any) -> Any:
                from pyspark import TaskContext

                if TaskContext.get().attemptNumber() == 0:
                    with died.open("a") as stream:
                        stream.write("x")
                    os.kill(os.getpid(), signal.SIGKILL)
                return work(one, other)

            return super().together(left, right, dies, schema)

    monkeypatch.setattr("dedup.engines.spark.Planner", Deadly)

    found = session.scan_on_spark(feed(), CONFIG, session=spark, partitions=2)

    assert_equal(expected, found)
    assert len(died.read_text()) >= 5  # scores, clusters, links, passages and places


def test_full_buckets_are_thinned_as_in_one_process() -> None:
    """Of an over-full bucket the pairs with its leaders are left, the same as the local engine leaves."""
    import pyarrow as pa

    bands, config = lsh.Bands(20, 3), dedup.load_config({"min_jaccard": 0.9})
    draw = np.random.default_rng(3)
    # Eighty sorts of rows, and sixty-four leaders.
    keys = draw.integers(0, 99, (80, 20), dtype=np.uint32)[draw.integers(0, 80, 700)]
    keys[draw.random((700, 20)) < 0.2] += 100
    keys[:, 0] = 7
    levels = draw.choice(np.array([2, 4, 6], np.uint8), 700)
    ids = draw.permutation(700).astype(np.int64) * 11 - 3000
    local = lsh.candidate_pairs(keys, levels, bands, 0.9, pairing.SERIAL)
    a, b = ids[local.left], ids[local.right]
    expected = set(zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist(), strict=True))

    numbered = (np.arange(20) << 32) | keys.astype(np.int64)
    table = pairing.as_table(key=numbered.ravel(), id=np.repeat(ids, 20), levels=np.repeat(levels, 20))
    found = pairing.pair_buckets(table).to_pydict()
    full = [row for row in range(len(found["kind"])) if found["kind"][row] == pairing.OVERFULL]
    rows = {number: row for row, number in enumerate(ids.tolist())}
    wanted = [
        {"bucket": found["left_id"][i], "id": number, "bands": keys[rows[number]].tobytes(), "article": rows[number],
         "segment": 0, "levels": int(levels[rows[number]])}
        for i in full for number in [found["right_id"][i]]
    ]  # fmt: skip
    thinned = pairing.thin_buckets(pa.Table.from_pylist(wanted), config, bands).to_pydict()

    kept = [
        (left, right)
        for part in (found, thinned)
        for kind, left, right in zip(part["kind"], part["left_id"], part["right_id"], strict=True)
        if kind == pairing.PAIR
    ]
    assert expected == set(kept)
    assert local.thinned_rows == thinned["left_id"][-1] > 0
    assert len({found["left_id"][i] for i in full}) == local.thinned_buckets


def test_components_are_those_of_a_search(spark: Any) -> None:
    """Large-star and small-star end with the components that walking the edges finds: chains, stars, rings, pairs."""
    from dedup.engines.components import connected_components

    draw = random.Random(5)
    edges = [(i, i + 1) for i in range(20)] + [(100, 100 + i) for i in range(1, 9)]
    edges += [(draw.randrange(200, 400), draw.randrange(200, 400)) for _ in range(90)] + [(-7, -3), (-3, -7), (9, 9)]
    frame = spark.createDataFrame(edges, "left_id long, right_id long")

    found = connected_components(frame, lambda one: one.localCheckpoint()).collect()

    assert oracle.components(edges) == {row["id"]: row["component"] for row in found}


def test_parquet_is_read_and_written_by_the_engine(spark: Any, tmp_path: Path) -> None:
    """Records of Parquet files give, in 1 partition, the findings that reading them here gives, with scores and ids."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [
        {"id": f"a{i}", "text": text, "published": f"2024-01-0{1 + i % 3}"}
        for i, text in enumerate(feed().body(i) for i in range(24))
    ]
    for part in range(2):
        pq.write_table(pa.Table.from_pylist(records[12 * part : 12 * part + 12]), tmp_path / f"{part}.parquet")
    config = dedup.load_config({"candidates": "lsh", "fields": {"date": ("published",)}})
    inputs = [str(tmp_path / f"{part}.parquet") for part in range(2)]
    local = dedup.scan(inputs, config)
    (tmp_path / "work").mkdir()

    out, work = tmp_path / "out", tmp_path / "work"
    options = ["--field", "date=published", "--partitions", "1", "--parquet", str(out), "--work", str(work)]

    result = CliRunner().invoke(main, ["report", *inputs, "--engine", "spark", *options])

    assert result.exit_code == 0, result.output
    tables = {one.name: pq.read_table(one).to_pylist() for one in out.iterdir()}
    assert f"{len(local.findings):,} findings" in result.stderr
    assert not list((tmp_path / "work").iterdir())
    assert sorted(local.findings.weights.tolist()) == sorted(row["weight"] for row in tables["findings"])
    expected = {
        (local.articles.ids[a], local.articles.slice_text(start, end), round(float(cosine), 5))
        for a, start, end, cosine in zip(
            local.findings.articles, local.findings.starts, local.findings.ends, local.findings.cosine, strict=True
        )
    }
    assert expected == {(row["id"], row["text"], round(row["cosine"], 5)) for row in tables["places"]}
    repeated = {row["id"]: row["repeated"] for row in tables["articles"]}
    assert dict(zip(local.articles.ids, local.repeated.tolist(), strict=True)) == repeated
    assert len(local.matches) == len(tables["matches"])
    assert len(local.relations) == len(tables["relations"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--candidates", "exact", "--engine", "spark"], "candidates is exact"),
        (["--window", "3d", "--engine", "spark"], "--window"),
        (["--parquet", "out"], "--parquet is for --engine spark"),
    ],
)
def test_what_an_engine_does_not_do_is_said(spark: Any, arguments: list[str], told: str) -> None:
    """One line names the setting and what to do."""
    result = CliRunner().invoke(main, ["report", str(SEEDS / "feed.jsonl"), *arguments])

    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr
