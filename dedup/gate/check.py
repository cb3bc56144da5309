"""Report -> verdict: which repeats break a rule, which of them are known, and whether the gate holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from dedup.gate.baseline import TEXT_CHARACTERS, Baseline, Entry
from dedup.gate.groups import Group, Spot, find_groups
from dedup.gate.ignores import Ignores
from dedup.gate.model import Location, Verdict, Violation
from dedup.gate.params import GateParams
from dedup.gate.rules import RULES
from dedup.pipeline import Report
from dedup.reports.view import clean, iso_dates

#: Copies that a violation lists.
MAX_OTHERS = 20
_TEXT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what a baseline of all that was found would hold."""

    verdict: Verdict
    found: Baseline


@dataclass(slots=True)
class _Known:
    """The entries of a baseline, used up as places claim them."""

    entries: Mapping[tuple[str, str], Entry]
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.left = {key: entry.count for key, entry in self.entries.items()}

    def claim(self, code: str, spots: Sequence[Spot], wanted: int) -> tuple[int, list[str]]:
        """Return how many of the places are known, and the reasons; an entry that one of them has counts for all."""
        keys = sorted({(code, alias) for spot in spots for alias in spot.aliases} & self.entries.keys())
        known, reasons = 0, []
        for key in keys:
            self.used.add(key)
            taken = min(self.left[key], wanted - known)
            self.left[key] -= taken
            known += taken
            if taken and self.entries[key].reason:
                reasons.append(self.entries[key].reason)
        return known, reasons


def judge(
    report: Report,
    params: GateParams,
    *,
    baseline: Baseline | None = None,
    judged: NDArray[np.bool_] | None = None,
    today: date | None = None,
) -> Judgement:
    r"""Return what breaks a rule.

    Parameters
    ----------
    report : Report
    params : GateParams
    baseline : mapping of (code, fingerprint) to Entry, optional
        A text may stand in as many places as its entry says: one more is a violation, wherever it is.
    judged : bool[n], optional
        Only repeats in these articles count; all, if not given.
    today : date, optional
        Entries that expire by then do not count.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> report = dedup.scan(dedup.articles_of([{"text": line + "\n\nOther news.\n\n" + line}]))
    >>> verdict = judge(report, GateParams()).verdict
    >>> verdict.failed, [violation.code for violation in verdict.violations]
    (True, ['D101'])
    """
    today = today or date.today()
    entries = baseline or {}
    expired = [entry for entry in entries.values() if entry.is_expired(today)]
    known = _Known({key: entry for key, entry in entries.items() if not entry.is_expired(today)})
    ignores = Ignores(report, params.ignores)
    if judged is None:
        judged = np.ones(len(report.articles), np.bool_)
    violations: list[Violation] = []
    found: Baseline = {}
    counts: dict[str, int] = {}
    for group in find_groups(report, params):
        for one in _violations(report, group, params, known, ignores, judged, found):
            counts[one.fingerprint] = counts.get(one.fingerprint, 0) + 1
            violations.append(one._replace(occurrence=counts[one.fingerprint]))
    violations.sort(key=lambda one: (one.where.path, one.where.record, one.where.line, one.where.column, one.code))
    notices = [f"baseline: {entry.code} {entry.text!r} expired on {entry.expires}" for entry in expired]
    gone = [entry for key, entry in known.entries.items() if entry.count and key not in known.used]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        notices.append(
            f"baseline: {gone[0].code} {gone[0].text!r}{more} not found any more; --update-baseline clears it"
        )
    notices += ignores.unused()
    return Judgement(_verdict(report, params, violations, judged, tuple(notices)), found)


def _violations(
    report: Report,
    group: Group,
    params: GateParams,
    known: _Known,
    ignores: Ignores,
    judged: NDArray[np.bool_],
    found: Baseline,
) -> list[Violation]:
    spots = group.spots
    reported = list(spots if group.alone else spots[1:])
    reasons = {id(spot): ignores.reason(group.code, spot) for spot in reported}
    ignored = [spot for spot in reported if reasons[id(spot)] is not None]
    counted = [spot for spot in spots if reasons.get(id(spot)) is None]
    open_ = [spot for spot in reported if reasons[id(spot)] is None]
    if open_:
        for spot in counted:
            _note(found, group.code, spot)
    n_known, told = known.claim(group.code, counted, len(counted)) if open_ else (0, [])
    n_new = len(counted) - n_known if group.alone or n_known else len(counted) - 1
    # First those that no entry knows; the earliest one only if the others do not suffice, and then it is the new one.
    unknown = [spot for spot in open_ if not _is_known(known, group.code, spot)]
    first = [] if group.alone or _is_known(known, group.code, spots[0]) else [spots[0]]
    rest = [spot for spot in reversed(open_) if spot not in unknown]
    order = unknown + (first if n_known else []) + rest
    if not judged.all():
        mine = [spot for spot in order if judged[spot.article]]
        if not mine and judged[spots[0].article] and n_new > 0 and open_:
            mine = [spots[0]]  # what it repeats stands later, in the archive
        order = mine
    new = order[: max(n_new, 0)]
    level = params.level(group.code)
    severity = "warning" if level == "warning" else "error"
    made = [_violation(report, group, spot, severity) for spot in new]
    old = [spot for spot in open_ if spot not in new and judged[spot.article]]
    reason = "; ".join(dict.fromkeys(told))
    made += [_violation(report, group, spot, severity)._replace(suppressed="baseline", reason=reason) for spot in old]
    made += [
        _violation(report, group, spot, severity)._replace(suppressed="ignored", reason=reasons[id(spot)] or "")
        for spot in ignored
        if judged[spot.article]
    ]
    return made


