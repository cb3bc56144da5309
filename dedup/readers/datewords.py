"""A date in words, or in numbers that ISO 8601 does not have -> a moment; names of months, halves of days, zones."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

#: Months as papers write them, in full and without accents; three letters or more of one stand for it (``Sept.``).
_MONTH_NAMES = """
    january february march april may june july august september october november december
    januar februar marz april mai juni juli august september oktober november dezember
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
    janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
    januari februari maart april mei juni juli augustus september oktober november december
    januar februari marcius aprilis majus junius julius augusztus szeptember oktober november december
    ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου νοεμβριου δεκεμβριου
"""
_WEEKDAY_NAMES = """
    mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
    lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo
    lunedi martedi mercoledi giovedi venerdi maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
"""
#: Zones whose name means one thing to those who write dates (RFC 5322, 4.3, and the abbreviations of the tz database
#: that are used in one place alone), in hours east. Not here, for they mean several: IST, AST, GST, ET, PT.
_ZONES = {"": 0.0, "z": 0, "ut": 0, "utc": 0, "gmt": 0, "uhr": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2}
_ZONES |= {"mez": 1, "mesz": 2, "met": 1, "mest": 2, "eet": 2, "eest": 3, "msk": 3, "trt": 3, "wat": 1, "cat": 2}
_ZONES |= {"sast": 2, "eat": 3, "pkt": 5, "npt": 5.75, "ict": 7, "wib": 7, "wita": 8, "wit": 9, "hkt": 8, "sgt": 8}
_ZONES |= {"awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9}
_ZONES |= {"akdt": -8, "hst": -10, "nst": -3.5, "ndt": -2.5, "brt": -3, "art": -3}
_OFFSET = re.compile(r"(?:z|ut|utc|gmt)?\s?([+-])(\d\d?)(?::?(\d\d))?")

_ZONE = r"\s*(?P<zone>(?:(?:z|utc?|gmt)\s?)?[+-]\d\d?(?::?\d\d)?|\(?[a-z]{1,5}\b\)?)?"
_HALF = r"[ap]\.?m\b\.?"
_CLOCK = re.compile(
    rf"(?<![\d:.,+-])(?:(?P<before>{_HALF})\s*)?(?P<hour>\d{{1,2}})"
    rf"(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?:\s*(?P<half>{_HALF}))?|\s*(?P<alone>{_HALF}))"
)
_BEHIND_DAY = re.compile(rf"{_ZONE}(?:\s+(?P<year>\d{{4}}))?")
_BEFORE_DAY = re.compile(rf"{_ZONE},?\s+(?P<day>\S.*)")
_DAY_ALONE = re.compile(r"(?P<day>.*?\d)\s*(?P<zone>z|[+-]\d\d:\d\d|\s(?:ut|utc|gmt))?")
#: What may stand between a day and the time behind it.
_JOINT = re.compile(r"(?:(?<=\d)t|\s(?:at|um|a|as|alle|om|[@|-]))$")
_NAME = r"(?P<name>[^\W\d_]{3,})\.?"
_DAYS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<year>\d{4})(?P<mark>[./-])\s?(?P<month>\d{1,2})(?P=mark)\s?(?P<day>\d{1,2})\.?",
        r"(?P<year>\d{4})[/-](?P<month>\d{1,2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s/-]*(?:of\s|de\s)?{_NAME},?[\s/-]*(?:de\s)?(?P<year>\d{{4}}|\d\d)",
        rf"{_NAME}\s?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s?|\s)(?P<year>\d{{4}})",
        rf"{_NAME},?\s?(?:de\s)?(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}})[\s,.-]+{_NAME}[\s-]*(?P<day>\d{{1,2}})\.?",
        r"(?P<first>\d{1,2})(?P<sign>[./-])\s?(?P<second>\d{1,2})(?P=sign)\s?(?P<year>\d{4})",
    )
)
#: A zone named a second time, as JavaScript and Java do.
_TWICE = re.compile(r"(?<=[+-]\d\d)(:?\d\d)?\s?(?:\([^()]*\)|\[[\w/+-]+\])$|(?<=\dz)\[[\w/+-]+\]$")
#: Days and times as China, Japan and Korea write them.
_EASTERN = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]", r"\1-\2-\3 "),
        (r"\s?(?:午前|上午|오전)\s?", " am "),
        (r"\s?(?:午後|下午|오후)\s?", " pm "),
        (r"(\d{1,2})\s?[時时点시]\s?(\d{1,2})\s?[分분](?:\s?(\d{1,2})\s?[秒초])?", r"\1:\2"),
    )
)
#: ``14h30`` and ``14.30``; and what server logs have between day and time.
_OTHER_CLOCK = re.compile(r"(?<=\s)(\d{1,2})[.h](\d\d)(?=\s|$)")
_LOG_DAY = re.compile(r"(?<=/\d{4}):(?=\d\d:)")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _months() -> dict[str, int]:
    """Return the number of each month by the beginnings of its names; not ``jui``, which is June and July."""
    found: dict[str, set[int]] = {}
    for line in _MONTH_NAMES.split("\n"):
        for number, name in enumerate(line.split(), 1):
            for length in range(3, len(name) + 1):
                found.setdefault(name[:length], set()).add(number)
    return {name: next(iter(numbers)) for name, numbers in found.items() if len(numbers) == 1} | {"mrt": 3}


_MONTHS = _months()
_WEEKDAYS = frozenset(_WEEKDAY_NAMES.split())


def parse_words(text: str) -> datetime:
    """Return the moment that a day, with or without a time and a zone, means.

    Raises
    ------
    ValueError, OverflowError
        It is none, may be one of several, or its zone is not known.

    Examples
    --------
    >>> parse_words("Mon Jan 05 2026 14:30:00 GMT+0100 (Central European Standard Time)").isoformat()
    '2026-01-05T13:30:00+00:00'
    >>> parse_words("5. März 2026, 14.30 Uhr").isoformat()
    '2026-03-05T14:30:00+00:00'
    """
    text = _normal(text)
    clock = _CLOCK.search(text)
    if clock is None:
        alone = _DAY_ALONE.fullmatch(text)
        if not alone:
            raise ValueError(text)
        return _parse_day(alone["day"]) - _offset((alone["zone"] or "").strip())
    before, after = text[: clock.start()], text[clock.end() :]
    found = _BEHIND_DAY.fullmatch(after) if before else _BEFORE_DAY.fullmatch(after)
    if not found:
        raise ValueError(text)
    day = f"{_JOINT.sub('', before.rstrip(' ,')).rstrip(' ,')} {found['year'] or ''}" if before else found["day"]
    return _parse_day(day.strip()) + _time_of_day(clock) - _offset((found["zone"] or "").strip("()"))


def _normal(text: str) -> str:
    if not text.isascii():
        # To widths, spaces and letters that are usual; Hangul is put together again.
        text = unicodedata.normalize("NFC", _without_accents(text).translate(_DASHES))
        for pattern, by in _EASTERN:
            text = pattern.sub(by, text)
    text = " ".join(text.split()).casefold()
    if text.endswith((")", "]")):
        text = _TWICE.sub(r"\1", text)
    return _LOG_DAY.sub(" ", _OTHER_CLOCK.sub(r"\1:\2", text))


def _parse_day(text: str) -> datetime:
    word, _, rest = text.partition(" ")
    # Before a comma anything may stand that is no month: the day of the week in any language.
    if rest and (word.rstrip(".,") in _WEEKDAYS or (word.endswith(",") and word[:-1].rstrip(".") not in _MONTHS)):
        text = rest
    found = next(filter(None, (pattern.fullmatch(text) for pattern in _DAYS)), None)
    if not found:
        raise ValueError(text)
    groups = found.groupdict()
    year = int(groups["year"])
    if len(groups["year"]) == 2:  # as POSIX and RFC 2822, 4.3, for our time
        year += 1900 if year > 68 else 2000
    if groups.get("first"):
        day, month = int(groups["first"]), int(groups["second"])
        if groups["sign"] != "." and day <= 12:
            if month <= 12 and month != day:
                raise ValueError(text)  # nobody knows which is which
            day, month = month, day
    else:
        month = int(groups["month"]) if groups.get("month") else _MONTHS.get(groups["name"], 0)
        day = int(groups.get("day") or 1)
    return datetime(year, month, day, tzinfo=UTC)


def _time_of_day(clock: re.Match[str]) -> timedelta:
    hour, minute, second = int(clock["hour"]), int(clock["minute"] or 0), int(clock["second"] or 0)
    half = clock["half"] or clock["alone"] or clock["before"]
    if half and hour <= 12:  # above, it is the clock of 24 hours all the same
        if hour == 0 and half[0] == "p":
            raise ValueError(clock[0])
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    elif half and half[0] == "a":
        raise ValueError(clock[0])
    # ISO 8601 has the end of a day as 24:00, and clocks a second that is put in.
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and minute + second > 0):
        raise ValueError(clock[0])
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _offset(zone: str) -> timedelta:
    """Return how far a zone is east of UTC; raise ValueError for a name that is not known."""
    signed = _OFFSET.fullmatch(zone)
    if signed:
        minutes = int(signed[2]) * 60 + int(signed[3] or 0)
        if minutes >= 24 * 60 or int(signed[3] or 0) > 59:
            raise ValueError(zone)
        return timedelta(minutes=minutes if signed[1] == "+" else -minutes)
    if zone not in _ZONES:
        raise ValueError(zone)
    return timedelta(hours=_ZONES[zone])
