"""Data sets with truth -> what the engine finds in them with one set of settings, beside targets and peers."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.datasets import (
    Figure,
    Options,
    Result,
    measure_bible,
    measure_licences,
    measure_mccormick,
    measure_reuters,
    measure_textreuse,
)
from benchmarks.edits import measure_edits
from benchmarks.repeats import (
    SEEDS,
    measure_allsides,
    measure_clough_stevenson,
    measure_moscow_times,
    measure_seeds,
)
from benchmarks.sentence_pairs import measure_sentence_pairs

ROOT = Path(__file__).resolve().parent.parent

#: By name; the folder of a set is named like it.
SETS: dict[str, Callable[[Path, Options], Result]] = {
    "seeds": measure_seeds,
    "edits": measure_edits,
    "moscow_times": measure_moscow_times,
    "mccormick": measure_mccormick,
    "reuters": measure_reuters,
    "clough_stevenson": measure_clough_stevenson,
    "bible": measure_bible,
    "textreuse": measure_textreuse,
    "sentence_pairs": measure_sentence_pairs,
    "licences": measure_licences,
    "allsides": measure_allsides,
}
#: Sets that are made from `seeds/`: they need no data.
MADE = ("seeds", "edits")


@dataclass(frozen=True, slots=True)
class Measured:
    """A set's result with how it was got.

    Attributes
    ----------
    name : str
    result : Result
    seconds : list of float
        Wall time of each repeat, reading and the comparison included.
    same : bool
        Every repeat gave the same figures.
    """

    name: str
    result: Result
    seconds: list[float]
    same: bool


def measure(name: str, folder: Path, options: Options, repeats: int = 1) -> Measured:
    """Return the figures of a set, measured so often."""
    results, seconds = [], []
    for _ in range(repeats):
        start = perf_counter()
        results.append(SETS[name](folder, options))
        seconds.append(perf_counter() - start)
    return Measured(name, results[0], seconds, all(one.figures == results[0].figures for one in results))


def format_table(measured: Measured) -> str:
    """Return the table of a set: a line a figure, notes below."""
    rows = [("", "figure", "value", "target", "beside it", "settings")]
    for one in measured.result.figures:
        mark = {True: "ok", False: "LOW", None: ""}[one.met]
        rows.append((mark, one.name, _number(one.value), _aim(one), one.peer, one.settings))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    title = f"{measured.name}: {min(measured.seconds):.1f} s" + ("" if measured.same else "; REPEATS DIFFER")
    return "\n".join([title, *lines, *(f"    {note}" for note in measured.result.notes)])


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _aim(one: Figure) -> str:
    return f"{one.relation} {one.target:g}".replace("~", "+-.001") if one.relation else ""


def as_record(measured: Measured) -> dict[str, Any]:
    """Return a result for a JSON file, with commit, settings and machine."""
    result = measured.result
    return {
        "set": measured.name,
        "commit": commit(),
        "machine": {
            "platform": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        },
        "repeats": len(measured.seconds),
        "same": measured.same,
        "seconds": [round(one, 3) for one in measured.seconds],
        "figures": [asdict(one) | {"met": one.met} for one in result.figures],
        "settings": result.settings,
        "notes": result.notes,
        "data": result.data,
    }


def commit() -> str:
    """Return the commit of the working tree, ``+changes`` after it if files differ; empty outside of a checkout."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def under_floors(floors: Mapping[str, Mapping[str, float]], measured: Sequence[Measured]) -> list[str]:
    """Return a line for each figure that is under its floor, or has a floor and was not measured.

    Examples
    --------
    >>> one = Measured("seeds", Result([Figure("recall", 0.9)]), [0.1], True)
    >>> under_floors({"seeds": {"recall": 1.0, "precision": 1.0}}, [one])
    ['seeds: recall is 0.9, its floor 1.0', 'seeds: precision has a floor of 1.0 and was not measured']
    """
    values = {(one.name, figure.name): figure.value for one in measured for figure in one.result.figures}
    lines = []
    for name, figures in floors.items():
        for figure, floor in figures.items():
            value = values.get((name, figure))
            if value is None:
                lines.append(f"{name}: {figure} has a floor of {floor} and was not measured")
            elif value < floor:
                lines.append(f"{name}: {figure} is {value:.4g}, its floor {floor}")
    return lines


def main() -> int:
    """Measure the sets that are named and print a table of each; return 1 if a floor is not reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of the data sets; without it, those made from seeds/ only")
    parser.add_argument("--only", nargs="+", choices=SETS, metavar="NAME", help=", ".join(SETS))
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--gate", type=Path, metavar="FLOORS", help="fail if a figure is under its floor in this file")
    parser.add_argument("--background", type=Path, metavar="FEED", help="document frequencies for sentence_pairs")
    parser.add_argument("--samples", type=Path, metavar="DIR", help="write samples of allsides to read by eye")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="threads [%(default)s]")
    parser.add_argument("--repeats", type=int, default=1, help="measure so often [%(default)s]")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error(f"--repeats: at least 1 is needed, not {arguments.repeats}")
    if arguments.samples is not None and arguments.samples.resolve().is_relative_to(ROOT):
        parser.error(f"--samples: {arguments.samples} is inside the repository; the texts belong to their publishers")
    floors = json.loads(arguments.gate.read_text(encoding="utf-8")) if arguments.gate else {}
    options = Options(arguments.jobs, arguments.background, arguments.samples)
    names = arguments.only or (list(floors) if floors else list(SETS))
    measured = []
    for name in names:
        folder = SEEDS if name in MADE else (arguments.data or Path()) / name
        if name not in MADE and (arguments.data is None or not folder.is_dir()):
            why = "no --data" if arguments.data is None else f"there is no folder {folder}"
            print(f"{name}: skipped: {why}\n")
            continue
        measured.append(measure(name, folder, options, arguments.repeats))
        print(format_table(measured[-1]) + "\n", flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([as_record(one) for one in measured], indent=1), encoding="utf-8")
    low = under_floors(floors, measured)
    print("\n".join(low), file=sys.stderr, end="\n" if low else "")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
