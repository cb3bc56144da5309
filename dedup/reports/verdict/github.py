"""Verdict -> annotations of a GitHub workflow, as lines that its runner reads."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from dedup.gate.model import Verdict, Violation
from dedup.reports.verdict.catalogue import RuleText, rules_of
from dedup.reports.verdict.repository import find_root, from_root
from dedup.reports.verdict.streams import many, one_line, write_utf8

#: Annotations of one kind that GitHub keeps of a step; what comes after them is dropped without a word.
MAX_ANNOTATIONS = 10
#: A message of more than 64 KB is refused; nobody reads one of a thousand characters.
_MAX_CHARACTERS = 1000


def write(verdict: Verdict, stream: TextIO, rules: dict[str, RuleText] | None = None) -> None:
    """Write ``::error``, ``::warning`` and ``::notice`` commands.

    Of each kind the first ten; a notice counts those that are left out. What is known or ignored gets none.
    The escapes are those of the toolkit's own ``@actions/core``.
    """
    root = find_root()
    named = rules_of(verdict, rules)
    counting = [violation for violation in verdict.violations if not violation.suppressed]
    lines, hidden = [], 0
    for severity in ("error", "warning"):
        of_kind = [violation for violation in counting if violation.severity == severity]
        lines += [_annotation(violation, named[violation.code], root) for violation in of_kind[:MAX_ANNOTATIONS]]
        hidden += max(len(of_kind) - MAX_ANNOTATIONS, 0)
    notices = list(verdict.notices)
    room = MAX_ANNOTATIONS - 1
    if hidden or len(notices) > room:
        left_out = [many(hidden, "finding")] if hidden else []
        left_out += [many(len(notices) - room, "notice")] if len(notices) > room else []
        told = f"{' and '.join(left_out)} not annotated (GitHub keeps {MAX_ANNOTATIONS} of a kind a step)"
        notices = [f"{verdict.summary}; {told}; see the log, the summary or the SARIF file.", *notices[:room]]
    lines += [_command("notice", {"title": "dedup"}, notice) for notice in notices]
    write_utf8(stream, "".join(f"{line}\n" for line in lines))


def _annotation(violation: Violation, rule: RuleText, root: Path) -> str:
    where = violation.where
    properties = {"file": from_root(where.path, root) or where.path, "line": str(where.line)}
    if where.in_file:
        properties["col"] = str(where.column)
        # The end is past the last character: at column 1, the line before is the last one.
        past = where.end_column == 1 and where.end_line > where.line
        properties["endLine"] = str(max(where.end_line - past, where.line))
        if properties["endLine"] != properties["line"]:
            del properties["col"]  # the runner takes columns on one line only, and warns of others
    properties["title"] = f"{rule.code} {rule.name}"
    return _command(violation.severity, properties, violation.message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    said = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{name} {said}::{_escape_data(one_line(message, _MAX_CHARACTERS))}"


def _escape_data(text: str) -> str:
    # Percent signs first: they are what the other escapes are made of.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
