"""UTF-8 bytes -> hashed tokens, or hashed characters, with their byte spans, in one pass.

`scan` has a plain loop over ASCII words. All else goes through a finite automaton over the kinds of folded characters:
its table, made by `transitions`, says which sign may stand inside a token and where a token ends.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# Kernels carry no annotations: numba infers the types, and the caller's docstring gives the shapes.

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import fold_table as kinds
from dedup.kernels import inline, kernel
from dedup.kernels.fold_table import (
    BLOCK_BITS,
    BLOCK_MASK,
    EXPANDED_BIT,
    KIND_BITS,
    KIND_MASK,
    LENGTH_BITS,
    LENGTH_MASK,
    MAX_PARTS,
    PAYLOAD_MASK,
    PAYLOAD_SHIFT,
)
from dedup.kernels.hashing import fmix64

#: A token's polynomial starts here, so that its length counts: bits of the fraction of e.
SEED = np.uint64(0xB7E151628AED2A6B)
#: Its multiplier: odd and without a pattern, so short tokens do not collide.
MULTIPLIER = np.uint64(0xF1357AEA2E62A9C5)
_GAP = np.uint64(ord(" "))
_SPACE = np.uint8(ord(" "))

# States. Up to AFTER_IDEOGRAPH there is no open token; from NUMBER_SIGN on a sign behind it waits for what follows.
SPAN_START = 0
AFTER_TOKEN = 1
AFTER_IDEOGRAPH = 2
SINGLE_LETTER = 3  # a letter is last, and alone since the start of the token or since a stop that was passed over
WORD = 4  # a letter is last
NUMBER = 5  # a digit is last
OTHER = 6  # a low line is last, or a mark on nothing
IDEOGRAPH = 7
NUMBER_SIGN = 8  # stop or comma after a digit
APOSTROPHE = 9  # after a letter
ABBREVIATION = 10  # stop after a single letter
HYPHEN = 11  # hyphen after a letter, then blanks
LINE_END = 12  # the same and a carriage return
NEXT_LINE = 13  # the same and a line feed, then blanks
N_STATES = 14

# What a transition does, in this order; the low bits are the next state.
STATE_MASK = 15
WRITE = 1 << 4  # the open token ends
GAP = 1 << 5  # write the gap behind the last token
BEGIN = 1 << 6  # open a token
TAKE_SIGN = 1 << 7  # the kept sign is part of the token
TAKE = 1 << 8  # the character is
TAKE_MARK = 1 << 9  # the same, but its place among other marks does not count
EXTEND = 1 << 10  # the character has no part in the hash, but in the span
KEEP_SIGN = 1 << 11
_RARE = GAP | TAKE_SIGN | TAKE_MARK | KEEP_SIGN

_SIGNS = {
    (NUMBER, kinds.STOP): NUMBER_SIGN,
    (NUMBER, kinds.COMMA): NUMBER_SIGN,
    (SINGLE_LETTER, kinds.STOP): ABBREVIATION,
    (SINGLE_LETTER, kinds.APOSTROPHE): APOSTROPHE,
    (WORD, kinds.APOSTROPHE): APOSTROPHE,
    (SINGLE_LETTER, kinds.HYPHEN): HYPHEN,
    (WORD, kinds.HYPHEN): HYPHEN,
}
_WAITS = {
    (HYPHEN, kinds.BLANK): HYPHEN,
    (HYPHEN, kinds.CARRIAGE_RETURN): LINE_END,
    (HYPHEN, kinds.LINE_FEED): NEXT_LINE,
    (LINE_END, kinds.LINE_FEED): NEXT_LINE,
    (NEXT_LINE, kinds.BLANK): NEXT_LINE,
}
_RESUMES = {
    (NUMBER_SIGN, kinds.NUMBER): NUMBER,
    (APOSTROPHE, kinds.LETTER): WORD,
    (APOSTROPHE, kinds.LOWER): WORD,
    (ABBREVIATION, kinds.LETTER): SINGLE_LETTER,
    (ABBREVIATION, kinds.LOWER): SINGLE_LETTER,
    (NEXT_LINE, kinds.LOWER): WORD,
}
_BEGINS = {
    kinds.LETTER: SINGLE_LETTER,
    kinds.LOWER: SINGLE_LETTER,
    kinds.NUMBER: NUMBER,
    kinds.CONNECTOR: OTHER,
    kinds.IDEOGRAPH: IDEOGRAPH,
    kinds.SPACING_MARK: OTHER,
    kinds.MARK: OTHER,
}

#: Tokens and gaps that one code point and the end of a span can write at most.
MARGIN = 2 * MAX_PARTS + 2


@cache
def transitions(by_character: bool, join_hyphens: bool) -> NDArray[np.int32]:
    """Return the automaton, for tokens or for single characters: cell ``state << 5 | kind`` has state and actions."""
    table = np.zeros((N_STATES, 1 << KIND_BITS), np.int32)
    for state in range(N_STATES):
        for kind in range(kinds.N_KINDS):
            table[state, kind] = _transition(state, kind, by_character, join_hyphens)
    table.flags.writeable = False
    return table.ravel()


def _transition(state: int, kind: int, by_character: bool, join_hyphens: bool) -> int:
    pair = state, kind
    takes_marks = SINGLE_LETTER <= state <= IDEOGRAPH
    if kind == kinds.IGNORED or pair in _WAITS:
        return _WAITS.get(pair, state)
    if kind == kinds.DROPPED_MARK:
        return state | EXTEND if takes_marks else state
    if pair in _SIGNS and (join_hyphens or kind != kinds.HYPHEN):
        if _SIGNS[pair] != NUMBER_SIGN:
            return _SIGNS[pair]
        return NUMBER_SIGN | (WRITE | BEGIN | TAKE if by_character else KEEP_SIGN)
    take = TAKE_MARK if kind == kinds.MARK else TAKE
    new_unit = WRITE | BEGIN if by_character else 0
    if pair in _RESUMES:
        sign = TAKE_SIGN if state == NUMBER_SIGN and not by_character else 0
        return _RESUMES[pair] | new_unit | sign | take
    if kind in (kinds.SPACING_MARK, kinds.MARK) and takes_marks:
        return state | take
    if kind < kinds.IDEOGRAPH and SINGLE_LETTER <= state <= OTHER:
        return (WORD if kind in (kinds.LETTER, kinds.LOWER) else _BEGINS[kind]) | new_unit | take
    # The open token ends. Of characters, an open sign behind a digit was one by itself, and is none.
    write = WRITE if state >= SINGLE_LETTER and not (by_character and state == NUMBER_SIGN) else 0
    if kind not in _BEGINS:
        after = AFTER_IDEOGRAPH if state == IDEOGRAPH else AFTER_TOKEN
        return after | write if state >= SINGLE_LETTER else state
    both_ideographs = kind == kinds.IDEOGRAPH and state in (IDEOGRAPH, AFTER_IDEOGRAPH)
    gap = GAP if by_character and state != SPAN_START and not both_ideographs else 0
    return _BEGINS[kind] | write | gap | BEGIN | take


@inline
def mark_hash(code):
    """Return what a mark adds to a token's polynomial; a sum does not know the order of its terms."""
    return fmix64(np.uint64(code) * MULTIPLIER)


