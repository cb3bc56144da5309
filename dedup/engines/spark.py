"""The plan of a run in the operations of Apache Spark: what is shuffled, joined and grouped, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from dedup.config import Config
from dedup.engines import batches, pairing, relating
from dedup.engines.components import connected_components
from dedup.engines.frames import Frame, has_level
from dedup.engines.matcher import Matcher
from dedup.errors import ConfigError
from dedup.model import Kind, Level, Relation, Search
from dedup.notices import MAX_BETWEEN, MIN_OUTSIDE
from dedup.pairs import PairParams
from dedup.stages import MAX_LINKS

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


class Planner(Matcher):
    """Makes the plan of one run; its parameters are those of `Frames`."""

    def __init__(
        self, spark: SparkSession, articles: Frame, config: Config, n_groups: int, work: str | None = None
    ) -> None:
        check_config(config)
        super().__init__(spark, articles, config, n_groups, work)

    def run(self) -> Plan:
        """Return the plan, all of it done."""
        try:
            return self._run()
        finally:
            self.step("")

    def _run(self) -> Plan:
        self.step("segments")
        segments = self.mark_several(self.keep(self.map(self.articles, batches.segment_articles, batches.SEGMENTS)))
        rows = self.keep(self.distinct(segments))
        self.step("words")
        words, n_documents, terms = self.terms(segments, rows)
        self.step("keys")
        keys = self.keep(self.harvest())
        self.step("pairs")
        pairs, thinned = self.pairs(keys, rows)
        self.step("scores")
        scored = self.keep(self.score(pairs, rows, terms))
        n_candidates = scored.where(F.col("kind") == pairing.COUNT).agg(F.sum("left_id")).first()[0] or 0
        scored = scored.where(F.col("kind") == pairing.PAIR).drop("kind")
        matches = self.with_stars(self.keep(scored.where("accepted")), rows, terms)
        self.step("clusters")
        members = self.keep(self._members(segments, rows, self.clusters(matches, rows)))
        n_tokens = self.keep(self._article_tokens(segments))
        self.step("notices")
        clusters = self.keep(self._mark_boilerplate(members, n_tokens))
        notices = self.keep(self._notices(clusters, matches))
        self.step("links")
        links = self.keep(self._links(segments, rows, matches, keys, clusters))
        self.step("passages")
        passages = self.keep(self._passages(links, terms))
        self.step("findings")
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

    def _members(self, segments: Frame, rows: Frame, clusters: Frame) -> Frame:
        """Return the places of clusters; ``leads`` marks the first place of the row that represents them."""
        leaders = rows.select(F.col("id").alias("cluster"), F.col("first").alias("lead"))
        clusters = clusters.join(leaders, "cluster")
        same = (F.col("article") == F.col("lead.article")) & (F.col("segment") == F.col("lead.segment"))
        return self.useful(segments).join(clusters, "id").withColumn("leads", same).drop("lead")

    def _article_tokens(self, segments: Frame) -> Frame:
        top = segments.where((F.col("parent") < 0) & ~has_level(Level.ARTICLE))
        body = F.when(has_level(Level.TITLE), 0).otherwise(F.col("n_tokens"))
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
        inside = members.where((F.col("parent") < 0) & ~has_level(Level.TITLE | Level.ARTICLE)).join(many, "cluster")
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
            self.grouped(places, "component", lambda table: relating.join_notices(table), relating.NOTICES)
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
        found = self.grouped(self.slices(wanted.select(*columns)), "notice", work, relating.NUMBERS)
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
        pairs = pairs.withColumn("group", self.group_of(later)).drop("left_id_place", "right_id_place")
        pairs = self.keep(pairs)
        ids = [pairs.select("group", F.col(side).alias("id")) for side in ("left_id", "right_id")]
        names = ("id", "article", "date", "segment", "level", "n_tokens", "first", "parent", "parent_id")
        members = self.useful(segments).select(*names)
        members = members.join(self.keep(ids[0].unionByName(ids[1]).distinct()), "id")
        work = partial(pairing.link_rows, max_product=MAX_LINKS)
        return self.together(pairs, members, work, pairing.LINKS)

    def _anchor_pairs(self, keys: Frame, rows: Frame) -> Frame:
        anchors = keys.where(F.col("kind") == batches.ANCHOR).select("key", "id", "position").distinct()
        level, parent = F.col("first.level"), F.col("first.parent")
        paragraphs = rows.where((parent < 0) & (level.bitwiseAND(F.lit(int(Level.PARAGRAPH))) != 0)).select("id")
        found = self.grouped(anchors.join(paragraphs, "id"), "key", pairing.pair_equal_anchors, pairing.ANCHOR_PAIRS)
        diagonal = (F.col("right_position") - F.col("left_position")).alias("diagonal")
        found = found.groupBy("left_id", "right_id", diagonal).agg(
            F.min(F.struct("left_position", "right_position")).alias("at")
        )
        return found.select("left_id", "right_id", "at.left_position", "at.right_position")

    def _passages(self, links: Frame, terms: Any) -> Frame:
        links = links.withColumn("group", self.group_of(F.col("left")))
        wanted = [links.select("group", F.col(side).alias("article")) for side in ("left", "right")]
        config = self.config

        def work(some: Any, texts: Any) -> Any:
            return relating.find_passages(some, texts, config, terms.value)

        return self.together(links, self.texts(wanted[0].unionByName(wanted[1])), work, relating.PASSAGES)

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
        return self.grouped(ranges, "article", lambda table: relating.cover_articles(table), relating.COVERAGE)

    def _findings(self, passages: Frame, notices: Frame, terms: Any) -> Frame:
        chosen = self.grouped(
            passages, "right", lambda table: relating.choose_passages(table), relating.PASSAGES
        ).withColumn("is_whole", F.lit(False))
        related = passages.where(~F.col("relation").isin(int(Relation.SHARES), relating.NO_RELATION))
        is_left = F.col("relation") == int(Relation.LEFT_CONTAINED)
        related = related.dropDuplicates(["left", "right"])
        related = related.withColumn("group", self.group_of(F.when(is_left, F.col("left")).otherwise(F.col("right"))))
        wholes = related.groupBy("group").applyInArrow(
            lambda table: relating.choose_relations(table.drop_columns(["group"])), relating.PASSAGES
        )
        both = chosen.unionByName(wholes.withColumn("is_whole", F.lit(True)))

        def work(table: Any) -> Any:
            return relating.list_findings(table.drop_columns(["group"]), table.column("group")[0].as_py())

        both = both.withColumn("group", self.group_of(F.col("left")))
        found = self.keep(both.groupBy("group").applyInArrow(work, relating.FINDINGS))
        found = self._with_scores(found, terms)
        n_places = notices.groupBy("notice").agg(F.count("*").cast("int").alias("n_places"))
        of_notices = notices.join(n_places, "notice").withColumn("kind", F.lit(int(Kind.BOILERPLATE)).cast("byte"))
        of_notices = of_notices.withColumnsRenamed({"notice": "finding", "n_tokens": "tokens"})
        return found.unionByName(of_notices.select(*found.columns))

    def _with_scores(self, found: Frame, terms: Any) -> Frame:
        """Return the findings with the scores of copies against the listed place, where they are others."""
        wanted = found.where((F.col("n_places") > 2) | (F.col("level") == int(Level.ARTICLE)))
        wanted = wanted.withColumn("group", self.group_of(F.col("finding")))
        config = self.config

        def work(some: Any, texts: Any) -> Any:
            return relating.score_findings(some, texts, config, terms.value)

        texts = self.texts(wanted.select("group", "article"))
        scores = self.together(wanted, texts, work, relating.SCORES)
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
