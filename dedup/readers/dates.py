"""A date as a feed writes it -> seconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from dedup.readers.datewords import parse_words

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The years that `datetime` knows, as seconds.
FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)

#: Longer than any date with the names of its day, month and zone.
_MAX_CHARACTERS = 128
_SIGNS = ("+", "-")
_DIGITS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
#: What .NET makes of a date in JSON; its offset only says where it was written.
_DOT_NET = re.compile(r"\\?/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\\?/", re.ASCII)
#: RFC 2822 as nearly all feeds have it; the others are left to `parse_words`, which takes five times as long.
_MAIL = re.compile(r"(?:[A-Z][a-z][a-z], )?(\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d:\d\d:\d\d) (GMT|[+-]\d{4})", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CALENDARS = {4: "%Y", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def parse_date(value: object) -> int | None:
    """Return the moment that ``value`` means, in seconds since 1970 UTC, or None if it cannot be understood.

    Parameters
    ----------
    value : object
        A string: ISO 8601 in any of its usual shapes (date alone, year and month, basic form, a space for the T,
        any fraction, any offset), RFC 2822, what JavaScript, Java and .NET print, and what people write: the month as
        a word in one of nine languages (``Jan 5, 2026 2:30 PM EST``, ``5. Januar 2026, 14.30 Uhr``), ``2026年1月5日``,
        ``2026.01.05``, or digits. Of ``05.01.2026`` the day is first; ``05/01/2026`` is not understood, for nobody
        knows, and ``25/01/2026`` is. Nor is a time whose zone is not known, or is one of several (IST).
        A number, or digits: seconds since 1970, or milli-, micro- or nanoseconds by their size; four digits are a
        year, eight are ``yyyymmdd``, twelve ``yyyymmddhhmm`` and fourteen ``yyyymmddhhmmss``, if that is a date.
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
    # Of twelve digits, those that may be milliseconds of 1976 are dates of our time.
    first, last = (1900, 2100) if len(digits) == 12 else (1500, 2500)
    if len(digits) in _CALENDARS and first <= int(digits[:4]) <= last:
        calendar = _parse_calendar(digits)
        if calendar is not None:
            return calendar
    # 1e11 seconds is the year 5138; 1e11 milliseconds is 1973, and so on up.
    size = abs(number)
    scale = 1 if size < 1e11 else 10**3 if size < 1e14 else 10**6 if size < 1e17 else 10**9
    seconds = int(number // scale)
    return seconds if FIRST <= seconds <= LAST else None


def _parse_calendar(digits: str) -> int | None:
    """Read yyyy, yyyymmdd, yyyymmddhhmm or yyyymmddhhmmss."""
    try:
        return _seconds(datetime.strptime(digits, _CALENDARS[len(digits)]))  # naive is UTC, see `_seconds`
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)  # a feed has far fewer dates than records; the bound keeps one of timestamps in memory
def _parse_text(text: str) -> int | None:
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return _parse_number(float(text) if "." in text or len(text) > 30 else int(text))
    milliseconds = _DOT_NET.fullmatch(text)
    if milliseconds:
        seconds = int(milliseconds[1]) // 1000
        return seconds if FIRST <= seconds <= LAST else None
    mail = _MAIL.fullmatch(text)
    if mail and mail[2] in _MONTHS:
        zone = "Z" if mail[5] == "GMT" else mail[5]
        text = f"{mail[3]}-{1 + _MONTHS.index(mail[2]):02}-{mail[1]}T{mail[4]}{zone}"
    if text[10:11] not in _SIGNS:  # which `fromisoformat` takes for a mark before a time, and is a zone
        try:
            return _seconds(datetime.fromisoformat(text.upper()))
        except ValueError:  # the usual forms that ISO 8601 does not have
            pass
    try:
        return _seconds(parse_words(text)) if len(text) <= _MAX_CHARACTERS else None
    except (ValueError, OverflowError):
        return None
