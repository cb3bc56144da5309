"""Groups of links, passages and places -> passages, coverage, notices, findings: one call a group of rows.

Positions count from the start of their article, as everywhere in the tables of an engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import findings, gather, listing, notices, passages, places
from dedup.config import Config
from dedup.engines.batches import (
    LAST,
    Columns,
    Table,
    Terms,
    articles_of_batch,
    columns_of,
    cut_batch,
    passages_of,
    relations_of,
)
from dedup.engines.pairing import SERIAL, as_table
from dedup.findings import Notices
from dedup.model import NO_DATE, Articles, Findings, Kind, Level, Passages, Relations, Strings
from dedup.passes import Survey

#: Of each of the two articles of a passage.
_ARTICLE = ("date long", "body_start int", "n_bytes int", "body_tokens int")
PASSAGES = (
    "left long, right long, left_start int, left_end int, right_start int, right_end int, left_tokens int, "
    "right_tokens int, matched int, jaccard float, containment float, cosine float, level byte, "
    "numbers_changed boolean, left_first int, left_last int, right_first int, right_last int, kind byte, "
    "relation byte, left_coverage float, right_coverage float, exact boolean, numbers boolean, "
) + ", ".join(f"{side}_{column}" for side in ("left", "right") for column in _ARTICLE)
NOTICES = (
    "notice long, ordinal int, article long, n_tokens int, start_byte int, end_byte int, first int, level byte, "
    "jaccard float, containment float, cosine float, numbers_changed boolean, weight long, exact boolean"
)
NUMBERS = "notice long, ordinal int, numbers_changed boolean"
COVERAGE = "article long, repeated long, " + ", ".join(kind.name.lower() + " long" for kind in Kind)
FINDINGS = (
    "finding long, ordinal int, n_places int, kind byte, level byte, exact boolean, weight long, article long, "
    "start_byte int, end_byte int, tokens int, jaccard float, containment float, cosine float, numbers_changed boolean"
)
SCORES = "finding long, ordinal int, jaccard float, containment float, cosine float"
#: In ``relation``: the passage is of a title or inside one article, and two articles are not related by it.
NO_RELATION = 127


def find_passages(links: Table, texts: Table, config: Config, terms: Terms) -> Table:
    """Return the `PASSAGES` that links make up, each with how its articles relate.

    All `dedup.engines.pairing.LINKS` of a pair of articles are in ``links``, and both their texts in ``texts``.
    """
    columns = columns_of(links)
    texts = texts.take(np.argsort(texts.column("article").to_numpy()))
    articles, numbers = articles_of_batch(texts), texts.column("article").to_numpy()
    cut = cut_batch(articles, config)
    segments, n_tokens = cut.segments, cut.n_tokens
    vocabulary = terms.vocabulary(cut.ranges.values)
    survey = Survey(segments, n_tokens, cut.ranges.firsts, np.array([0, len(segments)]))
    sides = [np.searchsorted(numbers, columns[side]).astype(np.int32) for side in ("left", "right")]
    # Segments of whole articles come last and begin where their paragraphs do.
    begins = np.full(len(articles), np.iinfo(np.int64).max)
    np.minimum.at(begins, segments.articles, survey.token_firsts)
    text = ~columns["is_title"]
    left, right = (side[text] for side in sides)
    given = passages.Links(
        left,
        right,
        begins[left] + columns["left_first"][text],
        begins[left] + columns["left_last"][text],
        begins[right] + columns["right_first"][text],
        begins[right] + columns["right_last"][text],
        columns["is_run"][text],
    )
    wanted = np.unique(np.concatenate([given.left_articles, given.right_articles]))
    tokens = gather.article_tokens(articles, survey, wanted, vocabulary, config, SERIAL)
    sentences = gather.sentence_rows(survey)
    firsts = survey.token_firsts[sentences]
    k = config.shingle.k if config.shingle.unit == "word" else 3
    found = passages.find_passages(
        given, tokens, firsts, firsts + n_tokens[sentences], vocabulary.idf, k, config.passages, SERIAL
    )
    titles = np.full(len(articles), -1, np.int32)
    is_title = np.flatnonzero((segments.levels & Level.TITLE) != 0)
    titles[segments.articles[is_title]] = is_title
    of_title = columns["is_title"]
    title_rows = (
        *(titles[side[of_title]] for side in sides),
        *(columns[name][of_title] for name in ("jaccard", "containment", "cosine")),
        columns["equal"][of_title],
    )
    table, tokens_of = places.to_passages(articles, survey, found, title_rows, config, SERIAL)
    body = (segments.parents < 0) & ((segments.levels & (Level.TITLE | Level.ARTICLE)) == 0)
    body_tokens = np.bincount(segments.articles[body], n_tokens[body], len(articles)).astype(np.int64)
    relations = findings.relate(table, tokens_of, body_tokens, config.findings)
    return _passage_table(articles, numbers, table, tokens_of - begins_of(table, begins), relations, body_tokens)


def begins_of(table: Passages, begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first token of the articles of both sides, as often as a passage has positions: int64[q, 4]."""
    left, right = begins[table.left_articles], begins[table.right_articles]
    return np.stack([left, left, right, right], axis=1)


