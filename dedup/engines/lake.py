"""Parquet on a file system that a cluster shares -> the articles of a plan; a plan -> Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from dedup.config import Config
from dedup.engines.batches import LAST, Table
from dedup.errors import ConfigError
from dedup.model import NO_DATE, Kind, Level, Relation

Frame: TypeAlias = Any  # pyspark.sql.DataFrame: an extra

#: `dedup.engines.spark.ARTICLES` with the ids of the records.
_READ = "article long, date long, source string, text binary, body_start int, id string"
#: Rows of a file; its number stands above.
_ROW_BITS = 40


def read_parquet(session: Any, paths: Sequence[str], config: Config) -> Frame:
    """Return the records of Parquet files as articles, numbered by file, in the order of their names, and row.

    Every executor reads its own part; columns are found by the names that ``config.read.fields`` and its defaults give.

    Raises
    ------
    ConfigError
        No column has text.
    """
    from pyspark.sql import functions as F  # noqa: N812

    frame = session.read.parquet(*paths)
    # Not `inputFiles`, which writes the same paths in another way.
    files = sorted(row[0] for row in frame.select("_metadata.file_path").distinct().collect())
    numbers = session.createDataFrame([(path, number) for number, path in enumerate(files)], "file string, number long")
    columns = frame.columns
    wanted = _known_columns(columns, config)
    row = F.col("_metadata.row_index").alias("row_index")
    frame = frame.select(*(F.col(f"`{name}`") for name in wanted), F.col("_metadata.file_path").alias("file"), row)
    frame = frame.join(F.broadcast(numbers), "file").drop("file")
    order = F.shiftleft("number", _ROW_BITS) + F.col("row_index")
    frame = frame.select(order.alias(_ORDER), *(F.col(f"`{name}`") for name in wanted))

    def read(batches: Iterable[Table]) -> Iterator[Table]:
        return read_records(batches, config)

    return frame.mapInArrow(read, _READ)


#: The column with the number of a record; no feed has one of that name.
_ORDER = "__article__"


def _known_columns(columns: Sequence[str], config: Config) -> list[str]:
    """Return the columns that are read: those that some field is looked for in."""
    from dedup.readers.fields import FieldTable

    table = FieldTable(config.read)
    tops = {key.split(".")[0] for key in table.keys}
    wanted = [name for name in columns if name in tops]
    texts = {key.split(".")[0] for key in table.roles["text"]}
    if not texts & set(wanted):
        shown = ", ".join(columns[:12])
        raise ConfigError(f"no column has text: they are {shown}; name it with --field text=NAME")
    return wanted


def read_records(batches: Iterable[Table], config: Config) -> Iterator[Table]:
    """Return records as articles; those without text are left out, as everywhere."""
    from dedup.readers import articles_of

    for batch in batches:
        if not batch.num_rows:
            continue
        numbers = batch.column(_ORDER).to_numpy()
        articles = articles_of(batch.drop_columns([_ORDER]).to_pylist(), config.read)
        rows = numbers[articles.records - 1]
        ids = [
            f"{row >> _ROW_BITS}:{(row & ((1 << _ROW_BITS) - 1)) + 1}" if one.startswith("<memory>:") else one
            for row, one in zip(rows.tolist(), articles.ids, strict=True)
        ]
        buffers = [None, pa.py_buffer(articles.offsets.astype(np.int64)), pa.py_buffer(articles.text)]
        text = pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)
        arrays = {
            "article": rows,
            "date": np.where(articles.dates == NO_DATE, LAST, articles.dates),
            "source": pa.array(list(articles.sources) or [""] * len(rows), pa.string()),
            "text": text.cast(pa.binary()),
            "body_start": (articles.body_starts - articles.offsets[:-1]).astype(np.int32),
            "id": pa.array(ids, pa.string()),
        }
        yield pa.record_batch([pa.array(one) for one in arrays.values()], names=list(arrays))


def write_parquet(plan: Any, folder: str) -> None:
    """Write what a run found into a folder, a folder of Parquet files a table.

    ``findings`` (a row a finding), ``places`` (where each stands, its text with it, the first place first), ``matches``
    (pairs of segments with their scores), ``relations`` (pairs of articles) and ``articles`` (how much of each is
    said again). Positions are bytes of the article's title and body, one behind the other.
    """
    from pyspark.sql import functions as F  # noqa: N812

    names = plan.articles.select("article", *[name for name in ("id",) if name in plan.articles.columns])
    kinds = _named("kind", {int(kind): kind.name.lower().replace("_", "-") for kind in Kind})
    levels = _named("level", {0: "passage"} | {int(level): str(level.name).lower() for level in Level})
    found = plan.findings.withColumn("kind", kinds).withColumn("level", levels)
    firsts = found.where("ordinal = 0")
    heads = firsts.select(
        "finding", "kind", "level", "exact", "weight", "n_places", "article", "start_byte", "end_byte"
    )
    cut = F.substring(F.col("text"), F.col("start_byte") + 1, F.col("end_byte") - F.col("start_byte"))
    places = found.drop("kind", "level", "exact", "weight", "n_places").join(plan.articles, "article")
    places = places.withColumn("text", cut.cast("string")).drop("body_start", "date", "source")
    of_segments = plan.matches.select("left_id", "right_id", "shared", "jaccard", "containment", "cosine")
    for side in ("left", "right"):
        first = [F.col(f"first.{name}").alias(f"{side}_{name}") for name in ("article", "start_byte", "end_byte")]
        rows = plan.rows.select(F.col("id").alias(f"{side}_id"), *first)
        of_segments = of_segments.join(rows, f"{side}_id").drop(f"{side}_id")
    relation = _named("relation", {int(one): one.name.lower().replace("_", "-") for one in Relation})
    relations = plan.passages.where(relation.isNotNull()).withColumn("relation", relation)
    relations = relations.select("left", "right", "relation", "left_coverage", "right_coverage").distinct()
    articles = names.join(plan.n_tokens, "article", "left").join(plan.coverage, "article", "left").fillna(0)
    articles = articles.withColumn("redundancy", F.col("repeated") / F.greatest(F.col("n_tokens"), F.lit(1)))
    tables = {
        "findings": heads.orderBy(F.desc("weight"), "kind", "article", "start_byte", "end_byte", "finding"),
        "places": places,
        "matches": of_segments,
        "relations": relations,
        "articles": articles,
    }
    for name, table in tables.items():
        table.write.mode("errorifexists").parquet(f"{folder}/{name}")


def _named(column: str, names: dict[int, str]) -> Any:
    """Return a column with names for numbers, null for a number without one."""
    from pyspark.sql import functions as F  # noqa: N812

    pairs = [F.lit(value) for number, name in names.items() for value in (number, name)]
    keys = F.create_map(*[value.cast("string") for value in pairs])
    return F.try_element_at(keys, F.col(column).cast("string"))
