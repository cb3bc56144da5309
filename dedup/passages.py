"""Links between places -> passages that begin and end where the copying does."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Tokens in an anchor; runs are searched through anchors of this length.
ANCHOR_TOKENS = 8
#: An anchor in more places is thinned: each place is paired with the first and with its neighbour only.
MAX_ANCHOR_PLACES = 64
#: How far an alignment looks beyond the matched segments at first, and how far off their diagonals, in tokens.
_MARGIN = 24
_SLACK = 12
#: A match of which the alignment has a smaller share than this stands as it was matched.
_MIN_ALIGNED = 0.4
#: A changed word or three at the edge of a sentence do not end a passage before it.
_SNAP = 3
#: So many tokens beyond the edge of a sentence are equal by chance ("The ..." after the copied paragraph).
_STRAY = 2


@dataclass(frozen=True, slots=True)
class PassageParams:
    """What makes a passage.

    Attributes
    ----------
    min_run : int
        So many equal tokens in a row are a passage even where the segments around them do not match: the copied part
        of a longer sentence. 0 searches none.
    max_gap : int
        So many tokens may lie between two matched parts of one passage, on either side.
    """

    min_run: int = 20
    max_gap: int = 12

    def __post_init__(self) -> None:
        if self.min_run != 0 and self.min_run < ANCHOR_TOKENS:
            raise ValueError(f"passages: min_run is {self.min_run}; allowed: 0, or at least {ANCHOR_TOKENS}")
        if self.max_gap < 0:
            raise ValueError(f"passages: max_gap is {self.max_gap}; it cannot be negative")


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Winnowed hashes of token windows that may stand elsewhere too.

    Attributes
    ----------
    keys : uint64[q]
    rows : int32[q]
        Distinct rows.
    positions : int32[q]
        First token of the window in its row.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]
    positions: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class AnchorPairs:
    """Pairs of rows with an equal anchor: int32[q] each."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    left_positions: NDArray[np.int32]
    right_positions: NDArray[np.int32]
    thinned: int


