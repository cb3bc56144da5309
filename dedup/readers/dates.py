"""A date as a feed writes it -> seconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The years that `datetime` knows, as seconds.
FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)

_DIGITS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_YEAR_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?(?=\D|$)", re.ASCII)
_ZONE_WORD = re.compile(r"\s*(?:Z|UTC|GMT)$", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|ust|ember|tember|ober)?\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
#: Zones with a name that mean one thing (RFC 5322, 4.3, and those of European papers), in hours east.
_ZONES = {"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
_WORDS = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
    rf"(?:{_MONTH}\s+{_DAY},?\s+"
    rf"|{_DAY.replace('day', 'day2')}[\s-]+(?:of\s+)?{_MONTH.replace('month', 'month2')},?[\s-]+"
    r"|(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark))"
    r"(?P<year>\d{4})"
    r"(?:,?\s+(?:at\s+)?(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<s>\d\d)(?:\.\d+)?)?)?\s*(?P<half>[ap]\.?m\.?)?)?"
    r"(?:\s*\(?(?P<zone>[a-z]{1,4}|(?:utc|gmt)?[+-]\d\d?(?::?\d\d)?)\)?)?",
    re.IGNORECASE | re.ASCII,
)
_ZONE_GAP = re.compile(r"(?<=\d)\s+(?=[+-]\d\d:?\d\d$)")


def parse_date(value: object) -> int | None:
    """Return the moment that ``value`` means, in seconds since 1970 UTC, or None if it cannot be understood.

    Parameters
    ----------
    value : object
        A string: ISO 8601 in any of its usual shapes (date alone, year and month, basic form, a space for the T,
        any fraction, any offset), RFC 2822, English with the month as a word in any usual order (``Jan 5, 2026 2:30
        PM EST``, ``5 January 2026 14:00 +0200``), numbers with the year last, or digits. Of ``05.01.2026`` the day is
        first; ``05/01/2026`` is not understood, for nobody knows, and ``25/01/2026`` is. A number, or digits: seconds
        since 1970, or milli-, micro- or nanoseconds by their size; four digits are a year, eight are ``yyyymmdd``,
        fourteen ``yyyymmddhhmmss``.
        A `datetime.datetime` or `datetime.date`. Without an offset, UTC.

    Returns
    -------
    int or None
        Fractions of a second are cut off towards the past.

    Examples
    --------
    >>> parse_date("2023-11-14T22:13:20Z"), parse_date("Tue, 14 Nov 2023 23:13:20 +0100"), parse_date(1_700_000_000_000)
    (1700000000, 1700000000, 1700000000)
    >>> parse_date("yesterday") is None
    True
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, datetime):
        return _seconds(value)
    if isinstance(value, date):
        return _seconds(datetime.combine(value, time()))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number(value)
    return None


def _seconds(moment: datetime) -> int | None:
    try:
        if moment.utcoffset() is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(seconds=1)
    except (OverflowError, ValueError):
        return None


def _parse_number(number: float) -> int | None:
    if not abs(number) < 1e20:  # nor is it infinite, nor not a number
        return None
    digits = str(int(number)) if number == int(number) and number > 0 else ""
    if len(digits) in (4, 8, 14) and 1500 <= int(digits[:4]) <= 2500:
        calendar = _parse_calendar(digits)
        if calendar is not None:
            return calendar
    # 1e11 seconds is the year 5138; 1e11 milliseconds is 1973, and so on up.
    size = abs(number)
    scale = 1 if size < 1e11 else 10**3 if size < 1e14 else 10**6 if size < 1e17 else 10**9
    seconds = int(number // scale)
    return seconds if FIRST <= seconds <= LAST else None


def _parse_calendar(digits: str) -> int | None:
    """Read yyyy, yyyymmdd or yyyymmddhhmmss."""
    shape = {4: "%Y", 8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}[len(digits)]
    try:
        return _seconds(datetime.strptime(digits, shape))  # naive is UTC, see `_seconds`
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)  # a feed has far fewer dates than records; the bound keeps one of timestamps in memory
def _parse_text(text: str) -> int | None:
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return _parse_number(float(text) if "." in text or len(text) > 30 else int(text))
    iso = _ZONE_GAP.sub("", _ZONE_WORD.sub("+00:00", text))
    found = _YEAR_MONTH.match(iso)
    if found:
        year, month, day = found.groups()
        iso = f"{year}-{int(month):02}-{int(day or 1):02}{iso[found.end() :]}"
    parsers = ((datetime.fromisoformat, iso.upper()), (_parse_words, text), (parsedate_to_datetime, text))
    for parse, form in parsers:
        try:
            return _seconds(parse(form))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _parse_words(text: str) -> datetime:
    """Read a date with its month as a word, or with its year last; raise ValueError if it is none."""
    found = _WORDS.fullmatch(text.replace("\u202f", " ").replace("\u00a0", " "))
    if not found:
        raise ValueError(text)
    if found["first"]:
        day, month = int(found["first"]), int(found["second"])
        if found["mark"] != "." and day <= 12:
            if month <= 12 and month != day:
                raise ValueError(text)
            day, month = month, day
    else:
        day = int(found["day"] or found["day2"])
        month = 1 + _MONTHS.index((found["month"] or found["month2"])[:3].lower())
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    moment = datetime(int(found["year"]), month, day, hour, int(found["minute"] or 0), int(found["s"] or 0), tzinfo=UTC)
    return moment - _offset((found["zone"] or "z").lower())


def _offset(zone: str) -> timedelta:
    """Return how far a zone is east of UTC; raise ValueError for a name that is not known."""
    signed = re.fullmatch(r"(?:utc|gmt)?([+-])(\d\d?):?(\d\d)?", zone)
    if signed:
        east = timedelta(hours=int(signed[2]), minutes=int(signed[3] or 0))
        return east if signed[1] == "+" else -east
    if zone not in _ZONES:
        raise ValueError(zone)
    return timedelta(hours=_ZONES[zone])
