"""Verdict -> a summary in Markdown, as for the page of a GitHub run or a comment."""

from __future__ import annotations

import re
from collections import Counter
from typing import TextIO

from dedup.gate.model import Location, Verdict, Violation
from dedup.reports.verdict.catalogue import RuleText, rules_of
from dedup.reports.verdict.streams import many, one_line, write_utf8

#: GitHub drops a summary of more than 1,024 KiB whole; another step of the job may want room as well.
MAX_BYTES = 512 * 1024
MAX_ROWS = 50
MAX_NOTICES = 20
_MAX_CHARACTERS = 300

#: What could start something anywhere or at the start of a line, the dot and colon of bare addresses, and GitHub's "$"
#: of formulas; a backslash makes each an ordinary character (CommonMark 2.4). HTML begins with "<" and "&".
_MARKS = re.compile(r"([\\`*_\[\]#+\-.!|>~:$])")


def write(verdict: Verdict, stream: TextIO, rules: dict[str, RuleText] | None = None) -> None:
    """Write the verdict, how often each rule was broken, and a table of the worst, errors first.

    No text of an article can become a heading, link, image, HTML or another row.
    """
    named = rules_of(verdict, rules)
    lines = [f"## dedup: {'gate failed' if verdict.failed else 'gate passed'}", "", plain(verdict.summary), ""]
    if verdict.violations:
        lines += [*_counts(verdict, named), ""]
    counting = [violation for violation in verdict.violations if not violation.suppressed]
    counting.sort(key=lambda one: (one.severity != "error", -one.tokens))
    lines += _worst(counting)
    notices = [f"- {plain(notice)}" for notice in verdict.notices[:MAX_NOTICES]]
    if len(verdict.notices) > MAX_NOTICES:
        notices.append(f"- and {many(len(verdict.notices) - MAX_NOTICES, 'more notice')}")
    lines += ["### Notices", "", *notices, ""] if notices else []
    write_utf8(stream, "\n".join(lines).rstrip("\n") + "\n")


def plain(text: str, max_characters: int = _MAX_CHARACTERS) -> str:
    r"""Return Markdown that shows the text as it is, on one line.

    Examples
    --------
    >>> plain("<b>1 | 2</b> [x](http://example.org)")
    '&lt;b\\>1 \\| 2&lt;/b\\> \\[x\\](http\\://example\\.org)'
    """
    escaped = _MARKS.sub(r"\\\1", one_line(text, max_characters).replace("&", "&amp;").replace("<", "&lt;"))
    return re.sub(r"^(\d+)\)", r"\1\\)", escaped)  # "1)" begins a list


def _counts(verdict: Verdict, named: dict[str, RuleText]) -> list[str]:
    counts: dict[str, Counter[str]] = {code: Counter() for code in named}
    for violation in verdict.violations:
        counts[violation.code][violation.suppressed or violation.severity] += 1
    lines = ["| Rule | | Errors | Warnings | Known | Ignored |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for code, count in counts.items():
        cells = [count[kind] for kind in ("error", "warning", "baseline", "ignored")]
        lines.append(f"| {plain(code)} | {plain(named[code].summary)} | " + " | ".join(f"{n:,}" for n in cells) + " |")
    return lines


def _worst(counting: list[Violation]) -> list[str]:
    if not counting:
        return []
    lines = ["| Where | Rule | What |", "| --- | --- | --- |"]
    written = 0
    n_shown = 0
    for violation in counting[:MAX_ROWS]:
        what = plain(f"{violation.severity}: {violation.message}")
        line = f"| {_place(violation.where)} | {plain(violation.code)} | {what} |"
        written += len(line.encode())
        if written > MAX_BYTES // 2:
            break
        lines.append(line)
        n_shown += 1
    if n_shown < len(counting):
        lines += ["", f"{many(len(counting) - n_shown, 'more finding')} not shown."]
    return [*lines, ""]


def _place(location: Location) -> str:
    title = f" ({plain(location.title, 80)})" if location.title else ""
    return f"{plain(location.path)}:{location.line}{title}"
