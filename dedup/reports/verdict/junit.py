"""Verdict -> JUnit XML: what breaks the gate is a failed case."""

from __future__ import annotations

from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from dedup.gate.model import Location, Verdict, Violation
from dedup.reports.verdict.streams import many, one_line, write_utf8

#: GitLab reads no report of 30 MB or more.
MAX_BYTES = 29_000_000
_MAX_TEXT = 2000


def write(verdict: Verdict, stream: TextIO, max_bytes: int = MAX_BYTES) -> None:
    """Write one case for the gate, and one for each violation.

    An error is a failure where the gate failed; where ``--max-new`` allowed it, and for a warning, the case is
    skipped with the message, as are those that are known or ignored: a consumer that turns red on a failed case agrees
    with the exit code. The name of a case holds the fingerprint and no line, so it is the same test after a move.
    """
    # Errors first, so that they are not what a limit leaves out.
    ordered = sorted(verdict.violations, key=lambda one: (one.suppressed is not None, one.severity))
    cases: list[str] = []
    failures = skipped = written = 0
    for violation in ordered:
        fails = verdict.failed and violation.severity == "error" and not violation.suppressed
        case = _case(violation, fails=fails)
        written += len(case.encode())
        if written > max_bytes:
            break
        cases.append(case)
        failures += fails
        skipped += not fails
    said = [verdict.summary, *verdict.notices]
    if left_out := len(ordered) - len(cases):
        said.append(f"{many(left_out, 'finding')} left out: readers take no more than 30 MB")
    gate = [f'<testcase classname="dedup" name="gate"><system-out>{_lines(said)}</system-out></testcase>\n']
    if verdict.failed:
        failure = f'<failure type="gate" message={_quoted(verdict.summary)}>{_lines(said)}</failure>'
        gate = [f'<testcase classname="dedup" name="gate">{failure}</testcase>\n']
    counts = f'tests="{len(cases) + 1}" failures="{failures + verdict.failed}" errors="0" skipped="{skipped}"'
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="dedup" {counts}>\n'
    write_utf8(stream, f'{head}<testsuite name="dedup" {counts}>\n')
    for case in (*gate, *cases):
        write_utf8(stream, case)
    write_utf8(stream, "</testsuite>\n</testsuites>\n")


def _case(violation: Violation, *, fails: bool) -> str:
    where = violation.where
    name = f"{violation.code} {violation.fingerprint} {violation.occurrence}"
    place = f'file={_quoted(where.path)} line="{where.line}"'
    head = f"<testcase classname={_quoted(where.path)} name={_quoted(name)} {place}>"
    if fails:
        said = [f"{_place(where)}: {violation.code} {violation.message}", *_copies(violation), where.text]
        inner = f"<failure type={_quoted(violation.code)} message={_quoted(violation.message)}>{_lines(said)}</failure>"
    else:
        why = violation.suppressed or (violation.severity if violation.severity == "warning" else "allowed")
        told = f"{why}: {violation.message}" + (f" ({violation.reason})" if violation.reason else "")
        inner = f"<skipped message={_quoted(told)}/>"
    return f"{head}{inner}</testcase>\n"


def _copies(violation: Violation) -> list[str]:
    said = [f"also {_place(other)} {other.title}" for other in violation.others]
    if violation.n_others > len(said):
        said.append(f"and {many(violation.n_others - len(said), 'more place')}")
    return said


def _place(location: Location) -> str:
    return f"{location.path}:{location.line}:{location.column}"


def _quoted(text: str) -> str:
    return quoteattr(one_line(text, _MAX_TEXT))


def _lines(texts: list[str]) -> str:
    return "\n".join(escape(one_line(text, _MAX_TEXT)) for text in texts)
