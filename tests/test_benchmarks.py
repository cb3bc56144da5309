"""The command of the benchmarks: what it lists, runs, keeps and refuses."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks import made, processes
from benchmarks.__main__ import main
from benchmarks.floors import PATH, Floor, format_failures, judge, read_floors
from benchmarks.registry import BENCHMARKS, Need, data_path
from benchmarks.results import Figure, Measured
from benchmarks.results import Result as Found
from benchmarks.tables import aligned, markdown, split_tables
from dedup import lsh
from dedup.lsh import Bands, LshParams


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_every_benchmark_is_listed_with_what_it_needs() -> None:
    """The list has each name, and each name stands for a function that is there."""
    out = command("list").output

    for one in BENCHMARKS.values():
        module, _, name = one.place.partition(":")
        assert callable(getattr(import_module(module), name))
        assert f"{one.name}\n    {one.line}\n    needs {one.needs.value}\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "bibel"), "there is no benchmark 'bibel'; did you mean 'bible'?"),
        (("run", "bible"), "bible: it needs --data DIR with the folder of this name"),
        (("run", "bible", "--data", "nowhere"), "bible: there is no folder nowhere/bible"),
        (("run", "seeds", "--set", "min_jaccard"), "'min_jaccard' is not NAME=VALUE"),
        (("run", "seeds", "--set", "min_jacard=1"), "seeds: unknown setting 'min_jacard'; did you mean 'min_jaccard'?"),
        (("run", "seeds", "--samples", str(PATH.parent / "samples")), "is inside the repository"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_line(arguments: tuple[str, ...], message: str) -> None:
    """Unknown names, missing data and wrong options end with 2 and the remedy."""
    result = command(*arguments)

    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_result_is_kept_with_what_it_takes_to_believe_it(tmp_path: Path) -> None:
    """The JSON has commit, configuration, machine and repeats beside the rows, and settings reach the engine."""
    result = command("run", "seeds", "--out", str(tmp_path), "--repeats", "2", "--set", "min_cosine=.8")

    record = json.loads((tmp_path / "seeds.json").read_text(encoding="utf-8"))
    assert result.exit_code == 0, result.output
    assert (1, "seeds", 2, True) == tuple(record[name] for name in ("version", "name", "repeats", "same"))
    assert record["configuration"]["defaults"]["score"]["min_cosine"] == 0.8
    assert {"commit", "dirty", "machine", "data_set"} <= set(record)
    assert {"figure": "recall", "value": 1.0}.items() <= record["rows"][1].items()


def test_the_gate_fails_where_a_figure_is_under_its_floor(tmp_path: Path) -> None:
    """The line names benchmark, row, value and floor."""
    entry = {"benchmark": "seeds", "row": {"figure": "recall"}, "least": {"value": 1.5}}
    (tmp_path / "floors.json").write_text(json.dumps([entry]))

    result = command("gate", "--floors", str(tmp_path / "floors.json"))

    assert result.exit_code == 1
    assert "under its floor: seeds: figure recall: value is 1; it must be at least 1.5\n" in result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ('[{"benchmark": "seeds", "row": {}, "lest": 1}]', "entry 1: unknown: lest"),
        ('[{"benchmark": "seeds", "row": {}}]', "entry 1: it has neither 'least' nor 'most'"),
    ],
)
def test_floors_that_say_nothing_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """A floor file with a slip does not pass for one that holds."""
    path = tmp_path / "floors.json"
    path.write_text(content)

    with pytest.raises(ValueError, match=message):
        read_floors(path)


def test_floors_bound_from_below_and_above_and_must_be_measured() -> None:
    """What is within its bounds is not named; the furthest is named first."""
    rows = [{"kind": "swap", "recall": 0.5, "ratio": 3.0}, {"kind": "drop", "recall": 0.9, "ratio": 1.0}]
    floors = [
        Floor("made", {"kind": "swap"}, "recall", least=0.6),
        Floor("made", {"kind": "swap"}, "ratio", most=2.0),
        Floor("made", {"kind": "drop"}, "recall", least=0.9, most=1.0),
        Floor("made", {"kind": "add"}, "recall", least=0.1),
    ]

    lines = format_failures(judge(floors, [Measured("made", Found(rows=rows), [0.1])]))

    assert [
        "made: kind add: recall was not measured; it must be at least 0.1",
        "made: kind swap: ratio is 3; it must be at most 2",
        "made: kind swap: recall is 0.5; it must be at least 0.6",
    ] == lines


def test_rows_become_tables() -> None:
    """A table a title or set of columns; numbers to the right; columns with nothing in them left out."""
    rows = [Figure("recall", 0.5).as_row(), {"table": "b", "n": 1}, {"table": "b", "n": 12}]

    tables = split_tables(rows)

    assert ["", "b"] == [title for title, _, _ in tables]
    assert ["figure  value", "recall  0.500"] == aligned(*tables[0][1:])
    assert ["| n |", "|--:|", "| 1 |", "| 12 |"] == markdown(*tables[1][1:])


def test_a_set_is_found_in_its_folder_or_as_its_folder(tmp_path: Path) -> None:
    """``--data`` may be the folder of all sets or that of the one."""
    (tmp_path / "bible").mkdir()
    bible = BENCHMARKS["bible"]

    assert bible.needs is Need.SET
    assert data_path(bible, tmp_path) == data_path(bible, tmp_path / "bible") == tmp_path / "bible"


@pytest.fixture
def small_gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the floors of word-for-word copies and of the recall of LSH, and no others."""
    monkeypatch.setattr(made, "EDITS", made.EDITS[:1])
    entries = json.loads(PATH.read_text(encoding="utf-8"))
    wanted = [one for one in entries if one["benchmark"] == "audit" or one["row"].get("kind") == "verbatim"]
    path = tmp_path / "floors.json"
    path.write_text(json.dumps(wanted))
    return path


def test_the_gate_passes_as_it_is(small_gate: Path) -> None:
    """What the two broken versions are compared with."""
    result = command("gate", "--floors", str(small_gate))

    assert (0, "") == (result.exit_code, result.stderr)


def test_the_gate_notices_that_half_of_the_bands_are_missing(small_gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recall of LSH is what falls, most at the threshold; what is found by the exact join is as before."""
    whole = lsh.choose_bands
    half = Bands(whole(0.5, LshParams(), 128).bands // 2, whole(0.5, LshParams(), 128).rows)
    monkeypatch.setattr(lsh, "choose_bands", lambda *arguments: half)

    result = command("gate", "--floors", str(small_gate))

    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("under its floor: audit: Jaccard 0.5 to 0.6: recall is 0.9")
    assert all(line.startswith("under its floor: audit: ") for line in lines)


def test_the_gate_notices_a_floor_of_cosine_at_0(small_gate: Path) -> None:
    """Precision is what falls, where decoys were planted; the recall of LSH is as before."""
    result = command("gate", "--floors", str(small_gate), "--set", "min_cosine=0")

    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert any("quality-made: kind verbatim, place inside: precision is 0.5" in one for one in lines)
    assert all(line.startswith("under its floor: quality-made: ") for line in lines)


def test_a_process_is_measured_without_what_started_it():
    """Its own peak, though this one holds more; a failed command says what it wrote last."""
    held = b"\1" * 300_000_000
    took = processes.run(sys.executable, "-c", "held = b'1' * 100_000_000")

    assert 95 < took.peak_mb < 200 < len(held) / 2**20
    with pytest.raises(RuntimeError, match="no such feed"):
        processes.run(sys.executable, "-c", "import sys; sys.exit('no such feed')")
