"""Report -> what may break a rule: places that say the same, grouped by rule."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.gate.identity import fingerprint, text_digests
from dedup.gate.paragraphs import (
    INSIDE_MARK,
    MARK_CLOSES,
    MARK_OPENS,
    MIN_PARAGRAPH_TOKENS,
    Paragraphs,
    Texts,
    span_of,
)
from dedup.gate.params import GateParams
from dedup.hashed import tokens_of
from dedup.model import Level
from dedup.reports.view import Finding, Place, clean, report_findings
from dedup.result import Report

#: A passage that lies so much in a repeat inside the article is told by that.
_SAME_PLACE = 0.75
_TEXT_CHARACTERS = 2000
#: What `dedup.gate.ignores` reads is no text of the article; a passage begins with the first word of it.
_MARK = re.compile(rf"(?:{MARK_OPENS}\s*)?dedup:\s*ignore{INSIDE_MARK}(?:{MARK_CLOSES}\s*)?", re.DOTALL | re.IGNORECASE)


class Part(NamedTuple):
    """What a place has of one paragraph: a passage of several stays known when their order changes.

    Attributes
    ----------
    fingerprint : str
    start : int
        Where it stands in `Articles.text`: places of several repeats may share it.
    weight : int
        How much of the place it is.
    text : str
    """

    fingerprint: str
    start: int
    weight: int
    text: str


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
    parts : tuple of Part
        What a baseline has entries for: one, unless the place is a passage of several paragraphs.
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
    parts: tuple[Part, ...]
    whole: bool = False

    @classmethod
    def of(
        cls, article: int, place: Place | None, aliases: frozenset[str], own: str, tokens: int, text: str, **more: bool
    ) -> Spot:
        """Return a place that one fingerprint stands for."""
        return cls(article, place, own, aliases, tokens, text, (Part(own, -1 - article, max(tokens, 1), text),), **more)


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
    allowed : bool
        No rule is broken, but a baseline has it: a notice that stands in an article less would be reuse.
    finding : int
        Number of the finding of the report; 0 where it is none.
    origin : Spot or None
        Of an article that repeats much: what most of it comes from, with the words that do; maybe the article itself.
    more : int
        In so many more articles of the archive it stands, which are not among the places.
    share : float
        Of an article, or of the feed, that has been said before, where the rule judges that.
    """

    code: str
    spots: tuple[Spot, ...]
    alone: bool = False
    exact: bool = False
    detail: str = ""
    allowed: bool = False
    finding: int = 0
    origin: Spot | None = None
    more: int = 0
    share: float = 0.0


def find_groups(report: Report, params: GateParams, judged: NDArray[np.bool_]) -> Iterator[Group]:
    """Yield what is over the limit of a rule that is on; what one rule says, no other says again.

    Of repeats, also those outside what is ``judged`` (bool[n]): their places use up entries of a baseline.
    """
    paragraphs = Paragraphs(report)
    ids = _repeated_ids(report) if params.level("D501") != "off" else {}
    same_id = {row: number for number, rows in enumerate(ids.values()) for row in rows}
    findings = [
        (finding, _code_of(report, finding, paragraphs))
        for finding in report_findings(report)
        if not _is_mark(report, finding.told)
    ]
    doubled = _doubled(report, findings, params)
    texts = Texts(report, paragraphs, (finding for finding, code in findings if code not in ("D202", "D203")))
    # Articles that are named as wholes, and the words of the longest repeat that is named in the others.
    told: dict[int, int] = defaultdict(int)
    for finding, code in findings:
        if code == "D301":
            yield from _notice(report, finding, params, texts)
            continue
        if params.level(code) == "off":
            continue
        first = finding.places[0]
        places = [
            place
            for place in finding.places
            if place is first
            or place.article not in same_id
            or same_id[place.article] != same_id.get(first.article)
            or place.article == first.article
        ]
        whole = code in ("D202", "D203")
        if whole:
            for place in finding.places[1:]:
                told[place.article] = int(report.n_tokens[place.article])
        else:
            places = [place for place in places if place.tokens >= params.limit(code)]
        if code == "D201":
            places = [place for place in places if place is first or not _is_inside(report, place, doubled)]
        if len(places) < 2:
            continue
        for place in places[1:]:
            told[place.article] = max(told[place.article], place.tokens)
        if whole:
            yield _articles(report, code, finding, places)
        else:
            copies = tuple(_text_spots(report, code, places, texts))
            yield Group(code, copies, exact=finding.exact, finding=finding.number, more=finding.more)
    yield from _redundant_articles(report, params, told, [finding for finding, _ in findings])
    yield from _redundant_feed(report, params, judged)
    for id_, rows in ids.items():
        own = fingerprint("D501", id_.encode())
        spots = [Spot.of(row, None, frozenset([own]), own, 0, _name(report, row)) for row in rows]
        yield Group("D501", tuple(spots), detail=clean(id_))


