"""Settings from a file, the environment and flags, each with where it comes from."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from dedup.errors import ConfigError

FILE = "dedup.toml"
_PYPROJECT = "pyproject.toml"
_PREFIX = "DEDUP_"
#: Settings of the gate that the environment may set; tables are for files.
_GATE_PLAIN = ("select", "ignore", "max_new", "min_words", "baseline")
_GATE_TABLES = ("rules", "ignores", "overrides")
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
    """

    file: Path | None
    run: dict[str, Setting]
    gate: dict[str, Setting]
    clean: dict[str, Setting]


def find_file(inputs: Sequence[str]) -> Path | None:
    """Return the nearest file with settings, from the first input (or the working folder) upward.

    ``dedup.toml``, or a ``pyproject.toml`` that has ``[tool.dedup]``; of both in one folder, the former.
    """
    first = next((Path(one) for one in inputs if one != "-" and Path(one).exists()), Path())
    folder = first.resolve()
    for parent in (folder, *folder.parents):
        if (parent / FILE).is_file():
            return parent / FILE
        if (parent / _PYPROJECT).is_file() and "dedup" in _load(parent / _PYPROJECT).get("tool", {}):
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
    run: dict[str, Setting] = {}
    gate: dict[str, Setting] = {}
    clean: dict[str, Setting] = {}
    if path is not None:
        _read_file(path, run, gate, clean)
    _read_environment(os.environ if environment is None else environment, run, gate, clean)
    run |= {name: Setting(value, "flag") for name, value in flags.items() if value is not None}
    gate |= {name: Setting(value, "flag") for name, value in (gate_flags or {}).items() if value is not None}
    clean |= {name: Setting(value, "flag") for name, value in (clean_flags or {}).items() if value is not None}
    return Layers(path, run, gate, clean)


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _read_file(path: Path, run: dict[str, Setting], gate: dict[str, Setting], clean: dict[str, Setting]) -> None:
    content = _load(path)
    table = content.get("tool", {}).get("dedup", {}) if path.name == _PYPROJECT else content
    lines = path.read_text("utf-8", "replace").splitlines()
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.dedup is {table!r}; a table is needed")
    for key, value in table.items():
        where = f"{path}{_line(lines, key)}"
        if key in ("gate", "clean"):
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: {key} is {value!r}; a table is needed")
            for name, one in value.items():
                at = f"{path}{_line(lines, name)}"
                if key == "gate":
                    gate[name] = Setting(_checked_gate(name, one, at, path), at)
                else:
                    clean[name] = Setting(_checked_clean(name, one, at), at)
        else:
            run[key] = Setting(checked(key, value, where), where)


def _line(lines: Sequence[str], key: str) -> str:
    """Return ``:line`` of a key, nothing where it cannot be told."""
    wanted = re.compile(rf"""\s*(\[+[\w.]*)?["']?\b{re.escape(key)}\b["']?\s*[=\].]""")
    found = [number for number, line in enumerate(lines, 1) if wanted.match(line)]
    return f":{found[0]}" if len(found) == 1 else ""


def defaults() -> dict[str, object]:
    """Return the value of each setting of a run if nothing sets it."""
    from dedup.config import SETTINGS, Config

    config = Config()
    parts = {name: getattr(config, part) for name, (part, _) in SETTINGS.items()}
    return {name: getattr(parts[name], SETTINGS[name][1]) if SETTINGS[name][1] else parts[name] for name in SETTINGS}


def gate_settings(gate: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return all settings of the gate, those that nothing sets too; a rule has level and limit as they are in force."""
    from dedup.gate.params import GateParams, gate_params
    from dedup.gate.rules import RULES

    plain = GateParams()
    shown = {name: Setting(getattr(plain, name, None), "default") for name in (*_GATE_PLAIN, "ignores", "overrides")}
    shown |= {name: setting for name, setting in gate.items() if name != "rules"}
    params = gate_params({name: setting.value for name, setting in gate.items() if name != "baseline"})
    rules = gate.get("rules", Setting({}, "default"))
    for code, rule in RULES.items():
        value: dict[str, object] = {"level": params.level(code)} | ({"limit": params.limit(code)} if rule.unit else {})
        origin = rules.origin if code in rules.value else "default"  # type: ignore[operator]  # a table, as it is read
        if value["level"] != params.levels.get(code, rule.level):  # what is chosen decides over levels
            origin = gate["ignore" if code.startswith(params.ignore or ("-",)) else "select"].origin
        shown[f"rules.{code}"] = Setting(value, origin)
    return shown


def checked(name: str, value: object, where: str) -> object:
    """Return a setting's value as the configuration takes it, or refuse it."""
    known = defaults()
    if name not in known:
        _refuse(name, [*known, "gate", "clean"], where)
    default = known[name]
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


def _checked_gate(name: str, value: object, where: str, path: Path) -> object:
    if name not in (*_GATE_PLAIN, *_GATE_TABLES):
        _refuse(name, (*_GATE_PLAIN, *_GATE_TABLES), where)
    if name in ("select", "ignore"):
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ConfigError(f"{where}: gate.{name} is {value!r}; a list of codes is needed")
        return tuple(value)
    if name in ("max_new", "min_words"):
        if type(value) is not int:
            raise ConfigError(f"{where}: gate.{name} is {value!r}; a whole number is needed")
        return value
    if name == "baseline":
        if not isinstance(value, str):
            raise ConfigError(f"{where}: gate.baseline is {value!r}; the name of a file is needed")
        return str(path.parent / value)
    if name == "rules":
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: gate.rules is {value!r}; a table of codes is needed")
        return {code: _rule(code, one, where) for code, one in value.items()}
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"{where}: gate.{name} is {value!r}; a list of tables is needed")
    return [_entry(name, one, where) for one in value]


