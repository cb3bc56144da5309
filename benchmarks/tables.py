"""Rows of results -> tables for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmarks.results import Measured, Row


def cell(value: object) -> str:
    """Return a value as it stands in a table.

    Examples
    --------
    >>> [cell(one) for one in (0.98765, 12.345, 1234.5, 7, None, "ok")]
    ['0.988', '12.35', '1234', '7', '', 'ok']
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 2 else f"{value:.3f}"
    return str(value)


def split_tables(rows: Sequence[Row]) -> list[tuple[str, list[str], list[Row]]]:
    """Return the tables among rows: the title of each, its columns, its rows. What has other columns is another one."""
    tables = []
    for key, part in groupby(rows, lambda row: (row.get("table", ""), tuple(one for one in row if one != "table"))):
        tables.append((key[0], list(key[1]), list(part)))
    return tables


def aligned(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return a table as lines, numbers to the right; columns that are empty throughout are left out."""
    columns = [name for name in columns if any(cell(row[name]) for row in rows)]
    cells = [list(columns), *([cell(row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [all(row[name] is None or isinstance(row[name], (int, float)) for row in rows) for name in columns]
    lines = []
    for line in cells:
        parts = zip(line, widths, right, strict=True)
        lines.append("  ".join(one.rjust(width) if is_right else one.ljust(width) for one, width, is_right in parts))
    return [line.rstrip() for line in lines]


def markdown(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return a table as lines of Markdown."""
    columns = [name for name in columns if any(cell(row[name]) for row in rows)]
    right = [all(row[name] is None or isinstance(row[name], (int, float)) for row in rows) for name in columns]
    lines = [f"| {' | '.join(columns)} |", f"|{'|'.join('--:' if one else '---' for one in right)}|"]
    return lines + [
        f"| {' | '.join(cell(row[name]).replace('|', chr(92) + '|').replace('<', '&lt;') for name in columns)} |"
        for row in rows
    ]


def format_measured(measured: Measured) -> str:
    """Return all tables of a result, its notes and failures below."""
    same = "" if measured.same else "; REPEATS DIFFER"
    lines = [f"{measured.name}: {min(measured.seconds):.1f} s{same}"]
    for title, columns, rows in split_tables(measured.result.table):
        lines += [title] if title else []
        lines += aligned(columns, rows)
    lines += [f"    {note}" for note in measured.result.notes]
    lines += [f"FAILED {one}" for one in measured.result.failures]
    return "\n".join(lines)
