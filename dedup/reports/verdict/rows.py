"""Violation -> one row of plain values, for tables."""

from __future__ import annotations

from dedup.gate.model import Violation

#: Columns of the tables in their order; those of text come as they stand in the articles.
COLUMNS: dict[str, type] = {
    "code": str,
    "severity": str,
    "path": str,
    "line": int,
    "column": int,
    "end_line": int,
    "end_column": int,
    "record": int,
    "in_file": bool,
    "article_id": str,
    "title": str,
    "source": str,
    "date": str,
    "url": str,
    "message": str,
    "text": str,
    "n_others": int,
    "other_path": str,
    "other_line": int,
    "other_column": int,
    "other_record": int,
    "other_article_id": str,
    "other_title": str,
    "other_text": str,
    "jaccard": float,
    "containment": float,
    "cosine": float,
    "tokens": int,
    "suppressed": str,
    "reason": str,
    "fingerprint": str,
    "occurrence": int,
}


def row(violation: Violation) -> list[object]:
    """Return the values of `COLUMNS`; None where there is no other copy, an empty string where there is no text."""
    first = violation.others[0] if violation.others else None
    other = {f"other_{name}": value for name, value in first._asdict().items()} if first else {}
    values = violation._asdict() | violation.where._asdict() | other
    values["suppressed"] = violation.suppressed or ""
    return [values.get(name, "" if kind is str else None) for name, kind in COLUMNS.items()]
