"""A passage -> the passage again, edited: kinds of edit at several strengths, from a seeded source of chance."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

#: One word of each pair stands for the other in a reworded copy; pairs that news uses without a difference in meaning.
SAME_WORDS: dict[str, str] = {}
_PAIRS = (
    "said stated, told informed, about around, began started, help assist, buy purchase, show reveal, near close, "
    "big large, small little, many numerous, also additionally, but however, while whereas, because since, "
    "after following, before until, people residents, house home, car vehicle, job post, pay fund, ask request, "
    "need require, keep retain, last past, next coming, new recent, old former, under below, over above, "
    "against versus, between among, plan scheme, talks negotiations, law act, city town, country nation, "
    "government administration, minister secretary, police officers, company firm, workers staff, price cost, "
    "rise increase, fall decline, win gain, end finish, make produce, give provide, get receive, almost nearly, "
    "only merely, often frequently, quickly rapidly, first initial, whole entire, wrong mistaken, hard difficult, "
    "enough sufficient, later afterwards, would might, will shall, may could"
)
for _pair in _PAIRS.split(", "):
    _one, _other = _pair.split()
    SAME_WORDS |= {_one: _other, _other: _one}

#: What a scanner reads for what is printed.
_MISREAD = {
    "a": "o", "b": "h", "c": "e", "d": "cl", "e": "c", "f": "t", "g": "q", "h": "b", "i": "l", "k": "lc", "l": "1",
    "m": "rn", "n": "u", "o": "0", "p": "r", "r": "n", "s": "5", "t": "f", "u": "n", "v": "y", "w": "vv", "y": "v",
    " ": "", ".": ",", ",": ".", "B": "8", "I": "l", "O": "0", "S": "5", "T": "7",
}  # fmt: skip
_QUOTES = str.maketrans({"'": "\u2019", '"': "\u201d", "\u2019": "'", "\u201c": '"', "\u201d": '"', "-": "\u2010"})
_FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x30, 0x7B) if chr(code).isalnum()})
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？])(?=.)")
_COMMA = re.compile(r"([,;])(\s+)(\w)")


@dataclass(frozen=True, slots=True)
class Chance:
    """What an edit draws from: random numbers, and words of the feed."""

    random: random.Random
    words: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Copy:
    """An edited passage: its text, and the part of the passage that it stands for, in characters."""

    text: str
    start: int
    end: int


def units_of(text: str) -> tuple[list[str], str]:
    """Return the words of a text and what joins them; the characters, where it has hardly any spaces.

    Examples
    --------
    >>> units_of("two words"), units_of("没有空格的文字没有空格的文字没有空格的文字")[1]
    ((['two', 'words'], ' '), '')
    """
    words = text.split()
    return (list(text), "") if len(text) > 20 * max(1, len(words)) else (words, " ")


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, cut after full stops: what is edited need not be cut better."""
    return _SENTENCE_END.split(text)


def _whole(text: str, edited: str) -> Copy | None:
    return Copy(edited, 0, len(text)) if edited != text else None


def _some(n: int, share: float, chance: Chance) -> set[int]:
    """Return which of n are meant: a share of them, one at least."""
    return set(chance.random.sample(range(n), min(n, max(1, round(n * share)))))


def _same(text: str, chance: Chance) -> Copy | None:
    return Copy(text, 0, len(text))


def _by_text(change: Callable[[str], str]) -> Callable[[str, Chance], Copy | None]:
    return lambda text, chance: _whole(text, change(text))


def replace_words(share: float, text: str, chance: Chance) -> Copy | None:
    """Put other words of the feed in place of some."""
    units, joint = units_of(text)
    chosen = _some(len(units), share, chance)
    other = chance.words if joint else list("的一是在不了有和人这中大为上个国我以要他")
    return _whole(text, joint.join(chance.random.choice(other) if i in chosen else one for i, one in enumerate(units)))


def _drop(share: float, text: str, chance: Chance) -> Copy | None:
    units, joint = units_of(text)
    chosen = _some(len(units), share, chance)
    return _whole(text, joint.join(one for i, one in enumerate(units) if i not in chosen))


def _insert(share: float, text: str, chance: Chance) -> Copy | None:
    units, joint = units_of(text)
    chosen = _some(len(units), share, chance)
    other = chance.words if joint else list("的一是在不了有和人这中大为上个国我以要他")
    more = [(chance.random.choice(other), one) if i in chosen else (one,) for i, one in enumerate(units)]
    return _whole(text, joint.join(one for part in more for one in part))


def _swap(share: float, text: str, chance: Chance) -> Copy | None:
    units, joint = units_of(text)
    for i in sorted(_some(len(units) - 1, share, chance)):
        units[i], units[i + 1] = units[i + 1], units[i]
    return _whole(text, joint.join(units))


def _reword(swapped: float, replaced: float, dropped: float, rotate: bool, text: str, chance: Chance) -> Copy | None:
    """Exchange words that mean the same, replace and drop others, and begin with another sentence."""
    if rotate:
        sentences = sentences_of(text)
        text_now = " ".join(sentences[1:] + sentences[:1])
    else:
        text_now = text
    units, joint = units_of(text_now)
    out = []
    for unit in units:
        other = SAME_WORDS.get(unit.lower())
        if other is not None and chance.random.random() < swapped:
            out.append(other.capitalize() if unit[0].isupper() else other)
        elif chance.random.random() >= dropped:
            out.append(chance.random.choice(chance.words) if chance.random.random() < replaced else unit)
    return _whole(text, joint.join(out))


