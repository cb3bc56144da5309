"""Verdict -> lines as linters write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from dedup.reports.terminal import escape

if TYPE_CHECKING:
    from dedup.gate.model import Verdict


def write(verdict: Verdict, stream: TextIO) -> None:
    """Write a line for each violation that counts, ``file:line:column: code message``, and the verdict."""
    for one in verdict.violations:
        if one.suppressed:
            continue
        where = one.where
        at = f"{where.path}:{where.line}:{where.column}"
        note = "" if one.severity == "error" else "warning: "
        stream.write(escape(f"{at}: {one.code} {note}{one.message}") + "\n")
    for notice in verdict.notices:
        stream.write(escape(notice) + "\n")
    stream.write(escape(verdict.summary) + "\n")
