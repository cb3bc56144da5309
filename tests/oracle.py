"""Slow and plain answers: sets, dicts and nested loops; imports nothing of dedup."""

from __future__ import annotations

import itertools
import re
import unicodedata


def similar_pairs(sets: list[set[int]], levels: list[int], threshold: float) -> dict[tuple[int, int], int]:
    """Return the pairs of sets at or over a Jaccard threshold that have a level in common, with their overlap."""
    pairs = {}
    for i, left in enumerate(sets):
        for j in range(i + 1, len(sets)):
            shared = len(left & sets[j])
            if levels[i] & levels[j] and shared and shared / len(left | sets[j]) >= threshold - 1e-9:
                pairs[i, j] = shared
    return pairs


def shingle_set(tokens: list[object], k: int) -> set[tuple[object, ...]]:
    """Return the k-grams of a token list; of a shorter list, the list itself."""
    if not tokens:
        return set()
    return {tuple(tokens[i : i + k]) for i in range(max(1, len(tokens) - k + 1))}


def clusters(edges: set[tuple[int, int]], order: list[int]) -> list[list[int]]:
    """Return groups of rows: each row in turn that has none takes its neighbours that have none."""
    taken: set[int] = set()
    groups = []
    for row in order:
        if row in taken:
            continue
        group = [row] + [
            other
            for other in order
            if other != row and other not in taken and ((row, other) in edges or (other, row) in edges)
        ]
        taken |= set(group)
        if len(group) > 1:
            groups.append(sorted(group))
    return sorted(groups)


def components(edges: list[tuple[int, int]]) -> dict[int, int]:
    """Return the smallest node that each node can be reached from; edges from a node to itself say nothing."""
    near: dict[int, set[int]] = {}
    for one, other in edges:
        if one != other:
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
    found: dict[int, int] = {}
    for start in sorted(near):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = start
                waiting += near[node]
    return found


def edit_counts(left: list[object], right: list[object]) -> int:
    """Return the length of the longest common subsequence of two lists."""
    row = [0] * (len(right) + 1)
    for a in left:
        previous = 0
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], previous + 1 if a == b else max(row[j], row[j - 1])
    return row[-1]


_APOSTROPHES = "'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u05f3"
_IGNORABLE = "\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f"
_DROPPED_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff\ua66f-\ua67d\ua69e\ua69f\ufe20-\ufe2f]"
)
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u303c\u3041-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U0001aff0-\U0001b16f"
    "\U00020000-\U0003ffff]"
)
_HYPHENATED = r"(?:-[ \t]*\r?\n[ \t]*(?=l))?"
_TOKEN = re.compile(
    r"IM*"
    r"|(?:[lL]M*\.(?=[lL]))*"  # single letters with stops
    rf"(?:[lL]M*(?:'(?=[lL])|{_HYPHENATED})|NM*(?:[.,](?=N))?|_M*)+"
    r"|M+(?:[lL]M*(?:'(?=[lL])|HYPHENATED)|NM*(?:[.,](?=N))?|_M*)*".replace("HYPHENATED", _HYPHENATED)
)


def _folded(character: str) -> str:
    before, after = "", character
    while before != after:
        before = after
        after = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", before).upper().casefold())
    return after


def token_class(character: str) -> str:
    """Return one letter for what a folded character is; x and d are passed over."""
    category = unicodedata.category(character)
    if character in _APOSTROPHES:
        return "'"
    if character in "\u066b\u066c":
        return ","
    if character == "\u2010":
        return "-"
    if category == "Cf" or character in _IGNORABLE or re.match("[\ufe00-\ufe0f\U000e0100-\U000e01ef]", character):
        return "x"
    if character in "_.,- \t\r\n":
        return character
    if category[0] == "M":
        return "d" if _DROPPED_MARKS.match(character) else "M"
    if (category[0] == "L" or category == "Nl") and _SPACELESS.match(character):
        return "I"
    return {"L": "L", "N": "N"}.get(category[0], "|")


def _read(text: str, join_hyphens: bool) -> tuple[str, str, list[int], list[bool]]:
    """Return the classes of a text's folded characters, these, and whose they are; and which characters are dropped."""
    classes, folded = "", ""
    places, dropped = [], []
    for place, character in enumerate(text):
        whole = [(token_class(one), one) for one in _folded(character)]
        dropped.append({kind for kind, _ in whole} == {"d"})
        for kind, one in whole:
            if kind in "xd":
                continue
            if kind == "L" and unicodedata.category(unicodedata.normalize("NFKD", character)[0]) == "Ll":
                kind = "l"
            classes += "|" if kind == "-" and not join_hyphens else kind
            folded += one
            places.append(place)
    return classes, folded, places, dropped


def folded_tokens(text: str, join_hyphens: bool = True) -> list[tuple[str, int, int]]:
    """Return each token of a text, folded, with its span of characters."""
    classes, folded, places, dropped = _read(text, join_hyphens)
    tokens = []
    for match in _TOKEN.finditer(classes):
        kept = [k for k in range(*match.span()) if classes[k] in "lLNIM_" or classes[k : k + 2] in (".N", ",N")]
        last = match.end() - 1
        end = places[last] + 1
        # Dropped marks behind the last character belong to it; what comes before the next character that counts.
        behind = range(end, places[last + 1] if last + 1 < len(places) else len(text))
        end = max([place + 1 for place in behind if dropped[place]], default=end)
        tokens.append((_sort_marks("".join(folded[k] for k in kept)), places[match.start()], end))
    return tokens


def folded_units(text: str) -> list[str]:
    """Return the characters of the tokens of a text with their marks, and a space for each gap between two tokens."""
    units: list[str] = []
    alone = False
    for token, _, _ in folded_tokens(text):
        was_alone, alone = alone, token_class(token[0]) == "I"
        if units and not (alone and was_alone):
            units.append(" ")
        inside = len(units)
        for character in token:
            if token_class(character) == "M" and len(units) > inside:
                units[-1] += character
            else:
                units.append(character)
    return units


def _sort_marks(text: str) -> str:
    """Return a folded text with neighbouring marks in one order, for equivalent strings may differ in it."""
    runs = itertools.groupby(text, lambda character: unicodedata.combining(character) != 0)
    return "".join("".join(sorted(run) if marks else run) for marks, run in runs)


def local_score(left: list[int], right: list[int]) -> int:
    """Return the score of the best local alignment of two lists: equal +1, unequal and gaps -1."""
    row, best = [0] * (len(right) + 1), 0
    for a in left:
        diagonal = 0
        for j, b in enumerate(right, 1):
            diagonal, row[j] = row[j], max(0, diagonal + (1 if a == b else -1), row[j] - 1, row[j - 1] - 1)
            best = max(best, row[j])
    return best


def global_score(left: list[int], right: list[int]) -> int:
    """Return the score of the best alignment of the whole of two lists, scored the same way."""
    row = [-j for j in range(len(right) + 1)]
    for i, a in enumerate(left, 1):
        diagonal, row[0] = row[0], -i
        for j, b in enumerate(right, 1):
            diagonal, row[j] = row[j], max(diagonal + (1 if a == b else -1), row[j] - 1, row[j - 1] - 1)
    return row[-1]
