"""The GitHub action: its metadata by the published schema, its steps as the shell runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import numba
import pytest
import yaml

from tests.network import skip_without_network

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
SCHEMAS = files("check_jsonschema.builtin_schemas.vendor")

#: Stands in for the command: notes its arguments, writes each output that is asked for, ends as it is told to.
STUB = """#!{python}
import json, os, sys
words = sys.argv[1:]
json.dump(words, open(os.environ["STUB_NOTES"], "w"))
status = int(os.environ["STUB_STATUS"])
for flag, value in zip(words, words[1:]):
    if flag == "--format" and ":" in value and status < 2:
        form, path = value.split(":", 1)
        open(path, "w").write("written as " + form + "\\n")
sys.exit(status)
"""


def schema(name):
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


@pytest.fixture
def runner(tmp_path):
    """Make a folder of the job, with the files and variables that a runner gives to a step."""
    workspace, temp = tmp_path / "work", tmp_path / "temp"
    workspace.mkdir()
    temp.mkdir()
    commands = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")}
    for path in commands.values():
        path.touch()
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CI": "true", "GITHUB_ACTIONS": "true"}
    variables |= {"GITHUB_WORKSPACE": str(workspace), "RUNNER_TEMP": str(temp), "GITHUB_ACTION_PATH": str(ROOT)}
    variables |= {name: str(path) for name, path in commands.items()}
    return workspace, temp, variables


def run_step(name, runner, inputs=None, **variables):
    """Run a step as a runner does: its text in a file, with the options that ``shell: bash`` stands for."""
    workspace, temp, given = runner
    step = STEPS[name]
    values = {f"inputs.{key}": value["default"] for key, value in ACTION["inputs"].items() if "default" in value}
    values |= {f"inputs.{key}": value for key, value in (inputs or {}).items()}
    values |= {"runner.temp": str(temp), "steps.python.outputs.python-path": sys.executable}
    env = {
        key: re.sub(r"\$\{\{ *(.*?) *\}\}", lambda match: values[match[1]], text) for key, text in step["env"].items()
    }
    script = temp / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=workspace, env=given | env | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def outputs_of(runner):
    lines = Path(runner[2]["GITHUB_OUTPUT"]).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def check(runner, inputs, status=0):
    """Run the step "Check" with the stub; return the process and the arguments that the stub got."""
    bin_folder = runner[1] / "dedup-venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to(sys.executable)
    (bin_folder / "dedup").write_text(STUB.format(python=sys.executable), encoding="utf-8")
    (bin_folder / "dedup").chmod(0o755)
    notes = runner[1] / "notes.json"
    done = run_step("Check", runner, inputs, STUB_NOTES=str(notes), STUB_STATUS=str(status))
    return done, json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else None


def test_the_metadata_is_of_the_published_schema():
    """As SchemaStore has it and check-jsonschema ships it."""
    jsonschema.validate(ACTION, schema("github-actions.json"))

    assert {"paths", "baseline", "args", "format", "sarif-file", "python-version", "upload"} == set(ACTION["inputs"])


def test_expressions_name_what_there_is():
    """Each input and step that an expression names exists, the step before its use, and no script holds one."""
    ids: list[str] = []
    for step in ACTION["runs"]["steps"]:
        told = json.dumps(step)
        assert set(re.findall(r"inputs\.([\w-]+)", told)) <= set(ACTION["inputs"])
        assert set(re.findall(r"steps\.([\w-]+)\.", told)) <= set(ids)
        assert "${{" not in step.get("run", "")
        ids += [step["id"]] if "id" in step else []


def test_what_follows_a_failed_gate_still_runs():
    """Without a status function a step is skipped once another has failed."""
    for name in ("Save compiled kernels", "Upload SARIF"):
        assert "!cancelled()" in STEPS[name]["if"]


def test_inputs_become_arguments_word_for_word(runner):
    """A path with spaces, quotes or a command in it is one argument; more arguments are split as in a shell."""
    inputs = {
        "paths": "my articles/\n$(touch planted)\n-odd.md\n",
        "baseline": "known repeats.txt",
        "args": "--max-new 3 --select 'D1 01' \"a`touch planted`b\"",
        "format": "junit:out put.xml\ncsv:out.csv",
    }
    done, words = check(runner, inputs)

    assert 0 == done.returncode, done.stderr
    assert ["--", "my articles/", "$(touch planted)", "-odd.md"] == words[-4:]
    assert ["--max-new", "3", "--select", "D1 01", "a`touch planted`b"] == words[-9:-4]
    assert ["--baseline", "known repeats.txt"] == words[-11:-9]
    assert ["--format", "junit:out put.xml", "--format", "csv:out.csv"] == words[-15:-11]
    assert not (runner[0] / "planted").exists()


@pytest.mark.parametrize("status", [0, 1])
def test_outputs_are_there_whether_or_not_the_gate_holds(runner, status):
    """The SARIF file for the upload, the status of the gate, and what goes to the log and the summary is asked for."""
    done, words = check(runner, {"paths": "articles"}, status)

    assert status == done.returncode
    assert {"status": str(status), "sarif-file": "dedup.sarif"} == outputs_of(runner)
    assert ["check", "--summary", "--format", "terminal", "--format", "github"] == words[:6]
    assert "written as sarif\n" == (runner[0] / "dedup.sarif").read_text(encoding="utf-8")
    assert ["--", "articles"] == words[-2:]


def test_a_check_that_could_not_run_uploads_nothing_old(runner):
    """The file of an earlier run on the same machine is not taken for this one's."""
    (runner[0] / "dedup.sarif").write_text("old", encoding="utf-8")
    done, _ = check(runner, {"paths": "articles"}, status=2)

    assert 2 == done.returncode
    assert {"status": "2"} == outputs_of(runner)


