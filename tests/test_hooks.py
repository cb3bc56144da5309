"""The pre-commit hook: its manifest as pre-commit reads it, and a run of it from a clone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from pre_commit.clientlib import load_manifest

from tests.network import skip_without_network

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"


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
    [("posts/a.md", True), ("feed.jsonl.zst", True), ("a.txt.gz", True), ("a.py", False), ("a.mdx", False)],
)
def test_it_runs_for_what_is_read(name, wanted):
    """A commit that changes no article does not wait for it."""
    (hook,) = load_manifest(str(MANIFEST))

    assert wanted == bool(re.search(hook["files"], name))


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
