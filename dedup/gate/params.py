"""What a check is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from dedup.errors import ConfigError
from dedup.gate.rules import LEVELS, RULES, Level
from dedup.patterns import matches


@dataclass(frozen=True, slots=True)
class Ignore:
    """What is not to be judged, and why.

    Attributes
    ----------
    reason : str
    codes : tuple of str
        Rules, or their beginnings (``D1``); empty for all.
    path, source : str
        Patterns such as ``legal/*``, or the name of a folder (`dedup.patterns`); empty where they do not matter.
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
class Override:
    """Levels of rules for some paths.

    Attributes
    ----------
    paths : tuple of str
        Patterns, as in `Ignore`.
    levels : mapping of str to str
    """

    paths: tuple[str, ...]
    levels: Mapping[str, Level]

    def __post_init__(self) -> None:
        check_levels(self.levels, "overrides")


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
    overrides : tuple of Override
        The last one that has the path of an article decides.
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    max_new: int = 0
    min_words: int = 50
    ignores: tuple[Ignore, ...] = ()
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        check_codes(self.select, "select")
        check_codes(self.ignore, "ignore")
        check_levels(self.levels, "levels")
        for code, limit in self.limits.items():
            check_code(code, "limits")
            check_limit(code, limit, f"limits: {code}")
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

    def level_at(self, code: str, path: str) -> Level:
        """Return the level of a rule for the articles of a file."""
        level = self.level(code)
        for override in self.overrides:
            if level != "off" and code in override.levels and any(matches(path, one) for one in override.paths):
                level = override.levels[code]
        return level

    def limit(self, code: str) -> float:
        """Return the limit of a rule that is in force."""
        return float(self.limits.get(code, RULES[code].limit))


def gate_params(settings: Mapping[str, Any]) -> GateParams:
    """Return the parameters of plain values, as a file has them.

    Examples
    --------
    >>> gate_params({"rules": {"D201": {"level": "warning", "limit": 40}}}).limit("D201")
    40.0
    """
    plain = {name: settings[name] for name in ("select", "ignore", "max_new", "min_words") if name in settings}
    rules = settings.get("rules", {})
    return GateParams(
        levels=_levels(rules),
        limits={code: rule["limit"] for code, rule in rules.items() if "limit" in rule},
        ignores=tuple(
            Ignore(
                one.get("reason", ""),
                tuple(one.get("rules", ())),
                **{name: one.get(name, "") for name in ("path", "source", "text")},
            )
            for one in settings.get("ignores", ())
        ),
        overrides=tuple(_override(one) for one in settings.get("overrides", ())),
        **plain,
    )


def _override(one: Mapping[str, Any]) -> Override:
    for code, rule in one["rules"].items():
        if "limit" in rule:  # a repeat stands in files of several paths: whose limit would hold?
            raise ConfigError(f"overrides: {code} has a limit here, which is set in gate.rules alone")
    return Override(one["paths"], _levels(one["rules"]))


def _levels(rules: Mapping[str, Mapping[str, Any]]) -> dict[str, Level]:
    return {code: rule["level"] for code, rule in rules.items() if "level" in rule}


def check_levels(levels: Mapping[str, object], where: str) -> None:
    """Refuse codes and levels that there are not."""
    for code, level in levels.items():
        check_code(code, where)
        check_level(level, f"{where}: {code}")


def check_level(level: object, name: str) -> None:
    """Refuse what is no level."""
    if level not in LEVELS:
        raise ConfigError(f"{name} is {level!r}; allowed: {', '.join(LEVELS)}")


def check_limit(code: str, limit: object, name: str) -> None:
    """Refuse a limit for a rule that has none, or one that its limit cannot have."""
    unit = RULES[code].unit
    if not unit:
        raise ConfigError(f"{name}: {code} has no limit; set its level, or --min-jaccard and --min-cosine")
    allowed = "0 to 1" if unit == "share" else "0 or more words"
    is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not is_number or not 0 <= limit or (unit == "share" and limit > 1):  # type: ignore[operator]  # "not": nan
        raise ConfigError(f"{name} is {limit!r}; allowed: {allowed}")


def check_codes(codes: tuple[str, ...], where: str) -> None:
    """Refuse what is neither a code nor the beginning of one."""
    for code in codes:
        if not code or not any(one.startswith(code) for one in RULES):
            _refuse(code, where)


def check_code(code: str, where: str) -> None:
    """Refuse what is not the whole code of a rule."""
    if code not in RULES:
        _refuse(code, where)


def _refuse(code: str, where: str) -> None:
    near = get_close_matches(code.upper(), RULES, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "`dedup rule` lists them"
    raise ConfigError(f"{where}: there is no rule {code!r}; {hint}")
