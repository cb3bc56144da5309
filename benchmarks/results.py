"""What every benchmark is told, what it gives back, and the form in which that is kept."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"
#: Where the environments of other tools are kept.
ENVS = Path("~/.cache/saidtwice/peers")
#: Of the form of `as_record`; a reader of kept results refuses others.
RECORD_VERSION = 1

#: A line of a table: column -> value. ``table`` names the table, where a benchmark has several.
Row = dict[str, Any]


class MissingDataError(Exception):
    """What a benchmark needs is not there; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a measurement may be told; each takes what concerns it.

    Attributes
    ----------
    jobs : int
    repeats : int
        Of what is timed; the median counts.
    truth : Path or None
        File or folder with the truth of a data set of the user's own.
    background : Path or None
        Feed whose document frequencies weigh the words of the sentence pairs.
    samples : Path or None
        Folder for samples to be read by eye.
    envs : Path
        Where the environments of the peers are kept.
    peers : tuple of str
        Which of them; empty for all.
    count : int or None
        How many articles, files or feeds are taken or made; None for the benchmark's own number.
    max_bytes : int or None
        Article text that a peer is given; 0 for all of it, None for the peer's own limit.
    seed : int
        Of what is drawn by chance.
    settings : dict of str to str
        Of the engine, over its defaults.
    """

    jobs: int = 2
    repeats: int = 1
    truth: Path | None = None
    background: Path | None = None
    samples: Path | None = None
    envs: Path = ENVS
    peers: tuple[str, ...] = ()
    count: int | None = None
    max_bytes: int | None = None
    seed: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it should be, and what others have.

    Attributes
    ----------
    name : str
    value : float
    relation : str
        ``>=``, ``<=``, ``=`` or ``~`` (within .001), of the value to `target`; empty where nothing is aimed at.
    target : float
    peer : str
        The same figure of another tool, or a published one, with its name.
    settings : str
        Those that are not the defaults.
    """

    name: str
    value: float
    relation: str = ""
    target: float = 0.0
    peer: str = ""
    settings: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if not self.relation:
            return None
        if self.relation == "~":
            return abs(self.value - self.target) <= 0.001
        if self.relation == "=":
            return self.value == self.target
        return self.value >= self.target if self.relation == ">=" else self.value <= self.target

    def as_row(self) -> Row:
        """Return the figure as a line of a table."""
        aim = f"{self.relation} {self.target:g}".replace("~", "+-.001") if self.relation else ""
        met = {True: "ok", False: "LOW", None: ""}[self.met]
        columns = {"met": met, "figure": self.name, "value": self.value, "target": aim, "beside it": self.peer}
        return columns | {"settings": self.settings}


@dataclass(frozen=True, slots=True)
class Result:
    """What a benchmark found.

    Attributes
    ----------
    figures : list of Figure
    rows : list of dict
        Lines of other tables; those of one table have the same columns.
    settings : dict of str to dict
        All settings of each run, by its label.
    notes : list of str
        Lines printed below the tables.
    data : dict
        What is kept beside the tables and not printed: points of curves, above all.
    failures : list of str
        What is wrong, a line each: with one, the command fails.
    """

    figures: list[Figure] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def table(self) -> list[Row]:
        """All lines, those of the figures first."""
        return [one.as_row() for one in self.figures] + self.rows


@dataclass(frozen=True, slots=True)
class Measured:
    """A benchmark's result with how it was got.

    Attributes
    ----------
    name : str
    result : Result
    seconds : list of float
        Wall time of each repeat of the whole, reading and comparing included.
    repeats : int
        As asked for; a benchmark that times something repeats inside.
    same : bool
        Every repeat gave the same tables.
    data : str
        Name of what it was measured on.
    """

    name: str
    result: Result
    seconds: list[float]
    repeats: int = 1
    same: bool = True
    data: str = ""


def as_record(measured: Measured) -> dict[str, Any]:
    """Return a result in the form that is kept as JSON: what was measured, of which commit, how, and where."""
    result = measured.result
    name, dirty = commit()
    return {
        "version": RECORD_VERSION,
        "name": measured.name,
        "commit": name,
        "dirty": dirty,
        "configuration": result.settings,
        "machine": {
            "platform": platform.platform(),
            "machine": platform.machine(),
            "processor": _processor(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        },
        "data_set": measured.data,
        "repeats": measured.repeats,
        "same": measured.same,
        "seconds": [round(one, 3) for one in measured.seconds],
        "rows": result.table,
        "figures": [asdict(one) | {"met": one.met} for one in result.figures],
        "notes": result.notes,
        "failures": result.failures,
        "data": result.data,
    }


def commit() -> tuple[str, bool]:
    """Return the commit of the working tree and whether files differ from it; no name outside of a checkout."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return "", False


def _processor() -> str:
    """Return the name of the processor, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def share(part: float, whole: float) -> float:
    """Return part / whole; 1 of nothing, since nothing is missing from it."""
    return part / whole if whole else 1.0


def said_settings(settings: Mapping[str, object]) -> str:
    """Return settings as one line."""
    return " ".join(f"{name}={value}" for name, value in settings.items())
