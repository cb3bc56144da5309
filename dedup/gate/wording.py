"""A violation of the gate in words, and where its places stand."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.gate.groups import Group, Spot
from dedup.gate.model import Location
from dedup.gate.rules import RULES
from dedup.reports.view import Place, clean, iso_dates
from dedup.result import Report

_TEXT_CHARACTERS = 300
#: Of a text or title, in a message.
_QUOTED_CHARACTERS = 60


def message(
    report: Report, group: Group, spot: Spot, where: Location, others: Sequence[Location], n_others: int
) -> str:
    """Return what a violation says: the rule, its copies, and its text where no line tells which it is."""
    summary = RULES[group.code].summary
    first = next((other for other in group.spots if other is not spot), spot)
    if group.code != "D402" and not (
        where.in_file or _is_line(report, spot.article)
    ):  # whoever opens the file sees no line of the record
        summary = f"record {where.record}{_quoted(where.title)}: {summary}"
    if group.code == "D501":
        return f"{summary}: {group.detail!r} also at {_told(report, others[0], first.article)}"
    quote = "" if spot.whole or spot.place is None else ":" + _quoted(spot.text)
    if group.origin is not None:
        own = group.origin.article == spot.article
        source = "itself" if own else _told(report, others[0], group.origin.article)
        return f"{summary}: {group.detail}; most of it repeats {source} ({many(group.origin.tokens, 'word')})"
    if group.detail:
        return f"{summary}: {group.detail}{quote}"
    how = "word for word" if group.exact else f"cosine {spot.place.cosine:.2f}" if spot.place else ""
    copy = f"also at {_told(report, others[0], first.article)}"
    copy += f" and {many(n_others - 1, 'more place')}" if n_others > 1 else ""
    copy += f", in {many(group.more, 'more article')} of the archive" if group.more else ""
    if not others[0].in_file and spot.place and first.place and first.article == spot.article:
        copy = _in_text(spot.place, first.place)
    return f"{summary}: {copy} ({spot.tokens} words, {how}){quote}"


def _in_text(place: Place, first: Place) -> str:
    """Return which part of the text of a record is which again."""
    if place.paragraph and first.paragraph:
        return f"paragraph {place.paragraph} is paragraph {first.paragraph} again"
    return f"line {place.line} of the text is line {first.line} again"


def _quoted(text: str) -> str:
    """Return the beginning of a text between quotes, after a space; nothing for an empty one."""
    text = " ".join(text.split())
    cut = len(text) > _QUOTED_CHARACTERS
    return f' "{text[:_QUOTED_CHARACTERS].rstrip()}{" …" * cut}"' if text else ""


def _told(report: Report, where: Location, article: int) -> str:
    has_line = where.in_file or _is_line(report, article)
    at = f"{where.path}:{where.line}" if has_line else f"{where.path} (record {where.record})"
    # Nobody counts the lines of a feed: without a title, the id says which article it is.
    return at + (_quoted(where.title) or (f" ({where.article_id})" if where.article_id and not where.in_file else ""))


def _is_line(report: Report, article: int) -> bool:
    """Whether a record is a line of its file, as in JSON Lines."""
    articles = report.articles
    row = int(articles.file_rows[article])
    form = articles.formats[row] if articles.formats else "json"
    return form == "json" and not articles.files[row].lower().endswith(".json")


def locate(report: Report, spot: Spot) -> Location:
    """Return where a place stands, in the file if its text stands there as it is."""
    articles, article, place = report.articles, spot.article, spot.place
    path = clean(articles.files[articles.file_rows[article]])
    record = int(articles.records[article])
    in_file = bool(articles.body_lines[article])
    line = column = end_line = end_column = 1
    if place is not None and in_file and place.part == "body" and not spot.whole:
        line, column, end_line, end_column = place.line, place.column, place.end_line, place.end_column
    elif not in_file and _is_line(report, article):
        line = end_line = max(record, 1)
    date_ = iso_dates(articles.dates[article : article + 1])[0]
    return Location(
        path=path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        record=record,
        in_file=in_file,
        article_id=clean(articles.ids[article]),
        title=clean(" ".join(articles.title(article).split())),
        source=clean(articles.sources[article]),
        date=date_,
        url=clean(articles.urls[article]),
        text=clean(" ".join(spot.text.split()))[:_TEXT_CHARACTERS],
    )


def many(n: int, what: str) -> str:
    """Return a count with its noun, as in ``1 word`` and ``2 words``."""
    return f"{n} {what}{'' if n == 1 else 's'}"
