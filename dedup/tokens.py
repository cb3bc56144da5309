"""Text spans -> the tokens in them, folded and hashed, with their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import Tokens


@dataclass(frozen=True, slots=True)
class TokenParams:
    """What decides where a token ends.

    Attributes
    ----------
    join_hyphens : bool
        Whether a word that a hyphen breaks at the end of a line is one token.
    """

    join_hyphens: bool = True


class TokenSpace:
    """Memory for the tokens of one call of `tokenize`, to be used again: new memory costs as much as the tokens do."""

    def __init__(self) -> None:
        self._block = np.empty((3, 0), np.int64)

    def take(self, capacity: int) -> NDArray[np.int64]:
        """Return int64[3, capacity] or more; what was taken before is overwritten."""
        if self._block.shape[1] < capacity:
            self._block = np.empty((3, capacity), np.int64)
        return self._block


def tokenize(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    params: TokenParams,
    *,
    space: TokenSpace | None = None,
) -> Tokens:
    """Return the tokens of each span of a text.

    A token is a run of letters, marks, numbers and ``_`` after folding: forms of a word that differ in case, in
    Unicode normalisation, in width, in ligatures or in the accents of Latin, Greek and Cyrillic are one token.

    - Format characters (soft hyphens, zero-width characters, bidi controls) and variation selectors are passed over.
    - An apostrophe between letters is passed over: ``don't``, ``dont``.
    - A stop between letters is passed over after a single one (``U.S.``, ``us``); others separate (``end.Next``).
      Stops and commas between digits are kept: ``3.1`` is not ``31``.
    - A character of Han, Kana, Thai, Lao, Khmer or Myanmar, with its marks, is a token; numbers in these scripts are
      numbers.
    - A hyphen at the end of a line joins a letter before it and a lower-case letter after it, if `params` says so.
      All other hyphens separate.

    Parameters
    ----------
    text : uint8[total]
        UTF-8; it may be read-only.
    starts, ends : int64[m]
        Half-open spans of bytes. What is outside of a span does not matter to its tokens.
    params : TokenParams
    space : TokenSpace, optional
        Where the tokens are written; they last until it is used again.

    Returns
    -------
    Tokens
        ``values`` are as of `token_hash`. A token's bytes reach from its first letter to its last, with the marks on
        it. Where one code point is several tokens (``½`` is 1 and 2), each has all its bytes. An invalid sequence
        separates, and counts as often as Python's ``errors="replace"`` writes U+FFFD for it.

    Raises
    ------
    ValueError
        A span is not inside the text.

    Notes
    -----
    A code point folds by itself (`dedup.kernels.make_fold_table`), so U+0345, which folds to the letter iota, is
    not moved behind marks that follow it in a text which is not in canonical order.

    Examples
    --------
    >>> text = np.frombuffer("The U.S. won’t pay €3.5m".encode(), np.uint8)
    >>> tokens = tokenize(text, np.array([0]), np.array([len(text)]), TokenParams())
    >>> [text[start:end].tobytes().decode() for start, end in zip(tokens.starts, tokens.ends)]
    ['The', 'U.S', 'won’t', 'pay', '3.5m']
    >>> int(tokens.values[2]) == token_hash("wont")
    True
    """
    return _scan(text, starts, ends, params, space or TokenSpace(), by_character=False)


def characters(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], params: TokenParams
) -> Tokens:
    """Return the folded characters of each span of a text, for text in which words are misread.

    Parameters
    ----------
    text : uint8[total]
    starts, ends : int64[m]
    params : TokenParams
        As for `tokenize`.

    Returns
    -------
    Tokens
        One row for each letter or digit of the tokens of `tokenize`, marks included, and one for the gap between two
        tokens, the hash of a space, whatever is in it; it may have no bytes (Latin beside Han). There is no gap
        between two characters that are tokens by themselves.

    Raises
    ------
    ValueError
        A span is not inside the text.

    Examples
    --------
    >>> text = np.frombuffer("Né – 5".encode(), np.uint8)
    >>> units = characters(text, np.array([0]), np.array([len(text)]), TokenParams())
    >>> [int(value) == token_hash(unit) for value, unit in zip(units.values, "ne 5", strict=True)]
    [True, True, True, True]
    >>> units.starts.tolist(), units.ends.tolist()
    ([0, 1, 3, 8], [1, 3, 8, 9])
    """
    return _scan(text, starts, ends, params, TokenSpace(), by_character=True)


def token_hash(folded: str) -> int:
    """Return the hash of a token that is folded already.

    Parameters
    ----------
    folded : str
        Each character must fold to itself.

    Returns
    -------
    int
        From 0 to 2**64 - 1.

    Notes
    -----
    ``h = SEED``; then for each character ``h = h * MULTIPLIER + c`` modulo 2**64, or ``h + m(c)`` if it is a mark
    with a combining class other than 0, since equivalent strings may have such marks in another order; at last
    the 64-bit finaliser of MurmurHash3. It is not made to withstand an adversary.

    Examples
    --------
    >>> hex(token_hash("news"))
    '0x9d3ece5a318dcfeb'
    >>> token_hash("ק\u05b7\u05bc") == token_hash("ק\u05bc\u05b7")
    True
    """
    from dedup.kernels import fold_table, hashing
    from dedup.kernels import tokenize as kernels

    table = fold_table.load_fold_table()
    total = kernels.SEED
    with np.errstate(over="ignore"):  # wrapping is the modulus
        for code in map(ord, folded):
            entry = table.entries[table.blocks[code >> fold_table.BLOCK_BITS] + (code & fold_table.BLOCK_MASK)]
            if entry & fold_table.KIND_MASK == fold_table.MARK:
                total += np.uint64(kernels.mark_hash(code))
            else:
                total = total * kernels.MULTIPLIER + np.uint64(code)
        return int(hashing.fmix64(total))


def _scan(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    params: TokenParams,
    space: TokenSpace,
    *,
    by_character: bool,
) -> Tokens:
    from dedup.kernels.fold_table import load_fold_table
    from dedup.kernels.tokenize import MARGIN, scan, transitions

    if len(starts) != len(ends):
        raise ValueError(f"spans: {len(starts)} starts and {len(ends)} ends; each span needs both")
    if len(starts) and (starts.min() < 0 or ends.max() > len(text) or (ends < starts).any()):
        raise ValueError(f"spans: not all are inside the text of {len(text)} bytes, start before end")
    given = (_read_only(text, np.uint8), _read_only(starts, np.int64), _read_only(ends, np.int64))
    table = (transitions(by_character, params.join_hyphens), by_character, *load_fold_table()[:-1])
    offsets = np.empty(len(starts) + 1, np.int64)
    n_bytes = int((ends - starts).sum())
    capacity = MARGIN + (n_bytes if by_character else n_bytes // 4)
    while True:
        # One block: large enough for huge pages, which numpy asks for.
        block = space.take(capacity)
        values = block[0].view(np.uint64)
        with np.errstate(over="ignore"):  # in its plain form the kernel would warn where it wraps
            count, invalid = scan(*given, *table, values, block[1], block[2], offsets)
        if count >= 0:
            return Tokens(values[:count], block[1, :count], block[2, :count], offsets, invalid)
        capacity *= 2


def _read_only(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return a read-only view; a kernel is compiled by itself for each type of array it gets."""
    view = np.ascontiguousarray(array, dtype).view(np.ndarray)
    view.flags.writeable = False
    return view