def _is_known(known: _Known, code: str, spot: Spot) -> bool:
    return any((code, alias) in known.entries for alias in spot.aliases)


def _note(found: Baseline, code: str, spot: Spot) -> None:
    key = (code, spot.fingerprint)
    count = found[key].count + 1 if key in found else 1
    text = " ".join(spot.text.split())[:TEXT_CHARACTERS]
    found[key] = Entry(code, spot.fingerprint, count, clean(found[key].text if key in found else text))


def _violation(report: Report, group: Group, spot: Spot, severity: str) -> Violation:
    others = [other for other in group.spots if other is not spot]
    first = others[0] if others else None
    place = spot.place
    where = locate(report, spot)
    located = tuple(locate(report, other) for other in others[:MAX_OTHERS])
    return Violation(
        code=group.code,
        severity="warning" if severity == "warning" else "error",
        message=_message(group, spot, located, len(others)),
        where=where,
        others=located,
        n_others=len(others),
        fingerprint=spot.fingerprint,
        occurrence=1,
        jaccard=place.jaccard if place and first else 0.0,
        containment=place.containment if place and first else 0.0,
        cosine=place.cosine if place and first else 0.0,
        tokens=spot.tokens,
    )


def _message(group: Group, spot: Spot, others: Sequence[Location], n_others: int) -> str:
    summary = RULES[group.code].summary
    if group.code == "D501":
        return f"{summary}: {group.detail!r} also at {_told(others[0])}"
    if group.detail:
        return f"{summary}: {group.detail}"
    first = next(other for other in group.spots if other is not spot)
    how = "word for word" if group.exact else f"cosine {spot.place.cosine:.2f}" if spot.place else ""
    copy = f"also at {_told(others[0])}" + (f" and {n_others - 1} more places" if n_others > 1 else "")
    if not others[0].in_file and spot.place and first.place and first.article == spot.article:
        copy = f"line {spot.place.line} of the text is line {first.place.line} again"
    return f"{summary}: {copy} ({spot.tokens} words, {how})"


def _told(where: Location) -> str:
    title = f' "{where.title}"' if where.title else ""
    at = f"{where.path}:{where.line}" if where.in_file or where.line > 1 else f"{where.path} (record {where.record})"
    return at + title


def locate(report: Report, spot: Spot) -> Location:
    """Return where a place stands, in the file if its text stands there as it is."""
    articles, article, place = report.articles, spot.article, spot.place
    path = clean(articles.files[articles.file_rows[article]])
    record = int(articles.records[article])
    in_file = bool(articles.body_lines[article])
    form = articles.formats[articles.file_rows[article]] if articles.formats else "json"
    by_line = form == "json" and PurePath(path).suffix.lower() != ".json"
    line = column = end_line = end_column = 1
    if place is not None and in_file and place.part == "body":
        line, column, end_line, end_column = place.line, place.column, place.end_line, place.end_column
    elif not in_file and by_line:
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


def _verdict(
    report: Report, params: GateParams, violations: list[Violation], judged: NDArray[np.bool_], notices: tuple[str, ...]
) -> Verdict:
    counting = [one for one in violations if one.suppressed is None]
    errors = sum(one.severity == "error" for one in counting)
    warnings = len(counting) - errors
    known = sum(one.suppressed == "baseline" for one in violations)
    ignored = sum(one.suppressed == "ignored" for one in violations)
    failed = errors > params.max_new
    total = int(report.n_tokens.sum())
    redundancy = int(report.repeated.sum()) / max(total, 1)
    n_judged = int(judged.sum())
    parts = [_many(errors, "error"), _many(warnings, "warning")]
    parts += [f"{known} known"] * bool(known) + [f"{ignored} ignored"] * bool(ignored)
    of = f"{n_judged} of {len(judged)}" if n_judged < len(judged) else str(len(judged))
    allowed = f", {params.max_new} allowed" if params.max_new else ""
    summary = f"{'failed' if failed else 'passed'}: {', '.join(parts)}{allowed} in {of} articles"
    summary += f"; {redundancy:.1%} of the text is said again"
    skipped = len(report.articles.skips)
    if skipped:
        first = report.articles.skips[0]
        at = f"{first.path}:{first.record}" if first.record else first.path
        notices = (*notices, f"input: {_many(skipped, 'notice')}, the first: {at}: {first.reason}")
    return Verdict(
        violations=tuple(violations),
        failed=failed,
        summary=summary,
        articles=len(judged),
        judged=n_judged,
        errors=errors,
        warnings=warnings,
        known=known,
        ignored=ignored,
        notices=tuple(map(clean, notices)),
        redundancy=redundancy,
    )


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
