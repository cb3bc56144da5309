"""The repeats that are known and accepted: a file that people review and merge."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from dedup.errors import ConfigError
from dedup.gate.rules import RULES
from dedup.output import open_output

VERSION = 1
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)")
_FIELDS = {"code", "fingerprint", "count", "text", "reason", "expires"}
#: So much of a text stands in its entry, for those who review it.
TEXT_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may break a rule in so many places.

    Attributes
    ----------
    code, fingerprint : str
    count : int
        Places in which the text stands, the first one included.
    text : str
        The beginning of it.
    reason : str
        Written by hand; no update changes it.
    expires : str
        ISO date from which on the entry does not count; empty for never.
    """

    code: str
    fingerprint: str
    count: int
    text: str = ""
    reason: str = ""
    expires: str = ""

    def is_expired(self, today: date) -> bool:
        """Whether the day has come."""
        return bool(self.expires) and date.fromisoformat(self.expires) <= today


Baseline = dict[tuple[str, str], Entry]


def read_baseline(path: Path) -> Baseline:
    """Return the entries of a baseline by code and fingerprint.

    Raises
    ------
    ConfigError
        The file is not a baseline, is of another version, or has the marks of a merge conflict.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such baseline; make one with: dedup check ... --update-baseline") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a baseline: {error}") from None
    for number, line in enumerate(lines, 1):
        if _CONFLICT.match(line):
            raise ConfigError(
                f"{path}:{number}: a merge conflict stands in this baseline; keep the lines of both sides"
            )
    version = _object(lines[0]).get("dedup_baseline") if lines else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise ConfigError(f"{path}: not a baseline of dedup; give another file, or remove it and use --update-baseline")
    if version != VERSION:
        raise ConfigError(f"{path}: a baseline of version {version}, this is version {VERSION}; make it anew")
    entries: Baseline = {}
    for number, line in enumerate(lines[1:], 2):
        if line.strip() and line != lines[0]:  # a merge that keeps both sides has the head twice
            entry = _entry(line, f"{path}:{number}")
            known = entries.get((entry.code, entry.fingerprint))
            if known is not None:  # both sides of a merge have it
                entry = replace(entry, count=max(entry.count, known.count), reason=known.reason or entry.reason)
            entries[entry.code, entry.fingerprint] = entry
    return entries


def _object(line: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _entry(line: str, where: str) -> Entry:
    values = _object(line)
    unknown = sorted(set(values) - _FIELDS)
    if unknown or not values:
        raise ConfigError(f"{where}: not an entry of a baseline" + (f": {unknown[0]!r} is unknown" if unknown else ""))
    code, print_, count = values.get("code"), values.get("fingerprint"), values.get("count", 1)
    if not isinstance(code, str) or code not in RULES:
        raise ConfigError(f"{where}: code is {code!r}; `dedup rule` lists what there is")
    if not isinstance(print_, str) or not re.fullmatch("[0-9a-f]{32}", print_):
        raise ConfigError(f"{where}: fingerprint is {print_!r}; 32 hexadecimal digits are needed")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ConfigError(f"{where}: count is {count!r}; a number is needed")
    texts = {name: values.get(name, "") for name in ("text", "reason", "expires")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ConfigError(f"{where}: {name} is {value!r}; a text is needed")
    if texts["expires"]:
        try:
            date.fromisoformat(str(texts["expires"]))
        except ValueError:
            raise ConfigError(
                f"{where}: expires is {texts['expires']!r}; a date such as 2027-01-31 is needed"
            ) from None
    return Entry(code, print_, count, *map(str, texts.values()))


def write_baseline(path: Path, entries: Baseline) -> None:
    """Write a baseline, complete or not at all: sorted, a line an entry, nothing in it that changes by itself."""
    with open_output(path) as stream:
        stream.write(json.dumps({"dedup_baseline": VERSION}) + "\n")
        for key in sorted(entries):
            entry = entries[key]
            values: dict[str, object] = {"code": entry.code, "fingerprint": entry.fingerprint, "count": entry.count}
            values |= {name: getattr(entry, name) for name in ("text", "reason", "expires") if getattr(entry, name)}
            stream.write(json.dumps(values, ensure_ascii=False) + "\n")


def updated(known: Baseline, found: Mapping[tuple[str, str], Entry]) -> tuple[Baseline, list[str]]:
    """Return the baseline of what was found, and a line for each change.

    Reasons and days of expiry stay; so does an entry with a reason whose text is not there at present, with a count of
    0, for whoever wrote it to remove.
    """
    new: Baseline = {}
    changes = []
    for key in sorted({*known, *found}):
        before, now = known.get(key), found.get(key)
        if now is None:
            assert before is not None
            if before.reason:
                new[key] = replace(before, count=0)
            if before.count or not before.reason:
                kept = "; its reason is kept" if before.reason else ""
                changes.append(f"- {before.code} {before.text!r}: not there any more{kept}")
            continue
        if before is None:
            changes.append(f"+ {now.code} {now.text!r} in {_places(now.count)}")
            new[key] = now
            continue
        if before.count != now.count:
            changes.append(f"~ {now.code} {now.text!r}: {before.count} -> {_places(now.count)}")
        new[key] = replace(before, count=now.count)
    return new, changes


def _places(count: int) -> str:
    return f"{count} place" + ("" if count == 1 else "s")