def test_arguments_that_cannot_be_split_are_an_error_that_says_so(runner):
    """One annotation, status 2, and nothing is run."""
    done, words = check(runner, {"paths": "articles", "args": "--select 'D101"})

    assert (2, None) == (done.returncode, words)
    assert "::error title=dedup::input args: quotes that do not close" in done.stdout
    assert {"status": "2"} == outputs_of(runner)


@pytest.mark.parametrize(("args", "status"), [("", 1), ("--exit-zero", 0), ("--no-such-option", 2)])
def test_the_check_step_runs_the_gate(runner, args, status):
    """With the command itself: annotations in the log, a summary, a SARIF file that has the finding."""
    text = "The council of the harbour met late on a Tuesday and voted for the longer of the two bridges.\n"
    (runner[0] / "a.md").write_text(f"# One\n\n{text}\nAn unrelated line.\n\n{text}", encoding="utf-8")
    bin_folder = runner[1] / "dedup-venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to(sys.executable)
    command = f'#!/bin/sh\nexec "{sys.executable}" -m dedup "$@"\n'
    (bin_folder / "dedup").write_text(command, encoding="utf-8")
    (bin_folder / "dedup").chmod(0o755)
    kernels = os.environ.get("NUMBA_CACHE_DIR", "")  # those of this environment: what is tried is not the compiler
    done = run_step("Check", runner, {"paths": "a.md", "args": args}, PYTHONPATH=str(ROOT), NUMBA_CACHE_DIR=kernels)

    assert status == done.returncode, done.stdout + done.stderr
    assert str(status) == outputs_of(runner)["status"]
    if status < 2:
        results = json.loads((runner[0] / "dedup.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
        assert [("D101", 7)] == [
            (one["ruleId"], one["locations"][0]["physicalLocation"]["region"]["startLine"]) for one in results
        ]
        assert "\n::error file=a.md,line=7,col=1,endLine=7,title=D101" in done.stdout
        assert "D101" in Path(runner[2]["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    else:
        assert "sarif-file" not in outputs_of(runner)


def test_the_install_step_installs_this_and_names_its_kernels(runner):
    """From the action's own folder; the key has the versions, and a second installation gives the same one.

    The packages that dedup wants are those of this environment: what is tried is the step, not the registry.
    """
    there = {"PYTHONPATH": str(Path(numba.__file__).parent.parent)}
    there |= {key: value for key, value in os.environ.items() if key.startswith("PIP_")} | {"HOME": os.environ["HOME"]}
    done = run_step("Install dedup", runner, **there)
    skip_without_network(done)
    assert 0 == done.returncode, done.stderr
    first = outputs_of(runner)["cache-key"]
    sources = sorted(runner[1].glob("dedup-venv/lib/python*/site-packages/dedup/kernels/*.py"))

    assert sources
    # Numba takes a cached kernel only if the time of its source is the same.
    assert {1_000_000_000} == {path.stat().st_mtime for path in sources}
    assert f"-numba-{numba.__version__}-python-" in first
    assert re.fullmatch(r"[\w.+-]{1,512}", first)
