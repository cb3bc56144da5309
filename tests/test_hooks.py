"""The pre-commit hook: its manifest as pre-commit reads it, and a run of it from a clone."""

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
from pre_commit.clientlib import load_config, load_manifest

from dedup import __version__
from tests.network import skip_without_network

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"


SNIPPETS = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def schema(name):
    return json.loads((files("check_jsonschema.builtin_schemas.vendor") / name).read_text(encoding="utf-8"))


def snippet(first_word):
    return next(text for text in SNIPPETS if text.startswith(first_word))


def run(*words, cwd, **variables):
    return subprocess.run(
        words,
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_manifest_is_one_to_pre_commit():
    """Its own validation; a scanner gets no file names, for a repeat stands in files that did not change too."""
    (hook,) = load_manifest(str(MANIFEST))

    assert ("dedup", "python", False, True) == (
        hook["id"], hook["language"], hook["pass_filenames"], hook["require_serial"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("posts/a.md", True), ("feed.jsonl.zst", True), ("a.txt.gz", True), ("a.py", False), ("a.mdx", True)],
)
def test_it_runs_for_what_is_read(name, wanted):
    """A commit that changes no article does not wait for it."""
    (hook,) = load_manifest(str(MANIFEST))

    assert wanted == bool(re.search(hook["files"], name))


def test_the_configuration_of_the_readme_is_one_to_pre_commit(tmp_path):
    """Its own validation, and a hook of that name is there."""
    (tmp_path / "config.yaml").write_text(snippet("repos:"), encoding="utf-8")
    (repo,) = load_config(str(tmp_path / "config.yaml"))["repos"]

    assert [hook["id"] for hook in load_manifest(str(MANIFEST))] == [hook["id"] for hook in repo["hooks"]]


def test_the_workflow_of_the_readme_is_of_the_published_schema():
    """As SchemaStore has it; what it gives to the action are inputs of the action."""
    workflow = yaml.safe_load(snippet("name: dedup"))
    workflow["on"] = workflow.pop(True)  # a truth value in the YAML 1.1 of this parser, a word to GitHub
    jsonschema.validate(workflow, schema("github-workflows.json"))
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]

    assert set(workflow["jobs"]["dedup"]["steps"][1]["with"]) <= set(inputs)


def test_the_job_of_the_readme_is_of_gitlabs_schema():
    """As GitLab publishes it; what is collected is what is written."""
    job = yaml.safe_load(snippet("dedup:"))
    jsonschema.validate(job, schema("gitlab-ci.json"))
    reports = job["dedup"]["artifacts"]["reports"]

    for form, report in (("gitlab", "codequality"), ("junit", "junit")):
        assert f"--format {form}:{reports[report]}" in job["dedup"]["script"][-1]


@pytest.mark.parametrize("text", SNIPPETS)
def test_the_readme_names_this_version(text):
    """A snippet that one pastes gets what the rest of the page describes."""
    assert {__version__} >= set(re.findall(r"\d+\.\d+\.\d+", text))


def test_try_repo_runs_the_hook(tmp_path):
    """``pre-commit try-repo`` of this repository installs it and runs the command in the user's repository.

    The packages that dedup wants are those of this environment: what is tried is the hook, not the registry.
    """
    if run("git", "rev-parse", "--git-dir", cwd=ROOT).returncode:
        pytest.skip("not a git repository: there is nothing to clone")
    user = tmp_path / "site"
    user.mkdir()
    text = "The council of the harbour met late on a Tuesday and voted for the longer of the two bridges.\n"
    (user / "a.md").write_text(f"# One\n\n{text}\nAn unrelated line.\n\n{text}", encoding="utf-8")
    for words in (["init", "-q"], ["add", "a.md"]):
        assert 0 == run("git", *words, cwd=user).returncode
    variables = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(Path(numba.__file__).parent.parent)}
    variables["NUMBA_DISABLE_JIT"] = "1"  # a new installation would compile for half a minute
    words = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "dedup", "--all-files", "--verbose"]
    done = run(*words, cwd=user, **variables)
    skip_without_network(done)

    assert 1 == done.returncode, done.stdout + done.stderr
    assert "exit code: 1" in done.stdout
    assert "D101" in done.stdout
