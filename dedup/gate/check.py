"""Report -> verdict: which repeats break a rule, which of them are known, and whether the gate holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dedup.gate.baseline import DIGITS, TEXT_CHARACTERS, Baseline, Entry
from dedup.gate.groups import Group, Spot, find_groups
from dedup.gate.ignores import Ignores
from dedup.gate.known import Known
from dedup.gate.model import Standing, Status, Verdict, Violation
from dedup.gate.params import GateParams
from dedup.gate.sketches import Sketches
from dedup.gate.wording import locate, many, message
from dedup.patterns import matches
from dedup.reports.view import clean
from dedup.result import Report

#: Copies that a violation lists.
MAX_OTHERS = 20
#: In more places than these a baseline counts a text, and does not say in which articles.
_MAX_ARTICLES = 50


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, what a baseline of all that was found would hold, and what it says of findings, by their number."""

    verdict: Verdict
    found: Baseline
    standings: Mapping[int, Standing] = field(default_factory=dict)


#: Of an input without articles.
NOTHING = Verdict((), False, "passed: no article in the input", 0, 0, 0, 0, 0, 0, (), 0.0)


@dataclass(frozen=True, slots=True)
class _Case:
    """A group on trial.

    ``reasons`` has why a place is ignored, by its number, and None where it is not; the earliest place is never.
    ``claimed`` has the numbers of the places that have an entry of their own. ``first`` is whether the rule is on where
    the earliest place stands.
    """

    group: Group
    reasons: Mapping[int, str | None]
    claimed: set[int]
    first: bool

    @property
    def counted(self) -> list[int]:
        """The numbers of the places that are not ignored."""
        return [number for number in range(len(self.group.spots)) if self.reasons.get(number) is None]

    @property
    def open(self) -> list[int]:
        """Of these, the ones that break the rule."""
        return [number for number in self.reasons if self.reasons[number] is None]


