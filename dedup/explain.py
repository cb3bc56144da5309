"""Two articles -> why they are, or are not, a repeat: what is most alike in them, and what its scores are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.model import Level, Relation
from dedup.result import Report
from dedup.score import term_rows
from dedup.tokens import characters, tokenize

Span = tuple[int, int]


class Term(NamedTuple):
    """A word of both texts, and its part of their cosine."""

    word: str
    part: float


class Shared(NamedTuple):
    """A passage of both articles: bytes of `Articles.text`, and its scores."""

    left: Span
    right: Span
    jaccard: float
    containment: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why two articles are, or are not, a repeat.

    Attributes
    ----------
    relation : Relation or None
        None where they share no passage.
    left_coverage, right_coverage : float
        Share of each article that stands in the other one.
    passages : tuple of Shared
        In the order of the left article.
    left, right : tuple of int
        The texts that the scores below are of: the longest passage, else the two paragraphs that are most alike.
    jaccard, containment, cosine : float
    shared : int
        Shingles that both have.
    sizes : tuple of int
        Shingles of each.
    shingles : tuple of str
        Those that both have, in the order of the left one.
    terms : tuple of Term
        The largest part first; the parts of all terms add up to the cosine.
    why : str
        One sentence.
    """

    relation: Relation | None
    left_coverage: float
    right_coverage: float
    passages: tuple[Shared, ...]
    left: Span
    right: Span
    jaccard: float
    containment: float
    cosine: float
    shared: int
    sizes: tuple[int, int]
    shingles: tuple[str, ...]
    terms: tuple[Term, ...]
    why: str


class _Text(NamedTuple):
    shingles: dict[tuple[int, ...], str]
    terms: dict[int, tuple[float, str]]


def explain(report: Report, left: int, right: int) -> Explanation:
    """Return why two articles of a report are, or are not, a repeat of each other.

    Parameters
    ----------
    report : Report
    left, right : int
        Rows of `Articles`.

    Raises
    ------
    ValueError
        They are one article.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> report = dedup.scan(dedup.articles_of([line, line.replace("new ", ""), "Nothing of that kind here."]))
    >>> found = explain(report, 0, 1)
    >>> found.relation.name, round(sum(term.part for term in found.terms), 6) == round(found.cosine, 6)
    ('NEAR_DUPLICATE', True)
    >>> explain(report, 0, 2).why
    'Not a repeat: the two paragraphs that are most alike have Jaccard 0.00 of at least 0.50.'
    """
    if left == right:
        raise ValueError("explain: two articles are needed, not one twice")
    passages = _passages(report, left, right)
    relation, coverage = _relation(report, left, right)
    if passages:
        longest = max(passages, key=lambda one: one.left[1] - one.left[0])
        spans = longest.left, longest.right
    else:
        spans = _closest(report, left, right)
    one, other = (_text(report, span) for span in spans)
    common = [text for shingle, text in one.shingles.items() if shingle in other.shingles]
    sizes = len(one.shingles), len(other.shingles)
    jaccard = len(common) / max(1, sum(sizes) - len(common))
    terms = [
        Term(word, weight * other.terms[term][0]) for term, (weight, word) in one.terms.items() if term in other.terms
    ]
    cosine = sum(term.part for term in terms)
    return Explanation(
        relation=relation,
        left_coverage=coverage[0],
        right_coverage=coverage[1],
        passages=passages,
        left=spans[0],
        right=spans[1],
        jaccard=jaccard,
        containment=len(common) / max(1, min(sizes)),
        cosine=cosine,
        shared=len(common),
        sizes=sizes,
        shingles=tuple(common),
        terms=tuple(sorted(terms, key=lambda term: (-term.part, term.word))),
        why=_why(report, relation, coverage, passages, jaccard, cosine, len(common)),
    )


def _passages(report: Report, left: int, right: int) -> tuple[Shared, ...]:
    table = report.passages
    rows = np.flatnonzero(
        ((table.left_articles == left) & (table.right_articles == right))
        | ((table.left_articles == right) & (table.right_articles == left))
    )
    found = []
    for row in rows.tolist():
        spans = [
            (int(table.left_starts[row]), int(table.left_ends[row])),
            (int(table.right_starts[row]), int(table.right_ends[row])),
        ]
        if table.left_articles[row] != left:
            spans.reverse()
        scores = [float(column[row]) for column in (table.jaccard, table.containment, table.cosine)]
        found.append(Shared(spans[0], spans[1], scores[0], scores[1], scores[2]))
    return tuple(sorted(found))


