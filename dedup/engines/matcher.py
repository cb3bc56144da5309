"""The search for matches in the operations of Apache Spark: segments -> distinct rows, pairs, matches, row clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from dedup import lsh
from dedup.config import Config
from dedup.engines import batches, counting, pairing
from dedup.engines.components import connected_components
from dedup.engines.frames import Frame, Frames, is_document
from dedup.errors import ConfigError
from dedup.pairscores import MOST_MATCHES
from dedup.passes import searched_levels
from dedup.stages import MAX_STAR_ROUNDS
from dedup.workspace import count_counters


class Matcher(Frames):
    """Finds what matches; its parameters are those of `Frames`."""

    def __init__(
        self, spark: SparkSession, articles: Frame, config: Config, n_groups: int, work: str | None = None
    ) -> None:
        super().__init__(spark, articles, config, n_groups, work)
        try:
            self.bands = lsh.choose_bands(config.score.min_jaccard, config.lsh, config.minhash.num_perm)
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def mark_several(self, segments: Frame) -> Frame:
        """Return the segments with ``several``: false where no other one is equal, so that it need not move."""
        ids = self.useful(segments).select("id")
        shared = self._shared(ids, counting.count_ids, counting.count_slots(ids.count()))
        schema = f"{batches.SEGMENTS}, several boolean"
        return self.keep(self.map(segments, counting.mark_ids, schema, shared=shared))

    def distinct(self, segments: Frame) -> Frame:
        """Return the distinct rows, with their first places: all that are searched or are documents."""
        first = F.struct("date", "article", "segment", "level", "parent", "start_byte", "end_byte").alias("first")
        useful, documents = self.useful(segments), is_document().cast("long").alias("documents")
        alone = useful.where("not several").select(
            "id", first, F.lit(1).cast("long").alias("n"), F.col("level").alias("levels"), "n_tokens", documents
        )
        # Two columns of a segment that cannot differ between equal ones.
        rows = (
            useful.where("several")
            .groupBy("id")
            .agg(
                F.min(first).alias("first"),
                F.count("*").alias("n"),
                F.bit_or("level").alias("levels"),
                F.max("n_tokens").alias("n_tokens"),
                F.sum(documents).alias("documents"),
            )
        )
        return alone.unionByName(rows).withColumn("searched", self._is_searched())

    def useful(self, segments: Frame) -> Frame:
        """Return the segments that are long enough to be searched, and the documents."""
        return segments.where((F.col("n_tokens") >= self.config.shingle.min_tokens) | is_document())

    def _is_searched(self) -> Any:
        levels = F.col("levels").bitwiseAND(F.lit(searched_levels(self.config)))
        return (F.col("n_tokens") >= self.config.shingle.min_tokens) & (levels != 0)

    def terms(self, segments: Frame, rows: Frame) -> tuple[Frame, int, Any]:
        """Return all words, the number of documents, and a broadcast of the words that stand in several."""
        several = rows.where("documents > 1").select("id")
        places = segments.where(is_document()).join(several, "id")
        first = places.groupBy("id").agg(F.min(F.struct("article", "segment")).alias("kept"))
        copies = places.join(first, "id").where(F.struct("article", "segment") != F.col("kept"))
        words = self.map(self.articles, batches.count_words, batches.WORDS)
        less = self.map(
            self.slices(copies.select("article", "start_byte", "end_byte")), batches.uncount_words, batches.WORDS
        )
        words = (
            words.unionByName(less).groupBy("word").agg(F.sum("documents").alias("documents")).where("documents > 0")
        )
        words = self.keep(words)
        n_documents = rows.where("documents > 0").count()
        table = words.where("documents > 1").toArrow()
        found = table.column("word").to_numpy().view(np.uint64)
        order = np.argsort(found)
        counts = table.column("documents").to_numpy()[order].astype(np.int32)
        terms = batches.Terms(found[order], counts, n_documents)
        return words, n_documents, self.spark.sparkContext.broadcast(terms)

    def harvest(self) -> Frame:
        """Return the band keys and anchors of the segments that share enough with any other."""
        n_bytes = self.articles.agg(F.sum(F.length("text"))).first()[0] or 0
        shared = self._shared(self.articles, counting.count_shingles, count_counters(n_bytes))
        return self.map(self.articles, batches.harvest_articles, batches.KEYS, bands=self.bands, shared=shared)

    def _shared(self, frame: Frame, count: Callable[..., Iterator[Any]], n_slots: int, **given: Any) -> Any:
        """Return a broadcast of a bit for each slot: set where ``count`` finds more than one number of the frame."""
        counted = self.map(frame, count, counting.COUNTERS, n_slots=n_slots, **given)
        parts = counted.groupBy("part").applyInArrow(counting.sum_counters, counting.SHARED)
        met = ((row["part"], row["bits"]) for row in parts.toLocalIterator())
        return self.spark.sparkContext.broadcast(counting.join_parts(met, n_slots))

    def pairs(self, keys: Frame, rows: Frame) -> tuple[Frame, tuple[int, int]]:
        """Return the candidate pairs, and how many buckets were thinned and rows found no place in them."""
        found = self.keep(self.pairs_in_buckets(self.shared_bands(keys)))
        pairs = found.where(F.col("kind") == pairing.PAIR)
        full = found.where(F.col("kind") == pairing.OVERFULL).select(
            F.col("left_id").alias("bucket"), F.col("right_id").alias("id")
        )
        n_full = full.select("bucket").distinct().count()
        n_without = 0
        if n_full:
            bands = keys.where(F.col("kind") == batches.BAND).select("id", "bands").dropDuplicates(["id"])
            wanted = full.join(bands, "id")
            levels = F.col("levels").bitwiseAND(F.lit(searched_levels(self.config))).alias("levels")
            wanted = wanted.join(rows.select("id", levels, "first.article", "first.segment"), "id")
            work = partial(pairing.thin_buckets, config=self.config, bands=self.bands)
            thinned = self.keep(self.grouped(wanted, "bucket", work, pairing.PAIRS))
            n_without = thinned.where(F.col("kind") == pairing.COUNT).agg(F.sum("left_id")).first()[0]
            pairs = pairs.unionByName(thinned.where(F.col("kind") == pairing.PAIR))
        return self.keep(pairs.select("left_id", "right_id").distinct()), (n_full, n_without)

    def shared_bands(self, keys: Frame) -> Frame:
        """Return the band keys that may stand in several rows, as `dedup.engines.counting.BUCKETS`."""
        n_rows = keys.where(F.col("kind") == batches.BAND).count()
        n_slots, n_bands = counting.count_slots(n_rows * self.bands.bands), self.bands.bands
        shared = self._shared(keys, counting.count_bands, n_slots, n_bands=n_bands)
        return self.map(keys, counting.share_bands, counting.BUCKETS, shared=shared, n_bands=n_bands)

    def pairs_in_buckets(self, bands: Frame) -> Frame:
        """Return the pairs in equal buckets, and the rows of over-full ones, of band keys (key, id, levels)."""
        return self.grouped(bands, "key", pairing.pair_buckets, pairing.PAIRS)

    def score(self, pairs: Frame, rows: Frame, terms: Any) -> Frame:
        """Return the scores of pairs: the texts of both rows are brought to the group of the left one."""
        pairs = pairs.withColumn("group", self.group_of(F.col("left_id")))
        ids = [pairs.select("group", F.col(side).alias("id")) for side in ("left_id", "right_id")]
        levels = F.col("levels").bitwiseAND(F.lit(searched_levels(self.config))).cast("int").alias("levels")
        first = ("first.article", "first.start_byte", "first.end_byte")
        wanted = ids[0].unionByName(ids[1]).distinct().join(rows.select("id", levels, *first), "id")
        config = self.config

        def work(some: Any, texts: Any) -> Any:
            return pairing.score_pairs(some, texts, config, terms.value)

        return self.together(pairs, self.slices(wanted), work, pairing.SCORES)

    def with_stars(self, matches: Frame, rows: Frame, terms: Any) -> Frame:
        """Return the matches with those that the earliest match of a row in over-full buckets has."""
        dates = rows.select(F.col("id").alias("other"), F.col("first.date").alias("date"))
        for _ in range(MAX_STAR_ROUNDS):
            both = _both_ways(matches)
            centres = both.groupBy("id").count().where(F.col("count") > MOST_MATCHES).select("id")
            if centres.isEmpty():
                break
            around = both.join(centres, "id").join(dates, "other")
            earliest = around.groupBy("id").agg(F.min(F.struct("date", "other")).alias("earliest"))
            stars = around.join(earliest, "id").select(F.col("earliest.other").alias("one"), "other")
            stars = stars.where("one != other").select(
                F.least("one", "other").alias("left_id"), F.greatest("one", "other").alias("right_id")
            )
            stars = self.keep(stars.distinct().join(matches, ["left_id", "right_id"], "left_anti"))
            more = self.score(stars, rows, terms).where("accepted").drop("kind")
            more = self.keep(more)
            if more.isEmpty():
                break
            matches = self.keep(matches.unionByName(more))
        return matches

    def clusters(self, matches: Frame, rows: Frame) -> Frame:
        """Return the rows of clusters (id, cluster): those of matches, and single rows that stand in several places."""
        components = self.keep(connected_components(matches, self.keep)).withColumnRenamed("id", "left_id")
        grouped = matches.select("left_id", "right_id").join(components, "left_id")
        edges = grouped.select("left_id", "right_id", self.group_of(F.col("component")))
        nodes = components.withColumnRenamed("left_id", "id").join(
            rows.select("id", "first.date", "first.article", "first.segment"), "id"
        )
        nodes = nodes.select("id", "date", "article", "segment", self.group_of(F.col("component")))
        found = self.keep(self.together(edges, nodes, pairing.cluster_components, pairing.CLUSTERS))
        alone = rows.where("searched and n > 1").join(found, "id", "left_anti")
        return self.keep(found.unionByName(alone.select("id", F.col("id").alias("cluster"))))


def _both_ways(matches: Frame) -> Frame:
    one = matches.select(F.col("left_id").alias("id"), F.col("right_id").alias("other"))
    return one.unionByName(one.select(F.col("other").alias("id"), F.col("id").alias("other")))
