"""Articles -> Report: the stages of a run, and their order."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from dedup import cluster, collapse, findings, gather, join, listing, lsh, passages, passes
from dedup import known as known_of
from dedup.arrays import sorted_unique
from dedup.config import Config
from dedup.errors import ConfigError
from dedup.known import Archived, Known, Unseen, unseen_places
from dedup.model import (
    NO_DATE,
    Articles,
    Clusters,
    Level,
    Matches,
    Passages,
    Search,
)
from dedup.pairs import PairParams, PairRule, pair_rule
from dedup.pairscores import PairScorer, ScoredPairs, merge_pairs, star_pairs
from dedup.passes import Harvest, Survey
from dedup.result import Report
from dedup.score import Vocabulary
from dedup.scratch import current

#: Stages that leave much memory free, which the next ones would come on top of.
_TRIMMED = ("read", "segment", "collapse", "shingle", "candidates", "score", "cluster", "passages")
#: Pairs of places of two distinct segments that are linked one by one; of more, a star and two chains are.
MAX_LINKS = 256
_MAX_RULED_LINKS = 1 << 14
#: How often the members of a thinned bucket are compared with their earliest.
MAX_STAR_ROUNDS = 4


#: ``progress(stage, done, total)``: bytes of text in the passes over it.
Progress = Callable[[str, int, int], None]


def _give_back() -> None:
    """Give freed memory back to the system: the shards' work space would stay with each thread's heap (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class Clock:
    """Wall time by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage: what has passed since the last one is its."""
        if stage in _TRIMMED:
            _give_back()
        scratch = current()
        if scratch is not None:
            scratch.measure()
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now


def choose_method(config: Config) -> str:
    """Return ``exact`` or ``lsh`` for the candidate mode in force.

    On 225 MB of news at Jaccard .5 the exact join takes three quarters of the time that LSH takes, and misses nothing
    (benchmark ``speed-candidates``); the lower the threshold, the more its prefixes grow to whole segments.
    """
    if config.candidates != "auto":
        return config.candidates
    return "exact" if config.score.min_jaccard >= 0.3 else "lsh"


class Run:
    """One run: what its stages share, and their order."""

    def __init__(
        self,
        articles: Articles,
        config: Config,
        executor: Executor,
        jobs: int,
        progress: Progress | None,
        clock: Clock,
        known: Known | None = None,
    ) -> None:
        self.known = known
        self.unseen: Unseen | None = None
        self.articles, self.config, self.executor, self.jobs = articles, config, executor, jobs
        self.progress, self.clock = progress, clock
        self._long_enough: NDArray[np.bool_] | None = None
        self.ranks = findings.rank_articles(articles.dates)
        self.rule, self.max_links = _pair_rule(articles, config.pairs)

    def report(self) -> Report:
        """Return what the stages find, one after the other."""
        survey, keys, tally = passes.first_pass(
            self.articles, self.config, self.executor, self._counter("segment"), jobs=self.jobs
        )
        self.clock.lap("segment")
        distinct = self._collapse(survey, keys)
        if self.known is not None:
            self.unseen = unseen_places(self.known, keys[distinct.firsts], len(self.articles))
        del keys  # what is no longer needed would add up to half of the text
        self.clock.lap("collapse")
        vocabulary = self._vocabulary(survey, distinct, tally)
        bands = self._bands()
        searched = self._searched(survey, distinct)
        harvest = passes.second_pass(
            self.articles,
            survey,
            tally,
            distinct.firsts,
            searched,
            distinct.levels,
            bands,
            self.config,
            self.executor,
            self._counter("shingle"),
        )
        del tally
        self.clock.lap("shingle")
        scored, search = self._search(survey, distinct, harvest, bands, vocabulary)
        scored = self._allowed(survey, distinct, scored)
        anchors = harvest.anchors
        del harvest
        accepted = scored.accepted(self.config.score)
        matched = scored.take(accepted)
        row_clusters, matched = self._cluster(survey, distinct, matched, vocabulary)
        clusters, notices, in_notice = self._places(survey, distinct, row_clusters, matched)
        self.clock.lap("cluster")
        table, spans = self._passages(survey, distinct, matched, anchors, vocabulary, in_notice)
        self.clock.lap("passages")

        token_offsets, body_tokens = self._article_tokens(survey)
        relations = findings.relate(table, spans, body_tokens, self.config.findings)
        archived = None if self.known is None else self.known.archived
        coverage = findings.cover(table, spans, relations, notices, token_offsets, archived)
        found = listing.find(self.articles, table, relations, notices, self.ranks, body_tokens)
        found = gather.score_places(self.articles, found, vocabulary, self.config, self.executor, jobs=self.jobs)
        self.clock.lap("findings")
        report = Report(
            articles=self.articles,
            config=self.config,
            segments=survey.segments,
            n_tokens=np.diff(token_offsets),
            repeated=coverage.repeated,
            repeated_by_kind=coverage.by_kind,
            matches=self._matches(distinct, matched),
            borderline=self._matches(distinct, scored.take(~accepted)),
            clusters=clusters,
            passages=table,
            relations=relations,
            findings=found,
            search=search,
            vocabulary=vocabulary,
            seconds=self.clock.seconds,
        )
        return report if self.known is None else self._of_new(report, distinct)

    def _of_new(self, report: Report, distinct: collapse.Distinct) -> Report:
        """Return what of the report the articles have that are not the archive's."""
        assert self.known is not None
        assert self.unseen is not None
        archived, segments = self.known.archived, report.segments
        found = known_of.findings_of_new(report.findings, archived)
        more = known_of.count_more(found, segments, distinct, self.unseen)
        return replace(
            report,
            matches=known_of.matches_of_new(report.matches, segments, distinct, archived),
            borderline=known_of.matches_of_new(report.borderline, segments, distinct, archived),
            clusters=known_of.clusters_of_new(report.clusters, segments, archived),
            passages=known_of.passages_of_new(report.passages, archived),
            relations=known_of.relations_of_new(report.relations, archived),
            findings=found,
            archive=Archived(self.known.name, self.known.n_articles, archived, more, self.known.keeps_text),
        )

    def _vocabulary(self, survey: Survey, distinct: collapse.Distinct, tally: passes.Tally) -> Vocabulary:
        if self.known is None:
            return passes.distinct_vocabulary(self.articles, survey, distinct, tally, self.config, self.executor)
        return self.known.vocabulary(tally.frequencies.vocabulary().keys)

    def _counter(self, stage: str) -> Callable[[int], None] | None:
        if self.progress is None:
            return None
        total, done = len(self.articles.text), [0]

        def count(n: int) -> None:
            done[0] += n
            assert self.progress is not None
            self.progress(stage, min(done[0], total), total)

        return count

    def _collapse(self, survey: Survey, keys: NDArray[np.uint64]) -> collapse.Distinct:
        distinct = collapse.collapse(keys, survey.n_tokens, survey.segments.levels)
        # Members come by row; whoever wants the earliest first wants them by the rank of their article.
        if (np.diff(self.ranks) < 0).any():
            many = np.repeat(distinct.counts > 1, distinct.counts)
            members = distinct.members[many]
            owners = distinct.of_segment[members]
            order = np.lexsort((members, self.ranks[survey.segments.articles[members]], owners))
            sorted_members = distinct.members.copy()
            sorted_members[many] = members[order]
            distinct = collapse.Distinct(sorted_members, distinct.offsets, distinct.of_segment, distinct.levels)
        return distinct

    def _bands(self) -> lsh.Bands | None:
        """Return the bands of LSH, or None for the exact join."""
        config = self.config
        if choose_method(config) == "exact":
            return None
        try:
            return lsh.choose_bands(config.score.min_jaccard, config.lsh, config.minhash.num_perm)
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def _searched(self, survey: Survey, distinct: collapse.Distinct) -> NDArray[np.bool_]:
        """Tell which distinct rows are long enough and of a level that is searched: bool[d]."""
        if self._long_enough is None:
            levels = distinct.levels & np.uint8(passes.searched_levels(self.config))
            self._long_enough = survey.n_tokens[distinct.firsts] >= self.config.shingle.min_tokens
            self._long_enough &= levels != 0
        return self._long_enough

    def _search(
        self,
        survey: Survey,
        distinct: collapse.Distinct,
        harvest: Harvest,
        bands: lsh.Bands | None,
        vocabulary: Vocabulary,
    ) -> tuple[ScoredPairs, Search]:
        config = self.config
        levels = distinct.levels[harvest.rows] & np.uint8(passes.searched_levels(config))
        if bands is None:
            assert harvest.prefixes is not None
            found = join.candidate_pairs(harvest.prefixes, config.score.min_jaccard, self.executor, jobs=self.jobs)
        else:
            assert harvest.band_keys is not None
            found = lsh.candidate_pairs(harvest.band_keys, levels, bands, config.score.min_jaccard, self.executor)
        left, right = harvest.rows[found.left].astype(np.int64), harvest.rows[found.right].astype(np.int64)
        self.clock.lap("candidates")
        scored = self._scorer(survey, distinct, vocabulary).score(np.minimum(left, right), np.maximum(left, right))
        self.clock.lap("score")
        recall = 1.0 if bands is None else bands.recall(config.score.min_jaccard)
        search = Search(
            "lsh" if bands else "exact",
            config.score.min_jaccard,
            recall,
            bands.bands if bands else 0,
            bands.rows if bands else 0,
            int(self._searched(survey, distinct).sum()),
            len(left),
            found.thinned_buckets,
            found.thinned_rows,
        )
        return scored, search

    def _scorer(self, survey: Survey, distinct: collapse.Distinct, vocabulary: Vocabulary) -> PairScorer:
        return PairScorer(self.articles, survey, distinct, vocabulary, self.config, self.executor, self.jobs)

    def _allowed(self, survey: Survey, distinct: collapse.Distinct, scored: ScoredPairs) -> ScoredPairs:
        """Return the pairs of rows that some pair of articles has which may match."""
        if self.rule is None:
            return scored
        from dedup.places import allowed_pairs

        rows = scored.left, scored.right
        return scored.take(allowed_pairs(survey, distinct, *rows, self.ranks, self.max_links, self.rule))

    def _cluster(
        self, survey: Survey, distinct: collapse.Distinct, matched: ScoredPairs, vocabulary: Vocabulary
    ) -> tuple[cluster.RowClusters, ScoredPairs]:
        """Return clusters of distinct rows; the matches grow by those that a thinned bucket's earliest row has."""
        earliest = survey.segments.articles[distinct.firsts]
        dates = self.articles.dates[earliest]
        dates = np.where(dates == NO_DATE, np.iinfo(np.int64).max, dates)
        preference = self.ranks[earliest] * np.int64(len(survey.segments) + 1) + distinct.firsts
        for _ in range(MAX_STAR_ROUNDS):
            graph = cluster.match_graph(matched.left, matched.right, len(distinct))
            left, right = star_pairs(graph, dates)
            if not len(left):
                break
            stars = self._scorer(survey, distinct, vocabulary).score(left, right)
            before = len(matched.left)
            matched = merge_pairs(matched, stars.take(stars.accepted(self.config.score)), len(distinct))
            if len(matched.left) == before:
                break
        graph = cluster.match_graph(matched.left, matched.right, len(distinct))
        return cluster.cluster_rows(graph, dates, preference), matched

    def _places(
        self, survey: Survey, distinct: collapse.Distinct, rows: cluster.RowClusters, matched: ScoredPairs
    ) -> tuple[Clusters, findings.Notices, NDArray[np.bool_]]:
        """Return the clusters of all places, the boilerplate among them, and which distinct rows are boilerplate."""
        from dedup.notices import compare_numbers, notices_of
        from dedup.places import cluster_places

        searched = self._searched(survey, distinct)
        clusters, _ = cluster_places(
            self.articles, survey, distinct, rows, searched, self.ranks, self.config.findings, self.rule, self.unseen
        )
        scores = (matched.left, matched.right, matched.jaccard, matched.containment, matched.cosine)
        notices, in_notice = notices_of(survey, distinct, clusters, scores)
        notices = compare_numbers(self.articles, notices, self.config.tokens)
        return clusters, notices, in_notice

    def _passages(
        self,
        survey: Survey,
        distinct: collapse.Distinct,
        matched: ScoredPairs,
        anchors: passages.Anchors,
        vocabulary: Vocabulary,
        in_notice: NDArray[np.bool_],
    ) -> tuple[Passages, NDArray[np.int64]]:
        from dedup.places import make_links, title_passages, to_passages

        searched = self._searched(survey, distinct)
        anchor_pairs = passages.pair_anchors(anchors)
        links, titles = make_links(
            survey,
            distinct,
            (matched.left, matched.right),
            anchor_pairs,
            searched & ~in_notice,
            self.ranks,
            self.max_links,
            self.rule,
        )
        wanted = sorted_unique(np.concatenate([links.left_articles, links.right_articles]))
        tokens = gather.article_tokens(self.articles, survey, wanted, vocabulary, self.config, self.executor)
        k = self.config.shingle.k if self.config.shingle.unit == "word" else 3
        sentences = gather.sentence_rows(survey)
        firsts = survey.token_firsts[sentences]
        lasts = firsts + survey.n_tokens[sentences]
        spans = passages.find_passages(
            links, tokens, firsts, lasts, vocabulary.idf, k, self.config.passages, self.executor, jobs=self.jobs
        )
        titled = title_passages(survey, titles, matched, distinct)
        return to_passages(self.articles, survey, spans, titled, self.config, self.executor, jobs=self.jobs)

    def _article_tokens(self, survey: Survey) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the corpus position of each article's first token (int64[n + 1]), and its body's tokens (int64[n])."""
        top = (survey.segments.parents < 0) & ((survey.segments.levels & Level.ARTICLE) == 0)
        owners, counts = survey.segments.articles[top], survey.n_tokens[top]
        title = (survey.segments.levels[top] & Level.TITLE) != 0
        n = len(self.articles)
        total = np.bincount(owners, counts, n).astype(np.int64)
        body = total - np.bincount(owners[title], counts[title], n).astype(np.int64)
        return np.append(0, np.cumsum(total)), body

    def _matches(self, distinct: collapse.Distinct, scored: ScoredPairs) -> Matches:
        left, right = distinct.firsts[scored.left], distinct.firsts[scored.right]
        left, right = np.minimum(left, right), np.maximum(left, right)
        order = np.lexsort((right, left))
        return Matches(
            left[order],
            right[order],
            scored.jaccard[order].astype(np.float32),
            scored.containment[order].astype(np.float32),
            scored.cosine[order].astype(np.float32),
            scored.shared[order].astype(np.int32),
        )


def _pair_rule(articles: Articles, params: PairParams) -> tuple[PairRule | None, int]:
    """Return the rule for pairs of articles, and how many pairs of places of two rows are linked one by one.

    With a rule these are more: of a star and two chains, the pairs that may match may be the ones that are left out.
    """
    if params == PairParams():
        return None, MAX_LINKS
    from dedup.places import source_numbers

    return pair_rule(articles, source_numbers(articles), params), _MAX_RULED_LINKS
