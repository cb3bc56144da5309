"""Verdict -> a Code Quality report of GitLab (JSON)."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import msgspec

from dedup.gate.model import Verdict, Violation
from dedup.reports.verdict.repository import find_root, from_root
from dedup.reports.verdict.streams import one_line, write_utf8

#: Of info, minor, major, critical, blocker: nothing that is said twice is worse than "major".
_SEVERITIES = {"error": "major", "warning": "minor"}
_MAX_CHARACTERS = 500


def write(verdict: Verdict, stream: TextIO) -> None:
    """Write what counts: the format has no word for what is known or ignored, and a merge request would show it.

    Fingerprints are those of the baseline with the number of the copy: GitLab shows one of several with the same.
    """
    root = find_root()
    issues = [
        msgspec.json.encode(_issue(violation, root)).decode()
        for violation in verdict.violations
        if not violation.suppressed
    ]
    write_utf8(stream, "[" + ",".join(f"\n{issue}" for issue in issues) + "\n]\n")


def _issue(violation: Violation, root: Path) -> dict[str, object]:
    where = violation.where
    return {
        "description": one_line(violation.message, _MAX_CHARACTERS),
        "check_name": violation.code,
        "fingerprint": f"{violation.fingerprint}-{violation.occurrence}",
        "severity": _SEVERITIES[violation.severity],
        "location": {
            "path": one_line(from_root(where.path, root) or where.path),
            "lines": {"begin": where.line, "end": max(where.end_line, where.line)},
        },
    }
