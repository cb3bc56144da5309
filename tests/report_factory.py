"""Reports made by hand, for the tests of writers and of the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from dedup.model import (
    NO_DATE,
    Articles,
    Findings,
    Kind,
    Level,
    Matches,
    Relations,
    Search,
    Segments,
    Skip,
    Strings,
)
from dedup.score import DocumentFrequencies


@dataclass
class Article:
    """An article as a test writes it; ``body_line`` 0 is a record of JSON Lines."""

    body: str | bytes
    title: str = ""
    path: str = "feed.jsonl"
    record: int = 1
    id: str = ""
    source: str = ""
    date: str = ""
    body_line: int = 0


@dataclass
class Place:
    """Where a quote stands in an article, the ``nth`` time; the whole body if no quote is given."""

    article: int
    quote: str | bytes = ""
    jaccard: float = 1.0
    cosine: float = 1.0
    containment: float = 1.0
    nth: int = 0
    numbers_changed: bool = False


@dataclass
class Finding:
    kind: Kind
    level: int
    places: list[Place]
    exact: bool = False


@dataclass
class StubConfig:
    """The settings that a report shows; fixed here, so that golden files do not follow the defaults."""

    candidates: str = "auto"
    levels: tuple[str, ...] = ("title", "paragraph", "sentence")
    shingle: Any = field(default_factory=lambda: SimpleNamespace(unit="word", k=3, min_tokens=8))
    score: Any = field(default_factory=lambda: SimpleNamespace(min_jaccard=0.5, min_cosine=0.7))
    passages: Any = field(default_factory=lambda: SimpleNamespace(min_run=20))
    findings: Any = field(
        default_factory=lambda: SimpleNamespace(boilerplate_articles=10, near_duplicate=0.6, contained=0.8)
    )

    def as_dict(self) -> dict[str, Any]:
        return {"candidates": self.candidates, "levels": self.levels, "score": {"min_jaccard": 0.5, "min_cosine": 0.7}}


def encode(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def make_articles(articles: list[Article], skips: tuple[Skip, ...] = ()) -> Articles:
    parts = [(encode(one.title), encode(one.body)) for one in articles]
    offsets = np.append(0, np.cumsum([len(title) + len(body) for title, body in parts])).astype(np.int64)
    files = tuple(dict.fromkeys(one.path for one in articles))
    return Articles(
        text=np.frombuffer(b"".join(title + body for title, body in parts), np.uint8),
        offsets=offsets,
        body_starts=offsets[:-1] + np.array([len(title) for title, _ in parts], np.int64),
        ids=Strings.of([one.id or f"{one.path}:{one.record}" for one in articles]),
        sources=Strings.of([one.source for one in articles]),
        urls=Strings.of(["" for _ in articles]),
        languages=Strings.of(["" for _ in articles]),
        tags=Strings.of(["" for _ in articles]),
        dates=np.array([_seconds(one.date) for one in articles], np.int64),
        files=files,
        file_rows=np.array([files.index(one.path) for one in articles], np.int32),
        records=np.array([one.record for one in articles], np.int64),
        body_lines=np.array([one.body_line for one in articles], np.int64),
        skips=skips,
    )


def _seconds(date: str) -> int:
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) if date else int(NO_DATE)


def _span(articles: Articles, place: Place) -> tuple[int, int]:
    start, end = int(articles.offsets[place.article]), int(articles.offsets[place.article + 1])
    if not place.quote:
        return int(articles.body_starts[place.article]), end
    text, quote = articles.text[start:end].tobytes(), encode(place.quote)
    at = -1
    for _ in range(place.nth + 1):
        at = text.index(quote, at + 1)
    return start + at, start + at + len(quote)


def make_findings(articles: Articles, findings: list[Finding]) -> Findings:
    places = [place for finding in findings for place in finding.places]
    spans = np.array([_span(articles, place) for place in places], np.int64).reshape(-1, 2)
    tokens = [len(articles.slice_text(start, end).split()) for start, end in spans.tolist()]
    sizes = [len(finding.places) for finding in findings]
    offsets = np.append(0, np.cumsum(sizes)).astype(np.int64)
    return Findings(
        kinds=np.array([finding.kind for finding in findings], np.uint8),
        levels=np.array([finding.level for finding in findings], np.uint8),
        exact=np.array([finding.exact for finding in findings], np.bool_),
        weights=np.array([sum(tokens[start + 1 : end]) for start, end in pairwise(offsets)], np.int64),
        offsets=offsets,
        articles=np.array([place.article for place in places], np.int32),
        starts=np.ascontiguousarray(spans[:, 0]),
        ends=np.ascontiguousarray(spans[:, 1]),
        tokens=np.array(tokens, np.int32),
        jaccard=np.array([place.jaccard for place in places], np.float32),
        containment=np.array([place.containment for place in places], np.float32),
        cosine=np.array([place.cosine for place in places], np.float32),
        numbers_changed=np.array([place.numbers_changed for place in places], np.bool_),
    )


def make_pairs(
    articles: Articles, findings: list[Finding], borderline: tuple[tuple[str, str, float, float], ...]
) -> tuple[Segments, Matches, Matches]:
    """Return segments, the reworded places of findings as matches, and pairs of quotes of one article as borderline."""
    matched, levels = [], {}
    for finding in findings:
        first, *others = finding.places
        if finding.level not in (0, Level.ARTICLE) and not finding.exact:
            for other in others:
                spans = [(place.article, *_span(articles, place)) for place in (first, other)]
                levels |= dict.fromkeys(spans, finding.level)
                matched.append((*spans, other.jaccard, other.containment, other.cosine))
    missed = []
    for left, right, jaccard, cosine in borderline:
        spans = [(0, *_span(articles, Place(0, quote))) for quote in (left, right)]
        levels |= dict.fromkeys(spans, int(Level.SENTENCE))
        missed.append((*spans, jaccard, jaccard, cosine))
    rows = {span: row for row, span in enumerate(sorted(levels))}
    segments = Segments(
        np.array([start for _, start, _ in rows], np.int64),
        np.array([end for _, _, end in rows], np.int64),
        np.array([article for article, _, _ in rows], np.int32),
        np.array([levels[span] for span in rows], np.uint8),
        np.full(len(rows), -1, np.int32),
    )
    return segments, *(_pairs(rows, pairs) for pairs in (matched, missed))


def _pairs(rows: dict[Any, int], pairs: list[Any]) -> Matches:
    sides = np.array([[rows[left], rows[right]] for left, right, *_ in pairs], np.int32).reshape(-1, 2)
    scores = np.array([scores for _, _, *scores in pairs], np.float32).reshape(-1, 3)
    return Matches(*sides.T, *scores.T, np.full(len(pairs), 9, np.int32))


def make_report(
    articles: list[Article],
    findings: list[Finding],
    *,
    skips: tuple[Skip, ...] = (),
    relations: tuple[tuple[int, int, int, float, float], ...] = (),
    search: Search | None = None,
    borderline: tuple[tuple[str, str, float, float], ...] = (),
) -> Any:
    """Return what the writers read of a `dedup.result.Report`, made of articles and findings."""
    table = make_articles(articles, skips)
    found = make_findings(table, findings)
    n_tokens = np.array([len((table.title(i) + " " + table.body(i)).split()) for i in range(len(table))], np.int64)
    repeated = np.zeros(len(table), np.int64)
    by_kind = dict.fromkeys(Kind, 0)
    later = np.ones(len(found.articles), np.bool_)
    later[found.offsets[:-1]] = False
    for kind, start, end in zip(found.kinds, found.offsets[:-1], found.offsets[1:], strict=True):
        for i in range(start + 1, end):
            by_kind[Kind(kind)] += int(found.tokens[i])
    np.add.at(repeated, found.articles[later], found.tokens[later])
    repeated = np.minimum(repeated, n_tokens)
    columns = list(zip(*relations, strict=True)) or [()] * 5
    segments, matches, under = make_pairs(table, findings, borderline)
    return SimpleNamespace(
        articles=table,
        config=StubConfig(),
        n_tokens=n_tokens,
        repeated=repeated,
        redundancy=repeated / np.maximum(n_tokens, 1),
        repeated_by_kind=by_kind,
        segments=segments,
        matches=matches,
        borderline=under,
        relations=Relations(
            *(
                np.array(column, dtype)
                for column, dtype in zip(columns, (np.int32, np.int32, np.uint8, np.float32, np.float32), strict=True)
            )
        ),
        findings=found,
        search=search or Search("exact", 0.5, 1.0, 0, 0, 31, 12, 0, 0),
        vocabulary=DocumentFrequencies().vocabulary(),
        seconds={"read": 0.25, "score": 1.5},
        archive=None,
    )


BRIDGE = "The committee said on Friday that the new bridge over the Tarn will open in spring."
NOTICE = "Subscribe to the Valley Herald and never miss a story from your town."
HARVEST = (
    "Growers along the upper valley brought in 3.1 thousand tons of apricots this summer, the cooperative said, "
    "after a frost in April had taken most of the blossom on the lower terraces."
)
LONG = " ".join(f"Point {i} of the plan was read out and put to the vote by the council." for i in range(1, 40))


def every_kind() -> Any:
    """Return a report with a finding of each kind, on text files and on JSON Lines."""
    wire = HARVEST.replace("3.1", "9.7").replace("this summer", "in the summer of last year")
    articles = [
        Article(
            f"{BRIDGE}\n\nThe mayor was pleased.\n\n{BRIDGE.replace('Friday', 'Friday evening')}\n\n{NOTICE}\n",
            "Bridge to open",
            "news/bridge.txt",
            source="Valley Herald",
            date="2025-02-01",
            body_line=3,
        ),
        Article(f"{HARVEST}\n{NOTICE}", "Apricots", record=1, id="a-17", source="Valley Herald", date="2025-02-02"),
        Article(f"First the weather.\r\nThen: {wire}", "Harvest", record=2, id="a-18", source="Plains Post"),
        Article(f"{LONG}\n\n{NOTICE}", "Council", "news/council.md", source="Valley Herald", body_line=5),
        Article(LONG.replace("Point 20 of", "Point 21 in"), "Council again", record=3, source="Plains Post"),
        Article(f"{NOTICE.upper()}\n{NOTICE}", record=4, source="Valley Herald"),
        Article(
            "理事会は金曜日に新しい橋が春に開通すると述べた。理事会は土曜日に新しい橋が春に開通すると述べた。",
            "橋",
            record=5,
        ),
    ]
    findings = [
        Finding(Kind.NEAR_DUPLICATE, Level.ARTICLE, [Place(3), Place(4, "", 0.91, 0.985, 0.99, numbers_changed=True)]),
        Finding(
            Kind.BOILERPLATE,
            Level.PARAGRAPH,
            [Place(0, NOTICE), Place(1, NOTICE), Place(3, NOTICE), Place(5, NOTICE.upper()), Place(5, NOTICE)],
            exact=True,
        ),
        Finding(Kind.REUSE, 0, [Place(1, HARVEST), Place(2, wire, 0.68, 0.92, 0.81, numbers_changed=True)]),
        Finding(Kind.CONTAINED, Level.ARTICLE, [Place(1), Place(2, "", 0.6, 0.9, 0.85)]),
        Finding(
            Kind.SELF,
            Level.PARAGRAPH,
            [Place(0, BRIDGE), Place(0, BRIDGE.replace("Friday", "Friday evening"), 0.75, 0.93, 0.9)],
        ),
        Finding(
            Kind.SELF,
            Level.SENTENCE,
            [
                Place(6, "理事会は金曜日に新しい橋が春に開通すると述べた。"),
                Place(6, "理事会は土曜日に新しい橋が春に開通すると述べた。", 0.7, 0.9, 0.8),
            ],
        ),
        Finding(Kind.REUSE, Level.TITLE, [Place(3, "Council"), Place(4, "Council")], exact=True),
    ]
    return make_report(
        articles,
        findings,
        skips=(
            Skip("feed.jsonl", 6, "no text field"),
            Skip("feed.jsonl", 9, "no text field"),
            Skip("news/scan.pdf", 0, "not a text file"),
        ),
        relations=((1, 2, 2, 0.85, 0.6), (3, 4, 1, 0.95, 0.99)),
        search=Search("lsh", 0.5, 0.9912, 21, 5, 31, 12, 2, 3),
        borderline=(("The mayor was pleased.", NOTICE, 0.41, 0.3), (BRIDGE, NOTICE, 0.45, 0.71)),
    )
