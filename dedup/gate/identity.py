"""What a repeat is known by: the words of its text, wherever they stand."""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup.hashed import tokens_of
from dedup.model import Articles
from dedup.tokens import TokenParams


def text_digests(
    articles: Articles, starts: NDArray[np.int64], ends: NDArray[np.int64], params: TokenParams
) -> list[bytes]:
    """Return 16 bytes for each span of text: equal where the folded words are, in the same order."""
    tokens = tokens_of(articles, starts, ends, params)
    values, offsets = tokens.values, tokens.offsets
    return [blake2b(values[a:b].tobytes(), digest_size=16).digest() for a, b in pairwise(offsets)]


def fingerprint(code: str, content: bytes) -> str:
    """Return 32 hexadecimal digits for a rule and what it is broken by.

    Examples
    --------
    >>> len(fingerprint("D101", b"words")), fingerprint("D101", b"words") == fingerprint("D102", b"words")
    (32, False)
    """
    return blake2b(code.encode() + b"\0" + content, digest_size=16).hexdigest()
