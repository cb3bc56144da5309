"""Articles -> the same articles without their text: segments, and tokens as hashes, from which all stages can go on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import Articles, Hashed, Level, Segments, Tokens
from dedup.segment import SegmentParams, segment
from dedup.shingles import leaves
from dedup.spans import compact, is_apart
from dedup.tokens import TokenParams, TokenSpace, tokenize

#: Text that is cut as one task.
_TASK_BYTES = 1 << 20
#: White space of so many bytes, but for the last, a format character: there is no white space of four.
_BLANKS = {2: "\u00a0", 3: "\u2003", 4: "\U000e0020"}
_LEADS = {2: (0xC0, 0xE0), 3: (0xE0, 0xF0), 4: (0xF0, 0xF8)}
_LINE_FEED = np.uint8(10)
_SPACE = np.uint8(32)


def tokens_of(
    articles: Articles,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    params: TokenParams,
    *,
    space: TokenSpace | None = None,
) -> Tokens:
    """Return the tokens of spans of articles, from their text or from what there is instead of it.

    Parameters
    ----------
    articles : Articles
    starts, ends : int64[m]
        Spans as of `tokenize`; of articles without text they begin and end with a token, a segment or an article.
    params : TokenParams
        Of articles without text, those that they were made with.
    space : TokenSpace, optional
        As of `tokenize`; with it they are taken to stand one behind the other in the text.
    """
    hashed = articles.hashed
    if hashed is None and space is None:
        text, moved, moved_ends = compact(articles.text, starts, ends)
        tokens = tokenize(text, moved, moved_ends, params)
        return tokens if moved is starts else _move(tokens, starts - moved)
    if hashed is None:
        return tokenize(articles.text, starts, ends, params, space=space)
    firsts, counts = _inside(hashed.starts, hashed.ends, starts, ends)
    read = tokenize(articles.text, starts, np.where(counts > 0, starts, ends), params, space=space)
    sums = np.append(0, np.cumsum(counts))
    # A span has its tokens from one of the two.
    of_hashed = np.zeros(len(read.values) + int(sums[-1]), np.bool_)
    of_hashed[np.repeat(read.offsets[:-1], counts) + np.arange(sums[-1])] = True
    rows = np.repeat(firsts - sums[:-1], counts) + np.arange(sums[-1])
    values, first, last = np.empty(len(of_hashed), np.uint64), *np.empty((2, len(of_hashed)), np.int64)
    for column, kept, made in (
        (values, hashed.values, read.values),
        (first, hashed.starts, read.starts),
        (last, hashed.ends, read.ends),
    ):
        column[of_hashed], column[~of_hashed] = kept[rows], made
    tokens = Tokens(values, first, last, read.offsets + sums, read.invalid)
    return _join(tokens, hashed, starts, ends) if len(hashed.joined_starts) else tokens


def _move(tokens: Tokens, by: NDArray[np.int64]) -> Tokens:
    """Return tokens that stand further on, those of each span by so many bytes."""
    steps = np.repeat(by, np.diff(tokens.offsets))
    return replace(tokens, starts=tokens.starts + steps, ends=tokens.ends + steps)


def _inside(
    token_starts: NDArray[np.int64],
    token_ends: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first token that is inside of each span, and how many are."""
    firsts = np.searchsorted(token_starts, starts, "left")
    return firsts, np.maximum(np.searchsorted(token_ends, ends, "right") - firsts, 0)