def _split_sentences(text: str, chance: Chance) -> Copy | None:
    return _whole(text, _COMMA.sub(lambda found: f".{found[2]}{found[3].upper()}", text))


def _join_sentences(text: str, chance: Chance) -> Copy | None:
    sentences = sentences_of(text)
    if len(sentences) < 2:
        return None
    later = [one[0].lower() + one[1:] for one in sentences[1:]]
    return _whole(text, ", and ".join(one.rstrip(".") for one in (sentences[0], *later)) + ".")


def _reorder(shuffled: bool, text: str, chance: Chance) -> Copy | None:
    sentences = sentences_of(text)
    if len(sentences) < 2:
        return None
    other = sentences[1:] + sentences[:1]
    if shuffled:
        chance.random.shuffle(other)
    return _whole(text, " ".join(other))


def _cut(n_units: int, text: str, chance: Chance, low: int) -> Copy | None:
    """Return so many words in a row, not all of them."""
    units, joint = units_of(text)
    if len(units) <= n_units or n_units < low:
        return None
    first = chance.random.randint(0, len(units) - n_units)
    # Where the words stand in the passage: its white space may be more than a blank.
    starts = [match.start() for match in re.finditer(r"\S+" if joint else r"(?s).", text)]
    ends = [match.end() for match in re.finditer(r"\S+" if joint else r"(?s).", text)]
    start, end = starts[first], ends[first + n_units - 1]
    return Copy(text[start:end], start, end)


def _abridge(kept: float, text: str, chance: Chance) -> Copy | None:
    return _cut(round(kept * len(units_of(text)[0])), text, chance, 8)


def _inline(n_units: int, text: str, chance: Chance) -> Copy | None:
    return _cut(n_units, text, chance, n_units)


def _numbers(text: str, chance: Chance) -> Copy | None:
    return _whole(text, re.sub(r"\d", lambda digit: str((int(digit[0]) + chance.random.randint(1, 9)) % 10), text))


def _names(share: float, text: str, chance: Chance) -> Copy | None:
    """Put other names in place of words with a capital that begin no sentence."""
    spots = list(re.finditer(r"(?<=[\w,;] )[A-Z]\w+", text))
    if not spots or not chance.names:
        return None
    chosen = _some(len(spots), share, chance)
    parts, last = [], 0
    for i, spot in enumerate(spots):
        parts.append(text[last : spot.start()])
        parts.append(chance.random.choice(chance.names) if i in chosen else spot[0])
        last = spot.end()
    return _whole(text, "".join(parts) + text[last:])


def _misread(share: float, text: str, chance: Chance) -> Copy | None:
    """Misread characters, as a scanner does."""
    chosen = _some(len(text), share, chance)
    return _whole(text, "".join(_MISREAD.get(one, "~") if i in chosen else one for i, one in enumerate(text)))


def _soft_hyphens(text: str) -> str:
    return re.sub(r"(\w{4})(?=\w{3})", "\\1\u00ad", text).replace(" ", " \u200b")


@dataclass(frozen=True, slots=True)
class Edit:
    """A kind of edit at one strength.

    Attributes
    ----------
    kind, strength : str
    apply : callable
        ``apply(passage, chance)``: the copy, or None where the passage has nothing of what is edited.
    form : str
        ``paragraph``: the copy stands by itself; ``inline``: in the middle of another sentence; ``notice``: under many
        articles, with a date.
    """

    kind: str
    strength: str
    apply: Callable[[str, Chance], Copy | None]
    form: str = "paragraph"


def _shares(kind: str, apply: Callable[[float, str, Chance], Copy | None], *shares: float) -> list[Edit]:
    return [Edit(kind, f"{share:.0%}".replace("%", " %"), partial(apply, share)) for share in shares]


EDITS: tuple[Edit, ...] = (
    Edit("verbatim", "", _same),
    Edit("case", "capitals", _by_text(str.upper)),
    Edit("case", "title", _by_text(str.title)),
    Edit("quotes", "other marks", _by_text(lambda text: text.translate(_QUOTES))),
    Edit("Unicode form", "decomposed", _by_text(partial(unicodedata.normalize, "NFD"))),
    Edit("Unicode form", "full width", _by_text(lambda text: text.translate(_FULL_WIDTH))),
    Edit("Unicode form", "soft hyphens", _by_text(_soft_hyphens)),
    Edit("numbers changed", "all", _numbers),
    *_shares("names changed", _names, 0.5, 1.0),
    *_shares("words replaced", replace_words, 0.05, 0.1, 0.2),
    *_shares("words dropped", _drop, 0.05, 0.1, 0.2),
    *_shares("words inserted", _insert, 0.05, 0.1, 0.2),
    *_shares("words swapped", _swap, 0.05, 0.1, 0.2),
    Edit("reworded", "light", partial(_reword, 0.5, 0.03, 0.02, False)),
    Edit("reworded", "heavy", partial(_reword, 1.0, 0.1, 0.05, True)),
    Edit("sentences split", "", _split_sentences),
    Edit("sentences joined", "", _join_sentences),
    Edit("sentences reordered", "rotated", partial(_reorder, False)),
    Edit("sentences reordered", "shuffled", partial(_reorder, True)),
    *_shares("abridged to", _abridge, 0.75, 0.5, 0.33),
    *(Edit("inside a sentence", f"{n} words", partial(_inline, n), "inline") for n in (15, 25, 40)),
    *_shares("OCR noise", _misread, 0.01, 0.05, 0.1, 0.2),
    Edit("notice with a date", "12 articles", _same, "notice"),
)
