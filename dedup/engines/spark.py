"""The plan of a run in the operations of Apache Spark: what is shuffled, joined and grouped, and by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from dedup import lsh
from dedup.config import Config
from dedup.engines import batches, counting, pairing, relating
from dedup.engines.components import connected_components
from dedup.errors import ConfigError
from dedup.model import Kind, Level, Relation, Search
from dedup.notices import MAX_BETWEEN, MIN_OUTSIDE
from dedup.pairs import PairParams
from dedup.pairscores import MOST_MATCHES
from dedup.passes import searched_levels
from dedup.pipeline import MAX_LINKS, MAX_STAR_ROUNDS
from dedup.workspace import count_counters

Frame: TypeAlias = Any  # pyspark.sql.DataFrame: an extra, and not there to everyone who checks types

#: Columns of the articles of a plan: ``article`` numbers them in the order of the feed, ``date`` is in seconds,
#: `dedup.engines.batches.LAST` where there is none, ``text`` is the title and the body, which begins at ``body_start``.
ARTICLES = "article long, date long, source string, text binary, body_start int"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run found, as frames whose rows are where the engine keeps them.

    Attributes
    ----------
    articles : DataFrame
        `ARTICLES`.
    segments, passages, notices, coverage, findings : DataFrame
        As `dedup.engines.batches.SEGMENTS` and the schemas of `dedup.engines.relating` have them. The coverage is that
        of articles which repeat something.
    n_tokens : DataFrame
        article, n_tokens, body_tokens.
    matches, borderline : DataFrame
        Pairs of rows as `dedup.engines.pairing.SCORES` has them.
    rows : DataFrame
        Distinct rows: id, first (its first place), n, levels, n_tokens, documents.
    clusters : DataFrame
        A place a row: cluster, id, date, article, segment, leads, boilerplate.
    words : DataFrame
        `dedup.engines.batches.WORDS`.
    search : Search
    n_documents : int
    seconds : dict of str to float
        Wall time of each step.
    """

    articles: Frame
    segments: Frame
    n_tokens: Frame
    rows: Frame
    words: Frame
    matches: Frame
    borderline: Frame
    clusters: Frame
    notices: Frame
    passages: Frame
    coverage: Frame
    findings: Frame
    search: Search
    n_documents: int
    seconds: dict[str, float]


def check_config(config: Config) -> None:
    """Raise ConfigError for what this engine does not do."""
    if config.candidates == "exact":
        raise ConfigError("candidates is exact, which the engine spark has not; leave it out, or give --candidates lsh")
    if config.pairs != PairParams():
        raise ConfigError("the engine spark compares all articles; leave out --window and --same-source")
    if config.read.same_id != "keep":
        raise ConfigError(f"same_id is {config.read.same_id}; the engine spark keeps all articles")


