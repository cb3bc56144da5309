"""Report -> the JSON that an endpoint badge of shields.io is made of (its schema, version 1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from dedup.reports import DEFAULT_OPTIONS, Options
from dedup.reports.badge import badge
from dedup.reports.verdict.streams import write_utf8

if TYPE_CHECKING:
    from dedup.result import Report


def write(report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    """Write what the badge of a report says, for a server to draw."""
    write_utf8(stream, json.dumps({"schemaVersion": 1, **badge(report)._asdict()}) + "\n")