def pair_anchors(anchors: Anchors) -> AnchorPairs:
    """Return the pairs of rows that share an anchor, one pair for each pair of rows and diagonal."""
    from dedup.kernels import passages as kernels
    from dedup.kernels.sort import radix_argsort

    # By row first: the radix sort is stable, so equal anchors come in the order of their rows.
    by_key = np.lexsort((anchors.positions, anchors.rows)).astype(np.uint32)
    keys = anchors.keys[by_key]
    radix_argsort(keys, 64, by_key, np.empty_like(keys), np.empty_like(by_key))
    rows, positions = anchors.rows[by_key], anchors.positions[by_key]
    size = len(keys) + 16
    while True:
        columns = [np.empty(size, np.int32) for _ in range(4)]
        thinned = np.zeros(1, np.int64)
        used = kernels.pair_anchors(
            keys, rows, positions, MAX_ANCHOR_PLACES, columns[0], columns[1], columns[2], columns[3], thinned
        )
        if used >= 0:
            break
        size = -1 - used
    left, right, left_positions, right_positions = (column[:used] for column in columns)
    diagonal = right_positions - left_positions
    order = np.lexsort((left_positions, diagonal, right, left))
    stacked = np.stack([left[order], right[order], diagonal[order]])
    first = np.append(True, (stacked[:, 1:] != stacked[:, :-1]).any(axis=0)) if used else np.empty(0, np.bool_)
    keep = order[first]
    return AnchorPairs(left[keep], right[keep], left_positions[keep], right_positions[keep], int(thinned[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Pairs of blocks of tokens that match: the stuff of passages.

    Positions count the tokens of the whole corpus. The left article is the earlier one.

    Attributes
    ----------
    left_articles, right_articles : int32[q]
    lefts, left_ends, rights, right_ends : int64[q]
    are_runs : bool[q]
        The block is an anchor and not a matched segment.
    """

    left_articles: NDArray[np.int32]
    right_articles: NDArray[np.int32]
    lefts: NDArray[np.int64]
    left_ends: NDArray[np.int64]
    rights: NDArray[np.int64]
    right_ends: NDArray[np.int64]
    are_runs: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lefts)


@dataclass(frozen=True, slots=True, eq=False)
class ArticleTokens:
    """The body tokens of some articles.

    Attributes
    ----------
    values : int32[t]
        Term id times two, plus one if the token has a digit.
    shifts : int64[n]
        A token at corpus position ``p`` of article ``a`` is ``values[p + shifts[a]]``.
    firsts, lasts : int64[n]
        Corpus positions of the article's body.
    """

    values: NDArray[np.int32]
    shifts: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TokenSpans:
    """Passages, in tokens.

    Attributes
    ----------
    left_articles, right_articles : int32[q]
    lefts, left_ends, rights, right_ends : int64[q]
        Corpus positions of tokens.
    matched : int32[q]
        Equal tokens of the alignment.
    numbers_changed : bool[q]
    jaccard, containment, cosine : float32[q]
    """

    left_articles: NDArray[np.int32]
    right_articles: NDArray[np.int32]
    lefts: NDArray[np.int64]
    left_ends: NDArray[np.int64]
    rights: NDArray[np.int64]
    right_ends: NDArray[np.int64]
    matched: NDArray[np.int32]
    numbers_changed: NDArray[np.bool_]
    jaccard: NDArray[np.float32]
    containment: NDArray[np.float32]
    cosine: NDArray[np.float32]


def find_passages(
    links: Links,
    tokens: ArticleTokens,
    leaf_firsts: NDArray[np.int64],
    leaf_lasts: NDArray[np.int64],
    idf: NDArray[np.float64],
    k: int,
    params: PassageParams,
    executor: Executor,
    *,
    jobs: int = 1,
) -> TokenSpans:
    """Return the passages that the links make up, sorted by articles and position.

    Links of an article pair that follow each other on both sides become one; its edges are moved to where the best
    local alignment of the tokens begins and ends, and from there to the edge of the sentence if that is no more than a
    few tokens on. A passage of runs alone needs ``min_run`` equal tokens.

    Parameters
    ----------
    leaf_firsts, leaf_lasts : int64[s]
        Corpus positions of the sentences, ascending.
    idf : float64[terms]
    k : int
        Tokens in a shingle, for the scores.
    """
    chains, pairs, copies, left_articles, right_articles, are_runs = _chain(links, params.max_gap)
    inside = left_articles == right_articles
    bounds = np.stack(
        [
            np.maximum(copies[:, 0], tokens.firsts[left_articles]),
            np.minimum(copies[:, 1], tokens.lasts[left_articles]),
            np.maximum(copies[:, 2], tokens.firsts[right_articles]),
            np.minimum(copies[:, 3], tokens.lasts[right_articles]),
        ],
        axis=1,
    )
    # Corpus positions -> positions in the gathered values, and back at the end.
    shift = np.stack([tokens.shifts[left_articles]] * 2 + [tokens.shifts[right_articles]] * 2, axis=1)
    diagonal_shift = (tokens.shifts[right_articles] - tokens.shifts[left_articles])[:, None]
    chains = np.hstack([chains[:, :4] + shift, chains[:, 4:] + diagonal_shift])
    bounds = bounds + shift
    out, scores = np.empty((len(chains), 6), np.int64), np.empty((3, len(chains)), np.float32)
    is_long = np.empty(len(chains), np.bool_)

    def work(part: slice) -> None:
        from dedup.kernels import align as kernels
        from dedup.kernels.span_scores import score_spans

        spans = out[part]
        kernels.refine(tokens.values, chains[part], pairs[part], inside[part], bounds[part], _MARGIN, _SLACK, spans)
        is_long[part] = spans[:, 4] >= params.min_run
        # The same words in another order: alike as a whole, in no run of tokens that would say where.
        blocks = chains[part, :4]
        shorter = np.minimum(blocks[:, 1] - blocks[:, 0], blocks[:, 3] - blocks[:, 2])
        jumbled = (spans[:, 4] > 0) & (spans[:, 4] < _MIN_ALIGNED * shorter) & ~are_runs[part]
        spans[jumbled, :4] = blocks[jumbled]
        sentences = _sentences(spans, shift[part], leaf_firsts, leaf_lasts)
        kernels.settle(tokens.values, spans, sentences, bounds[part], inside[part], _SNAP, _STRAY)
        score_spans(tokens.values, spans, k, idf, *(score[part] for score in scores))

    list(executor.map(work, _cut(pairs, max(64, -(-len(chains) // (16 * jobs))))))
    keep = (out[:, 4] > 0) & (~are_runs | is_long)
    spans = out[:, :4] - shift
    keep &= ~_repeated(left_articles, right_articles, spans, keep)
    return TokenSpans(
        left_articles[keep],
        right_articles[keep],
        spans[keep, 0],
        spans[keep, 1],
        spans[keep, 2],
        spans[keep, 3],
        out[keep, 4].astype(np.int32),
        out[keep, 5] > 0,
        scores[0, keep],
        scores[1, keep],
        scores[2, keep],
    )


def _cut(pairs: NDArray[np.int64], step: int) -> list[slice]:
    """Return slices of about ``step`` chains, the chains of an article pair in one: the answer depends on no cut."""
    edges = np.searchsorted(pairs, pairs[np.arange(0, len(pairs), step)]) if len(pairs) else np.empty(0, np.int64)
    edges = np.append(np.unique(edges), len(pairs))
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def _sentences(
    spans: NDArray[np.int64], shift: NDArray[np.int64], firsts: NDArray[np.int64], lasts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sentences in which the spans begin and end, as `settle` wants them: int64[q, 8]."""
    wanted = spans[:, :4] - shift - [0, 1, 0, 1]
    at = np.searchsorted(firsts, wanted.ravel(), "right").reshape(wanted.shape) - 1
    edges = np.stack([firsts[at], lasts[at]], axis=2) + shift[:, :, None]
    return edges.reshape(len(spans), 8)


def _chain(
    links: Links, max_gap: int
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]
]:
    """Return the chains, which of them are made of runs alone, and what they belong to.

    Returns
    -------
    int64[q, 6]
        As `chain_blocks` gives them.
    int64[q]
        Numbers of their article pairs.
    int64[q, 4]
        How far they may be extended, other copies of them considered.
    int32[q], int32[q]
        The articles.
    bool[q]
    """
    from dedup.kernels import passages as kernels

    order = np.lexsort((-links.left_ends, links.rights, links.lefts, links.right_articles, links.left_articles))
    left, right = links.left_articles[order], links.right_articles[order]
    new = np.append(True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])) if len(links) else np.empty(0, np.bool_)
    numbers = np.cumsum(new) - 1
    lefts, left_ends, rights, right_ends = (
        column[order] for column in (links.lefts, links.left_ends, links.rights, links.right_ends)
    )
    copies = _between_copies(left == right, lefts, left_ends, rights)
    out = np.empty((len(links), 6), np.int64)
    blocks, runs = np.empty(len(links), np.int64), np.empty(len(links), np.bool_)
    used = kernels.chain_blocks(
        numbers, lefts, left_ends, rights, right_ends, copies, links.are_runs[order], max_gap, out, blocks, runs
    )
    chains, blocks = out[:used], blocks[:used]
    copies = copies[blocks]
    copies[:, 1::2] = np.maximum(copies[:, 1::2], chains[:, 1:4:2])
    copies[:, ::2] = np.minimum(copies[:, ::2], chains[:, 0:4:2])
    return chains, numbers[blocks], copies, left[blocks], right[blocks], runs[:used]


