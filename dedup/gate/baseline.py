"""The repeats that are known and accepted: a file that people review and merge."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from dedup.errors import ConfigError
from dedup.gate.rules import RULES
from dedup.output import open_output

VERSION = 2
#: An entry of version 1 has no articles and no share: it allows its text anywhere, and any share.
_READ = (1, VERSION)
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)")
#: Hexadecimal digits of a sentence in what stands for an article: one of 5 is by chance in another article of a hundred
#: sentences once in 30,000 times.
DIGITS = 6
_ARTICLE = re.compile(f"(?:[0-9a-f]{{{DIGITS}}})+")
_FIELDS = {"code", "fingerprint", "count", "share", "articles", "sentences", "text", "reason", "expires"}
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
    articles : tuple of str
        What stands for the article around each place (`dedup.gate.sketches`), sorted; other places may be in any.
    share : float
        Of an article, or of the feed, that was said before when it was accepted; 0 where the rule judges no share.
    sentences : str
        The sentences of the text where they are several, hashed as those of articles are: less of it is nothing new.
    """

    code: str
    fingerprint: str
    count: int
    text: str = ""
    reason: str = ""
    expires: str = ""
    articles: tuple[str, ...] = ()
    share: float = 0.0
    sentences: str = ""

    def is_expired(self, today: date) -> bool:
        """Whether the day has come."""
        return bool(self.expires) and date.fromisoformat(self.expires) <= today


Baseline = dict[tuple[str, str], Entry]
#: Some sentences of an article, hashed.
Sketch = frozenset[str]


def read_baseline(path: Path) -> Baseline:
    """Return the entries of a baseline by code and fingerprint.

    Raises
    ------
    ConfigError
        The file is not a baseline, is of another version, or has the marks of a merge conflict.
    """
    if path.is_char_device() or path.is_block_device():  # which may have no end
        raise ConfigError(f"{path}: a device, and not a baseline; name a file")
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
    if version not in _READ:
        raise ConfigError(
            f"{path}: a baseline of version {version}, which this release cannot read (it reads "
            f"{' and '.join(map(str, _READ))}); use the release of dedup that wrote it, or a newer one"
        )
    entries: Baseline = {}
    for number, line in enumerate(lines[1:], 2):
        if line.strip() and "dedup_baseline" not in _object(line):  # a merge that keeps both sides has the head twice
            entry = _entry(line, f"{path}:{number}")
            known = entries.get((entry.code, entry.fingerprint))
            if known is not None:  # both sides of a merge have it
                entry = _merged(known, entry)
            entries[entry.code, entry.fingerprint] = entry
    return entries


def _merged(one: Entry, other: Entry) -> Entry:
    """Return the entry of a text that has been accepted in two branches: in the articles of either."""
    articles = tuple(sorted((Counter(one.articles) | Counter(other.articles)).elements()))
    count = max(one.count, other.count, len(articles))
    share = max(one.share, other.share) if one.share and other.share else 0.0
    reason, sentences = one.reason or other.reason, one.sentences or other.sentences
    return replace(other, count=count, reason=reason, articles=articles, share=share, sentences=sentences)


def _object(line: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
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
    if texts["expires"] and not _is_day(str(texts["expires"])):
        raise ConfigError(f"{where}: expires is {texts['expires']!r}; a date such as 2027-01-31 is needed")
    articles, share, sentences = values.get("articles", []), values.get("share", 0), values.get("sentences", "")
    if not isinstance(articles, list) or not all(isinstance(one, str) and _ARTICLE.fullmatch(one) for one in articles):
        raise ConfigError(f"{where}: articles is {articles!r}; a list of hexadecimal numbers is needed")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise ConfigError(f"{where}: share is {share!r}; a number of 0 to 1 is needed")
    if not isinstance(sentences, str) or not re.fullmatch(f"(?:{_ARTICLE.pattern})?", sentences):
        raise ConfigError(f"{where}: sentences is {sentences!r}; hexadecimal digits are needed")
    return Entry(
        code,
        print_,
        count,
        sentences=sentences,
        text=str(texts["text"]),
        reason=str(texts["reason"]),
        expires=str(texts["expires"]),
        articles=tuple(articles),
        share=float(share),
    )


def _is_day(text: str) -> bool:
    """Tell whether a text is a date in the form that people read as one; ISO 8601 has others."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def write_baseline(path: Path, entries: Baseline) -> None:
    """Write a baseline, complete or not at all: sorted, a line an entry, nothing in it that changes by itself."""
    with open_output(path) as stream:
        stream.write(json.dumps({"dedup_baseline": VERSION}) + "\n")
        for key in sorted(entries):
            entry = entries[key]
            values: dict[str, object] = {"code": entry.code, "fingerprint": entry.fingerprint, "count": entry.count}
            more = ("share", "text", "reason", "expires", "articles", "sentences")
            values |= {name: getattr(entry, name) for name in more if getattr(entry, name)}
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
                new[key] = replace(before, count=0, articles=())
            if before.count or not before.reason:
                kept = "; its reason is kept" if before.reason else ""
                changes.append(f"- {before.code} {before.text!r}: not there any more{kept}")
            continue
        if before is None:
            there = f": {now.share:.1%}" if now.share else f" in {_places(now.count)}"
            changes.append(f"+ {now.code} {now.text!r}{there}")
            new[key] = now
            continue
        articles, n_others = _kept_articles(before.articles, now.articles)
        if before.count != now.count:
            changes.append(f"~ {now.code} {now.text!r}: {before.count} -> {_places(now.count)}")
        elif before.share != now.share:
            was = f"{before.share:.1%} -> " if before.share else ""
            changes.append(f"~ {now.code} {now.text!r}: {was}{now.share:.1%}")
        elif n_others:
            what = "another article" if n_others == 1 else f"{n_others} other articles"
            what = what if before.articles else "articles that are known from now on"
            changes.append(f"~ {now.code} {now.text!r}: {_places(now.count)}, in {what}")
        text = before.text or now.text
        sentences = before.sentences or now.sentences
        new[key] = replace(before, count=now.count, articles=articles, share=now.share, text=text, sentences=sentences)
    return new, changes


def _kept_articles(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """Return the articles of an entry, as they stand there where they are the same still, and how many are others."""
    left, kept, others = list(before), [], 0
    for article in now:
        same = [one for one in left if read_sketch(one) & read_sketch(article)]
        if same:
            left.remove(same[0])
        else:
            others += 1
        kept.append(same[0] if same else article)
    return tuple(sorted(kept)), others


def _places(count: int) -> str:
    return f"{count} place" + ("" if count == 1 else "s")


def read_sketch(text: str) -> Sketch:
    """Return the sentences of what stands for an article in a baseline.

    Examples
    --------
    >>> sorted(read_sketch("0a1b2cffffff"))
    ['0a1b2c', 'ffffff']
    """
    return frozenset(text[at : at + DIGITS] for at in range(0, len(text), DIGITS))
