"""Hypothesis strategies and seeded makers that several test modules share."""

from __future__ import annotations

import random
import re

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


def words_of(text: str) -> list[str]:
    """Return the words of a text, each with the white space behind it: together they are the text."""
    return re.findall(r"\S+\s*", text)


def edit_lightly(source: random.Random, words: list[str], share: float) -> list[str]:
    """Return the words with this share of them edited: most replaced, some left out, some with one put in behind."""
    edited = []
    for word in words:
        draw = source.random() / share if share else 1.0
        if draw < 0.6:
            edited.append(f"other{source.randrange(10**6)} ")
        elif draw < 0.8:
            continue
        elif draw < 1.0:
            edited += [word.rstrip() + " ", f"more{source.randrange(10**6)} "]
        else:
            edited.append(word)
    return edited


def splice(words: list[str], run: list[str], at: int) -> str:
    """Return the text of some words with a run of others put in before word ``at``."""
    before, inside = list(words[:at]), list(run)
    for part in (before, inside):
        if part:
            part[-1] = part[-1].rstrip() + " "
    return "".join([*before, *inside, *words[at:]]).strip()


def made_feed(source: random.Random, n_articles: int, dated: bool = True) -> list[dict[str, object]]:
    """Return records that share paragraphs, equal and reworded ones, with each other and with themselves."""
    pool = [paragraph(source, source.randint(1, 4)) for _ in range(max(2, n_articles))]
    records: list[dict[str, object]] = []
    for number in range(n_articles):
        parts = [paragraph(source, source.randint(1, 3)) for _ in range(source.randint(1, 3))]
        for _ in range(source.randint(0, 4)):
            parts.insert(
                source.randint(0, len(parts)), reword(source, source.choice(pool), source.choice([0, 0, 0.06]))
            )
        record: dict[str, object] = {"id": f"made-{number}", "text": "\n\n".join(parts)}
        record["source"] = source.choice(["North", "South"])
        if source.random() < 0.7:
            record["title"] = sentence(source, 9)
        if dated:
            record["date"] = 86_400 * number
        records.append(record)
    source.shuffle(records)
    return records


#: Digits make a word a number for `dedup.clean`: a sentence with another one stays.
LETTERS = str.maketrans("0123456789", "abcdefghij")


def nested_feed(source: random.Random, n_articles: int) -> list[dict[str, object]]:
    """Return records, without a number, of texts and sentences that stand in each other: whole, longer, reworded."""
    pool = [sentence(source, source.randint(10, 24)).translate(LETTERS) for _ in range(3 * n_articles)]

    def one(text: str) -> str:
        words = text[:-1].split(" ")
        more = [word.translate(LETTERS) for word in sentence(source, source.randint(1, 12))[:-1].split(" ")]
        match source.randrange(5):
            case 0:
                words = more + words
            case 1:
                words += more
            case 2:
                words = words[: -source.randint(1, 3)]
            case 3:
                words = reword(source, " ".join(words), 0.08).translate(LETTERS).split(" ")
        return " ".join(words).capitalize() + "."

    def text() -> str:
        parts = [
            " ".join(one(source.choice(pool)) for _ in range(source.randint(1, 3))) for _ in range(source.randint(1, 5))
        ]
        return "\n\n".join(parts)

    texts = [text() for _ in range(n_articles)]
    for number in range(n_articles):
        if source.random() < 0.2:
            texts[number] = f"{source.choice(texts)}\n\n{one(source.choice(pool))}"
        if n_articles > 10:
            texts[number] += "\n\n" + one(pool[0])
    return [
        {"text": text, "source": source.choice(["North", "South"]), "date": 86_400 * source.randrange(n_articles)}
        for text in texts
    ]
