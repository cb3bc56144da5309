"""Articles and a kind of edit -> the articles with edited copies of their passages in known places, and decoys."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.edits import Chance, Copy, Edit, units_of

#: Of a passage that is copied.
MIN_UNITS, MAX_UNITS = 24, 200
#: Runs of so many words that stand twice in a feed make both paragraphs unfit: what they share is not known.
_SHARED_RUN = 8
#: Words in the stock phrase of a decoy, and those after it: word-3-shingle Jaccard 7 / 13.
_FRAME, _OTHERS = 9, 3
#: A notice stands under so many articles.
_NOTICE_ARTICLES = 12
_MOST_NOTICES = 4
#: Passages taken of an article.
_OF_ONE_ARTICLE = 3
PLACES = ("inside", "across")
_BORDER = re.compile(r"\n\s*\n")

Paragraphs = list[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A passage in a made article.

    Attributes
    ----------
    article : int
    start, end : int
        Characters of its text.
    cluster : int
        Places of one cluster say the same; those of a negative number say what no other place says.
    """

    article: int
    start: int
    end: int
    cluster: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Made articles and what is said twice in them.

    Attributes
    ----------
    texts : list of str
    places : list of Place
        By article and start; no two overlap.
    pairs : list of (int, int)
        Places of a passage and of a copy of it.
    decoys : list of (int, int)
        Places that share a stock phrase and say different things.
    """

    texts: list[str]
    places: list[Place]
    pairs: list[tuple[int, int]]
    decoys: list[tuple[int, int]]


@dataclass(slots=True)
class _Piece:
    """A paragraph of an article that is being made; what is marked in it, as (start, end, name of the mark)."""

    text: str
    marks: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Draft:
    """Articles as pieces, with what is planted in them so far."""

    articles: list[list[_Piece]]
    clusters: list[int] = field(default_factory=list)  # of each mark
    pairs: list[tuple[int, int]] = field(default_factory=list)
    decoys: list[tuple[int, int]] = field(default_factory=list)

    def mark(self, piece: _Piece, start: int, end: int, cluster: int) -> int:
        piece.marks.append((start, end, len(self.clusters)))
        self.clusters.append(cluster)
        return len(self.clusters) - 1

    def corpus(self) -> Corpus:
        texts, found = [], []
        for article, pieces in enumerate(self.articles):
            at = 0
            for piece in pieces:
                found += [(article, at + start, at + end, mark) for start, end, mark in piece.marks]
                at += len(piece.text) + 2
            texts.append("\n\n".join(piece.text for piece in pieces))
        found.sort()
        row_of = {mark: row for row, (_, _, _, mark) in enumerate(found)}
        places = [Place(article, start, end, self.clusters[mark]) for article, start, end, mark in found]
        rows = [[(row_of[a], row_of[b]) for a, b in pairs] for pairs in (self.pairs, self.decoys)]
        return Corpus(texts, places, *rows)


def fit_articles(texts: Sequence[str], most: int) -> list[Paragraphs]:
    """Return articles that share nothing with each other or inside, as paragraphs: what is found there was planted.

    Plain Python on purpose. A paragraph with a run of `_SHARED_RUN` words that stands anywhere else is left out, and so
    is an article of fewer than two paragraphs.
    """
    split = [[one.strip() for one in _BORDER.split(text) if one.strip()] for text in texts]
    runs = [[_runs(one) for one in paragraphs] for paragraphs in split]
    counts = Counter(run for article in runs for paragraph in article for run in paragraph)
    fit = [
        [one for one, mine in zip(paragraphs, article, strict=True) if all(counts[run] == 1 for run in mine)]
        for paragraphs, article in zip(split, runs, strict=True)
    ]
    return [paragraphs for paragraphs in fit if len(paragraphs) > 1][:most]


def _runs(text: str) -> list[int]:
    """Return hashes of the runs of words, as many as stand in the text."""
    units = re.findall(r"\w+", text.lower())
    units = list("".join(units)) if units_of(text)[1] == "" else units
    return [hash(tuple(units[i : i + _SHARED_RUN])) for i in range(len(units) - _SHARED_RUN + 1)]


def words_of(articles: Sequence[Paragraphs]) -> tuple[list[str], list[str], list[str]]:
    """Return common words of the articles, words that stand there once, and names; lower case but for the names."""
    text = "\n".join("\n".join(paragraphs) for paragraphs in articles)
    # Where no spaces are written, a run of letters is a clause and no word.
    counts = Counter(re.findall(r"(?:(?![\u3040-\u9fff])[^\W\d_]){2,}", text.lower()))
    common = sorted(word for word, _ in counts.most_common(30))
    rare = sorted(word for word, count in counts.items() if count == 1 and len(word) > 4)
    names = sorted(set(re.findall(r"(?<=[\w,;] )[A-Z][^\W\d_]+", text)))
    return common, rare, names


def plant(articles: Sequence[Paragraphs], edit: Edit, place: str, seed: int = 0) -> Corpus:
    """Return the articles with edited copies of their passages planted in them.

    Parameters
    ----------
    articles : sequence of list of str
        Of `fit_articles`.
    edit : Edit
    place : {"inside", "across"}
        Whether a copy stands in the article that it is of, or in another one.
    seed : int
        Equal seeds, equal corpora.

    Notes
    -----
    Every third passage has two copies, edited each by itself. For every passage a decoy is planted too: two paragraphs
    that share a stock phrase of nine common words and end in different rare ones.
    """
    source = random.Random(f"{seed} {edit.kind} {edit.strength} {place}")
    common, rare, names = words_of(articles)
    chance = Chance(source, rare or common or ["one"], names)
    draft = _Draft([[_Piece(one) for one in paragraphs] for paragraphs in articles])
    if edit.form == "notice":
        _plant_notices(draft, source)
    else:
        _plant_copies(draft, edit, place, chance)
    if len(common) >= _FRAME and len(rare) > 2 * _OTHERS:
        _plant_decoys(draft, place, common, rare, source)
    return draft.corpus()


def _passages(pieces: Sequence[_Piece], source: random.Random) -> list[_Piece]:
    """Return the passages of an article that are copied, no two of them neighbours; one is left as it is, at least."""
    fit = [i for i, piece in enumerate(pieces) if MIN_UNITS <= len(units_of(piece.text)[0]) <= MAX_UNITS]
    chosen: list[int] = []
    for i in source.sample(fit, len(fit)):
        if len(chosen) < min(_OF_ONE_ARTICLE, len(pieces) - 1) and not {i - 1, i + 1} & set(chosen):
            chosen.append(i)
    return [pieces[i] for i in sorted(chosen)]


def _plant_copies(draft: _Draft, edit: Edit, place: str, chance: Chance) -> None:
    n_articles, cluster = len(draft.articles), 0
    chosen = [_passages(pieces, chance.random) for pieces in draft.articles]
    taken = {id(piece) for passages in chosen for piece in passages}
    for article, passages in enumerate(chosen):
        for passage in passages:
            first = edit.apply(passage.text, chance)
            if first is None:
                continue
            # What a second copy has of the passage may be another part of it: only copies of the whole have two.
            twice = cluster % 3 == 0 and (first.start, first.end) == (0, len(passage.text))
            second = edit.apply(passage.text, chance) if twice else None
            mark = draft.mark(passage, first.start, first.end, cluster)
            for i, copy in enumerate((first, second)):
                target = article if place == "inside" else (article + 1 + i) % n_articles
                if copy is not None:
                    piece = _put(draft.articles[target], edit, copy, taken, passage, chance.random)
                    if piece is None:
                        continue
                    draft.pairs.append((mark, draft.mark(piece[0], *piece[1], cluster)))
            cluster += 1


def _put(
    pieces: list[_Piece], edit: Edit, copy: Copy, taken: set[int], passage: _Piece, source: random.Random
) -> tuple[_Piece, tuple[int, int]] | None:
    """Put a copy into an article, and return the piece that it stands in and where; None if there is no room."""
    if edit.form == "paragraph":
        # Not beside its passage, where there is another place: two neighbours would be one long paragraph to read.
        beside = [i + step for i, one in enumerate(pieces) if one is passage for step in (0, 1)]
        spots = [i for i in range(len(pieces) + 1) if i not in beside]
        piece = _Piece(copy.text)
        taken.add(id(piece))
        pieces.insert(source.choice(spots or [len(pieces)]), piece)
        return piece, (0, len(copy.text))
    hosts = [piece for piece in pieces if id(piece) not in taken and len(piece.text.split()) > 1]
    if not hosts:
        return None
    host = source.choice(hosts)
    taken.add(id(host))
    blanks = [match.start() for match in re.finditer(r"(?<=\w) (?=\w)", host.text)] or [len(host.text)]
    at = source.choice(blanks)
    host.text = f"{host.text[:at]} {copy.text}{host.text[at:]}"
    return host, (at + 1, at + 1 + len(copy.text))


def _plant_notices(draft: _Draft, source: random.Random) -> None:
    if len(draft.articles) < _NOTICE_ARTICLES:
        return
    fit = [passage for pieces in draft.articles for passage in _passages(pieces, source)]
    n_notices = max(1, min(_MOST_NOTICES, len(draft.articles) // _NOTICE_ARTICLES, len(fit)))
    for cluster, passage in enumerate(source.sample(fit, min(n_notices, len(fit)))):
        mark = draft.mark(passage, 0, len(passage.text), cluster)
        for article in source.sample(range(len(draft.articles)), _NOTICE_ARTICLES):
            date = (
                f" Last changed on {source.randint(1, 28)} March at {source.randint(1, 12)}.{source.randint(10, 59)}."
            )
            piece = _Piece(passage.text + date)
            draft.articles[article].append(piece)
            draft.pairs.append((mark, draft.mark(piece, 0, len(piece.text), cluster)))


def _plant_decoys(draft: _Draft, place: str, common: list[str], rare: list[str], source: random.Random) -> None:
    n_articles = len(draft.articles)
    for number in range(max(1, len(draft.pairs))):
        frame = " ".join(source.sample(common, _FRAME)).capitalize()
        ends = source.sample(rare, 2 * _OTHERS)
        article = source.randrange(n_articles)
        other = article if place == "inside" else (article + 1) % n_articles
        marks: list[int] = []
        for target, end in ((article, ends[:_OTHERS]), (other, ends[_OTHERS:])):
            piece = _Piece(f"{frame} {' '.join(end)}.")
            draft.articles[target].append(piece)
            marks.append(draft.mark(piece, 0, len(piece.text), -2 * number - 1 - len(marks)))
        draft.decoys.append((marks[0], marks[1]))
