"""Settings of the gate: what a file and the environment may say, each refused where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from dedup.errors import ConfigError
from dedup.gate.params import check_code, check_codes, check_level, check_limit

#: Settings of one value, which the environment may set as well; `rules` are set one by one, the other tables in a file.
PLAIN = ("select", "ignore", "max_new", "min_words", "baseline")
TABLES = ("rules", "ignores", "overrides")
_RULE = ("level", "limit")
_IGNORE = ("reason", "rules", "path", "source", "text")
_OVERRIDE = ("paths", "rules")

#: Keys below the gate -> where they stand, as a message begins.
Where = Callable[..., str]


def refuse(name: str, known: Mapping[str, str], where: str) -> NoReturn:
    """Refuse a setting that there is not, and name the nearest: ``known`` has what is compared, and what is named."""
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {known[near[0]]!r}?" if near else "`dedup config` lists them"
    raise ConfigError(f"{where}: unknown setting {name!r}; {hint}")


def checked_gate(name: str, value: object, where: Where, folder: Path) -> object:
    """Return a setting of the gate as `dedup.gate.params.gate_params` takes it, or refuse it."""
    at, key = where(name), f"gate.{name}"
    if name in ("select", "ignore"):
        if not _are_texts(value):
            raise ConfigError(f"{at}: {key} is {value!r}; a list of codes is needed")
        check_codes(tuple(value), f"{at}: {key}")  # type: ignore[arg-type]  # a list of texts
        return tuple(value)  # type: ignore[arg-type]
    if name in ("max_new", "min_words"):
        if type(value) is not int or value < 0:
            raise ConfigError(f"{at}: {key} is {value!r}; a whole number from 0 on is needed")
        return value
    if name == "baseline":
        if not isinstance(value, str):
            raise ConfigError(f"{at}: {key} is {value!r}; the name of a file is needed")
        return str(folder / value)
    if name == "rules":
        return _rules(value, lambda *keys: where("rules", *keys), key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"{at}: {key} is {value!r}; a list of tables is needed")
    entry = _ignore if name == "ignores" else _override
    return [
        entry(one, lambda *keys, number=number: where(name, number, *keys), key) for number, one in enumerate(value)
    ]


def rules_of(environment: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield code, ``level``, ``limit`` or nothing, and variable of the rules that the environment sets.

    ``DEDUP_GATE_RULES_D101_LEVEL=warning``, ``DEDUP_GATE_RULES_D201_LIMIT=40``; without either of these, a level or a
    limit by what it is, as in a file: ``DEDUP_GATE_RULES_D101=off``.
    """
    for variable in sorted(environment):
        if variable.startswith(prefix):
            code, _, part = variable.removeprefix(prefix).partition("_")
            check_code(code, variable)
            if part and part.lower() not in _RULE:
                names = [f"{prefix}{code}_{one.upper()}" for one in _RULE]
                refuse(variable, dict(zip(names, names, strict=True)), "environment")
            yield code, part.lower(), variable


def checked_rule(code: str, value: object, where: Where, key: str) -> dict[str, object]:
    """Return level and limit of a rule, of which one alone may be given as it is."""
    check_code(code, f"{where()}: {key}")
    name = f"{key}.{code}"
    table = {"level": value} if isinstance(value, str) else {"limit": value} if _is_number(value) else value
    if not isinstance(table, dict):
        raise ConfigError(f"{where()}: {name} is {value!r}; a level, a limit, or a table of both is needed")
    for part, one in table.items():
        if part not in _RULE:
            refuse(f"{name}.{part}", {f"{name}.{two}": f"{name}.{two}" for two in _RULE}, where(part))
        told = f"{where(part)}: {name}" + (f".{part}" if table is value else "")
        if part == "level":
            check_level(one, told)
        else:
            check_limit(code, one, told)
    return table


def _rules(value: object, where: Where, key: str) -> dict[str, dict[str, object]]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where()}: {key} is {value!r}; a table of codes is needed")
    return {code: checked_rule(code, one, _below(where, code), key) for code, one in value.items()}


def _below(where: Where, code: str) -> Where:
    return lambda *keys: where(code, *keys)


def _ignore(entry: dict[str, Any], where: Where, key: str) -> dict[str, Any]:
    _known_keys(entry, _IGNORE, where, key)
    codes = entry.get("rules", [])
    if not _are_texts(codes):
        raise ConfigError(f"{where('rules')}: {key}.rules is {codes!r}; a list of codes is needed")
    check_codes(tuple(codes), f"{where('rules')}: {key}.rules")
    for name in ("reason", "path", "source", "text"):
        if not isinstance(entry.get(name, ""), str):
            raise ConfigError(f"{where(name)}: {key}.{name} is {entry[name]!r}; a text is needed")
    what = entry.get("path") or entry.get("source") or entry.get("text")
    if not what:
        raise ConfigError(f"{where()}: {key}: one of path, source and text is needed")
    if not entry.get("reason", "").strip():
        raise ConfigError(f"{where()}: {key}: {what!r} has no reason; say why")
    return entry


def _override(entry: dict[str, Any], where: Where, key: str) -> dict[str, Any]:
    _known_keys(entry, _OVERRIDE, where, key)
    paths: Any = entry.get("paths")
    if not _are_texts(paths) or not paths:
        raise ConfigError(f"{where('paths')}: {key}.paths is {paths!r}; paths (a list) and rules (a table) are needed")
    rules = _rules(entry.get("rules"), lambda *keys: where("rules", *keys), f"{key}.rules")
    for code, rule in rules.items():
        if "limit" in rule:  # a repeat stands in files of several paths: whose limit would hold?
            raise ConfigError(f"{where('rules', code)}: {key}.rules: {code} has a limit here; set it in gate.rules")
    return {"paths": tuple(paths), "rules": rules}


def _known_keys(entry: Mapping[str, Any], allowed: Sequence[str], where: Where, key: str) -> None:
    for name in entry:
        if name not in allowed:
            refuse(f"{key}.{name}", {f"{key}.{one}": f"{key}.{one}" for one in allowed}, where(name))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