class Planner:
    """Makes the plan of one run.

    Parameters
    ----------
    spark : SparkSession
    articles : DataFrame
        `ARTICLES`. It is read several times: once for each pass over the text.
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
        check_config(config)
        self.spark, self.articles, self.config, self.n_groups, self.work = spark, articles, config, n_groups, work
        self._kept: list[str] = []
        self._named, self._begun = "", 0.0
        self.seconds: dict[str, float] = {}
        try:
            self.bands = lsh.choose_bands(config.score.min_jaccard, config.lsh, config.minhash.num_perm)
        except ValueError as error:
            raise ConfigError(str(error)) from None

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

    def _step(self, name: str) -> None:
        """Begin a step: Spark's pages, its event log and `seconds` have its name."""
        now = perf_counter()
        if self._named:
            self.seconds[self._named] = self.seconds.get(self._named, 0.0) + now - self._begun
        self._named, self._begun = name, now
        self.spark.sparkContext.setJobDescription(f"saidtwice: {name}" if name else None)

    def run(self) -> Plan:
        """Return the plan, all of it done."""
        try:
            return self._run()
        finally:
            self._step("")

    def _run(self) -> Plan:
        self._step("segments")
        segments = self._mark_several(self.keep(self._map(self.articles, batches.segment_articles, batches.SEGMENTS)))
        rows = self.keep(self._distinct(segments))
        self._step("words")
        words, n_documents, terms = self._terms(segments, rows)
        self._step("keys")
        keys = self.keep(self.harvest())
        self._step("pairs")
        pairs, thinned = self._pairs(keys, rows)
        self._step("scores")
        scored = self.keep(self._score(pairs, rows, terms))
        n_candidates = scored.where(F.col("kind") == pairing.COUNT).agg(F.sum("left_id")).first()[0] or 0
        scored = scored.where(F.col("kind") == pairing.PAIR).drop("kind")
        matches = self._with_stars(self.keep(scored.where("accepted")), rows, terms)
        self._step("clusters")
        members = self.keep(self._members(segments, rows, self._clusters(matches, rows)))
        n_tokens = self.keep(self._article_tokens(segments))
        self._step("notices")
        clusters = self.keep(self._mark_boilerplate(members, n_tokens))
        notices = self.keep(self._notices(clusters, matches))
        self._step("links")
        links = self.keep(self._links(segments, rows, matches, keys, clusters))
        self._step("passages")
        passages = self.keep(self._passages(links, terms))
        self._step("findings")
        return Plan(
            articles=self.articles,
            segments=segments,
            n_tokens=n_tokens,
            rows=rows,
            words=words,
            matches=matches,
            borderline=scored.where("not accepted"),
            clusters=clusters,
            notices=notices,
            passages=passages,
            coverage=self.keep(self._coverage(passages, notices, n_tokens)),
            findings=self.keep(self._findings(passages, notices, terms)),
            search=self._search(rows, n_candidates, thinned),
            n_documents=n_documents,
            seconds=self.seconds,
        )

    # How functions are called.

    def _map(self, frame: Frame, work: Callable[..., Iterator[Any]], schema: str, **given: Any) -> Frame:
        """Return what a function makes of the batches of each partition; no row leaves its machine."""
        config = self.config

        def call(parts: Iterable[Any]) -> Iterator[Any]:
            return work(parts, config, **{name: getattr(value, "value", value) for name, value in given.items()})

        if "body_start" in frame.columns:
            frame = frame.select("article", "date", "text", "body_start")
        return frame.mapInArrow(call, schema)

    def _group_of(self, column: Any) -> Any:
        return F.pmod(F.hash(column), F.lit(self.n_groups)).alias("group")

    def _grouped(self, frame: Frame, by: str, work: Callable[[Any], Any], schema: str) -> Frame:
        """Return what a function makes of groups of rows; equal values of ``by`` are in one."""

        def call(table: Any) -> Any:
            return work(table.drop_columns(["group"]))

        return frame.withColumn("group", self._group_of(F.col(by))).groupBy("group").applyInArrow(call, schema)

    def _together(self, left: Frame, right: Frame, work: Callable[[Any, Any], Any], schema: str) -> Frame:
        """Return what a function makes of the rows of both frames that have one ``group``."""

        def call(one: Any, other: Any) -> Any:
            return work(one.drop_columns(["group"]), other.drop_columns(["other_group"]))

        # Both may come from one frame: the same column twice would be ambiguous.
        right = right.withColumn("other_group", F.col("group")).drop("group")
        return left.groupBy("group").cogroup(right.groupBy("other_group")).applyInArrow(call, schema)

    def _texts(self, wanted: Frame) -> Frame:
        """Return the texts of articles (group, article), each once a group."""
        texts = self.articles.select("article", "date", "text", "body_start")
        return texts.join(self.keep(wanted.distinct()), "article")

    def _slices(self, wanted: Frame) -> Frame:
        """Return rows with an article, start_byte and end_byte, those replaced by the text that stands there."""
        cut = F.substring(F.col("text"), F.col("start_byte") + 1, F.col("end_byte") - F.col("start_byte"))
        found = self.articles.select("article", "text").join(self.keep(wanted), "article").withColumn("text", cut)
        return found.drop("article", "start_byte", "end_byte")

    # Rows, words, keys.

    def _mark_several(self, segments: Frame) -> Frame:
        """Return the segments with ``several``: false where no other one is equal, so that it need not move."""
        ids = self._useful(segments).select("id")
        shared = self._shared(ids, counting.count_ids, counting.count_slots(ids.count()))
        schema = f"{batches.SEGMENTS}, several boolean"
        return self.keep(self._map(segments, counting.mark_ids, schema, shared=shared))

    def _distinct(self, segments: Frame) -> Frame:
        """Return the distinct rows, with their first places: all that are searched or are documents."""
        first = F.struct("date", "article", "segment", "level", "parent", "start_byte", "end_byte").alias("first")
        useful, documents = self._useful(segments), _is_document().cast("long").alias("documents")
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

    def _useful(self, segments: Frame) -> Frame:
        return segments.where((F.col("n_tokens") >= self.config.shingle.min_tokens) | _is_document())

    def _is_searched(self) -> Any:
        levels = F.col("levels").bitwiseAND(F.lit(searched_levels(self.config)))
        return (F.col("n_tokens") >= self.config.shingle.min_tokens) & (levels != 0)

    def _terms(self, segments: Frame, rows: Frame) -> tuple[Frame, int, Any]:
        """Return all words, the number of documents, and a broadcast of the words that stand in several."""
        several = rows.where("documents > 1").select("id")
        places = segments.where(_is_document()).join(several, "id")
        first = places.groupBy("id").agg(F.min(F.struct("article", "segment")).alias("kept"))
        copies = places.join(first, "id").where(F.struct("article", "segment") != F.col("kept"))
        words = self._map(self.articles, batches.count_words, batches.WORDS)
        less = self._map(
            self._slices(copies.select("article", "start_byte", "end_byte")), batches.uncount_words, batches.WORDS
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
        return self._map(self.articles, batches.harvest_articles, batches.KEYS, bands=self.bands, shared=shared)

    def _shared(self, frame: Frame, count: Callable[..., Iterator[Any]], n_slots: int, **given: Any) -> Any:
        """Return a broadcast of a bit for each slot: set where ``count`` finds more than one number of the frame."""
        counted = self._map(frame, count, counting.COUNTERS, n_slots=n_slots, **given)
        parts = counted.groupBy("part").applyInArrow(counting.sum_counters, counting.SHARED)
        met = ((row["part"], row["bits"]) for row in parts.toLocalIterator())
        return self.spark.sparkContext.broadcast(counting.join_parts(met, n_slots))

    # Pairs, scores, clusters.

    def _pairs(self, keys: Frame, rows: Frame) -> tuple[Frame, tuple[int, int]]:
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
            thinned = self.keep(self._grouped(wanted, "bucket", work, pairing.PAIRS))
            n_without = thinned.where(F.col("kind") == pairing.COUNT).agg(F.sum("left_id")).first()[0]
            pairs = pairs.unionByName(thinned.where(F.col("kind") == pairing.PAIR))
        return self.keep(pairs.select("left_id", "right_id").distinct()), (n_full, n_without)

    def shared_bands(self, keys: Frame) -> Frame:
        """Return the band keys that may stand in several rows, as `dedup.engines.counting.BUCKETS`."""
        n_rows = keys.where(F.col("kind") == batches.BAND).count()
        n_slots, n_bands = counting.count_slots(n_rows * self.bands.bands), self.bands.bands
        shared = self._shared(keys, counting.count_bands, n_slots, n_bands=n_bands)
        return self._map(keys, counting.share_bands, counting.BUCKETS, shared=shared, n_bands=n_bands)

    def pairs_in_buckets(self, bands: Frame) -> Frame:
        """Return the pairs in equal buckets, and the rows of over-full ones, of band keys (key, id, levels)."""
        return self._grouped(bands, "key", pairing.pair_buckets, pairing.PAIRS)

    def _score(self, pairs: Frame, rows: Frame, terms: Any) -> Frame:
        """Return the scores of pairs: the texts of both rows are brought to the group of the left one."""
        pairs = pairs.withColumn("group", self._group_of(F.col("left_id")))
        ids = [pairs.select("group", F.col(side).alias("id")) for side in ("left_id", "right_id")]
        levels = F.col("levels").bitwiseAND(F.lit(searched_levels(self.config))).cast("int").alias("levels")
        first = ("first.article", "first.start_byte", "first.end_byte")
        wanted = ids[0].unionByName(ids[1]).distinct().join(rows.select("id", levels, *first), "id")
        config = self.config

        def work(some: Any, texts: Any) -> Any:
            return pairing.score_pairs(some, texts, config, terms.value)

        return self._together(pairs, self._slices(wanted), work, pairing.SCORES)

    def _with_stars(self, matches: Frame, rows: Frame, terms: Any) -> Frame:
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
            more = self._score(stars, rows, terms).where("accepted").drop("kind")
            more = self.keep(more)
            if more.isEmpty():
                break
            matches = self.keep(matches.unionByName(more))
        return matches

    def _clusters(self, matches: Frame, rows: Frame) -> Frame:
        """Return the rows of clusters (id, cluster): those of matches, and single rows that stand in several places."""
        components = self.keep(connected_components(matches, self.keep)).withColumnRenamed("id", "left_id")
        grouped = matches.select("left_id", "right_id").join(components, "left_id")
        edges = grouped.select("left_id", "right_id", self._group_of(F.col("component")))
        nodes = components.withColumnRenamed("left_id", "id").join(
            rows.select("id", "first.date", "first.article", "first.segment"), "id"
        )
        nodes = nodes.select("id", "date", "article", "segment", self._group_of(F.col("component")))
        found = self.keep(self._together(edges, nodes, pairing.cluster_components, pairing.CLUSTERS))
        alone = rows.where("searched and n > 1").join(found, "id", "left_anti")
        return self.keep(found.unionByName(alone.select("id", F.col("id").alias("cluster"))))

    def _members(self, segments: Frame, rows: Frame, clusters: Frame) -> Frame:
        """Return the places of clusters; ``leads`` marks the first place of the row that represents them."""
        leaders = rows.select(F.col("id").alias("cluster"), F.col("first").alias("lead"))
        clusters = clusters.join(leaders, "cluster")
        same = (F.col("article") == F.col("lead.article")) & (F.col("segment") == F.col("lead.segment"))
        return self._useful(segments).join(clusters, "id").withColumn("leads", same).drop("lead")

    def _article_tokens(self, segments: Frame) -> Frame:
        top = segments.where((F.col("parent") < 0) & ~_has(Level.ARTICLE))
        body = F.when(_has(Level.TITLE), 0).otherwise(F.col("n_tokens"))
        counts = top.groupBy("article").agg(F.sum("n_tokens").alias("n_tokens"), F.sum(body).alias("body_tokens"))
        return counts.withColumn("n_tokens", F.col("n_tokens").cast("int"))

    # Notices.

    def _mark_boilerplate(self, members: Frame, n_tokens: Frame) -> Frame:
        """Return the members of clusters with ``boilerplate``, as `dedup.places.cluster_places` tells it."""
        params = self.config.findings
        sources = self.articles.select("article", "source")
        counts = members.select("cluster", "article").join(sources, "article").groupBy("cluster")
        counts = counts.agg(
            F.countDistinct("article").alias("n_articles"), F.countDistinct("source").alias("n_sources")
        )
        least = F.greatest(F.lit(params.boilerplate_articles), params.boilerplate_per_source * F.col("n_sources"))
        many = self.keep(counts.where(F.col("n_articles") >= least).select("cluster", "n_articles"))
        inside = members.where((F.col("parent") < 0) & ~_has(Level.TITLE | Level.ARTICLE)).join(many, "cluster")
        covered = inside.groupBy("article").agg(F.sum("n_tokens").alias("covered"))
        # An article that is hardly more than such clusters is a copy of another one.
        own = n_tokens.join(covered, "article", "left")
        is_own = F.coalesce("covered", F.lit(0)) < params.near_duplicate * F.col("body_tokens")
        own = own.where(is_own).select("article")
        own_places = members.join(many, "cluster").join(own, "article")
        found = own_places.groupBy("cluster", "n_articles").agg(F.countDistinct("article").alias("n_own"))
        found = found.where("2 * n_own > n_articles").select("cluster", F.lit(True).alias("boilerplate"))
        marked = members.join(found, "cluster", "left")
        return marked.withColumn("boilerplate", F.coalesce("boilerplate", F.lit(False)))

    def _notices(self, clusters: Frame, matches: Frame) -> Frame:
        """Return the places of notices: of boilerplate clusters, neighbours joined, numbers compared."""
        places = clusters.where("boilerplate")
        inside = places.select(F.col("id").alias("parent_id"), F.lit(True).alias("covered")).distinct()
        places = places.join(inside, "parent_id", "left")
        covered = F.coalesce(F.col("covered") & (F.col("parent") >= 0), F.lit(False))
        uncovered = F.sum((~covered).cast("long")).alias("uncovered")
        places = places.withColumn("covered", covered)
        listed = places.groupBy("cluster").agg(uncovered, F.count("*").alias("n"))
        listed = listed.where(F.col("uncovered") > MIN_OUTSIDE * F.col("n")).select("cluster")
        scores = matches.select("left_id", "right_id", "jaccard", "containment", "cosine")
        places = places.join(listed, "cluster").drop("covered", "boilerplate")
        places = places.withColumn("left_id", F.least("id", "cluster"))
        places = places.withColumn("right_id", F.greatest("id", "cluster"))
        places = places.join(scores, ["left_id", "right_id"], "left").drop("left_id", "right_id")
        for name in ("jaccard", "containment", "cosine"):
            places = places.withColumn(name, F.coalesce(name, F.lit(1.0)).cast("float"))
        places = self.keep(places)
        near = self._neighbours(places)
        components = self.keep(connected_components(near, self.keep)).withColumnRenamed("id", "cluster")
        places = places.join(components, "cluster", "left")
        places = places.withColumn("component", F.coalesce("component", "cluster"))
        joined = self.keep(
            self._grouped(places, "component", lambda table: relating.join_notices(table), relating.NOTICES)
        )
        return self._with_numbers(joined)

    def _neighbours(self, places: Frame) -> Frame:
        """Return pairs of clusters that stand near each other in some article."""
        from pyspark.sql.window import Window

        inside = Window.partitionBy("article").orderBy("first", F.desc("n_tokens"))
        ends = F.col("first") + F.col("n_tokens")
        near = F.lead("first").over(inside) - ends <= MAX_BETWEEN
        following = places.select(
            F.col("cluster").alias("left_id"), F.lead("cluster").over(inside).alias("right_id"), near.alias("near")
        )
        return following.where("near and left_id != right_id").select("left_id", "right_id")

    def _with_numbers(self, notices: Frame) -> Frame:
        differing = notices.where("jaccard < 1").select("notice").distinct()
        # Only what differs is compared, with the first place.
        wanted = notices.join(differing, "notice").where("jaccard < 1 or ordinal = 0")
        columns = ("notice", "ordinal", "jaccard", "article", "start_byte", "end_byte")
        work = partial(relating.compare_numbers, config=self.config)
        found = self._grouped(self._slices(wanted.select(*columns)), "notice", work, relating.NUMBERS)
        notices = notices.drop("numbers_changed").join(found, ["notice", "ordinal"], "left")
        return notices.withColumn("numbers_changed", F.coalesce("numbers_changed", F.lit(False)))

    # Links, passages, findings.

    def _links(self, segments: Frame, rows: Frame, matches: Frame, keys: Frame, clusters: Frame) -> Frame:
        notices = self.keep(clusters.where("boilerplate").select("id").distinct())
        score_names = ("jaccard", "containment", "cosine")
        equal = rows.where("searched and n > 1").select(
            F.lit(pairing.EQUAL).alias("kind"), F.col("id").alias("left_id"), F.col("id").alias("right_id")
        )
        pairs = matches.select(F.lit(pairing.MATCHED).alias("kind"), "left_id", "right_id", *score_names)
        anchored = self._anchor_pairs(keys, rows).withColumn("kind", F.lit(pairing.ANCHORED))
        pairs = pairs.unionByName(equal, True).unionByName(anchored, True)
        pairs = pairs.fillna(0, ["left_position", "right_position", *score_names])
        for side in ("left_id", "right_id"):
            pairs = pairs.join(notices.withColumnRenamed("id", side), side, "left_anti")
            place = F.struct("first.date", "first.article", "first.segment").alias(f"{side}_place")
            pairs = pairs.join(rows.select(F.col("id").alias(side), place), side)
        later = F.when(F.col("left_id_place") > F.col("right_id_place"), F.col("left_id")).otherwise(F.col("right_id"))
        pairs = pairs.withColumn("group", self._group_of(later)).drop("left_id_place", "right_id_place")
        pairs = self.keep(pairs)
        ids = [pairs.select("group", F.col(side).alias("id")) for side in ("left_id", "right_id")]
        names = ("id", "article", "date", "segment", "level", "n_tokens", "first", "parent", "parent_id")
        members = self._useful(segments).select(*names)
        members = members.join(self.keep(ids[0].unionByName(ids[1]).distinct()), "id")
        work = partial(pairing.link_rows, max_product=MAX_LINKS)
        return self._together(pairs, members, work, pairing.LINKS)

    def _anchor_pairs(self, keys: Frame, rows: Frame) -> Frame:
        anchors = keys.where(F.col("kind") == batches.ANCHOR).select("key", "id", "position").distinct()
        level, parent = F.col("first.level"), F.col("first.parent")
        paragraphs = rows.where((parent < 0) & (level.bitwiseAND(F.lit(int(Level.PARAGRAPH))) != 0)).select("id")
        found = self._grouped(anchors.join(paragraphs, "id"), "key", pairing.pair_equal_anchors, pairing.ANCHOR_PAIRS)
        diagonal = (F.col("right_position") - F.col("left_position")).alias("diagonal")
        found = found.groupBy("left_id", "right_id", diagonal).agg(
            F.min(F.struct("left_position", "right_position")).alias("at")
        )
        return found.select("left_id", "right_id", "at.left_position", "at.right_position")

    def _passages(self, links: Frame, terms: Any) -> Frame:
        links = links.withColumn("group", self._group_of(F.col("left")))
        wanted = [links.select("group", F.col(side).alias("article")) for side in ("left", "right")]
        config = self.config

        def work(some: Any, texts: Any) -> Any:
            return relating.find_passages(some, texts, config, terms.value)

        return self._together(links, self._texts(wanted[0].unionByName(wanted[1])), work, relating.PASSAGES)

    def _coverage(self, passages: Frame, notices: Frame, n_tokens: Frame) -> Frame:
        text = passages.where(F.col("level") != int(Level.TITLE))
        ranges = text.select(
            F.col("right").alias("article"),
            "kind",
            F.col("right_first").alias("first"),
            F.col("right_last").alias("last"),
        )
        later = notices.where("ordinal > 0").select(
            "article",
            F.lit(int(Kind.BOILERPLATE)).cast("byte").alias("kind"),
            "first",
            (F.col("first") + F.col("n_tokens")).alias("last"),
        )
        ranges = ranges.unionByName(later).join(n_tokens.select("article", "n_tokens"), "article")
        return self._grouped(ranges, "article", lambda table: relating.cover_articles(table), relating.COVERAGE)

    def _findings(self, passages: Frame, notices: Frame, terms: Any) -> Frame:
        chosen = self._grouped(
            passages, "right", lambda table: relating.choose_passages(table), relating.PASSAGES
        ).withColumn("is_whole", F.lit(False))
        related = passages.where(~F.col("relation").isin(int(Relation.SHARES), relating.NO_RELATION))
        is_left = F.col("relation") == int(Relation.LEFT_CONTAINED)
        related = related.dropDuplicates(["left", "right"])
        related = related.withColumn("group", self._group_of(F.when(is_left, F.col("left")).otherwise(F.col("right"))))
        wholes = related.groupBy("group").applyInArrow(
            lambda table: relating.choose_relations(table.drop_columns(["group"])), relating.PASSAGES
        )
        both = chosen.unionByName(wholes.withColumn("is_whole", F.lit(True)))

        def work(table: Any) -> Any:
            return relating.list_findings(table.drop_columns(["group"]), table.column("group")[0].as_py())

        both = both.withColumn("group", self._group_of(F.col("left")))
        found = self.keep(both.groupBy("group").applyInArrow(work, relating.FINDINGS))
        found = self._with_scores(found, terms)
        n_places = notices.groupBy("notice").agg(F.count("*").cast("int").alias("n_places"))
        of_notices = notices.join(n_places, "notice").withColumn("kind", F.lit(int(Kind.BOILERPLATE)).cast("byte"))
        of_notices = of_notices.withColumnsRenamed({"notice": "finding", "n_tokens": "tokens"})
        return found.unionByName(of_notices.select(*found.columns))

    def _with_scores(self, found: Frame, terms: Any) -> Frame:
        """Return the findings with the scores of copies against the listed place, where they are others."""
        wanted = found.where((F.col("n_places") > 2) | (F.col("level") == int(Level.ARTICLE)))
        wanted = wanted.withColumn("group", self._group_of(F.col("finding")))
        config = self.config

        def work(some: Any, texts: Any) -> Any:
            return relating.score_findings(some, texts, config, terms.value)

        texts = self._texts(wanted.select("group", "article"))
        scores = self._together(wanted, texts, work, relating.SCORES)
        names = ("jaccard", "containment", "cosine")
        scores = scores.withColumnsRenamed({name: f"new_{name}" for name in names})
        order = found.columns
        found = found.join(scores, ["finding", "ordinal"], "left")
        for name in names:
            found = found.withColumn(name, F.coalesce(f"new_{name}", name))
        return found.select(*order)

    def _search(self, rows: Frame, n_candidates: int, thinned: tuple[int, int]) -> Search:
        least, bands = self.config.score.min_jaccard, self.bands
        n_searched = rows.where("searched").count()
        return Search("lsh", least, bands.recall(least), bands.bands, bands.rows, n_searched, n_candidates, *thinned)


def _has(level: int) -> Any:
    return F.col("level").bitwiseAND(F.lit(int(level))) != 0


def _is_document() -> Any:
    """Tell which segments are documents to document frequencies (`dedup.passes.are_documents`)."""
    return _has(Level.TITLE | Level.PARAGRAPH) & (F.col("n_tokens") > 0)


def _both_ways(matches: Frame) -> Frame:
    one = matches.select(F.col("left_id").alias("id"), F.col("right_id").alias("other"))
    return one.unionByName(one.select(F.col("other").alias("id"), F.col("id").alias("other")))
