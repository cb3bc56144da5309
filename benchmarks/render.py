"""Kept results -> the tables and pictures of benchmarks/README.md, in place.

The page says itself what it wants, in comments with a JSON object: what stands between ``<!-- table {...} -->`` and
``<!-- end -->`` is made anew, and likewise for ``figures``, ``picture``, ``facts`` and ``notes``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.pictures import Line, chart
from benchmarks.results import RECORD_VERSION, Figure, MissingDataError, Row

FOLDER = Path(__file__).parent
PAGE, RESULTS, PICTURES = FOLDER / "README.md", FOLDER / "results", FOLDER / "pictures"
_BLOCK = re.compile(r"(<!-- (table|figures|picture|facts|notes) (\{.*?\}) -->\n).*?(<!-- end -->)", re.DOTALL)


def read_results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Return the kept results by name.

    Raises
    ------
    MissingDataError
        A file is of another version of this harness.
    """
    records = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("version") != RECORD_VERSION:
            raise MissingDataError(f"{path}: of version {record.get('version')}, not {RECORD_VERSION}; run it again")
        records[path.stem] = record
    return records


def render(page: str, records: Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
    """Return the page with its blocks made anew, and the pictures by file name.

    Raises
    ------
    MissingDataError
        A block is about a result that is not kept, or a column that it does not have.
    """
    pictures: dict[str, str] = {}

    def fill(block: re.Match[str]) -> str:
        head, kind, wanted, end = block[1], block[2], json.loads(block[3]), block[4]
        name = wanted["of"]
        if name not in records:
            raise MissingDataError(
                f"{name}: no result is kept; python -m benchmarks run {name} --out benchmarks/results"
            )
        record = records[name]
        try:
            if kind == "picture":
                pictures[wanted["file"]] = _picture(_rows(record, wanted), wanted)
                lines = [f"![{wanted['title']}](pictures/{wanted['file']})"]
            elif kind == "table":
                rows = _rows(record, wanted)
                lines = tables.markdown(wanted.get("columns") or [one for one in rows[0] if one != "table"], rows)
            elif kind == "figures":
                figures = [_figure(one) for one in record["figures"]]
                lines = tables.markdown(["figure", "value", "asked", "met"], figures)
            elif kind == "notes":
                lines = [f"- {note}" for note in record["notes"]]
            else:
                lines = [_facts(record)]
        except (KeyError, IndexError) as error:
            raise MissingDataError(f"{name}: the result has no {error} that {block[3]} wants") from None
        return head + "\n" + "\n".join(lines) + "\n\n" + end

    return _BLOCK.sub(fill, page), pictures


def _rows(record: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Row]:
    """Return the rows that a block wants: of a table, with some values, a name taken for a column."""
    conditions = wanted.get("where", {})
    rows = [row for row in record["rows"] if all(_fits(row.get(name), value) for name, value in conditions.items())]
    if "columns" in wanted:
        rows = [row for row in rows if set(wanted["columns"]) <= set(row)]
    if not rows:
        raise KeyError("row")
    return rows


def _figure(kept: Mapping[str, Any]) -> Row:
    """Return the row of a figure, with what was asked of it."""
    one = Figure(**{name: value for name, value in kept.items() if name != "met"})
    asked = f"{one.relation} {one.target:g}" if one.relation else ""
    return {
        "figure": one.name,
        "value": one.value,
        "asked": asked,
        "met": "" if one.met is None else "yes" if one.met else "no",
    }


def _fits(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted


def _picture(rows: list[Row], wanted: Mapping[str, Any]) -> str:
    marked = [row[wanted["x"]] for row in rows if row.get("in force") == "*"]
    lines = [Line(name, [(row[wanted["x"]], row[name]) for row in rows]) for name in wanted["y"]]
    here = marked[0] if marked else None
    return chart(wanted["title"], wanted["x"], lines, here=here, y_range=(0.0, 1.0) if wanted.get("share") else None)


def curve_pictures(name: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return charts of the curves of a result by file name: all that is a share, over the threshold."""
    curves = {key: one for key, one in data.items() if isinstance(one, dict) and one.get("points")}
    made = {}
    for key, one in curves.items():
        x, points = one["x"], one["points"]
        shares = [
            column
            for column in points[0]
            if column != x and all(isinstance(point[column], float) and 0 <= point[column] <= 1 for point in points)
        ]
        if shares:
            lines = [Line(column, [(point[x], point[column]) for point in points]) for column in shares]
            file = f"{name}.svg" if len(curves) == 1 else f"{name}-{key}.svg"
            made[file] = chart(f"{name} by {x}", x, lines, here=one.get("here"))
    return made


def _facts(record: Mapping[str, Any]) -> str:
    machine = record["machine"]
    changed = " with changes" if record["dirty"] else ""
    parts = [
        f"commit {record['commit'][:10]}{changed}",
        f"{machine['processor'] or machine['machine']}, {machine['cores']} cores, Python {machine['python']}",
        f"repeats: {record['repeats']}",
        f"data: {record['data_set']}",
    ]
    return f"<sub>{'; '.join(parts)}</sub>"


def write(check: bool = False) -> list[str]:
    """Make page and pictures anew, or only say what is not as the results have it.

    Returns
    -------
    list of str
        The files that differed.
    """
    page = PAGE.read_text(encoding="utf-8")
    rendered, pictures = render(page, read_results())
    files = {PAGE: rendered} | {PICTURES / name: svg for name, svg in pictures.items()}
    differing = [
        str(path.relative_to(FOLDER.parent))
        for path, content in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    ]
    if not check:
        PICTURES.mkdir(exist_ok=True)
        for path, content in files.items():
            path.write_text(content, encoding="utf-8")
    return differing
