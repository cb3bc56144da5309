"""Paragraphs of the seeds, said again in the same article after an edit -> how many are found, by kind of edit."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.datasets import run
from benchmarks.results import Figure, Options, Result, share
from dedup import articles_of

#: Shorter paragraphs are left out: half of one would be under the engine's minimum.
_MIN_WORDS = 24

Words = list[str]


def _change(every: int) -> Callable[[Words, Words, random.Random], Words]:
    """Return an edit that puts another word in place of one in so many, at random."""

    def edit(words: Words, others: Words, generator: random.Random) -> Words:
        changed = set(generator.sample(range(len(words)), len(words) // every))
        return [generator.choice(others) if i in changed else word for i, word in enumerate(words)]

    return edit


def _drop(words: Words, others: Words, generator: random.Random) -> Words:
    dropped = set(generator.sample(range(len(words)), len(words) // 10))
    return [word for i, word in enumerate(words) if i not in dropped]


def _add_clause(words: Words, others: Words, generator: random.Random) -> Words:
    at = generator.randrange(len(words))
    return words[:at] + generator.choices(others, k=6) + words[at:]


def _set_anew(words: Words, others: Words, generator: random.Random) -> Words:
    typeset = str.maketrans({"'": "\u2019", "-": "\u2010"} | {str(i): chr(0xFF10 + i) for i in range(10)})
    return [word.upper().translate(typeset) + "\u200b" for word in words]


def _renumber(words: Words, others: Words, generator: random.Random) -> Words:
    return [re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), word) for word in words]


def _swap_sentences(words: Words, others: Words, generator: random.Random) -> Words:
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(words))
    return " ".join(sentences[1:] + sentences[:1]).split()


def _halve(words: Words, others: Words, generator: random.Random) -> Words:
    return words[len(words) // 2 :]


EDITS: dict[str, Callable[[Words, Words, random.Random], Words]] = {
    "word for word": lambda words, others, generator: words,
    "set anew": _set_anew,
    "numbers changed": _renumber,
    "a clause added": _add_clause,
    "one word in ten dropped": _drop,
    "one word in twenty changed": _change(20),
    "one word in ten changed": _change(10),
    "one word in six changed": _change(6),
    "sentences in another order": _swap_sentences,
    "the second half alone": _halve,
}


def measure_edits(folder: Path, options: Options) -> Result:
    """Find each paragraph of the seeds beside its edited copy; a passage with another article is wrong."""
    records = [json.loads(line) for line in (folder / "feed.jsonl").read_text(encoding="utf-8").splitlines()]
    clean = set(json.loads((folder / "expected.json").read_text(encoding="utf-8"))["clean"])
    texts = [part for one in records if one["id"] in clean for part in one["text"].split("\n\n")]
    paragraphs = [text.split() for text in texts if len(text.split()) >= _MIN_WORDS]
    words = [word for paragraph in paragraphs for word in paragraph]
    result, wrong, total = Result([]), 0, 0
    for name, edit in EDITS.items():
        generator = random.Random(name)
        bodies = [f"{' '.join(one)}\n\n{' '.join(edit(one, words, generator))}" for one in paragraphs]
        report = run(result, "defaults", articles_of(bodies), {}, options)
        left, right = report.passages.left_articles, report.passages.right_articles
        found = set(left[left == right].tolist())
        wrong, total = wrong + int((left != right).sum()), total + len(left)
        result.figures.append(Figure(f"recall, {name}", share(len(found), len(bodies))))
    result.figures.append(Figure("precision", share(total - wrong, total), "=", 1))
    result.notes.append(
        f"{len(paragraphs)} paragraphs of {_MIN_WORDS} words or more, from articles that repeat nothing"
    )
    return result
