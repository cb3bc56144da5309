"""Verdict -> JSON of `verdict.schema.json`, a violation a line."""

from __future__ import annotations

from typing import Any, TextIO

import msgspec

from dedup import __version__
from dedup.gate.model import Location, Verdict, Violation
from dedup.reports.verdict.streams import write_utf8
from dedup.reports.view import clean

#: Raised whenever the fields of `verdict.schema.json` change.
SCHEMA_VERSION = 1


def write(verdict: Verdict, stream: TextIO) -> None:
    """Write a verdict as JSON; equal verdicts give equal bytes, and texts come as they stand in the articles."""
    head: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "tool": {"name": "saidtwice", "version": __version__}}
    head |= {name: value for name, value in verdict._asdict().items() if name != "violations"}
    head["summary"] = clean(verdict.summary)
    head["redundancy"] = round(verdict.redundancy, 6)
    head["notices"] = [clean(notice) for notice in verdict.notices]
    lines = [f'"{name}":{_json(value)}' for name, value in head.items()]
    violations = ",\n".join(_json(_violation(violation)) for violation in verdict.violations)
    write_utf8(
        stream, "{" + ",\n".join(lines) + ',\n"violations":[' + (f"\n{violations}\n" if violations else "") + "]}\n"
    )


def _violation(violation: Violation) -> dict[str, Any]:
    shown = violation._asdict()
    for name in ("jaccard", "containment", "cosine"):
        shown[name] = round(shown[name], 4)
    shown["message"], shown["reason"] = clean(violation.message), clean(violation.reason)
    shown["where"] = _location(violation.where)
    shown["others"] = [_location(other) for other in violation.others]
    return shown


def _location(location: Location) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in location._asdict().items()}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
