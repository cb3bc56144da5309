"""How functions over batches are called by Apache Spark, and what is kept between the steps of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any, TypeAlias

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from dedup.config import Config
from dedup.model import Level

Frame: TypeAlias = Any  # pyspark.sql.DataFrame: an extra, and not there to everyone who checks types


class Frames:
    """The frames of one run.

    Parameters
    ----------
    spark : SparkSession
    articles : DataFrame
        `dedup.engines.spark.ARTICLES`. It is read several times: once for each pass over the text.
    config : Config
    n_groups : int
        How many groups rows are put into for the functions that want all that belongs together; the answer does not
        depend on it. A group is in the memory of one worker.
    work : str, optional
        Folder on a file system that all executors share, for what is kept between the steps.
    """

    def __init__(
        self, spark: SparkSession, articles: Frame, config: Config, n_groups: int, work: str | None = None
    ) -> None:
        self.spark, self.articles, self.config, self.n_groups, self.work = spark, articles, config, n_groups, work
        self._kept: list[str] = []
        self._named, self._begun = "", 0.0
        self.seconds: dict[str, float] = {}

    def keep(self, frame: Frame) -> Frame:
        """Return the frame, made now, for several uses.

        What is kept is the start of a new plan: the plans of a run are used several times in each other, and would
        double with every step. Without a work folder the rows stay with the executors, which is where they are safe as
        long as there is only one, the driver; in a work folder they are Parquet files.
        """
        if self.work is None:
            return frame.localCheckpoint()
        path = f"{self.work}/{len(self._kept):03}"
        self._kept.append(path)
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.parquet(path)

    def step(self, name: str) -> None:
        """Begin a step: Spark's pages, its event log and `seconds` have its name."""
        now = perf_counter()
        if self._named:
            self.seconds[self._named] = self.seconds.get(self._named, 0.0) + now - self._begun
        self._named, self._begun = name, now
        self.spark.sparkContext.setJobDescription(f"saidtwice: {name}" if name else None)

    def map(self, frame: Frame, work: Callable[..., Iterator[Any]], schema: str, **given: Any) -> Frame:
        """Return what a function makes of the batches of each partition; no row leaves its machine."""
        config = self.config

        def call(parts: Iterable[Any]) -> Iterator[Any]:
            return work(parts, config, **{name: getattr(value, "value", value) for name, value in given.items()})

        if "body_start" in frame.columns:
            frame = frame.select("article", "date", "text", "body_start")
        return frame.mapInArrow(call, schema)

    def group_of(self, column: Any) -> Any:
        """Return the number of the group of each value of a column."""
        return F.pmod(F.hash(column), F.lit(self.n_groups)).alias("group")

    def grouped(self, frame: Frame, by: str, work: Callable[[Any], Any], schema: str) -> Frame:
        """Return what a function makes of groups of rows; equal values of ``by`` are in one."""

        def call(table: Any) -> Any:
            return work(table.drop_columns(["group"]))

        return frame.withColumn("group", self.group_of(F.col(by))).groupBy("group").applyInArrow(call, schema)

    def together(self, left: Frame, right: Frame, work: Callable[[Any, Any], Any], schema: str) -> Frame:
        """Return what a function makes of the rows of both frames that have one ``group``."""

        def call(one: Any, other: Any) -> Any:
            return work(one.drop_columns(["group"]), other.drop_columns(["other_group"]))

        # Both may come from one frame: the same column twice would be ambiguous.
        right = right.withColumn("other_group", F.col("group")).drop("group")
        return left.groupBy("group").cogroup(right.groupBy("other_group")).applyInArrow(call, schema)

    def texts(self, wanted: Frame) -> Frame:
        """Return the texts of articles (group, article), each once a group."""
        texts = self.articles.select("article", "date", "text", "body_start")
        return texts.join(self.keep(wanted.distinct()), "article")

    def slices(self, wanted: Frame) -> Frame:
        """Return rows with an article, start_byte and end_byte, those replaced by the text that stands there."""
        cut = F.substring(F.col("text"), F.col("start_byte") + 1, F.col("end_byte") - F.col("start_byte"))
        found = self.articles.select("article", "text").join(self.keep(wanted), "article").withColumn("text", cut)
        return found.drop("article", "start_byte", "end_byte")


def has_level(level: int) -> Any:
    """Tell which segments have a level."""
    return F.col("level").bitwiseAND(F.lit(int(level))) != 0


def is_document() -> Any:
    """Tell which segments are documents to document frequencies (`dedup.passes.are_documents`)."""
    return has_level(Level.TITLE | Level.PARAGRAPH) & (F.col("n_tokens") > 0)
