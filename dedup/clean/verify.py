"""What went, and because of what -> what has lost its copy since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.clean.cut import Sentences
from dedup.clean.params import CleanParams
from dedup.model import Articles, Kind
from dedup.tokens import TokenParams, tokenize

if TYPE_CHECKING:
    from dedup.clean.rounds import Removed

#: Tokens in a run, as in `dedup.kernels.clean`.
_RUN = 3
#: Of something that went because of something that went, and so on.
_MAX_STEPS = 32

_Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """What is there, and what is not.

    Attributes
    ----------
    articles : Articles
        As they were read.
    sentences : Sentences
    of_sentences, of_articles : int64[u], int64[n]
        The entry because of which each is gone, -1 where it is there.
    """

    articles: Articles
    sentences: Sentences
    of_sentences: NDArray[np.int64]
    of_articles: NDArray[np.int64]


def find_unsupported(
    supply: Supply, entries: Sequence[Removed], rounds: Sequence[int], params: CleanParams, tokens: TokenParams
) -> tuple[list[int], dict[int, tuple[_Place, ...]]]:
    """Return the entries whose text is no longer in what stays, and what stays now of the others that lost their copy.

    Of several that have lost one copy, the first is enough: the others have that one then.
    """
    unsupported: list[int] = []
    changed: dict[int, tuple[_Place, ...]] = {}
    back: dict[_Run, _Place] = {}
    back_numbers: set[int] = set()
    used = np.unique(np.concatenate([supply.of_sentences, supply.of_articles]))
    for entry in used[used >= 0].tolist():
        removed = entries[entry]
        if supply.of_articles[removed.article] not in (-1, entry):
            continue  # gone with its article, for which another entry answers
        places, broken = _what_stays(supply, entries, rounds, entry)
        if not broken:
            continue
        sources = [_runs(supply.articles, [place], tokens) for place in places]
        runs = set(back).union(*(one[0] for one in sources))
        numbers = back_numbers.union(*(one[1] for one in sources))
        strict = params.changed_numbers == "keep" and removed.kind != Kind.BOILERPLATE
        least = params.min_article_share if removed.whole else params.min_share
        if _share(supply, removed, runs, numbers if strict else None, tokens) >= least:
            mine, _ = _runs(supply.articles, [(0, removed.start, removed.end)], tokens)
            others = {back[run] for run in mine & set(back)}
            changed[entry] = (*(place for place, one in zip(places, sources, strict=True) if one[0] & mine), *others)
            continue
        unsupported.append(entry)
        place = (removed.article, removed.start, removed.end)
        mine, mine_numbers = _runs(supply.articles, [place], tokens)
        back |= dict.fromkeys(mine, place)
        back_numbers |= mine_numbers
    return unsupported, changed


_Run = tuple[int, int, int]


def _what_stays(
    supply: Supply, entries: Sequence[Removed], rounds: Sequence[int], entry: int
) -> tuple[list[_Place], bool]:
    """Return the places that stay of what an entry went for, and whether some of that has gone since."""
    found: list[_Place] = []
    broken = False
    waiting, seen = [entry], {entry}
    while waiting and len(seen) < _MAX_STEPS:
        current = waiting.pop(0)
        # Sentences of an article that stays may go in the same round, behind the articles.
        since = rounds[current] - entries[current].whole
        for place in entries[current].kept:
            gone = int(supply.of_articles[place[0]])
            if gone >= 0:
                causes = [gone]
            else:
                first, last = supply.sentences.touching(place[1], place[2])
                causes = np.unique(supply.of_sentences[first:last]).tolist()
                found.append(place)
            for cause in causes:
                if cause >= 0 and rounds[cause] > since:
                    broken = True
                    if cause not in seen:
                        seen.add(cause)
                        waiting.append(cause)
    return [part for place in found for part in _there(supply, place)], broken


def _there(supply: Supply, place: _Place) -> Iterable[_Place]:
    """Yield the stretches of a place that are still there."""
    first, last = supply.sentences.touching(place[1], place[2])
    there = supply.of_sentences[first:last] < 0
    row = first
    while row < last:
        if not there[row - first]:
            row += 1
            continue
        end = row
        while end + 1 < last and there[end + 1 - first]:
            end += 1
        yield (
            place[0],
            max(place[1], int(supply.sentences.starts[row])),
            min(place[2], int(supply.sentences.ends[end])),
        )
        row = end + 1


def _values(articles: Articles, start: int, end: int, tokens: TokenParams) -> tuple[list[int], list[bool]]:
    found = tokenize(articles.text, np.array([start]), np.array([end]), tokens)
    zero = np.uint8(48)
    digits = [articles.text[found.starts], articles.text[np.maximum(found.ends, 1) - 1]]
    return found.values.tolist(), ((digits[0] - zero <= 9) | (digits[1] - zero <= 9)).tolist()


def _runs(articles: Articles, places: Iterable[_Place], tokens: TokenParams) -> tuple[set[_Run], set[int]]:
    """Return the runs of three tokens of some places, and their numbers."""
    runs: set[_Run] = set()
    numbers: set[int] = set()
    for _, start, end in places:
        values, are_numbers = _values(articles, start, end, tokens)
        runs.update(zip(values, values[1:], values[2:], strict=False))
        numbers.update(value for value, is_number in zip(values, are_numbers, strict=True) if is_number)
    return runs, numbers


def _share(supply: Supply, removed: Removed, runs: set[_Run], numbers: set[int] | None, tokens: TokenParams) -> float:
    """Return how much of what went stands in some runs, sentences with other numbers counted as new."""
    first, last = supply.sentences.touching(removed.start, removed.end)
    spans = zip(supply.sentences.starts[first:last].tolist(), supply.sentences.ends[first:last].tolist(), strict=True)
    parts = [_values(supply.articles, *span, tokens) for span in spans]
    stream = [value for values, _ in parts for value in values]
    covered = [False] * len(stream)
    for i in range(len(stream) - _RUN + 1):
        if (stream[i], stream[i + 1], stream[i + 2]) in runs:
            covered[i : i + _RUN] = [True] * _RUN
    total = at = 0
    for values, are_numbers in parts:
        known = numbers is None or all(
            value in numbers for value, is_number in zip(values, are_numbers, strict=True) if is_number
        )
        total += sum(covered[at : at + len(values)]) if known else 0
        at += len(values)
    return total / max(len(stream), 1)