def judge(
    report: Report,
    params: GateParams,
    *,
    baseline: Baseline | None = None,
    judged: NDArray[np.bool_] | None = None,
    own: NDArray[np.bool_] | None = None,
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
    own : bool[n], optional
        What the others repeat among themselves is no matter of a baseline; all, if not given.
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
    ignores = Ignores(report, params.ignores)
    if judged is None:
        judged = np.ones(len(report.articles), np.bool_)
    if own is None:
        own = np.ones(len(report.articles), np.bool_)
    groups = list(find_groups(report, params, judged))
    sketches = Sketches(report, groups)
    known = Known({key: entry for key, entry in entries.items() if not entry.is_expired(today)}, sketches)
    violations: list[Violation] = []
    found: Baseline = {}
    counts: dict[str, int] = {}
    standings: dict[int, Standing] = {}
    # Each text first takes the entry that is its own; what is left over then serves those that have changed.
    cases = [_open_case(report, group, params, known, ignores, judged, own, found) for group in groups]
    for case in cases:
        for one in _violations(report, case, params, known, judged):
            counts[one.fingerprint] = counts.get(one.fingerprint, 0) + 1
            violations.append(one._replace(occurrence=counts[one.fingerprint]))
            standings[case.group.finding] = _stands(standings.get(case.group.finding, Standing()), one)
    violations.sort(key=lambda one: (one.where.path, one.where.record, one.where.line, one.where.column, one.code))
    notices = [f"baseline: {entry.code} {entry.text!r} expired on {entry.expires}" for entry in expired]
    gone = [
        entry
        for key, entry in known.entries.items()
        if entry.count and key not in known.used and params.level(entry.code) != "off"
    ]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        notices.append(
            f"baseline: {gone[0].code} {gone[0].text!r}{more} not found any more; --update-baseline clears it"
        )
    if report.archive is not None and (untold := report.archive.untold()):
        notices.append(untold)
    notices += [*ignores.without_reason(), *ignores.unused(), *_unused_overrides(report, params)]
    return Judgement(_verdict(report, params, violations, judged, tuple(notices)), found, standings)


def _unused_overrides(report: Report, params: GateParams) -> list[str]:
    """Return a line for each path of an override that no file has."""
    paths = (path for override in params.overrides for path in override.paths)
    return [
        f"overrides: {one!r} is the path of no file; mend or remove it"
        for one in dict.fromkeys(paths)
        if not any(matches(file, one) for file in report.articles.files)
    ]


def _stands(before: Standing, violation: Violation) -> Standing:
    """Return what is said of a finding with one more violation: it is new if any of it is, and known before ignored."""
    of_suppressed: dict[str | None, Status] = {"baseline": "known", "ignored": "ignored", None: "new"}
    own = of_suppressed[violation.suppressed]
    order: tuple[Status, ...] = ("", "ignored", "known", "new")
    codes = tuple(sorted({*before.codes, violation.code}))
    return Standing(codes, max(before.status, own, key=order.index))


def _open_case(
    report: Report,
    group: Group,
    params: GateParams,
    known: Known,
    ignores: Ignores,
    judged: NDArray[np.bool_],
    own: NDArray[np.bool_],
    found: Baseline,
) -> _Case:
    spots = group.spots
    reported = [
        number
        for number in range(0 if group.alone else 1, 0 if group.allowed else len(spots))
        if params.level_at(group.code, _path(report, spots[number])) != "off"
    ]
    reasons = {number: ignores.reason(group.code, spots[number]) for number in reported}
    case = _Case(group, reasons, set(), first=params.level_at(group.code, _path(report, spots[0])) != "off")
    if case.open or group.allowed:
        for number in case.counted if any(own[spots[number].article] for number in case.counted) else ():
            _note(found, known, group, spots[number])
        # What is not judged was there before what is.
        order = sorted(case.counted, key=lambda number: bool(judged[spots[number].article]))
        claimed = known.claim(group.code, [spots[number] for number in order])
        case.claimed.update(order[at] for at in claimed)
        known.used.update(known.keys(group.code, [spots[number] for number in case.counted]))
    return case


def _violations(
    report: Report, case: _Case, params: GateParams, known: Known, judged: NDArray[np.bool_]
) -> list[Violation]:
    group, spots, open_ = case.group, case.group.spots, case.open
    mine = [number for number in open_ if judged[spots[number].article]]
    new = [number for number in _new_places(case, known, judged) if number not in case.reasons or number in mine]
    if open_ and not mine and 0 in case.claimed and judged[spots[0].article]:
        mine = [0]  # what the others repeat is known with them
    keys = known.keys(group.code, [spots[number] for number in case.counted]) if open_ else []
    reason = "; ".join(dict.fromkeys(known.entries[key].reason for key in keys if known.entries[key].reason))
    made = [_violation(report, group, spots[number], params) for number in new]
    accepted = known.outgrown(group) if new and group.share else 0.0
    if accepted:
        made = [one._replace(message=f"{one.message}; {accepted:.1%} were accepted in the baseline") for one in made]
    made += [
        _violation(report, group, spots[number], params)._replace(suppressed="baseline", reason=reason)
        for number in mine
        if number not in new
    ]
    made += [
        _violation(report, group, spots[number], params)._replace(suppressed="ignored", reason=why)
        for number, why in case.reasons.items()
        if why is not None and judged[spots[number].article]
    ]
    return made


def _new_places(case: _Case, known: Known, judged: NDArray[np.bool_]) -> list[int]:
    """Return the numbers of the places that no entry allows."""
    group, spots, open_ = case.group, case.group.spots, case.open
    if not open_:
        return []
    if group.share and known.outgrown(group):
        return open_
    unclaimed = [number for number in case.counted if number not in case.claimed]
    there = case.claimed | known.borrow(group.code, spots, unclaimed)
    if there or group.alone:
        # The earliest place too: it is the new one where the others are known.
        can = {*open_, *([0] if case.first else [])} - there
        new = [number for number in unclaimed if number in can and judged[spots[number].article]]
    else:
        # What it repeats may stand later, in the archive.
        new = [number for number in open_ if judged[spots[number].article]] or [0] * bool(judged[spots[0].article])
    places = {number: {(group.code, part.fingerprint, part.start) for part in spots[number].parts} for number in new}
    # A text that others repeat in parts is new once, and not with each of them.
    if not group.alone and 0 in new and places[0] <= known.named:
        new.remove(0)
    known.named.update(*places.values())
    return new


def _path(report: Report, spot: Spot) -> str:
    return report.articles.files[int(report.articles.file_rows[spot.article])]


def _note(found: Baseline, known: Known, group: Group, spot: Spot) -> None:
    """Add a place to what a baseline of all that was found would hold."""
    code = group.code
    article = known.sketches.of(spot, code) if len(group.spots) <= _MAX_ARTICLES else ""
    for part in spot.parts:
        if (code, part.fingerprint, part.start) in known.places:
            continue
        key = code, known.name(group, spot, part)
        # Of an archive that keeps no texts, a person reads the words of the copy.
        told = part.text or next((one.text for one in group.spots if one.text), "")
        text = clean(" ".join(told.split())[:TEXT_CHARACTERS])
        before = found.get(key, Entry(*key, 0, text))
        articles = sorted((*before.articles, article)) if article else before.articles
        found[key] = replace(
            before,
            count=before.count + 1,
            articles=tuple(articles) if before.count < _MAX_ARTICLES else (),
            share=max(before.share, round(group.share, 4)),
            sentences=before.sentences or _several(known.sketches.text_of(spot, part)),
        )


def _several(sketch: str) -> str:
    """Return hashes of sentences if they are more than one: of one sentence there is nothing less."""
    return sketch if len(sketch) > DIGITS else ""


def _violation(report: Report, group: Group, spot: Spot, params: GateParams) -> Violation:
    others = [other for other in group.spots if other is not spot]
    if group.origin is not None and group.origin.article != spot.article:
        others.append(group.origin)
    first = others[0] if others else None
    place = spot.place
    where = locate(report, spot)
    located = tuple(locate(report, other) for other in others[:MAX_OTHERS])
    return Violation(
        code=group.code,
        severity="warning" if params.level_at(group.code, _path(report, spot)) == "warning" else "error",
        message=message(report, group, spot, where, located, len(others)),
        where=where,
        others=located,
        n_others=len(others) + group.more,
        fingerprint=spot.fingerprint,
        occurrence=1,
        jaccard=place.jaccard if place and first else 0.0,
        containment=place.containment if place and first else 0.0,
        cosine=place.cosine if place and first else 0.0,
        tokens=spot.tokens,
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
    redundancy = int(report.repeated[judged].sum()) / max(int(report.n_tokens[judged].sum()), 1)
    n_judged = int(judged.sum())
    parts = [many(errors, "error"), many(warnings, "warning")]
    parts += [f"{known} known"] * bool(known) + [f"{ignored} ignored"] * bool(ignored)
    of = f"{n_judged} of {len(judged)}" if n_judged < len(judged) else str(len(judged))
    allowed = f", {params.max_new} allowed" if params.max_new else ""
    summary = (
        f"{'failed' if failed else 'passed'}: {', '.join(parts)}{allowed} in {of} article{'' if of == '1' else 's'}"
    )
    summary += f"; {redundancy:.1%} of the text is said again"
    skipped = len(report.articles.skips)
    if skipped:
        first = report.articles.skips[0]
        at = f"{first.path}:{first.record}" if first.record else first.path
        notices = (*notices, f"input: {many(skipped, 'notice')}, the first: {at}: {first.reason}")
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
