"""The entries of a baseline, used up as places claim them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dedup.gate.baseline import Entry, Sketch, read_sketch
from dedup.gate.groups import Group, Part, Spot
from dedup.gate.sketches import Sketches

#: A passage of several paragraphs is known if so much of it is.
_MOST = 0.75
#: How far a share may grow over the one that was accepted before it is new: that of an article, and of the feed.
TOLERANCES = {"D401": 0.05, "D402": 0.01}
#: Rules that look at articles as wholes.
_WHOLE = ("D202", "D203", "D401")


@dataclass(slots=True)
class _Slots:
    """The places that an entry allows: in articles that it knows, and anywhere."""

    articles: list[Sketch]
    anywhere: int

    @classmethod
    def of(cls, entry: Entry) -> _Slots:
        articles = [read_sketch(one) for one in entry.articles[: entry.count]]
        return cls(articles, entry.count - len(articles))

    def take(self, around: Sketch) -> bool:
        """Return whether a place was left for an article, which is then used: its own before that of any."""
        best = max(range(len(self.articles)), key=lambda at: len(self.articles[at] & around), default=-1)
        # Of an article that is nothing but the text, nobody can say whether it is another one.
        if best >= 0 and (self.articles[best] & around or (not around and not self.anywhere)):
            del self.articles[best]
            return True
        if self.anywhere:
            self.anywhere -= 1
            return True
        return False


@dataclass(slots=True)
class Known:
    """The entries that count, and what is left of them.

    Attributes
    ----------
    entries : mapping of (code, fingerprint) to Entry
    sketches : Sketches
    used : set of (code, fingerprint)
        Entries of texts that were found.
    """

    entries: Mapping[tuple[str, str], Entry]
    sketches: Sketches
    used: set[tuple[str, str]] = field(default_factory=set)
    _slots: dict[tuple[str, str], _Slots] = field(default_factory=dict)
    #: Code, fingerprint and start of what has been looked up, and whether an entry was left for it: what stands in
    #: several repeats is one place.
    places: dict[tuple[str, str, int], bool] = field(default_factory=dict)
    #: Code, fingerprint and start of what has been named as new.
    named: set[tuple[str, str, int]] = field(default_factory=set)

    #: Code and sentence -> the keys of the entries whose texts have it.
    _by_sentence: dict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._slots = {key: _Slots.of(entry) for key, entry in self.entries.items()}
        for key, entry in self.entries.items():
            for sentence in read_sketch(entry.sentences):
                self._by_sentence.setdefault((entry.code, sentence), set()).add(key)

    def claim(self, code: str, spots: Sequence[Spot]) -> set[int]:
        """Return which of the places have entries of their own left, by their numbers; earlier places come first."""
        claimed = set()
        for number, spot in enumerate(spots):
            weight = 0
            for part in spot.parts:
                place = (code, part.fingerprint, part.start)
                if place not in self.places:
                    slots = self._slots.get(place[:2])
                    self.places[place] = slots is not None and slots.take(self.sketches.around(spot))
                weight += part.weight * self.places[place]
            if weight >= _MOST * sum(part.weight for part in spot.parts):
                claimed.add(number)
        return claimed

    def borrow(self, code: str, spots: Sequence[Spot], unclaimed: Sequence[int]) -> set[int]:
        """Return which more places are known by what entries of any of the places have left.

        Texts may have changed where they stand; those come first that have not.
        """
        keys = self.keys(code, spots)
        if not keys:
            return set()
        order = sorted(unclaimed, key=lambda number: not self.keys(code, [spots[number]]))
        around = self.sketches.around
        return {number for number in order if any(self._slots[key].take(around(spots[number])) for key in keys)}

    def keys(self, code: str, spots: Sequence[Spot]) -> list[tuple[str, str]]:
        """Return the keys of the entries that any of the places has, or has less of."""
        found = {(code, alias) for spot in spots for alias in spot.aliases} & self.entries.keys()
        return sorted(found.union(*(self._cut(code, spot, part) for spot in spots for part in spot.parts)))

    def _cut(self, code: str, spot: Spot, part: Part) -> set[tuple[str, str]]:
        """Return the keys of entries of which a part of a place has less: of an article as a whole, half is enough."""
        own = spot.aliases if spot.whole else {part.fingerprint}
        if not self._by_sentence or any((code, one) in self.entries for one in own):
            return set()
        sentences = read_sketch(self.sketches.text_of(spot, part))
        counts = Counter(key for one in sentences for key in self._by_sentence.get((code, one), ()))
        least = len(sentences) / 2 if spot.whole else len(sentences)
        return {key for key, n in counts.items() if n >= least}

    def name(self, group: Group, spot: Spot, part: Part) -> str:
        """Return the fingerprint under which a part of a place is known, or else its own.

        A whole article has that of any of its paragraphs: an edit that makes another one the first of them leaves the
        entry, with its reason, what it is. So does one that leaves less of a text.
        """
        fingerprint = part.fingerprint
        if (group.code, fingerprint) in self.entries:
            return fingerprint
        keys = self.keys(group.code, group.spots) if group.code in _WHOLE else sorted(self._cut(group.code, spot, part))
        return keys[0][1] if keys else fingerprint

    def outgrown(self, group: Group) -> float:
        """Return the share that was accepted if that of a group is over it by more than is tolerated; else 0."""
        shares = [self.entries[key].share for key in self.keys(group.code, group.spots)]
        most = min(shares, default=0) and max(shares)  # without a share, an entry of an older version allows any
        return most if most and group.share > most + TOLERANCES[group.code] else 0.0
