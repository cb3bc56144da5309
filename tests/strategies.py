"""Hypothesis strategies and seeded makers that several test modules share."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import strategies as st

from dedup.shingles import Shingles

#: Sets of shingle hashes that overlap often: few values, spread over all 32 bits.
shingle_sets = st.lists(
    st.sets(st.integers(0, 40).map(lambda i: i * 2654435761 % 2**32), max_size=14), min_size=1, max_size=14
)

_WORDS = [
    "harbour", "council", "minister", "river", "bridge", "vote", "storm", "school", "budget", "train", "market",
    "island", "festival", "doctor", "engine", "letter", "garden", "winter", "signal", "museum", "orchard", "tunnel",
]  # fmt: skip


def table(sets: list[set[int]]) -> Shingles:
    """Return sets as a table of sorted rows."""
    values = np.array([value for one in sets for value in sorted(one)], np.uint32)
    return Shingles(values, np.append(0, np.cumsum([len(one) for one in sets])).astype(np.int64))


def sentence(source: random.Random, n_words: int) -> str:
    """Return a made-up sentence whose words are rare enough that two sentences share no run by chance."""
    words = [f"{source.choice(_WORDS)}{source.randrange(400)}" for _ in range(n_words)]
    return " ".join([words[0].capitalize(), *words[1:]]) + "."


def paragraph(source: random.Random, n_sentences: int = 3) -> str:
    """Return a made-up paragraph."""
    return " ".join(sentence(source, source.randint(9, 22)) for _ in range(n_sentences))


def reword(source: random.Random, text: str, share: float) -> str:
    """Return the text with about this share of its words replaced."""
    return " ".join(f"other{source.randrange(10**6)}" if source.random() < share else word for word in text.split(" "))