def _join(tokens: Tokens, hashed: Hashed, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Tokens:
    """Return tokens with those that are joined in place of their parts."""
    firsts, counts = _inside(hashed.joined_starts, hashed.joined_ends, starts, ends)
    keep = np.ones(len(tokens.values), np.bool_)
    values, token_ends = tokens.values.copy(), tokens.ends.copy()
    for row in np.flatnonzero(counts).tolist():
        low, high = tokens.offsets[row : row + 2]
        for joined in range(firsts[row], firsts[row] + counts[row]):
            a = low + np.searchsorted(tokens.starts[low:high], hashed.joined_starts[joined])
            b = low + np.searchsorted(tokens.starts[low:high], hashed.joined_ends[joined])
            if a == high or tokens.starts[a] != hashed.joined_starts[joined]:
                continue  # a mark on nothing at the edge
            values[a], token_ends[a] = hashed.joined_values[joined], hashed.joined_ends[joined]
            keep[a + 1 : b] = False
    offsets = np.append(0, np.cumsum(keep))[tokens.offsets]
    return Tokens(values[keep], tokens.starts[keep], token_ends[keep], offsets, tokens.invalid)


def mark_numbers(articles: Articles, tokens: Tokens, values: NDArray[np.int32]) -> None:
    """Move each value one bit up and set the lowest if its token begins or ends with a digit."""
    from dedup.kernels import passages as kernels

    text, places = articles.text, tokens
    if is_apart(text):
        rows = np.flatnonzero(np.diff(tokens.offsets))
        starts, ends = tokens.starts[tokens.offsets[rows]], tokens.ends[tokens.offsets[rows + 1] - 1]
        text, moved, _ = compact(text, starts, ends)
        shifts = np.zeros(len(tokens.offsets) - 1, np.int64)
        shifts[rows] = moved - starts
        places = _move(tokens, shifts)
    kernels.mark_numbers(text, places.starts, places.ends, values)
    hashed = articles.hashed
    if hashed is None or not len(hashed.starts):
        return
    # Tokens that start at one byte are of one character, and all numbers or none.
    at = np.minimum(np.searchsorted(hashed.starts, tokens.starts), len(hashed.starts) - 1)
    values |= (hashed.starts[at] == tokens.starts) & hashed.numbers[at]


def segments_of(articles: Articles, shard: tuple[int, int], params: SegmentParams) -> Segments:
    """Return the segments of the articles from the first to before the last of ``shard``; parents count from there."""
    first, last = shard
    read = segment(
        articles.text, articles.offsets[first : last + 1], articles.body_starts[first:last], params, first_article=first
    )
    if articles.hashed is None:
        return read
    own = articles.hashed.segments
    a, b = row_edges(own, first, last)[[0, -1]].tolist()
    kept = np.flatnonzero(~articles.hashed.articles[read.articles])  # blanks may be a paragraph
    # Rows of both, those of an article together, as they were.
    owners = np.concatenate([read.articles[kept], own.articles[a:b]])
    order = np.argsort(owners, kind="stable")
    moved = np.empty(len(owners), np.int32)
    moved[order] = np.arange(len(owners), dtype=np.int32)
    new_rows = np.zeros(len(read) + 1, np.int64)  # the last is that of no parent
    new_rows[kept] = np.arange(len(kept))
    parents = np.concatenate([new_rows[read.parents[kept]], own.parents[a:b].astype(np.int64) - a + len(kept)])
    has_parent = np.concatenate([read.parents[kept], own.parents[a:b]]) >= 0
    parents = np.where(has_parent, moved[np.where(has_parent, parents, 0)] if len(moved) else 0, -1)

    def column(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(read, name)[kept], getattr(own, name)[a:b]])[order]

    return Segments(
        column("starts"),  # type: ignore[arg-type]
        column("ends"),  # type: ignore[arg-type]
        owners[order],
        column("levels"),  # type: ignore[arg-type]
        parents[order].astype(np.int32),
    )


def row_edges(segments: Segments, first: int, last: int) -> NDArray[np.int64]:
    """Return where the segments of articles ``first`` to ``last - 1`` begin, and where the last of these ends."""
    # Of another type than the column, they would have all of it converted.
    return np.searchsorted(segments.articles, np.arange(first, last + 1, dtype=segments.articles.dtype))


def has_text(articles: Articles) -> NDArray[np.bool_]:
    """Tell which articles have their text: bool[n]."""
    return np.ones(len(articles), np.bool_) if articles.hashed is None else ~articles.hashed.articles