def _passage_table(
    articles: Articles,
    numbers: NDArray[np.int64],
    table: Passages,
    tokens: NDArray[np.int64],
    relations: Relations,
    body_tokens: NDArray[np.int64],
) -> Table:
    rows = np.arange(len(relations))
    exact, changed = listing.compare_articles(table, relations, rows)
    stride = np.int64(len(articles) + 1)
    keys = relations.left * stride + relations.right
    mine = table.left_articles * stride + table.right_articles
    at = np.minimum(np.searchsorted(keys, mine), max(len(keys) - 1, 0))
    related = keys[at] == mine if len(keys) else np.zeros(len(mine), np.bool_)
    related &= table.levels != Level.TITLE

    def of_relation(column: NDArray[Any], other: Any) -> NDArray[Any]:
        return np.where(related, column[at], column.dtype.type(other)) if len(column) else np.full(len(mine), other)

    out: dict[str, Any] = {"left": numbers[table.left_articles], "right": numbers[table.right_articles]}
    left, right = articles.offsets[table.left_articles], articles.offsets[table.right_articles]
    for name, base in (("left_start", left), ("left_end", left), ("right_start", right), ("right_end", right)):
        out[name] = (getattr(table, name + "s") - base).astype(np.int32)
    out |= {name: getattr(table, name) for name in ("left_tokens", "right_tokens", "matched")}
    out |= {name: getattr(table, name) for name in ("jaccard", "containment", "cosine")}
    out |= {"level": table.levels.astype(np.int8), "numbers_changed": table.numbers_changed}
    names = ("left_first", "left_last", "right_first", "right_last")
    out |= {name: tokens[:, i].astype(np.int32) for i, name in enumerate(names)}
    out["kind"] = findings.passage_kinds(table, relations).astype(np.int8)
    out["relation"] = of_relation(relations.kinds.astype(np.int8), NO_RELATION).astype(np.int8)
    out["left_coverage"] = of_relation(relations.left_coverage, 0).astype(np.float32)
    out["right_coverage"] = of_relation(relations.right_coverage, 0).astype(np.float32)
    out["exact"], out["numbers"] = of_relation(exact, False).astype(bool), of_relation(changed, False).astype(bool)
    dates = np.where(articles.dates == NO_DATE, LAST, articles.dates)
    for side, one in (("left", table.left_articles), ("right", table.right_articles)):
        out[f"{side}_date"] = dates[one]
        out[f"{side}_body_start"] = (articles.body_starts - articles.offsets[:-1])[one].astype(np.int32)
        out[f"{side}_n_bytes"] = np.diff(articles.offsets)[one].astype(np.int32)
        out[f"{side}_body_tokens"] = body_tokens[one].astype(np.int32)
    return as_table(**out)


