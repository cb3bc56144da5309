"""What a check is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from dedup.errors import ConfigError
from dedup.gate.rules import LEVELS, RULES, Level


@dataclass(frozen=True, slots=True)
class Ignore:
    """What is not to be judged, and why.

    Attributes
    ----------
    reason : str
    codes : tuple of str
        Rules, or their beginnings (``D1``); empty for all.
    path, source : str
        Patterns such as ``legal/**``; empty where they do not matter.
    text : str
        A known notice: repeats that stand in it, word for word.
    """

    reason: str
    codes: tuple[str, ...] = ()
    path: str = ""
    source: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if not (self.path or self.source or self.text):
            raise ConfigError("ignore: one of path, source and text is needed")
        if not self.reason.strip():
            raise ConfigError(f"ignore: {self.path or self.source or self.text!r} has no reason; say why")
        check_codes(self.codes, "ignore")


@dataclass(frozen=True, slots=True)
class GateParams:
    """The settings of the gate.

    Attributes
    ----------
    levels : mapping of str to str
        Code -> ``error``, ``warning`` or ``off``, instead of the rule's own.
    limits : mapping of str to float
        Code -> limit, instead of the rule's own.
    select, ignore : tuple of str
        Codes or their beginnings: only these rules; not these.
    max_new : int
        So many errors that are not in the baseline are let through.
    min_words : int
        An article of fewer words, or a change of fewer, does not fail on a share (D401, D402).
    ignores : tuple of Ignore
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    max_new: int = 0
    min_words: int = 50
    ignores: tuple[Ignore, ...] = ()

    def __post_init__(self) -> None:
        check_codes(self.select, "select")
        check_codes(self.ignore, "ignore")
        for code, level in self.levels.items():
            _check_code(code, "levels")
            if level not in LEVELS:
                raise ConfigError(f"levels: {code} is {level!r}; allowed: {', '.join(LEVELS)}")
        for code, limit in self.limits.items():
            _check_code(code, "limits")
            unit = RULES[code].unit
            if not unit:
                raise ConfigError(f"limits: {code} has no limit; set its level, or --min-jaccard and --min-cosine")
            if limit < 0 or (unit == "share" and limit > 1):
                allowed = "0 to 1" if unit == "share" else "0 or more words"
                raise ConfigError(f"limits: {code} is {limit}; allowed: {allowed}")
        for name in ("max_new", "min_words"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; it cannot be negative")

    def level(self, code: str) -> Level:
        """Return the level of a rule that is in force.

        Examples
        --------
        >>> params = GateParams(levels={"D201": "warning"}, ignore=("D1",))
        >>> [params.level(code) for code in ("D101", "D201", "D501")]
        ['off', 'warning', 'error']
        """
        selected = not self.select or any(code.startswith(one) for one in self.select)
        if not selected or any(code.startswith(one) for one in self.ignore):
            return "off"
        level = self.levels.get(code, RULES[code].level)
        # Who selects a rule by its whole code wants it, whatever its level is by itself.
        return "error" if level == "off" and code in self.select and code not in self.levels else level

    def limit(self, code: str) -> float:
        """Return the limit of a rule that is in force."""
        return float(self.limits.get(code, RULES[code].limit))


def check_codes(codes: tuple[str, ...], where: str) -> None:
    """Refuse what is neither a code nor the beginning of one."""
    for code in codes:
        if not code or not any(one.startswith(code) for one in RULES):
            _refuse(code, where)


def _check_code(code: str, where: str) -> None:
    if code not in RULES:
        _refuse(code, where)


def _refuse(code: str, where: str) -> None:
    near = get_close_matches(code.upper(), RULES, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "`dedup rule` lists them"
    raise ConfigError(f"{where}: there is no rule {code!r}; {hint}")