def without_text(articles: Articles, segmenting: SegmentParams, params: TokenParams, executor: Executor) -> Articles:
    """Return articles that have their text with blanks and hashes instead of it.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from dedup import articles_of
    >>> with ThreadPoolExecutor(1) as executor:
    ...     bare = without_text(articles_of(["It rose 3%."]), SegmentParams(), TokenParams(), executor)
    >>> bare.text.tobytes().isspace(), bare.hashed.starts.tolist(), bare.hashed.numbers.tolist()
    (True, [0, 3, 8], [False, False, True])
    """
    offsets = articles.offsets
    edges = np.unique(np.searchsorted(offsets, np.arange(offsets[0], offsets[-1], _TASK_BYTES)))
    bounds = [0, *edges[(edges > 0) & (edges < len(articles))].tolist(), len(articles)]
    shards = list(pairwise(bounds))
    parts = list(executor.map(lambda shard: _hash(articles, shard, segmenting, params), shards))
    pieces = np.append(offsets[:-1], articles.body_starts)
    return replace(
        articles, text=blank(articles.text, np.append(np.sort(pieces), offsets[-1])), hashed=join_hashed(parts)
    )


def _hash(articles: Articles, shard: tuple[int, int], segmenting: SegmentParams, params: TokenParams) -> Hashed:
    """Return some articles as hashes."""
    first, last = shard
    found = segments_of(articles, shard, segmenting)
    leaf = np.flatnonzero(leaves(found))
    tokens = tokenize(articles.text, found.starts[leaf], found.ends[leaf], params)
    numbers = np.zeros(len(tokens.values), np.int32)
    mark_numbers(articles, tokens, numbers)
    whole = tokenize(articles.text, articles.body_starts[first:last], articles.offsets[first + 1 : last + 1], params)
    of_body = np.repeat((found.levels[leaf] & Level.TITLE) == 0, np.diff(tokens.offsets))
    joined = _differing(whole, tokens.starts[of_body], tokens.ends[of_body])
    return Hashed(
        np.ones(last - first, np.bool_),
        found,
        tokens.values,
        tokens.starts,
        tokens.ends,
        numbers > 0,
        whole.values[joined],
        whole.starts[joined],
        whole.ends[joined],
    )