def _between_copies(
    inside: NDArray[np.bool_], lefts: NDArray[np.int64], left_ends: NDArray[np.int64], rights: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where, inside an article, the copies before and after both blocks of a link stand: int64[q, 4].

    A passage does not run over another copy of itself: of a line that stands four times in a row, the first two
    are not a passage that is repeated by the last two. Links are sorted by ``lefts``, then ``rights``.
    """
    limits = np.iinfo(np.int64)
    # Half of the range, for positions will be added.
    bounds = np.tile(np.array([limits.min, limits.max, limits.min, limits.max]) // 2, (len(lefts), 1))
    rows = np.flatnonzero(inside)
    if not len(rows):
        return bounds
    starts, first = np.unique(lefts[rows], return_index=True)
    following = rights[rows][first]
    order = np.lexsort((left_ends[rows], rights[rows]))
    ends = rights[rows][order]
    last = np.append(np.flatnonzero(ends[1:] != ends[:-1]), len(ends) - 1)
    copied, preceding = ends[last], left_ends[rows][order][last]
    for column, places in ((0, lefts[rows]), (2, rights[rows])):
        at = np.minimum(np.searchsorted(copied, places), len(copied) - 1)
        bounds[rows, column] = np.where(copied[at] == places, preceding[at], bounds[rows, column])
        at = np.minimum(np.searchsorted(starts, places), len(starts) - 1)
        bounds[rows, column + 1] = np.where(starts[at] == places, following[at], bounds[rows, column + 1])
    return bounds


def _repeated(
    left: NDArray[np.int32], right: NDArray[np.int32], spans: NDArray[np.int64], alive: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which spans lie, on both sides, inside another of the same pair: two chains may grow into one passage."""
    from dedup.kernels import passages as kernels

    order = np.lexsort((spans[:, 3], spans[:, 2], -spans[:, 1], spans[:, 0], ~alive, right, left))
    inside = np.zeros(len(left), np.bool_)
    kernels.mark_contained(left[order], right[order], spans[order], alive[order], inside)
    out = np.empty_like(inside)
    out[order] = inside
    return out
