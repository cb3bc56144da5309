"""Settings from a file, the environment and flags, each with where it comes from."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dedup.errors import ConfigError
from dedup.settings_gate import PLAIN, TABLES, Where, checked_gate, checked_rule, refuse, rules_of
from dedup.settings_lines import key_lines, line_of

if TYPE_CHECKING:
    from dedup.config import Config

FILE = "dedup.toml"
_PYPROJECT = "pyproject.toml"
_PREFIX = "DEDUP_"
_RULES_PREFIX = _PREFIX + "GATE_RULES_"
#: What a setting without a default value is.
_TYPES_OF_NONE: dict[str, type] = {"shingle_size": int, "window": str}


class Setting(NamedTuple):
    """A value, and where it was set.

    Attributes
    ----------
    value : object
    origin : str
        ``default``, ``flag``, the name of an environment variable, or the file with the line where that is known.
    """

    value: object
    origin: str


class Layers(NamedTuple):
    """All settings that are not defaults, of the run, of the gate and of cleaning.

    Attributes
    ----------
    file : Path or None
        The file that was read.
    run, gate, clean : dict of str to Setting
    rules : dict of str to str
        Where the level or limit of each rule was set.
    """

    file: Path | None
    run: dict[str, Setting]
    gate: dict[str, Setting]
    clean: dict[str, Setting]
    rules: dict[str, str]


def find_file(inputs: Sequence[str]) -> Path | None:
    """Return the nearest file with settings, from the first input (or the working folder) upward.

    ``dedup.toml``, or a ``pyproject.toml`` that has ``[tool.dedup]``; of both in one folder, the former.
    """
    first = next((Path(one) for one in inputs if one != "-" and Path(one).exists()), Path())
    folder = first.resolve()
    for parent in (folder, *folder.parents):
        if (parent / FILE).is_file():
            return parent / FILE
        if (parent / _PYPROJECT).is_file() and _own_table(_load(parent / _PYPROJECT)) is not None:
            return parent / _PYPROJECT
    return None


def layers(
    inputs: Sequence[str],
    flags: Mapping[str, object],
    gate_flags: Mapping[str, object] | None = None,
    clean_flags: Mapping[str, object] | None = None,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Layers:
    """Return what files, the environment and flags set; later ones win.

    Parameters
    ----------
    inputs : sequence of str
        Of the command; the file is looked for from the first one upward.
    flags, gate_flags, clean_flags : mapping
        ``None`` where a flag was not given.
    file : Path, optional
        Read this one instead.
    environment : mapping, optional
        `os.environ` if not given.

    Raises
    ------
    ConfigError
        A key is unknown or a value of the wrong type: the file, the key, the value and what is allowed.
    """
    path = file or find_file(inputs)
    found = Layers(path, {}, {}, {}, {})
    if path is not None:
        _read_file(path, found)
    _read_environment(os.environ if environment is None else environment, found)
    for table, given in ((found.run, flags), (found.gate, gate_flags or {}), (found.clean, clean_flags or {})):
        table |= {name: Setting(value, "flag") for name, value in given.items() if value is not None}
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _own_table(pyproject: Mapping[str, Any]) -> Any:
    """Return what a ``pyproject.toml`` has for this program, if anything."""
    tool = pyproject.get("tool")
    return tool.get("dedup") if isinstance(tool, dict) else None


def _read_file(path: Path, found: Layers) -> None:
    content = _load(path)
    above = ("tool", "dedup") if path.name == _PYPROJECT else ()
    table = _own_table(content) if above else content
    table = {} if table is None else table
    lines = key_lines(path.read_text("utf-8-sig", "replace"))
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.dedup is {table!r}; a table is needed")

    def where(*keys: str | int) -> str:
        line = line_of(lines, (*above, *keys))
        return f"{path}:{line}" if line else str(path)

    for key, value in table.items():
        if key not in ("gate", "clean"):
            found.run[key] = Setting(checked(key, value, where(key)), where(key))
            continue
        if not isinstance(value, dict):
            raise ConfigError(f"{where(key)}: {key} is {value!r}; a table is needed")
        for name, one in value.items():
            at = where(key, name)
            if key == "gate":
                _known(f"gate.{name}", at)
                found.gate[name] = Setting(checked_gate(name, one, lambda *keys: where("gate", *keys), path.parent), at)
            else:
                found.clean[name] = Setting(_checked_clean(name, one, at), at)
    found.rules.update({code: where("gate", "rules", code) for code in table.get("gate", {}).get("rules", {})})


def _known(name: str, where: str) -> None:
    """Refuse a setting that there is not, and name the one that is meant, which may belong into another table."""
    from dedup.clean.params import SETTINGS

    tables = {"": (*defaults(), "gate", "clean"), "gate.": (*PLAIN, *TABLES), "clean.": tuple(SETTINGS)}
    names = [table + one for table, own in tables.items() for one in own]
    if name in names:
        return
    # It may be called so in another table; those of its own come first where two are as near.
    own_table = name[: name.rfind(".") + 1]
    others = {own_table + one.rpartition(".")[2]: one for one in names}
    refuse(name, others | {own_table + one: own_table + one for one in tables[own_table]}, where)


def configured(settings: Mapping[str, Setting]) -> Config:
    """Return the configuration of a run's settings.

    Raises
    ------
    ConfigError
        A value is not allowed: where it stands, unless it is a flag.
    """
    from dedup.config import load_config

    origins = {name: setting.origin for name, setting in settings.items() if setting.origin != "flag"}
    return load_config({name: setting.value for name, setting in settings.items()}, origins)


def defaults() -> dict[str, object]:
    """Return the value of each setting of a run if nothing sets it."""
    from dedup.config import SETTINGS, Config

    config = Config()
    parts = {name: getattr(config, part) for name, (part, _) in SETTINGS.items()}
    return {name: getattr(parts[name], SETTINGS[name][1]) if SETTINGS[name][1] else parts[name] for name in SETTINGS}


def gate_settings(found: Layers) -> dict[str, Setting]:
    """Return all settings of the gate, those that nothing sets too; a rule has level and limit as they are in force."""
    from dedup.gate.params import GateParams, gate_params
    from dedup.gate.rules import RULES

    plain, gate = GateParams(), found.gate
    shown = {name: Setting(getattr(plain, name, None), "default") for name in (*PLAIN, "ignores", "overrides")}
    shown |= {name: setting for name, setting in gate.items() if name != "rules"}
    params = gate_params({name: setting.value for name, setting in gate.items() if name != "baseline"})
    for code, rule in RULES.items():
        value: dict[str, object] = {"level": params.level(code)} | ({"limit": params.limit(code)} if rule.unit else {})
        origin = found.rules.get(code, "default")
        if value["level"] != params.levels.get(code, rule.level):  # what is chosen decides over levels
            origin = gate["ignore" if code.startswith(params.ignore or ("-",)) else "select"].origin
        shown[f"rules.{code}"] = Setting(value, origin)
    return shown


def checked(name: str, value: object, where: str) -> object:
    """Return a setting's value as the configuration takes it, or refuse it."""
    _known(name, where)
    default = defaults()[name]
    if isinstance(default, Mapping):
        if isinstance(value, dict):
            return {key: tuple(one) if isinstance(one, list) else (one,) for key, one in value.items()}
        raise ConfigError(f"{where}: {name} is {value!r}; a table is needed")
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise ConfigError(f"{where}: {name} is {value!r}; a list of texts is needed")
    kind = _TYPES_OF_NONE.get(name, str) if default is None else type(default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        told = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(kind, kind.__name__)
        raise ConfigError(f"{where}: {name} is {value!r}; {told} is needed")
    return value


def _checked_clean(name: str, value: object, where: str) -> object:
    from dedup.clean.params import SETTINGS

    _known(f"clean.{name}", where)
    kind = SETTINGS[name]
    if kind is float and _is_number(value):
        return value
    texts = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if not isinstance(value, kind) or not all(isinstance(one, str) for one in texts):
        told = {dict: "a table of texts", list: "a list of texts", float: "a number", str: "a text"}[kind]
        raise ConfigError(f"{where}: clean.{name} is {value!r}; {told} is needed")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_environment(environment: Mapping[str, str], found: Layers) -> None:
    rules: dict[str, dict[str, object]] = {}
    for code, part, variable in rules_of(environment, _RULES_PREFIX):
        text = environment[variable]
        if not text:
            continue
        value = {part: text if part == "level" else _parse(text)} if part else _parse(text)
        rules.setdefault(code, {}).update(checked_rule(code, value, _at(variable), "gate.rules"))
        found.rules[code] = variable
    if rules:
        below = found.gate.get("rules", Setting({}, ""))
        merged = dict(below.value)  # type: ignore[call-overload]  # a table of rules
        merged |= {code: {**merged.get(code, {}), **rule} for code, rule in rules.items()}
        found.gate["rules"] = Setting(merged, below.origin)
    for variable in sorted(environment):
        if not variable.startswith(_PREFIX) or variable.startswith(_RULES_PREFIX) or not environment[variable]:
            continue  # an empty one is how a CI system says that nothing is set
        name = variable.removeprefix(_PREFIX).lower()
        text = environment[variable]
        table, _, own = name.partition("_")
        if table == "gate" and own in TABLES:
            raise ConfigError(f"{variable}: {own} are tables, which a file has; rules: {_RULES_PREFIX}D101_LEVEL=off")
        if table == "gate" and own in PLAIN:
            codes = [one.strip().upper() for one in text.split(",") if one.strip()]
            values = codes if own in ("select", "ignore") else _parse(text) if own != "baseline" else text
            found.gate[own] = Setting(checked_gate(own, values, _at(variable), Path()), variable)
            continue
        known = defaults()
        if name not in known:
            _known_variable(variable)
            plain = text.split(",") if own == "prefer_sources" else text if own == "stays" else _parse(text)
            found.clean[own] = Setting(_checked_clean(own, plain, variable), variable)
            continue
        default = known[name]
        value_: object = text.split(",") if isinstance(default, tuple) else _parse(text)
        is_text = isinstance(default, str) or _TYPES_OF_NONE.get(name) is str
        found.run[name] = Setting(checked(name, text if is_text else value_, variable), variable)


def _at(variable: str) -> Where:
    return lambda *_: variable


def _known_variable(variable: str) -> None:
    """Refuse a variable that is none, but not one of cleaning; the table's name may be missing in it."""
    from dedup.clean.params import SETTINGS

    if variable in (clean := [f"{_PREFIX}CLEAN_{one.upper()}" for one in SETTINGS]):
        return
    gate = [f"{_PREFIX}GATE_{one.upper()}" for one in PLAIN]
    names = [*(_PREFIX + one.upper() for one in defaults()), *gate, *clean]
    known = {re.sub("^DEDUP_(GATE|CLEAN)_", _PREFIX, one): one for one in reversed(names)}
    refuse(variable, known | {one: one for one in names}, "environment")


def _parse(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