def _checked_clean(name: str, value: object, where: str) -> object:
    from dedup.clean.params import SETTINGS

    if name not in SETTINGS:
        _refuse(f"clean.{name}", [f"clean.{one}" for one in SETTINGS], where)
    kind = SETTINGS[name]
    if kind is float and _is_number(value):
        return value
    texts = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if not isinstance(value, kind) or not all(isinstance(one, str) for one in texts):
        told = {dict: "a table of texts", list: "a list of texts", float: "a number", str: "a text"}[kind]
        raise ConfigError(f"{where}: clean.{name} is {value!r}; {told} is needed")
    return value


def _rule(code: str, value: object, where: str) -> dict[str, object]:
    table = {"level": value} if isinstance(value, str) else {"limit": value} if _is_number(value) else value
    if not isinstance(table, dict) or set(table) - {"level", "limit"} or not _is_number(table.get("limit", 0)):
        raise ConfigError(f"{where}: gate.rules.{code} is {value!r}; a level, a limit, or a table of both is needed")
    return table


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _entry(name: str, entry: dict[str, Any], where: str) -> dict[str, Any]:
    allowed = ("reason", "rules", "path", "source", "text") if name == "ignores" else ("paths", "rules")
    for key in entry:
        if key not in allowed:
            _refuse(f"{name}.{key}", [f"{name}.{one}" for one in allowed], where)
    if name == "overrides":
        paths, rules = entry.get("paths"), entry.get("rules")
        if not isinstance(paths, list) or not isinstance(rules, dict) or not all(isinstance(one, str) for one in paths):
            raise ConfigError(f"{where}: gate.overrides: {entry!r}; paths (a list) and rules (a table) are needed")
        return {"paths": tuple(paths), "rules": {code: _rule(code, one, where) for code, one in rules.items()}}
    codes = entry.get("rules", [])
    if not isinstance(codes, list) or not all(isinstance(entry.get(key, ""), str) for key in allowed if key != "rules"):
        raise ConfigError(f"{where}: gate.ignores: {entry!r}; texts are needed, and a list of codes for rules")
    return entry


def _refuse(name: str, known: Sequence[str], where: str) -> None:
    near = get_close_matches(name, known, 1)
    raise ConfigError(
        f"{where}: unknown setting {name!r}; " + (f"did you mean {near[0]!r}?" if near else "`dedup config` lists them")
    )


def _read_environment(
    environment: Mapping[str, str], run: dict[str, Setting], gate: dict[str, Setting], clean: dict[str, Setting]
) -> None:
    for variable in sorted(environment):
        if not variable.startswith(_PREFIX):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        text = environment[variable]
        if name.startswith("gate_") and name.removeprefix("gate_") in _GATE_PLAIN:
            name = name.removeprefix("gate_")
            values = text.split(",") if name in ("select", "ignore") else _parse(text) if name != "baseline" else text
            gate[name] = Setting(_checked_gate(name, values, variable, Path("x")), variable)
            continue
        if name.startswith("clean_"):
            name = name.removeprefix("clean_")
            plain = text.split(",") if name == "prefer_sources" else text if name == "stays" else _parse(text)
            clean[name] = Setting(_checked_clean(name, plain, variable), variable)
            continue
        known = defaults()
        if name not in known:
            _refuse(variable, [_PREFIX + one.upper() for one in known], "environment")
        default = known[name]
        value: object = text.split(",") if isinstance(default, tuple) else _parse(text)
        is_text = isinstance(default, str) or _TYPES_OF_NONE.get(name) is str
        run[name] = Setting(checked(name, text if is_text else value, variable), variable)


def _parse(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
