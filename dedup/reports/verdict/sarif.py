"""Verdict -> SARIF 2.1.0 that GitHub code scanning accepts and shows."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import msgspec

from dedup import __version__
from dedup.gate.model import Location, Verdict, Violation
from dedup.reports.verdict.catalogue import RuleText, rules_of
from dedup.reports.verdict.repository import find_root, from_root
from dedup.reports.verdict.streams import many, one_line, write_utf8

#: GitHub refuses a run of more results, a result of more locations, and a file that is larger when compressed.
MAX_RESULTS = 25_000
MAX_LOCATIONS = 1000
MAX_GZIP_BYTES = 10 * 1024 * 1024
#: What is not a result (rules, notices) has this much of it.
_HEAD_BYTES = 1024 * 1024
#: Other copies that a message links; the rest are in `relatedLocations` alone.
_MAX_LINKS = 10
_MAX_MESSAGE = 1000
#: GitHub's limits of a rule's name and descriptions.
_MAX_NAME, _MAX_DESCRIPTION = 255, 1024
_MAX_NOTICES = 100

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(
    verdict: Verdict,
    stream: TextIO,
    rules: Mapping[str, RuleText] | None = None,
    max_results: int = MAX_RESULTS,
    max_gzip_bytes: int = MAX_GZIP_BYTES,
) -> None:
    """Write one run.

    Paths are relative to the root of the repository around the current folder; the file names no machine, so equal
    verdicts give equal bytes. What is known or ignored is listed with a suppression. Where the limits leave something
    out it is the suppressed, then the warnings, and a notification says how many.

    Notes
    -----
    GitHub tells alerts apart by ``partialFingerprints.primaryLocationLineHash`` alone, and shows a related location
    only where the message links it (SARIF 2.1.0, 3.11.6), so the message ends in links to the other copies.
    """
    root = find_root()
    named = rules_of(verdict, rules)
    rows = {code: row for row, code in enumerate(named)}
    ordered = sorted(verdict.violations, key=lambda one: (one.suppressed is not None, one.severity))
    results: list[str] = []
    size = _CompressedSize(max_gzip_bytes - min(_HEAD_BYTES, max_gzip_bytes // 2))
    for violation in ordered[:max_results]:
        result = _json(_result(violation, rows[violation.code], root))
        if not size.fits(result):
            break
        results.append(result)
    notices = list(verdict.notices[:_MAX_NOTICES])
    if more := len(verdict.notices) - len(notices):
        notices.append(f"{many(more, 'more notice')} left out")
    left_out = len(ordered) - len(results)
    if left_out:
        notices.append(f"{many(left_out, 'finding')} left out: code scanning takes no more results or no larger file")
    run = {
        "tool": {"driver": _driver(verdict, named)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": int(verdict.failed),
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": _literal(one_line(notice, _MAX_MESSAGE))}}
                    for notice in notices
                ],
            }
        ],
        "properties": {"summary": one_line(verdict.summary), "resultsLeftOut": left_out},
    }
    # Results are encoded one by one for their size: they take their place in the text, not in the object.
    inside = _json(run)[1:]
    text = ",\n".join(results)
    write_utf8(stream, f'{{"$schema":"{_SCHEMA}","version":"2.1.0","runs":[{{"results":[\n{text}\n],\n{inside}]}}\n')


class _CompressedSize:
    """Counts what texts take when compressed together, as the uploader does it."""

    def __init__(self, limit: int) -> None:
        self._compressor = zlib.compressobj()
        self._left = limit

    def fits(self, text: str) -> bool:
        data = self._compressor.compress(text.encode())
        self._left -= len(data)
        return self._left > 0


def _driver(verdict: Verdict, named: Mapping[str, RuleText]) -> dict[str, Any]:
    levels: dict[str, str] = {}
    for violation in verdict.violations:
        levels[violation.code] = min(levels.get(violation.code, violation.severity), violation.severity)
    return {
        "name": "dedup",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule, levels[code]) for code, rule in named.items()],
    }


def _rule(rule: RuleText, level: str) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": one_line(rule.name, _MAX_NAME),
        "shortDescription": {"text": one_line(rule.summary, _MAX_DESCRIPTION)},
        "fullDescription": {"text": one_line(rule.summary, _MAX_DESCRIPTION)},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["content", "duplication"], "precision": "high", "problem.severity": level},
    }


def _result(violation: Violation, rule_row: int, root: Path) -> dict[str, Any]:
    others = violation.others[: MAX_LOCATIONS - 1]
    result: dict[str, Any] = {
        "ruleId": violation.code,
        "ruleIndex": rule_row,
        "level": violation.severity,
        "message": {"text": _message(violation, others, root)},
        "locations": [_location(violation.where, root)],
        "partialFingerprints": {"primaryLocationLineHash": f"{violation.fingerprint}:{violation.occurrence}"},
        "properties": {
            "jaccard": round(violation.jaccard, 4),
            "containment": round(violation.containment, 4),
            "cosine": round(violation.cosine, 4),
            "tokens": violation.tokens,
            "otherCopies": violation.n_others,
        },
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(other, root), "message": {"text": _literal(_told(other, root))}}
            for number, other in enumerate(others, 1)
        ]
    if violation.suppressed:
        # The baseline and the list of ignores lie outside the article; a marker in it comes as "ignored" as well.
        why = ": ".join(filter(None, (violation.suppressed, one_line(violation.reason, _MAX_MESSAGE))))
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _message(violation: Violation, others: tuple[Location, ...], root: Path) -> str:
    told = _literal(one_line(violation.message, _MAX_MESSAGE))
    links = [f"[{_literal(_told(other, root))}]({number})" for number, other in enumerate(others[:_MAX_LINKS], 1)]
    if not links:
        return told
    more = violation.n_others - len(links)
    return f"{told}. Other copies: {', '.join(links)}" + (f" and {many(more, 'more place')}." if more > 0 else ".")


def _told(location: Location, root: Path) -> str:
    path = from_root(location.path, root) or location.path
    return one_line(f"{path}:{location.line}" + (f" ({location.title})" if location.title else ""), 200)


def _literal(text: str) -> str:
    """Return a text whose brackets are no link (SARIF 2.1.0, 3.11.6).

    Braces stay single: only a message with arguments has placeholders, and viewers show doubled ones as they are.
    """
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _location(location: Location, root: Path) -> dict[str, Any]:
    relative = from_root(location.path, root)
    if relative is not None:
        artifact = {"uri": _uri(relative), "uriBaseId": "%SRCROOT%"}
    elif location.path == "-":
        artifact = {"uri": "-"}
    else:
        artifact = {"uri": "file://" + _uri(os.path.abspath(location.path))}  # noqa: PTH100 -- keeps links
    region = {"startLine": location.line}
    if location.in_file:
        end = max((location.end_line, location.end_column), (location.line, location.column))
        region |= {"startColumn": location.column, "endLine": end[0], "endColumn": end[1]}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _uri(path: str) -> str:
    # By bytes: a name that is not UTF-8 is still the name. A colon in the first part would make it a scheme.
    return quote(os.fsencode(path), safe="/")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