def _name(report: Report, article: int) -> str:
    """Return what people know an article by: its title, else its first words, else its id."""
    articles = report.articles
    start, end = int(articles.body_starts[article]), int(articles.offsets[article + 1])
    title = articles.title(article).strip()
    return title or articles.slice_text(start, min(end, start + _TEXT_CHARACTERS)).strip() or articles.ids[article]


def _code_of(report: Report, finding: Finding, paragraphs: Paragraphs) -> str:
    if finding.kind == "self":
        # A teaser that is a sentence of the lead repeats a sentence, though it is a paragraph by itself.
        whole = all(paragraphs.has_one(*span_of(report, place)) for place in finding.places)
        return "D101" if whole else "D102"
    if finding.kind == "reuse":
        return "D204" if finding.level == "title" else "D201"
    return {"near-duplicate": "D202", "contained": "D203", "boilerplate": "D301"}[finding.kind]


def _is_mark(report: Report, place: Place) -> bool:
    start, end = span_of(report, place)
    return bool(_MARK.fullmatch(report.articles.slice_text(start, min(end, start + _TEXT_CHARACTERS))))


def _doubled(
    report: Report, findings: Sequence[tuple[Finding, str]], params: GateParams
) -> dict[int, list[tuple[int, int]]]:
    """Return the spans, by article, that D101 and D102 name."""
    doubled: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for finding, code in findings:
        if finding.kind != "self" or params.level(code) == "off":
            continue
        for place in finding.places[1:]:
            if place.tokens >= params.limit(code):
                doubled[place.article].append(span_of(report, place))
    return doubled


def _is_inside(report: Report, place: Place, spans: Mapping[int, Sequence[tuple[int, int]]]) -> bool:
    start, end = span_of(report, place)
    return any(min(b, end) - max(a, start) >= _SAME_PLACE * (end - start) for a, b in spans.get(place.article, ()))


def _text_spots(report: Report, code: str, places: Sequence[Place], texts: Texts) -> Iterator[Spot]:
    slice_text = report.articles.slice_text
    for place in places:
        span = span_of(report, place)
        own = fingerprint(code, texts.digests[span])
        made = tuple(
            Part(
                fingerprint(code, texts.digests[start, end]),
                start,
                end - start,  # bytes are weights as good as tokens, and need no count
                slice_text(start, min(end, start + _TEXT_CHARACTERS)),
            )
            for start, end in texts.parts[span]
        )
        text = slice_text(span[0], min(span[1], span[0] + _TEXT_CHARACTERS))
        aliases = frozenset([own, *(part.fingerprint for part in made)])
        yield Spot(place.article, place, own, aliases, place.tokens, text, made)


def _notice(report: Report, finding: Finding, params: GateParams, texts: Texts) -> Iterator[Group]:
    if params.level("D201") != "off":
        yield Group("D201", tuple(_text_spots(report, "D201", finding.places, texts)), allowed=True)
    n = len({place.article for place in finding.places}) + finding.more
    # Of an archive not all is in the report: the share is that of the whole.
    n_articles = len(report.articles)
    if report.archive is not None:
        n_articles = report.archive.n_articles + int((~report.archive.articles).sum())
    if params.level("D301") != "off" and n > params.limit("D301") * n_articles:
        spots = list(_text_spots(report, "D301", finding.places, texts))
        # The wording that most have: which article is the earliest, and what stands there, may change.
        counts = Counter(spot.fingerprint for spot in spots)
        spot = max(spots, key=lambda spot: counts[spot.fingerprint])
        said = spot.text or next((one.text for one in spots if one.text), "")  # of an archive, maybe not kept
        spot = replace(spot, aliases=frozenset().union(*(one.aliases for one in spots)), text=said)
        detail = f"stands in {n} of {n_articles} articles ({n / n_articles:.0%})"
        yield Group("D301", (spot,), alone=True, exact=finding.exact, finding=finding.number, detail=detail)


