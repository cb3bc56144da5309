"""Git -> the files that have changed since a commit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dedup.errors import DedupError


def changed_files(ref: str, folder: Path) -> set[str]:
    """Return the real paths of files that differ from a commit, new ones that git does not know yet included.

    Raises
    ------
    DedupError
        There is no git, ``folder`` is in no repository, or the commit does not exist.
    """
    top = _git(folder, "rev-parse", "--show-toplevel").strip("\n")
    try:
        _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
    except DedupError:
        raise DedupError(
            f"--changed-from: {ref!r} is no commit of {top}; fetch it (a shallow clone lacks it)"
        ) from None
    names = _git(Path(top), "diff", "--name-only", "-z", "--no-renames", "--end-of-options", ref, "--")
    names += _git(Path(top), "ls-files", "--others", "--exclude-standard", "-z")
    return {os.path.realpath(os.path.join(top, name)) for name in names.split("\0") if name}  # noqa: PTH118


def _git(folder: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise DedupError("--changed-from: git is not installed") from None
    if run.returncode:
        told = run.stderr.decode("utf-8", "replace").strip().splitlines()
        if any("not a git repository" in line for line in told):
            raise DedupError(f"--changed-from: {folder} is not in a git repository")
        raise DedupError("--changed-from: git: " + (told[-1] if told else f"exit {run.returncode}"))
    return run.stdout.decode("utf-8", "surrogateescape")
