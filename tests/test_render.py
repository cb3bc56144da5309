"""The page of the benchmarks is what the kept results say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import render
from benchmarks.pictures import Line, chart
from benchmarks.results import MissingDataError

RECORD = {
    "version": 1, "name": "made", "commit": "0123456789abcdef", "dirty": True, "repeats": 2, "data_set": "feed.jsonl",
    "machine": {"processor": "", "machine": "x86_64", "cores": 2, "python": "3.11.1"}, "notes": ["one", "two"],
    "figures": [
        {"name": "seconds", "value": 2.5, "relation": "<=", "target": 2.0, "peer": "", "settings": "", "met": False},
        {"name": "size", "value": 7.0, "relation": "", "target": 0.0, "peer": "", "settings": "", "met": None},
    ],
    "rows": [
        {"table": "a", "kind": "swap", "x": 0.5, "recall": 0.25, "in force": ""},
        {"table": "a", "kind": "drop", "x": 1.0, "recall": 1.0, "in force": "*"},
        {"table": "b", "other": 3},
    ],
}  # fmt: skip


def test_blocks_are_made_of_the_result_they_name() -> None:
    """Table, picture, notes and facts; what stood between the marks goes, what is outside stays."""
    end = "<!-- end -->"
    table = {"of": "made", "where": {"table": "a", "kind": ["drop"]}, "columns": ["kind", "recall"]}
    picture = {"of": "made", "file": "a.svg", "title": "A", "where": {"table": "a"}, "x": "x", "y": ["recall"]}
    page = f"Before\n<!-- table {json.dumps(table)} -->\nold\n{end}\n"
    page += f'<!-- notes {{"of": "made"}} -->\n{end}\n<!-- facts {{"of": "made"}} -->\n{end}\n'
    page += f'<!-- figures {{"of": "made"}} -->\n{end}\n'
    page += f"<!-- picture {json.dumps(picture | {'share': True})} -->\n{end}\nAfter"

    rendered, pictures = render.render(page, {"made": RECORD})

    assert "old" not in rendered
    assert "\n| kind | recall |\n|---|--:|\n| drop | 1.000 |\n" in rendered
    assert "\n- one\n- two\n" in rendered
    assert "| seconds | 2.50 | &lt;= 2 | no |\n| size | 7.00 |  |  |\n" in rendered
    assert "commit 0123456789 with changes; x86_64, 2 cores, Python 3.11.1; repeats: 2; data: feed.jsonl" in rendered
    assert "![A](pictures/a.svg)" in rendered
    assert "in force: 1<" in pictures["a.svg"]
    assert rendered.startswith("Before\n")
    assert rendered.endswith("\nAfter")
    assert rendered == render.render(rendered, {"made": RECORD})[0]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ('{"of": "gone"}', "gone: no result is kept; python -m benchmarks run gone --out benchmarks/results"),
        ('{"of": "made", "columns": ["lost"]}', "made: the result has no"),
    ],
)
def test_a_block_without_its_result_is_named(block: str, message: str) -> None:
    """Rather than an empty table."""
    with pytest.raises(MissingDataError, match=re.escape(message)):
        render.render(f"<!-- table {block} -->\n<!-- end -->", {"made": RECORD})


def test_results_of_another_version_are_refused(tmp_path: Path) -> None:
    """With the file and the remedy."""
    (tmp_path / "made.json").write_text(json.dumps(RECORD | {"version": 0}))

    with pytest.raises(MissingDataError, match="of version 0, not 1; run it again"):
        render.read_results(tmp_path)


def test_a_chart_puts_points_where_they_belong() -> None:
    """Well-formed XML; the lowest and the highest point at the ends of the frame, larger y higher up."""
    svg = chart("A < B", "x", [Line("one", [(0, 0), (10, 1)]), Line("two", [(0, 1), (10, 0.5)])])

    root = ElementTree.fromstring(svg)
    lines = [one.attrib["points"] for one in root.iter() if one.tag.endswith("polyline")]
    (x0, y0), (x1, y1) = ((float(a) for a in point.split(",")) for point in lines[0].split())
    assert "A &lt; B" in svg
    assert len(lines) == 2
    assert x0 < x1
    assert y0 > y1
    assert lines[1].split()[0] == f"{x0:.1f},{y1:.1f}"


def test_the_page_of_this_repository_is_as_its_results_have_it() -> None:
    """Nobody edits a figure by hand, and nobody forgets to make the page anew."""
    assert render.write(check=True) == []


def test_kept_results_have_no_texts() -> None:
    """Numbers and names: articles belong to their publishers. Nothing kept is longer than a note."""

    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [one for part in value.values() for one in strings(part)]
        if isinstance(value, list):
            return [one for part in value for one in strings(part)]
        return [value] if isinstance(value, str) else []

    for path in render.RESULTS.glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        assert {"rows", "commit", "machine", "repeats", "configuration"} <= set(record)
        assert max(map(len, strings(record))) < 400, path