class Told:
    """Passages out of a table, their articles numbered from 0 in the order of the feed."""

    def __init__(self, table: Table) -> None:
        columns = columns_of(table)
        order = np.lexsort([columns[name] for name in ("right_first", "left_first", "right", "left")])
        self.columns: Columns = {name: column[order] for name, column in columns.items()}
        both = np.append(self.columns["left"], self.columns["right"])
        self.numbers, first, self._of = np.unique(both, return_index=True, return_inverse=True)
        dates = np.append(self.columns["left_date"], self.columns["right_date"])[first]
        self.ranks = np.empty(len(dates), np.int64)
        self.ranks[np.argsort(dates, kind="stable")] = np.arange(len(dates))
        self._first = first

    @property
    def sides(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Left and right articles: int32[q] each."""
        half = len(self._of) // 2
        return self._of[:half].astype(np.int32), self._of[half:].astype(np.int32)

    def of_article(self, name: str) -> NDArray[np.int64]:
        """Return a column of each article."""
        both = np.append(self.columns["left_" + name], self.columns["right_" + name])
        return both[self._first].astype(np.int64)

    def passages(self) -> tuple[Passages, NDArray[np.uint8]]:
        """Return the passages and the kind of each."""
        return passages_of(self.columns, *self.sides), self.columns["kind"].astype(np.uint8)

    def relations(self, rows: NDArray[np.int64]) -> Relations:
        """Return the relations that stand beside these passages."""
        return relations_of(self.columns, *self.sides, rows)

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Return some rows of the table."""
        return as_table(**{name: column[rows] for name, column in self.columns.items()})


def choose_passages(table: Table) -> Table:
    """Return the passages that are listed; all that end in one article are in ``table``."""
    told = Told(table)
    listed, kinds = told.passages()
    return told.take(listing.choose_passages(listed, kinds, told.ranks))


def choose_relations(table: Table) -> Table:
    """Return the relations that are listed, a passage each; all of one smaller article are in ``table``."""
    told = Told(table)
    return told.take(listing.choose_relations(told.relations(np.arange(len(told.columns["left"]))), told.ranks))


def list_findings(table: Table, part: int) -> Table:
    """Return the `FINDINGS` that chosen passages and relations (``is_whole``) make; all of one source are in ``table``.

    ``part`` is the number of the group: no two findings have one number.
    """
    told = Told(table)
    whole = told.columns["is_whole"]
    listed, kinds = told.passages()
    rows = listing.sort_by_source(listed, kinds, np.flatnonzero(~whole))
    copies = listing.passage_repeats(listed, kinds, rows)
    rows = np.flatnonzero(whole)
    # The bodies as places: where each begins and ends in its article.
    none = np.zeros(len(told.numbers), np.int64)
    empty = Strings(np.empty(0, np.uint8), np.append(none, 0))
    bodies = Articles(
        text=np.empty(0, np.uint8),
        offsets=np.append(0, told.of_article("n_bytes")),
        body_starts=told.of_article("body_start"),
        ids=empty, sources=empty, urls=empty, languages=empty, tags=empty,
        dates=none, files=(), file_rows=none.astype(np.int32), records=none, body_lines=none,
    )  # fmt: skip
    wholes = listing.relation_repeats(
        bodies,
        told.relations(rows),
        np.arange(len(rows)),
        told.columns["exact"][rows],
        told.columns["numbers"][rows],
        told.of_article("body_tokens"),
    )
    parts = [
        listing.list_repeats(copies, listing.group_passages(copies), told.ranks),
        listing.list_repeats(wholes, listing.group_relations(wholes), told.ranks),
    ]
    return _finding_table(listing.concatenate(parts), told.numbers, part)


def _finding_table(found: Findings, numbers: NDArray[np.int64], part: int) -> Table:
    sizes = np.diff(found.offsets)
    finding = np.repeat(np.arange(len(found)), sizes)
    return as_table(
        finding=(np.int64(part) << 40) | finding,
        ordinal=(np.arange(len(finding)) - found.offsets[finding]).astype(np.int32),
        n_places=sizes[finding].astype(np.int32),
        kind=found.kinds[finding].astype(np.int8),
        level=found.levels[finding].astype(np.int8),
        exact=found.exact[finding],
        weight=found.weights[finding],
        article=numbers[found.articles],
        start_byte=found.starts.astype(np.int32),
        end_byte=found.ends.astype(np.int32),
        tokens=found.tokens,
        jaccard=found.jaccard,
        containment=found.containment,
        cosine=found.cosine,
        numbers_changed=found.numbers_changed,
    )


def cover_articles(table: Table) -> Table:
    """Return the `COVERAGE` of articles; a row is a range of tokens: article, kind, first, last, n_tokens."""
    columns = columns_of(table)
    numbers, row, owners = np.unique(columns["article"], return_index=True, return_inverse=True)
    offsets = np.append(0, np.cumsum(columns["n_tokens"][row].astype(np.int64)))
    base = offsets[owners]
    kinds = columns["kind"].astype(np.uint8)
    covered = findings.paint(kinds, columns["first"] + base, columns["last"] + base, offsets)
    return as_table(article=numbers, repeated=covered.repeated, **_by_kind(covered.painted, offsets))


def _by_kind(painted: NDArray[np.uint8], offsets: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    sums = {kind: np.append(0, np.cumsum(painted == kind)) for kind in Kind}
    return {kind.name.lower(): sums[kind][offsets[1:]] - sums[kind][offsets[:-1]] for kind in Kind}


def join_notices(table: Table) -> Table:
    """Return `NOTICES`; a row is a place of a listed boilerplate cluster, whose neighbours are in ``table`` too.

    Columns: cluster, leads, the scores with the first place, and those of `dedup.engines.batches.SEGMENTS`.
    """
    columns = columns_of(table)
    numbers, first_rows = np.unique(columns["article"], return_index=True)
    ranks = np.argsort(np.argsort(columns["date"][first_rows], kind="stable"))
    owners = np.searchsorted(numbers, columns["article"]).astype(np.int32)
    clusters, of = np.unique(columns["cluster"], return_inverse=True)
    order = np.lexsort((columns["segment"], ranks[owners], ~columns["leads"], of))
    c = {name: column[order] for name, column in columns.items()}
    owners, of = owners[order], of[order]
    firsts = np.flatnonzero(np.append(True, of[1:] != of[:-1]))
    joined = notices.join_notices(
        Notices(
            np.append(firsts, len(of)).astype(np.int64),
            owners,
            c["n_tokens"],
            c["start_byte"].astype(np.int64),
            c["end_byte"].astype(np.int64),
            # Articles far from each other: only what stands in one article is near.
            (owners.astype(np.int64) << 32) + c["first"],
            notices.listed_levels(c["level"][firsts].astype(np.uint8)),
            c["jaccard"],
            c["containment"],
            c["cosine"],
            np.zeros(len(of), np.bool_),
        )
    )
    found = listing.notice_findings(joined)
    sizes = np.diff(found.offsets)
    notice = np.repeat(np.arange(len(found)), sizes)
    # A notice has the number of a cluster of its own: of the first one that begins at its first place.
    led = zip(c["article"][firsts].tolist(), c["first"][firsts].tolist(), strict=True)
    at = {place: i for i, place in reversed(list(enumerate(led)))}
    lead = found.offsets[:-1]
    own_first = (joined.token_firsts[lead] & 0xFFFFFFFF).tolist()
    names = [at[key] for key in zip(numbers[joined.articles[lead]].tolist(), own_first, strict=True)]
    return as_table(
        notice=clusters[of[firsts]][np.array(names, np.int64)][notice],
        ordinal=(np.arange(len(notice)) - found.offsets[notice]).astype(np.int32),
        article=numbers[joined.articles],
        n_tokens=joined.tokens,
        start_byte=joined.starts.astype(np.int32),
        end_byte=joined.ends.astype(np.int32),
        first=(joined.token_firsts & 0xFFFFFFFF).astype(np.int32),
        level=joined.levels[notice].astype(np.int8),
        jaccard=joined.jaccard,
        containment=joined.containment,
        cosine=joined.cosine,
        numbers_changed=joined.numbers_changed,
        weight=found.weights[notice],
        exact=found.exact[notice],
    )


def compare_numbers(table: Table, config: Config) -> Table:
    """Return the `NUMBERS` of whole notices; a row is a place: notice, ordinal, jaccard, text."""
    columns = columns_of(table)
    order = np.lexsort((columns["ordinal"], columns["notice"]))
    table = table.take(order)
    notice, ordinal = columns["notice"][order], columns["ordinal"][order]
    n = len(order)
    zeros, none = np.zeros(n, np.int64), np.zeros(n, np.float32)
    articles = articles_of_batch(
        table.select(["text"]).append_column("date", [zeros]).append_column("body_start", [zeros])
    )
    offsets = np.append(np.flatnonzero(ordinal == 0), n).astype(np.int64)
    given = Notices(
        offsets, np.arange(n, dtype=np.int32), zeros.astype(np.int32), articles.offsets[:-1], articles.offsets[1:],
        zeros, np.zeros(len(offsets) - 1, np.uint8), columns["jaccard"][order], none, none, np.zeros(n, np.bool_),
    )  # fmt: skip
    found = notices.compare_numbers(articles, given, config.tokens)
    return as_table(notice=notice, ordinal=ordinal, numbers_changed=found.numbers_changed)


def score_findings(table: Table, texts: Table, config: Config, terms: Terms) -> Table:
    """Return the `SCORES` of the places of whole `FINDINGS`; the texts of their articles are in ``texts``."""
    columns = columns_of(table)
    order = np.lexsort((columns["ordinal"], columns["finding"]))
    c = {name: column[order] for name, column in columns.items()}
    texts = texts.take(np.argsort(texts.column("article").to_numpy()))
    articles = articles_of_batch(texts)
    owners = np.searchsorted(texts.column("article").to_numpy(), c["article"]).astype(np.int32)
    base = articles.offsets[owners]
    firsts = np.flatnonzero(c["ordinal"] == 0)
    places_ = Findings(
        kinds=c["kind"][firsts].astype(np.uint8),
        levels=c["level"][firsts].astype(np.uint8),
        exact=c["exact"][firsts],
        weights=c["weight"][firsts],
        offsets=np.append(firsts, len(owners)).astype(np.int64),
        articles=owners,
        starts=c["start_byte"] + base,
        ends=c["end_byte"] + base,
        **{name: c[name] for name in ("tokens", "jaccard", "containment", "cosine", "numbers_changed")},
    )
    words = gather.word_ranges(articles, places_.starts, places_.ends, config)
    found = gather.score_places(articles, places_, terms.vocabulary(words.values), config, SERIAL, jobs=1)
    scores = {name: getattr(found, name) for name in ("jaccard", "containment", "cosine")}
    return as_table(finding=c["finding"], ordinal=c["ordinal"], **scores)
