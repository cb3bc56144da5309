"""What of some text stands in other text: tokens in runs of three that both have, and who may go because of whom."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from dedup.kernels import inline, kernel
from dedup.kernels.hashing import fmix64, sequence_hash

#: Tokens in a run.
RUN = 3
_NUMBER = np.uint64(0xD6E8FEB86659FD93)


@inline
def _find_slot(keys, stamps, stamp, key):
    """Return the slot that has a key, or the free one where it belongs; a slot counts if it has the stamp."""
    mask = len(keys) - 1
    slot = np.int64(key & np.uint64(mask))
    while stamps[slot] == stamp and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@inline
def _add(keys, stamps, stamp, key):
    slot = _find_slot(keys, stamps, stamp, key)
    keys[slot] = key
    stamps[slot] = stamp


@inline
def _has(keys, stamps, stamp, key):
    return stamps[_find_slot(keys, stamps, stamp, key)] == stamp


@inline
def _add_span(values, numbers, owners, gone, first, last, keys, stamps, stamp):
    """Take in the runs, and the numbers, of what still stands of a span."""
    for i in range(first, last):
        if gone[owners[i]]:
            continue
        if numbers[i]:
            _add(keys, stamps, stamp, fmix64(values[i] ^ _NUMBER))
        if i + RUN <= last and not gone[owners[i + 1]] and not gone[owners[i + 2]]:
            _add(keys, stamps, stamp, sequence_hash(values, i, i + RUN))


@inline
def _cover_span(values, first, last, keys, stamps, stamp, covered):
    """Mark the tokens of a span that stand in a known run."""
    for i in range(first, last - RUN + 1):
        if _has(keys, stamps, stamp, sequence_hash(values, i, i + RUN)):
            covered[i : i + RUN] = 1


@inline
def _count_covered(values, numbers, offsets, unit, keys, stamps, stamp, covered, strict):
    """Return how many tokens of a unit are marked; none if ``strict`` and it has a number that is not known."""
    total = 0
    for i in range(offsets[unit], offsets[unit + 1]):
        total += covered[i]
        if strict and numbers[i] and not _has(keys, stamps, stamp, fmix64(values[i] ^ _NUMBER)):
            return 0
    return total


@kernel
def cover_articles(values, numbers, owners, offsets, gone, spans, edges, strict, keys, stamps, covered, counts):
    """Fill how many tokens of each edge's goer stand in its stayer.

    Parameters
    ----------
    values : uint64[t]
    numbers : bool[t]
    owners : int32[t]
        Unit of each token.
    offsets : int64[u + 1]
        Tokens of each unit.
    gone : bool[u]
    spans : int64[q, 4]
        Tokens that match: first and last of the goer, first and last of the stayer.
    edges : int64[e + 1]
        Edge ``i`` has the spans ``edges[i]`` to ``edges[i + 1]``.
    strict : bool
        A unit with a number that the stayer has not counts as nothing.
    keys, stamps : uint64[2**p], int64[2**p]
        A table with room for four times the tokens of any edge, its stamps 0.
    covered : uint8[t]
        All 0, and again so afterwards.
    counts : int64[e]
    """
    for edge in range(len(edges) - 1):
        stamp = np.int64(edge + 1)
        rows = range(edges[edge], edges[edge + 1])
        for row in rows:
            _add_span(values, numbers, owners, gone, spans[row, 2], spans[row, 3], keys, stamps, stamp)
        for row in rows:
            _cover_span(values, spans[row, 0], spans[row, 1], keys, stamps, stamp, covered)
        total = 0
        for row in rows:
            if spans[row, 0] == spans[row, 1]:
                continue
            for unit in range(owners[spans[row, 0]], owners[spans[row, 1] - 1] + 1):
                total += _count_covered(values, numbers, offsets, unit, keys, stamps, stamp, covered, strict)
                covered[offsets[unit] : offsets[unit + 1]] = 0  # so that the next span counts none of them again
        counts[edge] = total


@kernel
def choose_articles(goers, stayers, enough, pin_first, dropped, pinned, chosen):
    """Mark the edges by which articles go, so that what each of them stands in stays.

    The first ``pin_first`` edges have the most preferred goers first, and stayers that are preferred to them; an edge
    behind them counts only where its goer is nobody's stayer yet.
    """
    for edge in range(len(goers)):
        goer, stayer = goers[edge], stayers[edge]
        if not enough[edge] or dropped[goer] or dropped[stayer] or (edge >= pin_first and pinned[goer]):
            continue
        dropped[goer] = True
        pinned[stayer] = True
        chosen[edge] = True


@inline
def _thin_place(
    values,
    owners,
    offsets,
    gone,
    pinned,
    pinned_by,
    first,
    last,
    group,
    min_share,
    keys,
    stamps,
    stamp,
    covered,
    out,
    shares,
):
    """Let go of the units of a place that are known, take in the others; returns bits: 1 a unit went, 2 one stays."""
    found = 0
    _cover_span(values, first, last, keys, stamps, stamp, covered)
    for unit in range(owners[first], owners[last - 1] + 1):
        n = _count_covered(values, owners, offsets, unit, keys, stamps, stamp, covered, False)
        size = offsets[unit + 1] - offsets[unit]
        if not (gone[unit] or pinned[unit]) and n > 0 and n / size >= min_share:
            gone[unit] = True
            out[unit] = group
            shares[unit] = np.float32(n / size)
            found |= 1
        elif not gone[unit]:
            found |= 2
        covered[offsets[unit] : offsets[unit + 1]] = 0
    if not found & 2:
        return found
    for unit in range(owners[first], owners[last - 1] + 1):
        if not (pinned[unit] or gone[unit]):
            pinned[unit] = True
            pinned_by[unit] = group
    for i in range(first, last - RUN + 1):
        if not (gone[owners[i]] or gone[owners[i + 1]] or gone[owners[i + 2]]):
            _add(keys, stamps, stamp, sequence_hash(values, i, i + RUN))
    return found


@kernel
def thin_notices(
    values,
    owners,
    offsets,
    gone,
    pinned,
    pinned_by,
    places,
    groups,
    min_share,
    keys,
    stamps,
    covered,
    out,
    shares,
    stays,
):
    """Fill for each unit the notice because of which it goes (else -1), and tell which places stay, if in part only.

    The most preferred place of a notice stays, and whatever the places that stay do not say yet. Only where nothing
    goes by that, what a less preferred place holds, and more, goes for that place.

    Parameters
    ----------
    pinned_by : int64[u]
        All -1; the notice that pinned a unit.
    places : int64[p, 2]
        First and last token.
    groups : int64[g + 1]
        Places of a notice, the most preferred first.
    out, shares : int64[u], float32[u]
        The notice, and how much of the unit stands in the places of it that stay.
    stays : bool[p]
    """
    for group in range(len(groups) - 1):
        for turn in range(2):
            any_went = False
            for i in range(groups[group + 1] - groups[group]):
                place = groups[group + 1] - 1 - i if turn else groups[group] + i
                first, last = places[place, 0], places[place, 1]
                if first == last:
                    continue
                found = _thin_place(
                    values, owners, offsets, gone, pinned, pinned_by, first, last, group, min_share,
                    keys, stamps, np.int64(2 * group + turn + 1), covered, out, shares,
                )  # fmt: skip
                stays[place] = (found & 2) != 0
                any_went = any_went or (found & 1) != 0
            if any_went:
                break
            for place in range(groups[group], groups[group + 1]):
                first, last = places[place, 0], places[place, 1]
                for unit in range(owners[first], owners[last - 1] + 1) if first < last else range(0):
                    if pinned_by[unit] == group:
                        pinned[unit] = False
                        pinned_by[unit] = -1


@kernel
def thin_passages(
    values, numbers, owners, offsets, gone, pinned, spans, drops, min_share, strict, keys, stamps, covered, out, shares
):
    """Fill for each unit the passage because of which it goes or is marked (else -1), and its share that is covered.

    Parameters
    ----------
    spans : int64[q, 4]
        As for `cover_articles`, in the order in which they are tried.
    drops : bool[q]
        What goes is no longer there for the passages that follow; what is marked is.
    pinned : bool[u]
        Units because of which others go; they stay.
    out, shares : int64[u], float32[u]
    """
    for row in range(len(spans)):
        first, last = spans[row, 0], spans[row, 1]
        if first == last or spans[row, 2] == spans[row, 3]:
            continue
        stamp = np.int64(row + 1)
        _add_span(values, numbers, owners, gone, spans[row, 2], spans[row, 3], keys, stamps, stamp)
        _cover_span(values, first, last, keys, stamps, stamp, covered)
        found = False
        for unit in range(owners[first], owners[last - 1] + 1):
            if not (gone[unit] or pinned[unit] or out[unit] >= 0):
                n = _count_covered(values, numbers, offsets, unit, keys, stamps, stamp, covered, strict)
                size = offsets[unit + 1] - offsets[unit]
                if n > 0 and n / size >= min_share:
                    found = True
                    gone[unit] = drops[row]
                    out[unit] = row
                    shares[unit] = np.float32(n / size)
            covered[offsets[unit] : offsets[unit + 1]] = 0
        if found:
            for unit in range(owners[spans[row, 2]], owners[spans[row, 3] - 1] + 1):
                pinned[unit] = pinned[unit] or not gone[unit]


@kernel
def best_shares(values, numbers, owners, offsets, gone, spans, strict, keys, stamps, covered, shares):
    """Fill for each pair of spans the largest share of a unit of the goer that stands in the stayer.

    Parameters
    ----------
    spans : int64[q, 4]
        As for `cover_articles`.
    shares : float64[q]
    """
    for row in range(len(spans)):
        first, last = spans[row, 0], spans[row, 1]
        shares[row] = 0
        if first == last:
            continue
        stamp = np.int64(row + 1)
        _add_span(values, numbers, owners, gone, spans[row, 2], spans[row, 3], keys, stamps, stamp)
        _cover_span(values, first, last, keys, stamps, stamp, covered)
        for unit in range(owners[first], owners[last - 1] + 1):
            n = _count_covered(values, numbers, offsets, unit, keys, stamps, stamp, covered, strict)
            size = offsets[unit + 1] - offsets[unit]
            if n > 0 and n / size > shares[row]:
                shares[row] = n / size
            covered[offsets[unit] : offsets[unit + 1]] = 0


@kernel
def cut_spans(text, starts, ends, articles, gone, out):
    """Fill the byte spans that go with units, with the white space that would be left over; returns their number.

    Between two units that stay, the strongest of the gaps stays: the one with most line ends, else the first.

    Parameters
    ----------
    text : uint8[total]
    starts, ends, articles : int64[u], int64[u], int32[u]
        All sentences of all bodies, sorted.
    gone : bool[u]
    out : int64[n, 2]
        Room for two spans a unit that goes.
    """
    n = 0
    i = 0
    while i < len(starts):
        if not gone[i]:
            i += 1
            continue
        last = i
        while last + 1 < len(starts) and gone[last + 1] and articles[last + 1] == articles[i]:
            last += 1
        follows = i > 0 and articles[i - 1] == articles[i]
        leads = last + 1 < len(starts) and articles[last + 1] == articles[i]
        if follows and leads:
            best, most = i, -1
            for gap in range(i, last + 2):
                lines = 0
                for j in range(ends[gap - 1], starts[gap]):
                    lines += text[j] == 10
                if lines > most:
                    best, most = gap, lines
            if ends[best - 1] > ends[i - 1]:
                out[n, 0], out[n, 1] = ends[i - 1], ends[best - 1]
                n += 1
            if starts[best] < starts[last + 1]:
                out[n, 0], out[n, 1] = starts[best], starts[last + 1]
                n += 1
        else:
            out[n, 0] = ends[i - 1] if follows else starts[i]
            out[n, 1] = starts[last + 1] if leads else ends[last]
            n += 1
        i = last + 1
    return n