def _articles(report: Report, code: str, finding: Finding, places: Sequence[Place]) -> Group:
    """Return whole articles: known by a paragraph that all have, and by any of their own."""
    prints = [_paragraph_prints(report, code, place.article) for place in places]
    common = frozenset.intersection(*prints)
    spots = [
        Spot.of(
            place.article,
            place,
            own,
            min(common or own),
            place.tokens,
            _name(report, place.article),
            whole=True,
        )
        for place, own in zip(places, prints, strict=True)
    ]
    return Group(code, tuple(spots), exact=finding.exact, finding=finding.number)


def _paragraph_prints(report: Report, code: str, article: int) -> frozenset[str]:
    segments = report.segments
    rows = np.flatnonzero(segments.articles == article)
    rows = rows[(segments.parents[rows] < 0) & ((segments.levels[rows] & Level.PARAGRAPH) != 0)]
    starts, ends = segments.starts[rows], segments.ends[rows]
    long = ends - starts >= 4 * MIN_PARAGRAPH_TOKENS
    if long.any():
        starts, ends = starts[long], ends[long]
    digests = text_digests(report.articles, starts, ends, report.config.tokens)
    return frozenset(fingerprint(code, digest) for digest in digests) or frozenset([fingerprint(code, b"")])


def _redundant_articles(
    report: Report, params: GateParams, told: Mapping[int, int], findings: Sequence[Finding]
) -> Iterator[Group]:
    if params.level("D401") == "off":
        return
    shares = report.redundancy
    over: NDArray[np.bool_] = (shares > params.limit("D401")) & (report.n_tokens >= params.min_words)
    for article in np.flatnonzero(over):  # one repeat may make it so, and is named by itself
        over[article] = told.get(int(article), 0) <= params.limit("D401") * report.n_tokens[article]
    origins = _origins(report, findings, set(np.flatnonzero(over).tolist()))
    for article in np.flatnonzero(over):
        prints = _paragraph_prints(report, "D401", int(article))
        detail = f"{shares[article]:.0%} of {report.n_tokens[article]} words; {params.limit('D401'):.0%} are allowed"
        tokens = int(report.repeated[article])
        spot = Spot.of(int(article), None, prints, min(prints), tokens, _name(report, int(article)))
        share = float(shares[article])
        yield Group("D401", (spot,), alone=True, detail=detail, origin=origins.get(int(article)), share=share)


def _origins(report: Report, findings: Sequence[Finding], wanted: set[int]) -> dict[int, Spot]:
    """Return, of each article that is wanted, the article that most of its repeats stand in first, with their words."""
    spans: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        first = finding.places[0].article
        for place in finding.places[1:]:
            if place.article in wanted:
                spans[place.article][first].append(span_of(report, place))
    made = {}
    for article, by_origin in spans.items():
        counts = {first: _words_in(report, covered) for first, covered in by_origin.items()}
        origin = max(counts, key=lambda first: (counts[first], -first))
        made[article] = Spot.of(origin, None, frozenset(), "", counts[origin], "", whole=True)
    return made


def _words_in(report: Report, spans: Sequence[tuple[int, int]]) -> int:
    """Return the tokens in the union of some spans of `Articles.text`."""
    joined: list[list[int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    rows = np.array(joined, np.int64)
    return len(tokens_of(report.articles, rows[:, 0], rows[:, 1], report.config.tokens).values)


def _redundant_feed(report: Report, params: GateParams, judged: NDArray[np.bool_]) -> Iterator[Group]:
    total, repeated = int(report.n_tokens[judged].sum()), int(report.repeated[judged].sum())
    share = repeated / max(total, 1)
    if params.level("D402") == "off" or share <= params.limit("D402") or total < params.min_words:
        return
    own = fingerprint("D402", b"")
    detail = f"{share:.1%} of {total} words; {params.limit('D402'):.0%} are allowed"
    spot = Spot.of(int(judged.argmax()), None, frozenset([own]), own, repeated, "the feed as a whole")
    yield Group("D402", (spot,), alone=True, detail=detail, share=share)


def _repeated_ids(report: Report) -> dict[str, list[int]]:
    """Return the articles of each id that stands under different texts."""
    articles = report.articles
    by_id: dict[str, list[int]] = defaultdict(list)
    for article, id_ in enumerate(articles.ids):
        by_id[id_].append(article)
    found = {}
    for id_, rows in by_id.items():
        if len(rows) < 2:
            continue
        starts, bodies, ends = articles.offsets[rows], articles.body_starts[rows], articles.offsets[np.array(rows) + 1]
        titles = text_digests(articles, starts, bodies, report.config.tokens)
        texts = text_digests(articles, bodies, ends, report.config.tokens)
        if len(set(zip(titles, texts, strict=True))) > 1:
            found[id_] = rows
    return found
