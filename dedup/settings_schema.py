"""The settings that a file may have, as a JSON Schema (2020-12), for editors and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dedup.clean.params import ACTIONS, STAYS
from dedup.config import CANDIDATES, LEVELS
from dedup.gate.rules import LEVELS as RULE_LEVELS
from dedup.gate.rules import RULES
from dedup.readers.params import FIELDS
from dedup.reports import KINDS
from dedup.settings import defaults

_CHOICES = {"candidates": CANDIDATES, "levels": LEVELS, "shingle": ("word", "char")}
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_NONE_TYPES = {"shingle_size": "integer", "window": "string"}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_COUNT = {"type": "integer", "minimum": 0}


def settings_schema() -> dict[str, Any]:
    """Return the schema of ``dedup.toml``, and of ``[tool.dedup]`` in ``pyproject.toml``."""
    level = {"enum": list(RULE_LEVELS)}
    limit = {"type": "number", "minimum": 0}
    both = _closed({"level": level, "limit": limit})
    rules = {
        "type": "object",
        "propertyNames": {"enum": list(RULES)},
        "additionalProperties": {"anyOf": [level, limit, both]},
    }
    text = {"type": "string"}
    ignore = _closed({"reason": text, "rules": _TEXTS, "path": text, "source": text, "text": text}, ["reason"])
    gate = {
        "select": _TEXTS,
        "ignore": _TEXTS,
        "max_new": _COUNT,
        "min_words": _COUNT,
        "baseline": text,
        "rules": rules,
        "ignores": {"type": "array", "items": ignore},
        "overrides": {"type": "array", "items": _closed({"paths": _TEXTS, "rules": rules}, ["paths", "rules"])},
    }
    actions = {
        "type": "object",
        "propertyNames": {"enum": list(KINDS)},
        "additionalProperties": {"enum": list(ACTIONS)},
    }
    share = {"type": "number", "exclusiveMinimum": 0.5, "maximum": 1}
    clean = {
        "actions": actions,
        "stays": {"enum": list(STAYS)},
        "prefer_sources": _TEXTS,
        "min_share": share,
        "min_article_share": share,
        "changed_numbers": {"enum": ["keep", "drop"]},
    }
    settings = {name: _schema_of(name, value) for name, value in defaults().items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of dedup",
        **_closed({**settings, "gate": _closed(gate), "clean": _closed(clean)}),
    }


def _closed(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    closed: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return closed | ({"required": required} if required else {})


def _schema_of(name: str, default: object) -> dict[str, Any]:
    if isinstance(default, Mapping):
        names = {"anyOf": [{"type": "string"}, _TEXTS]}
        return {"type": "object", "propertyNames": {"enum": list(FIELDS)}, "additionalProperties": names}
    if isinstance(default, tuple):
        items: dict[str, Any] = {"enum": list(_CHOICES[name])} if name in _CHOICES else {"type": "string"}
        return {"type": "array", "items": items, "default": list(default)}
    if name in _CHOICES:
        return {"enum": list(_CHOICES[name]), "default": default}
    if default is None:
        return {"type": _NONE_TYPES.get(name, "string")}
    return {"type": _TYPES[type(default)], "default": default}