def _relation(report: Report, left: int, right: int) -> tuple[Relation | None, tuple[float, float]]:
    table = report.relations
    for row in np.flatnonzero(np.isin(table.left, [left, right]) & np.isin(table.right, [left, right])).tolist():
        kind, coverage = (
            Relation(int(table.kinds[row])),
            (float(table.left_coverage[row]), float(table.right_coverage[row])),
        )
        if table.left[row] == left:
            return kind, coverage
        swapped = {Relation.LEFT_CONTAINED: Relation.RIGHT_CONTAINED, Relation.RIGHT_CONTAINED: Relation.LEFT_CONTAINED}
        return swapped.get(kind, kind), (coverage[1], coverage[0])
    return None, (0.0, 0.0)


def _closest(report: Report, left: int, right: int) -> tuple[Span, Span]:
    """Return the two paragraphs whose shingles are most alike, of equal ones the longer; notices apart."""
    candidates = [_paragraphs(report, article) for article in (left, right)]
    best, spans = (-1.0, -1), (candidates[0][0], candidates[1][0])
    right_sets = [frozenset(_text(report, span).shingles) for span in candidates[1]]
    for one in candidates[0]:
        mine = _text(report, one).shingles.keys()
        for other, theirs in zip(candidates[1], right_sets, strict=True):
            shared = len(mine & theirs)
            score = shared / max(1, len(mine) + len(theirs) - shared), min(len(mine), len(theirs))
            if score > best:
                best, spans = score, (one, other)
    return spans


def _paragraphs(report: Report, article: int) -> list[Span]:
    segments = report.segments
    rows = np.flatnonzero(segments.articles == article)
    body = rows[(segments.parents[rows] < 0) & ((segments.levels[rows] & Level.PARAGRAPH) != 0)]
    clusters = report.clusters
    notices = clusters.members[np.repeat(clusters.boilerplate, np.diff(clusters.offsets))]
    own = np.setdiff1d(body, notices)
    chosen = own if len(own) else body if len(body) else rows
    whole = int(report.articles.offsets[article]), int(report.articles.offsets[article + 1])
    return [(int(segments.starts[row]), int(segments.ends[row])) for row in chosen] or [whole]


def _text(report: Report, span: Span) -> _Text:
    text, config = report.articles.text, report.config
    start, end = np.array([span[0]]), np.array([span[1]])
    tokens = tokenize(text, start, end, config.tokens)
    units = tokens if config.shingle.unit == "word" else characters(text, start, end, config.tokens)
    k, n = config.shingle.k, len(units.values)
    shingles: dict[tuple[int, ...], str] = {}
    for i in range(max(n - k + 1, min(n, 1))):
        last = min(i + k, n)
        words = report.articles.slice_text(units.starts[i], units.ends[last - 1])
        shingles.setdefault(tuple(units.values[i:last].tolist()), " ".join(words.split()))
    vocabulary = report.vocabulary
    ids: NDArray[np.int32] = vocabulary.ids(tokens.values)
    rows = term_rows(ids, np.array([0, len(ids)]), vocabulary.idf)
    first = {int(term): i for i, term in reversed(list(enumerate(ids.tolist())))}
    names = {term: report.articles.slice_text(tokens.starts[i], tokens.ends[i]).casefold() for term, i in first.items()}
    weights = zip(rows.terms.tolist(), rows.weights.tolist(), strict=True)
    return _Text(shingles, {term: (weight, names[term]) for term, weight in weights})


def _why(
    report: Report,
    relation: Relation | None,
    coverage: tuple[float, float],
    passages: tuple[Shared, ...],
    jaccard: float,
    cosine: float,
    shared: int,
) -> str:
    if relation is not None:
        told = {
            Relation.NEAR_DUPLICATE: "Nearly the same article",
            Relation.LEFT_CONTAINED: "The first stands almost whole in the second",
            Relation.RIGHT_CONTAINED: "The second stands almost whole in the first",
            Relation.SHARES: f"They share {len(passages)} passage{'s' * (len(passages) != 1)}",
        }[relation]
        return f"{told}: {coverage[0]:.0%} of the first and {coverage[1]:.0%} of the second stand in the other."
    params = report.config.score
    if jaccard < params.min_jaccard - 1e-9:
        missing = f"Jaccard {jaccard:.2f} of at least {params.min_jaccard:.2f}"
    elif cosine < params.min_cosine and not (params.sure_shingles and shared >= params.sure_shingles):
        missing = f"Jaccard {jaccard:.2f}, which is enough, but cosine {cosine:.2f} of at least {params.min_cosine:.2f}"
    else:
        return (
            f"Alike (Jaccard {jaccard:.2f}, cosine {cosine:.2f}), but not searched for: a notice, a text of fewer than "
            f"{report.config.shingle.min_tokens} words, or a level or pair that the settings leave out."
        )
    return f"Not a repeat: the two paragraphs that are most alike have {missing}."
