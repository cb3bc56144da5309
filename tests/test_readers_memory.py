"""Records that are in memory; dates, against datetime."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.model import NO_DATE
from dedup.readers import articles_of
from dedup.readers.dates import parse_date
from tests.reading import (
    notes,
    quick,
    rows,
    strings,
    texts,
)


@given(feed=st.lists(texts | strings, max_size=6))
@quick
def test_records_in_memory(feed):
    """Mappings and texts become articles as the same records in a file do."""
    articles = articles_of(feed)

    kept = [
        (one, i) for i, one in enumerate(feed, 1) if one and (isinstance(one, str) or one["text"] or one.get("title"))
    ]
    expected = [("", one) if isinstance(one, str) else (one.get("title", ""), one["text"]) for one, _ in kept]
    assert expected == [row[0] for row in rows(articles)]
    assert [i for _, i in kept] == articles.records.tolist()
    assert articles.files == ("<memory>",)


def test_objects_in_memory():
    """Dates may be date objects; a NaN, as data frames have for nothing, is nothing."""
    nan = float("nan")
    feed = [
        {"text": "a", "date": datetime(1970, 1, 2, tzinfo=UTC), "id": nan, "title": nan, "source": nan},
        {"text": "b", "date": date(1970, 1, 2), "title": "\ud800"},
        {"text": "c", "date": nan},
        {"text": nan},
    ]

    articles = articles_of(feed)

    assert articles.dates.tolist() == [86400, 86400, NO_DATE]
    assert list(articles.ids) == ["<memory>:1", "<memory>:2", "<memory>:3"]
    assert notes(articles) == [(2, "lone surrogate replaced by U+FFFD"), (4, 'no text field: "text" is a number')]
    for wrong in ["text", {"text": "a"}, [5]]:
        with pytest.raises(ValueError, match="must be a"):
            articles_of(wrong)


moments = st.datetimes(datetime(1600, 1, 1), datetime(2400, 1, 1), timezones=st.timezones().map(lambda _: UTC))


@given(moment=moments, hours=st.integers(-12, 14))
def test_dates_in_every_shape(moment, hours):
    """ISO 8601, RFC 2822 and numbers of every unit give the second that datetime gives."""
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    whole = moment.replace(microsecond=0)
    zone = f"{hours:+03}:00"
    local = (whole + timedelta(hours=hours)).replace(tzinfo=None)

    shapes = [
        moment.isoformat(), moment.isoformat(" "), whole.isoformat().replace("+00:00", "Z"), moment, str(moment) + " ",
        f"{whole.replace(tzinfo=None)} UTC", f"{local}{zone}", f"{local} {zone}", f"{local}{zone.replace(':', '')}",
        whole.strftime("%Y%m%dT%H%M%SZ"), whole.replace(tzinfo=None).isoformat().replace("-", "/"),
        f"{whole.replace(tzinfo=None)}.123456789Z", whole.replace(tzinfo=None).isoformat().lower() + "z",
        format_datetime(whole), format_datetime(whole).partition(", ")[2], f"{whole:%Y%m%d%H%M%S}",
    ]  # fmt: skip
    # Smaller ones are seconds in every unit, and milliseconds of twelve digits may be yyyymmddhhmm.
    if abs(seconds) > 86400 * 2000 and len(str(seconds)) != 9:
        shapes += [seconds * 1000, float(seconds) * 1000, str(seconds * 1000), seconds * 10**6, seconds * 10**9]
    if len(str(seconds)) not in (4, 8, 14):
        shapes += [seconds, float(seconds), str(seconds)]

    assert {seconds} == {parse_date(shape) for shape in shapes}


@pytest.mark.parametrize("value", ["1970-01-02", "1970-1-2", "1970/1/2", "19700102", 19700102, 86400.9, "86400"])
def test_dates_of_one_day(value):
    """A day alone is its first second; fractions are cut off."""
    assert parse_date(value) == 86400


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1970", 0), (1970, 0), ("1970-02", 31 * 86400), (-1.5, -2), ("9999-12-31T23:59:59-14:00", 253402351199)],
)
def test_odd_dates(value, expected):
    """Years and months alone are their first second; the second is cut off towards the past."""
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    "value", [True, [1], None, "", "1970-13-01", "Mon, 99 Foo 1970", 10**400, float("inf"), -1e300, "9" * 400, "-"]
)
def test_no_dates(value):
    """What is no date is None."""
    assert parse_date(value) is None
