"""An archive of hashes beside one of texts: what both find, and what each takes on disk and to check."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.archive import check, command, make_feed, warm_check
from benchmarks.results import Figure, Options, Result

_PARAGRAPHS = 100_000
#: Of a place, in a report, what only an archive of texts can tell.
_TEXTS = ("text", "text_cut", "text_kept")


def measure_hashes(path: Path, options: Options) -> Result:
    """Build both kinds of archive of the same articles, and check the same new ones against them."""
    result = Result()
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts, new, n = make_feed(path, folder, options.count or _PARAGRAPHS, options.seed)
        found, sizes = {}, {}
        for store in ("text", "hashes"):
            archive = folder / f"{store}.db"
            command("index", "create", "--index", archive, "--store", store)
            built = [command("index", "add", part, "--index", archive) for part in parts]
            seconds, busy = warm_check(archive, new)
            whole = check(archive, new)
            found[store] = _findings(archive, new, folder / f"{store}.json")
            sizes[store] = archive.stat().st_size / n
            with closing(sqlite3.connect(archive)) as db:
                (kept,) = db.execute("SELECT sum(length(data)) FROM texts").fetchone()
            result.rows.append(
                {
                    "store": store,
                    "paragraphs": n,
                    "bytes a paragraph": round(sizes[store]),
                    "of them texts or hashes": round(kept / n),
                    "building busy s": round(sum(one.cpu_seconds for one in built), 1),
                    "check s": round(seconds, 2),
                    "busy s": round(busy, 2),
                    "memory MB": round(whole.peak_mb),
                }
            )
        n_places = sum(len(finding["places"]) for finding in found["text"])
        differing = sum(one != other for one, other in zip(found["text"], found["hashes"], strict=True))
        result.figures.extend(
            [
                Figure("findings that differ, texts aside", differing, "=", 0,
                       f"of {len(found['text'])} with {n_places} places"),
                Figure("size, beside an archive of texts", sizes["hashes"] / sizes["text"]),
            ]
        )  # fmt: skip
    return result


def _findings(archive: Path, new: Path, out: Path) -> list[dict[str, Any]]:
    """Return the findings of a check, without texts."""
    command("index", "check", new, "--index", archive, "--format", f"json:{out}", "--top", "0")
    findings: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))["findings"]
    for finding in findings:
        finding["places"] = [
            {name: value for name, value in place.items() if name not in _TEXTS} for place in finding["places"]
        ]
    return findings
