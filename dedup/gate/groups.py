"""Report -> what may break a rule: places that say the same, grouped by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.gate.identity import fingerprint, text_digests
from dedup.gate.params import GateParams
from dedup.model import Level
from dedup.pipeline import Report
from dedup.reports.view import Finding, Place, clean, report_findings

#: Paragraphs of fewer tokens do not tell one article from another.
_MIN_PARAGRAPH_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that a rule looks at.

    Attributes
    ----------
    article : int
    place : Place or None
        None for an article, or a feed, as a whole.
    fingerprint : str
        Under which a baseline knows it.
    aliases : frozenset of str
        Fingerprints under which a baseline may know it as well: of an article, those of its other paragraphs.
    tokens : int
    text : str
    whole : bool
        The article as a whole is meant, and not the text of the place.
    """

    article: int
    place: Place | None
    fingerprint: str
    aliases: frozenset[str]
    tokens: int
    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Places that say the same, the earliest first; or one, where a rule judges something by itself.

    Attributes
    ----------
    code : str
    spots : tuple of Spot
    alone : bool
        The first spot breaks the rule by itself.
    exact : bool
    detail : str
        What a message says beyond the rule and the places.
    """

    code: str
    spots: tuple[Spot, ...]
    alone: bool = False
    exact: bool = False
    detail: str = ""


def find_groups(report: Report, params: GateParams) -> Iterator[Group]:
    """Yield what is over the limit of a rule that is on, in the order of the report."""
    related: set[int] = set()
    for finding in report_findings(report):
        code = _code_of(finding)
        if code in ("D202", "D203") and params.level(code) != "off":
            related |= {place.article for place in finding.places[1:]}
        if params.level(code) == "off":
            continue
        if code == "D301":
            yield from _notice(report, finding, params)
        elif code in ("D202", "D203"):
            yield _articles(report, code, finding)
        else:
            places = [place for place in finding.places if place.tokens >= params.limit(code)]
            if len(places) > 1:
                yield Group(code, tuple(_text_spots(report, code, places)), exact=finding.exact)
    yield from _redundant_articles(report, params, related)
    yield from _redundant_feed(report, params)
    yield from _repeated_ids(report, params)


def _code_of(finding: Finding) -> str:
    if finding.kind == "self":
        return "D102" if finding.level == "sentence" else "D101"
    if finding.kind == "reuse":
        return "D204" if finding.level == "title" else "D201"
    return {"near-duplicate": "D202", "contained": "D203", "boilerplate": "D301"}[finding.kind]


def _text_spots(report: Report, code: str, places: list[Place]) -> Iterator[Spot]:
    articles = report.articles
    bases = np.array(
        [(articles.offsets if place.part == "title" else articles.body_starts)[place.article] for place in places]
    )
    spans = np.array([place.byte_span for place in places], np.int64) + bases[:, None]
    digests = text_digests(articles, spans[:, 0], spans[:, 1], report.config.tokens)
    for place, digest in zip(places, digests, strict=True):
        own = fingerprint(code, digest)
        yield Spot(place.article, place, own, frozenset([own]), place.tokens, place.text or "")


def _notice(report: Report, finding: Finding, params: GateParams) -> Iterator[Group]:
    n = len({place.article for place in finding.places})
    if n > params.limit("D301") * len(report.articles):
        spots = list(_text_spots(report, "D301", list(finding.places[:1])))
        share = n / len(report.articles)
        detail = f"stands in {n} of {len(report.articles)} articles ({share:.0%})"
        yield Group("D301", tuple(spots), alone=True, exact=finding.exact, detail=detail)


def _articles(report: Report, code: str, finding: Finding) -> Group:
    """Return whole articles: known by a paragraph that all have, and by any of their own."""
    prints = [_paragraph_prints(report, code, place.article) for place in finding.places]
    common = frozenset.intersection(*prints)
    spots = [
        Spot(
            place.article,
            place,
            min(common or own, default=""),
            own,
            place.tokens,
            report.articles.title(place.article),
            whole=True,
        )
        for place, own in zip(finding.places, prints, strict=True)
    ]
    return Group(code, tuple(spots), exact=finding.exact)


def _paragraph_prints(report: Report, code: str, article: int) -> frozenset[str]:
    segments = report.segments
    first, last = np.searchsorted(segments.articles, [article, article + 1])
    rows = np.arange(first, last)
    rows = rows[(segments.parents[rows] < 0) & ((segments.levels[rows] & Level.PARAGRAPH) != 0)]
    starts, ends = segments.starts[rows], segments.ends[rows]
    long = ends - starts >= 4 * _MIN_PARAGRAPH_TOKENS
    if long.any():
        starts, ends = starts[long], ends[long]
    digests = text_digests(report.articles, starts, ends, report.config.tokens)
    return frozenset(fingerprint(code, digest) for digest in digests) or frozenset([fingerprint(code, b"")])


def _redundant_articles(report: Report, params: GateParams, related: set[int]) -> Iterator[Group]:
    if params.level("D401") == "off":
        return
    shares = report.redundancy
    over: NDArray[np.bool_] = (shares > params.limit("D401")) & (report.n_tokens >= params.min_words)
    for article in np.flatnonzero(over):
        if int(article) in related:  # said by D202 or D203 already
            continue
        prints = _paragraph_prints(report, "D401", int(article))
        detail = f"{shares[article]:.0%} of {report.n_tokens[article]} words; {params.limit('D401'):.0%} are allowed"
        tokens = int(report.repeated[article])
        spot = Spot(int(article), None, min(prints), prints, tokens, report.articles.title(int(article)))
        yield Group("D401", (spot,), alone=True, detail=detail)


def _redundant_feed(report: Report, params: GateParams) -> Iterator[Group]:
    total, repeated = int(report.n_tokens.sum()), int(report.repeated.sum())
    share = repeated / max(total, 1)
    if params.level("D402") == "off" or share <= params.limit("D402") or total < params.min_words:
        return
    own = fingerprint("D402", b"")
    detail = f"{share:.1%} of {total} words; {params.limit('D402'):.0%} are allowed"
    yield Group("D402", (Spot(0, None, own, frozenset([own]), repeated, ""),), alone=True, detail=detail)


def _repeated_ids(report: Report, params: GateParams) -> Iterator[Group]:
    if params.level("D501") == "off":
        return
    by_id: dict[str, list[int]] = defaultdict(list)
    for article, id_ in enumerate(report.articles.ids):
        by_id[id_].append(article)
    articles = report.articles
    for id_, rows in by_id.items():
        if len(rows) < 2:
            continue
        starts = articles.offsets[rows]
        ends = articles.offsets[np.array(rows) + 1]
        digests = text_digests(articles, starts, ends, report.config.tokens)
        if len(set(digests)) > 1:
            own = fingerprint("D501", id_.encode())
            spots = [Spot(row, None, own, frozenset([own]), 0, articles.title(row)) for row in rows]
            yield Group("D501", tuple(spots), detail=clean(id_))