@inline
def decode(text, i, end):
    """Return the code point that starts at byte ``i`` and where the next one does; -1 for an invalid sequence.

    What counts as one invalid sequence is as in Unicode 14, section 3.9 (maximal subparts), and in CPython.
    """
    lead = np.int64(text[np.uint64(i)])
    if lead < 0x80:
        return lead, i + 1
    if lead < 0xC2 or lead > 0xF4:
        return np.int64(-1), i + 1
    n = 1 + (lead >= 0xE0) + (lead >= 0xF0)
    code = lead & (0x3F >> n)
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    for k in range(i + 1, i + 1 + n):
        if k >= end:
            return np.int64(-1), k
        byte = np.int64(text[np.uint64(k)])
        if byte < low or byte > high:
            return np.int64(-1), k
        code = code << 6 | byte & 0x3F
        low, high = 0x80, 0xBF
    return code, i + 1 + n


@kernel
def scan(
    text,
    firsts,
    lasts,
    moves,
    by_character,
    blocks,
    entries,
    parts,
    ascii_codes,
    ascii_separates,
    values,
    starts,
    ends,
    offsets,
):
    """Fill the tokens of the spans ``text[firsts[i]:lasts[i]]``; return their number and that of invalid sequences.

    The number is -1 if ``values`` is too short: it must have `MARGIN` cells more than there are tokens. ``moves`` are
    `transitions`, and the arguments from ``blocks`` on the columns of a `FoldTable`. Longer than other functions: an
    array that goes into another function costs a reference count, here for each character (measured: 10 times slower).
    """
    limit = len(values) - MARGIN
    n = 0
    invalid = 0
    sign = 0
    offsets[0] = 0
    for row in range(len(firsts)):
        i = firsts[np.uint64(row)]
        last = lasts[np.uint64(row)]
        state = SPAN_START
        start = end = i
        total = SEED
        while i < last:
            if n > limit:
                return -1, invalid
            if state < SINGLE_LETTER and not by_character:
                while i < last and ascii_separates[text[np.uint64(i)]]:
                    i += 1
                start = i
                total = SEED
                while i < last and ascii_codes[text[np.uint64(i)]]:
                    total = np.uint64(total * MULTIPLIER + ascii_codes[text[np.uint64(i)]])
                    i += 1
                if i > start:
                    if i == last or text[np.uint64(i)] == _SPACE:
                        values[np.uint64(n)] = fmix64(total)
                        starts[np.uint64(n)] = start
                        ends[np.uint64(n)] = i
                        n += 1
                        state = AFTER_TOKEN
                        continue
                    end = i
                    kind = np.int64(entries[np.uint64(blocks[0] + text[np.uint64(i - 1)])]) & KIND_MASK
                    before = WORD if i > start + 1 else SPAN_START
                    state = moves[np.uint64(before << KIND_BITS | kind)] & STATE_MASK
                if i == last:
                    break
            here = i
            code, i = decode(text, i, last)
            if code < 0:
                invalid += 1
                entry = np.int64(kinds.SEPARATOR)
            else:
                entry = np.int64(entries[np.uint64(blocks[np.uint64(code >> BLOCK_BITS)] + (code & BLOCK_MASK))])
            payload = entry >> PAYLOAD_SHIFT
            n_parts = payload & LENGTH_MASK if entry & EXPANDED_BIT else 1
            for k in range(n_parts):
                if entry & EXPANDED_BIT:
                    part = np.int64(parts[np.uint64((payload >> LENGTH_BITS) + k)])
                    kind, code = part & KIND_MASK, part >> KIND_BITS
                else:
                    kind, code = entry & KIND_MASK, (code + payload) & PAYLOAD_MASK
                move = moves[np.uint64(state << KIND_BITS | kind)]
                state = move & STATE_MASK
                if move & WRITE:
                    values[np.uint64(n)] = fmix64(total)
                    starts[np.uint64(n)] = start
                    ends[np.uint64(n)] = end
                    n += 1
                if move & _RARE:
                    if move & GAP:
                        # Two tokens can stem from one code point (one half): their gap has its bytes.
                        values[np.uint64(n)] = fmix64(np.uint64(SEED * MULTIPLIER + _GAP))
                        starts[np.uint64(n)] = min(ends[np.uint64(n - 1)], here)
                        ends[np.uint64(n)] = max(ends[np.uint64(n - 1)], here)
                        n += 1
                    if move & TAKE_SIGN:
                        total = np.uint64(total * MULTIPLIER + np.uint64(sign))
                    if move & KEEP_SIGN:
                        sign = code
                if move & BEGIN:
                    start = here
                    total = SEED
                if move & TAKE:
                    total = np.uint64(total * MULTIPLIER + np.uint64(code))
                    end = i
                elif move & TAKE_MARK:
                    total = np.uint64(total + mark_hash(code))
                    end = i
                elif move & EXTEND:
                    end = i
        if moves[state << KIND_BITS | kinds.SEPARATOR] & WRITE:
            values[np.uint64(n)] = fmix64(total)
            starts[np.uint64(n)] = start
            ends[np.uint64(n)] = end
            n += 1
        offsets[np.uint64(row + 1)] = n
    return n, invalid
