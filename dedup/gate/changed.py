"""Git -> the files that have changed since a commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dedup.errors import DedupError


def changed_files(ref: str, paths: Sequence[str]) -> set[str]:
    """Return the real paths of files that differ from a commit, new ones that git does not know yet included.

    Where branches have parted, the commit is the last that both have: what others changed since then is not meant.

    Parameters
    ----------
    ref : str
    paths : sequence of str
        Files of one repository.

    Raises
    ------
    DedupError
        There is no git, a path is in no repository or in another one, or the commit does not exist.
    """
    first = os.path.realpath(paths[0])
    top = _git(Path(first).parent, "rev-parse", "--show-toplevel").strip("\n")
    for path in paths:
        if path == "-" or not Path(os.path.realpath(path)).is_relative_to(top):
            raise DedupError(f"--changed-from: {path} is not in the git repository {top}; check it by itself")
    try:
        _git(Path(top), "rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
    except DedupError:
        raise DedupError(
            f"--changed-from: {ref!r} is no commit of {top}; fetch it (a shallow clone lacks it)"
        ) from None
    try:
        base = _git(Path(top), "merge-base", "--end-of-options", ref, "HEAD").strip()
    except DedupError:  # in a shallow clone the two may have no commit in common
        base = ref
    names = _git(Path(top), "diff", "--name-only", "-z", "--no-renames", "--end-of-options", base, "--")
    names += _git(Path(top), "ls-files", "--others", "--exclude-standard", "-z")
    return {os.path.realpath(os.path.join(top, name)) for name in names.split("\0") if name}  # noqa: PTH118


def _git(folder: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False, env=_environment()
        )
    except FileNotFoundError:
        raise DedupError("--changed-from: git is not installed") from None
    if run.returncode:
        told = run.stderr.decode("utf-8", "replace").strip().splitlines()
        if any("not a git repository" in line for line in told):
            raise DedupError(f"--changed-from: {folder} is not in a git repository")
        raise DedupError("--changed-from: git: " + (told[-1] if told else f"exit {run.returncode}"))
    return run.stdout.decode("utf-8", "surrogateescape")


def _environment() -> dict[str, str]:
    """Return the environment without what git tells its hooks: it counts from the root of the repository."""
    local = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
    return {name: value for name, value in os.environ.items() if name not in local}
