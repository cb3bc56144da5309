"""Floors in a file -> which results are under them, and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import Measured

PATH = Path(__file__).with_name("floors.json")


@dataclass(frozen=True, slots=True)
class Floor:
    """What a number must reach.

    Attributes
    ----------
    benchmark : str
    row : dict
        What the row is known by: column -> value.
    column : str
    least, most : float or None
    """

    benchmark: str
    row: Mapping[str, Any]
    column: str = "value"
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.row.items() if value != "")
        return f"{self.benchmark}: {where}: {self.column}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A floor with what was measured: None where nothing was."""

    floor: Floor
    value: float | None

    @property
    def held(self) -> bool:
        """Whether the number is there and within its bounds."""
        if self.value is None:
            return False
        low, high = self.floor.least, self.floor.most
        return (low is None or self.value >= low) and (high is None or self.value <= high)


def read_floors(path: Path) -> list[Floor]:
    """Return the floors of a file: a JSON list of rows, each with what its columns must reach.

    An entry has ``benchmark``, ``row`` (what the row is known by) and ``least`` or ``most`` (column -> bound), or both.

    Raises
    ------
    ValueError
        The file is no such list; the message says which entry is wrong.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    floors = []
    for number, entry in enumerate(entries, 1):
        unknown = set(entry) - {"benchmark", "row", "least", "most"}
        if unknown or not {"benchmark", "row"} <= set(entry):
            what = f"unknown: {', '.join(sorted(unknown))}" if unknown else "it needs 'benchmark' and 'row'"
            raise ValueError(f"{path}: entry {number}: {what}")
        bounds = [(column, "least", bound) for column, bound in entry.get("least", {}).items()]
        bounds += [(column, "most", bound) for column, bound in entry.get("most", {}).items()]
        if not bounds:
            raise ValueError(f"{path}: entry {number}: it has neither 'least' nor 'most'")
        floors += [Floor(entry["benchmark"], entry["row"], column, **{side: bound}) for column, side, bound in bounds]
    return floors


def judge(floors: Iterable[Floor], measured: Sequence[Measured]) -> list[Judged]:
    """Return each floor with the number that it is for.

    Examples
    --------
    >>> from benchmarks.results import Result
    >>> one = Measured("made", Result(rows=[{"kind": "verbatim", "recall": 0.9}]), [0.1])
    >>> floors = [Floor("made", {"kind": "verbatim"}, "recall", 1.0), Floor("made", {"kind": "none"}, "recall", 1.0)]
    >>> [(one.value, one.held) for one in judge(floors, [one])]
    [(0.9, False), (None, False)]
    """
    tables = {one.name: one.result.table for one in measured}
    judged = []
    for floor in floors:
        rows = [
            row
            for row in tables.get(floor.benchmark, [])
            if floor.column in row and all(row.get(name) == value for name, value in floor.row.items())
        ]
        judged.append(Judged(floor, rows[0][floor.column] if rows else None))
    return judged


def format_failures(judged: Sequence[Judged]) -> list[str]:
    """Return a line for each floor that does not hold, those that are furthest below first."""
    lines = []
    for one in sorted(judged, key=_shortfall, reverse=True):
        if one.held:
            continue
        bound = f"at least {one.floor.least:g}" if one.floor.least is not None else f"at most {one.floor.most:g}"
        measured = "was not measured" if one.value is None else f"is {one.value:.4g}"
        lines.append(f"{one.floor} {measured}; it must be {bound}")
    return lines


def _shortfall(one: Judged) -> float:
    if one.value is None:
        return float("inf")
    return max(
        one.floor.least - one.value if one.floor.least is not None else 0.0,
        one.value - one.floor.most if one.floor.most is not None else 0.0,
    )
