"""Verdict -> CSV, a violation a row."""

from __future__ import annotations

import csv
import io
import re
from typing import TextIO

from dedup.gate.model import Verdict
from dedup.reports.terminal import escape
from dedup.reports.verdict.rows import COLUMNS, row
from dedup.reports.verdict.streams import write_utf8

#: Where a spreadsheet could take what follows for a formula: at the start of a cell, and after a semicolon or a tab,
#: which separate cells in places where the comma is the decimal point. The second set are full-width forms, which
#: East Asian versions take for the plain ones.
_FORMULA = re.compile(r"(^|[;\t])(?=\s*[=+\-@|%＝＋－＠])")


def write(verdict: Verdict, stream: TextIO) -> None:
    """Write the columns of `rows.COLUMNS` with a header, in UTF-8.

    Notes
    -----
    An article's text may begin like a formula, and a spreadsheet runs what it takes for one. So an apostrophe stands
    before it, which spreadsheets take for "what follows is text" (OWASP, CSV Injection). This changes the text for
    other programs, on purpose: who wants it to the byte takes ``json`` or ``parquet``, and a table that one opens by a
    double click may not depend on who wrote the article. Control and bidirectional characters are shown as escapes:
    a NUL ends the file for some readers. Numbers are written as they are.
    """
    out = io.StringIO()
    table = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    table.writerow(COLUMNS)
    for violation in verdict.violations:
        table.writerow([_harmless(value) if isinstance(value, str) else _plain(value) for value in row(violation)])
    write_utf8(stream, out.getvalue())


def _harmless(text: str) -> str:
    return _FORMULA.sub(r"\1'", escape(text))


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4f}" if isinstance(value, float) else value
