"""Verdict -> what a terminal, a build server or a code host shows: each writer reads nothing but the verdict."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from dedup.gate.model import Verdict

#: Formats, each the module of that name with ``write(verdict, stream)``, loaded on first use.
FORMATS = ("csv", "github", "gitlab", "json", "junit", "markdown", "parquet", "sarif", "terminal")


def write(form: str, verdict: Verdict, stream: TextIO) -> None:
    """Write a verdict in one of `FORMATS`."""
    import_module(f"dedup.reports.verdict.{form}").write(verdict, stream)
