"""Report -> text for people, JSON for programs: each writer reads nothing but the report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from dedup.result import Report

#: The names of `dedup.model.Kind`, in its order, as reports and flags write them.
KINDS = ("self", "reuse", "boilerplate", "near-duplicate", "contained")


@dataclass(frozen=True, slots=True)
class Options:
    """What of a report is written, and how; a format ignores what does not concern it.

    Attributes
    ----------
    kinds : tuple of str
        Of `KINDS`: only findings of these are listed; empty for all.
    top : int, optional
        So many findings are listed, 0 for all; ``None`` leaves it to the format: 20 in text, all in JSON.
    verbose : bool
        Also what differs from run to run (seconds), and examples of what was skipped.
    color : bool, optional
        ``None``: where the stream is a terminal and ``NO_COLOR`` is not set.
    width : int, optional
        Of a line, in columns; ``None``: that of the terminal, else 80.
    borderline : bool
        In text, pairs that just missed a threshold in place of findings; JSON has them in any case.
    page_bytes : int, optional
        Of a page, which then keeps the heaviest findings; ``None`` for 20 MB.
    """

    kinds: tuple[str, ...] = ()
    top: int | None = None
    verbose: bool = False
    color: bool | None = None
    width: int | None = None
    borderline: bool = False
    page_bytes: int | None = None

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise ValueError(f"kinds is {list(self.kinds)!r}; allowed: {', '.join(KINDS)}")


DEFAULT_OPTIONS = Options()


class Writer(Protocol):
    """Writes a report to a text stream; what is written is UTF-8 where the stream has bytes below it."""

    def __call__(self, report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
        """Write the report."""


def _write(format_name: str, report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    import_module(f"dedup.reports.{format_name}").write(report, stream, options)


#: Format -> its writer, ``write(report, stream, options)`` of the module of that name, loaded on first use.
FORMATS: dict[str, Writer] = {
    name: partial(_write, name) for name in ("badge", "html", "json", "png", "shields", "svg", "text")
}
