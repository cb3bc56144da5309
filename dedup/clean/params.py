"""What is to be done with repeats, and which copy stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from dedup.errors import ConfigError
from dedup.reports import KINDS

Action = Literal["drop", "mark", "keep"]
ACTIONS = ("drop", "mark", "keep")
STAYS = ("earliest", "longest", "first")

#: A passage that another outlet carries over is part of its article: it stays unless it is asked to go.
DEFAULT_ACTIONS: dict[str, Action] = {
    "self": "drop",
    "reuse": "keep",
    "boilerplate": "drop",
    "near-duplicate": "drop",
    "contained": "drop",
}


@dataclass(frozen=True, slots=True)
class CleanParams:
    """What is cleaned, and how.

    Attributes
    ----------
    actions : mapping of str to {"drop", "mark", "keep"}
        For kinds of `dedup.reports.KINDS`, instead of `DEFAULT_ACTIONS`. What is marked stays, with a note beside it.
    stays : {"earliest", "longest", "first"}
        Which of several articles keeps the text: the one with the earliest date (else the first in the feed), the one
        with the most words, the first in the feed. Inside an article the first copy stays; but where one copy is a
        paragraph by itself and the other is in the middle of one, the latter. Of a text that another one holds, and
        more, the longer stays, whatever comes first.
    prefer_sources : tuple of str
        Articles of these sources come before all others, in this order.
    min_share : float
        A sentence goes if so much of its words stand, in runs of three, in what stays.
    min_article_share : float
        An article goes if so much of it stands in one that stays. Of twelve that went on AllSides at .8, four under .9
        told something else; `benchmarks/cleaning.py` writes samples to read by eye.
    changed_numbers : {"keep", "drop"}
        A sentence with a number that its copy has not says something else, and stays (but for notices).

    Examples
    --------
    >>> CleanParams(actions={"reuse": "mark"}).action("reuse"), CleanParams().action("reuse")
    ('mark', 'keep')
    """

    actions: Mapping[str, Action] = field(default_factory=dict)
    stays: str = "earliest"
    prefer_sources: tuple[str, ...] = ()
    min_share: float = 0.8
    min_article_share: float = 0.9
    changed_numbers: str = "keep"

    def __post_init__(self) -> None:
        for kind, action in self.actions.items():
            if kind not in KINDS:
                raise ConfigError(f"clean: actions: {kind!r} is none of {', '.join(KINDS)}")
            if action not in ACTIONS:
                raise ConfigError(f"clean: actions: {kind} is {action!r}; allowed: {', '.join(ACTIONS)}")
        if self.stays not in STAYS:
            raise ConfigError(f"clean: stays is {self.stays!r}; allowed: {', '.join(STAYS)}")
        for name in ("min_share", "min_article_share"):
            if not 0.5 < getattr(self, name) <= 1:
                raise ConfigError(f"clean: {name} is {getattr(self, name)}; it must be over 0.5 and at most 1")
        if self.changed_numbers not in ("keep", "drop"):
            raise ConfigError(f"clean: changed_numbers is {self.changed_numbers!r}; allowed: keep, drop")

    def action(self, kind: str) -> Action:
        """Return what is done with repeats of a kind."""
        return self.actions.get(kind, DEFAULT_ACTIONS[kind])


#: Settings of `CleanParams`, as files, the environment and flags name them, with what they must be.
SETTINGS: dict[str, type] = {
    "actions": dict,
    "stays": str,
    "prefer_sources": list,
    "min_share": float,
    "min_article_share": float,
    "changed_numbers": str,
}


def clean_params(settings: Mapping[str, object]) -> CleanParams:
    """Return the parameters that some settings mean.

    Raises
    ------
    ConfigError
        A setting is unknown, or its value is not allowed.
    """
    for name in settings:
        if name not in SETTINGS:
            near = get_close_matches(name, SETTINGS, 1)
            raise ConfigError(f"unknown setting clean.{name}" + (f"; did you mean {near[0]!r}?" if near else ""))
    values: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}
    if "prefer_sources" in values:
        values["prefer_sources"] = tuple(values["prefer_sources"])
    return CleanParams(**values)
