"""The options of ``dedup check`` that no other command has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from dedup.reports.verdict import FORMATS

#: Of a verdict, and the page of a report.
_FORMATS = tuple(sorted((*FORMATS, "html")))
#: Lines that may follow one another on standard output.
_FOR_PEOPLE = {"terminal", "github", "markdown"}


def _codes(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Return codes that may be given one by one or with commas between."""
    return tuple(code.strip().upper() for value in values for code in value.split(",") if code.strip())


def _rule_settings(
    _ctx: click.Context, _option: click.Parameter, values: Sequence[str]
) -> dict[str, tuple[str, float | None]]:
    """Return ``CODE=LEVEL``, ``CODE=LIMIT`` and ``CODE=LEVEL:LIMIT`` as levels and limits."""
    settings: dict[str, tuple[str, float | None]] = {}
    for value in values:
        code, equals, rest = value.partition("=")
        level, _, limit = rest.partition(":")
        if level and not level.isalpha():
            level, limit = "", level
        try:
            number = float(limit) if limit else None
        except ValueError:
            equals = ""
        if not (code and equals and rest):
            raise click.BadParameter(
                f"{value!r} is not CODE=LEVEL, CODE=LIMIT or CODE=LEVEL:LIMIT, as in D201=warning:40"
            )
        settings[code.upper()] = (level, number)
    return settings


def _formats(
    _ctx: click.Context, _option: click.Parameter, values: Sequence[str]
) -> tuple[tuple[str, Path | None], ...]:
    """Return ``NAME`` and ``NAME:PATH`` as pairs; by itself, a terminal, and annotations on GitHub."""
    found: list[tuple[str, Path | None]] = []
    for value in values:
        name, colon, path = value.partition(":")
        if name not in _FORMATS or (colon and not path):
            raise click.BadParameter(f"{value!r} is not NAME or NAME:PATH with a name of {', '.join(_FORMATS)}")
        found.append((name, Path(path) if path else None))
    streamed = [name for name, path in found if path is None]
    if len(streamed) > 1 and not set(streamed) <= _FOR_PEOPLE:
        raise click.BadParameter(
            f"{' and '.join(streamed)} would be mixed on standard output; give all but one a file, as in "
            f"{next(name for name in streamed if name not in _FOR_PEOPLE)}:FILE"
        )
    if not found:
        found = [("terminal", None)]
        if os.environ.get("GITHUB_ACTIONS") == "true":
            found.append(("github", None))
    return tuple(found)


GATE = (
    click.option(
        "--select", multiple=True, callback=_codes, metavar="CODE", help="Only these rules (D1: all of D1..)."
    ),
    click.option("--ignore", multiple=True, callback=_codes, metavar="CODE", help="Not these rules."),
    click.option(
        "--rule",
        "rules",
        multiple=True,
        callback=_rule_settings,
        metavar="CODE=LEVEL:LIMIT",
        help="Set a rule's level (error, warning, off) or limit, as in D201=40 or D401=warning:0.3.",
    ),
    click.option("--max-new", type=int, metavar="N", help="Let so many errors through. [default: 0]"),
    click.option("--min-words", type=int, metavar="N", help="Shorter articles do not fail on a share. [default: 50]"),
    click.option(
        "--baseline", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Repeats that are known."
    ),
    click.option("--update-baseline", is_flag=True, help="Write what is found into --baseline, and say what changed."),
    click.option(
        "--against",
        multiple=True,
        metavar="INPUT",
        help="What to compare with, feeds or an archive of `dedup index`; it is not judged.",
    ),
    click.option("--changed-from", metavar="REF", help="Judge only articles in files changed since this git commit."),
    click.option("--ignore-path", multiple=True, metavar="GLOB", help="Do not judge files with this name."),
    click.option("--ignore-source", multiple=True, metavar="GLOB", help="Do not judge articles of this source."),
    click.option(
        "--ignore-texts",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Known notices, a blank line between two.",
    ),
    click.option(
        "--format",
        "formats",
        multiple=True,
        callback=_formats,
        metavar="NAME[:PATH]",
        help=f"Of {', '.join(_FORMATS)}; may be given several times. [default: terminal, and github in its Actions]",
    ),
    click.option("--summary", is_flag=True, help="Append Markdown to the file that GITHUB_STEP_SUMMARY names."),
    click.option("--exit-zero", is_flag=True, help="End with 0 although the gate fails."),
    click.option("--allow-empty", is_flag=True, help="End with 0 if there is no article at all."),
)