def _differing(whole: Tokens, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the tokens of whole bodies that are none of their segments, which have these spans."""
    if np.array_equal(whole.starts, starts) and np.array_equal(whole.ends, ends):
        return np.empty(0, np.int64)
    own = set(zip(starts.tolist(), ends.tolist(), strict=True))
    spans = zip(whole.starts.tolist(), whole.ends.tolist(), strict=True)
    return np.array([i for i, span in enumerate(spans) if span not in own], np.int64)


def join_hashed(parts: Sequence[Hashed]) -> Hashed:
    """Return the hashes of several tables of articles as those of one.

    Parameters
    ----------
    parts : sequence of Hashed
        With articles and positions as they are in the whole.
    """
    sizes = np.cumsum([0, *(len(part.segments) for part in parts)])
    parents = [
        np.where(part.segments.parents >= 0, part.segments.parents + size, -1)
        for part, size in zip(parts, sizes.tolist(), strict=False)
    ]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part.segments, name) for part in parts])
        for name in ("starts", "ends", "articles", "levels")
    }
    others: dict[str, Any] = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(Hashed)
        if one.name != "segments"
    }
    return Hashed(segments=Segments(parents=np.concatenate(parents).astype(np.int32), **columns), **others)


def no_hashed(n_articles: int) -> Hashed:
    """Return what there is instead of text of articles that have theirs: nothing."""
    places, hashes = np.empty(0, np.int64), np.empty(0, np.uint64)
    rows = np.empty(0, np.int32)
    return Hashed(
        np.zeros(n_articles, np.bool_),
        Segments(places, places, rows, np.empty(0, np.uint8), rows),
        hashes,
        places,
        places,
        np.empty(0, np.bool_),
        hashes,
        places,
        places,
    )


def shift_hashed(hashed: Hashed, bytes_on: int, articles_on: int) -> Hashed:
    """Return hashes of the same articles where they stand further on in a table."""
    own = hashed.segments
    segments = replace(
        own, starts=own.starts + bytes_on, ends=own.ends + bytes_on, articles=own.articles + np.int32(articles_on)
    )
    names = ("starts", "ends", "joined_starts", "joined_ends")
    return replace(hashed, segments=segments, **{name: getattr(hashed, name) + bytes_on for name in names})


def take_hashed(articles: Articles, rows: NDArray[np.int64]) -> Hashed:
    """Return the hashes of some articles (ascending), which are a table of their own."""
    hashed = articles.hashed
    assert hashed is not None
    sizes = np.diff(articles.offsets)[rows]
    parts = []
    for number, (row, at) in enumerate(zip(rows.tolist(), (np.cumsum(sizes) - sizes).tolist(), strict=True)):
        first, last = int(articles.offsets[row]), int(articles.offsets[row + 1])
        parts.append(shift_hashed(_cut(hashed, row, first, last), at - first, number - row))
    return join_hashed(parts) if parts else no_hashed(0)


def _cut(hashed: Hashed, article: int, first: int, last: int) -> Hashed:
    own = hashed.segments
    a, b = row_edges(own, article, article + 1).tolist()
    segments = Segments(
        own.starts[a:b],
        own.ends[a:b],
        own.articles[a:b],
        own.levels[a:b],
        np.where(own.parents[a:b] >= 0, own.parents[a:b] - np.int32(a), np.int32(-1)),
    )
    tokens = slice(*np.searchsorted(hashed.starts, [first, last]))
    joined = slice(*np.searchsorted(hashed.joined_starts, [first, last]))
    columns = {name: getattr(hashed, name)[tokens] for name in ("values", "starts", "ends", "numbers")}
    columns |= {f"joined_{name}": getattr(hashed, f"joined_{name}")[joined] for name in ("values", "starts", "ends")}
    return Hashed(articles=hashed.articles[article : article + 1], segments=segments, **columns)


def blank(text: NDArray[np.uint8], bounds: NDArray[np.int64]) -> NDArray[np.uint8]:
    r"""Return a text with a blank for each character, of as many bytes: lines and columns stay what they are.

    Parameters
    ----------
    text : uint8[total]
        UTF-8; an invalid sequence is as many characters as ``bytes.decode(errors="replace")`` makes of it.
    bounds : int64[p + 1]
        Ascending: where titles and bodies begin, and the end of the last.

    Examples
    --------
    >>> made = blank(np.frombuffer("né\nà la €".encode(), np.uint8), np.array([0, 13]))
    >>> made.tobytes().decode()
    ' \xa0\n\xa0    \u2003'
    """
    out = np.full(len(text), _SPACE)
    out[text == _LINE_FEED] = _LINE_FEED
    many = text >= 0x80
    if not many.any():
        return out
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        part = slice(start, end)
        if many[part].any():
            _blank_characters(text[part], out[part])
    return out


def _blank_characters(text: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Fill in the blanks of more than one byte."""
    at, data = 0, text.data
    while True:
        try:
            str(data[at:], "utf-8")
            end, invalid = len(text), 0
        except UnicodeDecodeError as error:
            end, invalid = at + error.start, error.end - error.start
        for width, (low, high) in _LEADS.items():
            leads = at + np.flatnonzero((text[at:end] >= low) & (text[at:end] < high))
            for i, byte in enumerate(_BLANKS[width].encode()):
                out[leads + i] = byte
        if invalid > 1:
            out[end : end + invalid] = np.frombuffer(_BLANKS[invalid].encode(), np.uint8)
        if not invalid:
            return
        at = end + invalid
