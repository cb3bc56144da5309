"""Parts of the page: its template, style, script and policy, and the overview in markup."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from dedup.reports import Options, overview
from dedup.reports.charts import SHARE_WORDS, markup, patterns, score_bars, share_bar, swatch, time_bars
from dedup.reports.text import searched
from dedup.reports.verdict.streams import many
from dedup.reports.view import Summary, skip_reasons

if TYPE_CHECKING:
    from dedup.gate.model import Verdict
    from dedup.result import Report

#: Modules of the page, each after those that it imports.
SCRIPTS = (
    "dom.js", "words.js", "data.js", "state.js", "grid.js", "findings.js", "finding.js", "articles.js",
    "article.js", "main.js",
)  # fmt: skip
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let))", re.MULTILINE)
_SKIPS = 12
#: Rules that are not about a repeat, and how many of what breaks them is listed.
_WITHOUT_FINDING, _LOOSE = ("D4", "D5"), 50
#: Of a feed that says less again, the bar shows that part once more by itself.
_ENLARGED_UNDER = 0.15


def asset(name: str) -> str:
    """Return a file of `assets/`."""
    return (files("dedup.reports.html") / "assets" / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """Return all modules as one: a page that opens from disk cannot load one from another."""
    return "".join(_EXPORT.sub("", _IMPORT.sub("", asset(name))) for name in SCRIPTS)


@cache
def style() -> str:
    """Return the style of the page."""
    return asset("page.css")


def policy() -> str:
    """Return a policy (CSP level 3) under which only this style and this script run, and nothing is loaded."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script(), style()))
    script_hash, style_hash = hashes
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; "
        "base-uri 'none'; form-action 'none'"
    )


def overview_markup(
    report: Report, summary: Summary, options: Options, notes: Sequence[str], verdict: Verdict | None = None
) -> Iterator[str]:
    """Yield the overview: markup that needs no script.

    ``notes`` are sentences that stand under the headline.
    """
    parts = overview.shares(summary)
    yield f'<h1 id="overview-title">{markup(overview.sentence(summary))}</h1>'
    yield f'<p class="lead">{markup(_counts(summary))}</p>'
    if report.archive is not None:
        told = f"Checked against {many(report.archive.n_articles, 'article')} of {report.archive.name}."
        yield f'<p class="lead">{markup(told)}</p>'
        if untold := report.archive.untold():
            yield f'<p class="note">{markup(untold)}.</p>'
    yield from (f'<p class="note">{markup(note)}</p>' for note in notes)
    if verdict is not None:
        yield from _gate(verdict)
    yield '<figure class="shares">'
    yield _bar(parts, 56, patterns())
    again = [part for part in parts if part.name != "new" and part.words]
    if again and summary.redundancy < _ENLARGED_UNDER:
        said = max(sum(part.words for part in again), 1)
        enlarged = [part._replace(share=part.words / said) for part in again]
        yield f'<p class="caption">What is said again, enlarged {1 / summary.redundancy:.0f} times:</p>'
        yield _bar(enlarged, 20)
    yield "<table><caption class='unseen'>Words by what they repeat</caption><thead class='unseen'><tr>"
    yield "<th scope='col'>What</th><th scope='col'>Share</th><th scope='col'>Words</th>"
    yield "<th scope='col'>Findings</th></tr></thead><tbody>"
    for part in parts:
        found = f"{part.findings:,} finding{'' if part.findings == 1 else 's'}" if part.name != "new" else ""
        link = f'<a href="#view=findings&amp;kind={part.name}">{found}</a>' if found else ""
        key = f'<svg class="key" viewBox="0 0 16 16" aria-hidden="true">{swatch(part.name, 0, 0, 16, 16)}</svg>'
        yield (
            f'<tr><th scope="row">{key}{markup(SHARE_WORDS[part.name])}</th><td class="share">{part.share:.1%}</td>'
            f"<td>{part.words:,} words</td><td>{link}</td></tr>"
        )
    yield "</tbody></table></figure>"
    yield '<div class="panels">'
    yield from _time(report)
    yield from _matrix(report)
    for one in overview.scores(report):
        yield from _scores(one)
    yield "</div>"
    yield from _told(report, summary, options)


def _gate(verdict: Verdict) -> Iterator[str]:
    """Yield the verdict, and what it says of articles and of the feed; of repeats, the list of findings has it."""
    outcome = "failed" if verdict.failed else "passed"
    yield f'<section class="gate {outcome}" aria-labelledby="gate-title"><h2 id="gate-title">Gate {outcome}</h2>'
    yield f"<p>{markup(verdict.summary)}</p>"
    links = (("new", verdict.errors + verdict.warnings), ("known", verdict.known), ("ignored", verdict.ignored))
    told = (f'<a href="#view=findings&amp;status={name}">{name}</a> {count:,}' for name, count in links if count)
    yield f"<p>Findings by what they are to the gate, places counted: {', '.join(told) or 'none'}.</p>"
    loose = [one for one in verdict.violations if one.code.startswith(_WITHOUT_FINDING)]
    if loose:
        yield "<details open><summary>Rules about articles and the feed</summary><ul>"
        for one in loose[:_LOOSE]:
            state = {"baseline": "known", "ignored": "ignored", None: one.severity}[one.suppressed]
            where = "" if one.code == "D402" else one.where.title or one.where.article_id
            yield f"<li>{markup(f'{one.code} {state}: {one.message}')} <bdi class='where'>{markup(where)}</bdi></li>"
        more = len(loose) - _LOOSE
        yield (f"<li>and {more:,} more</li>" if more > 0 else "") + "</ul></details>"
    yield "".join(f"<p class='hint'>{markup(notice)}</p>" for notice in verdict.notices[:_SKIPS])
    yield "</section>"


def _bar(parts: Sequence[overview.Share], height: int, definitions: str = "") -> str:
    """Return a bar; the table under it has what it says."""
    return (
        f'<svg class="share-bar" viewBox="0 0 1000 {height}" height="{height}" preserveAspectRatio="none" '
        f'aria-hidden="true">{definitions}{"".join(share_bar(parts, 1000, height))}</svg>'
    )


def _counts(summary: Summary) -> str:
    sources = f" from {many(summary.sources, 'source')}" if summary.sources else ""
    found = sum(summary.findings.values())
    return (
        f"{many(summary.articles, 'article')} in {many(summary.files, 'file')}{sources}; "
        f"{many(found, 'finding')}, heaviest first in the list of findings."
    )


def _time(report: Report) -> Iterator[str]:
    line = overview.time_line(report)
    if line is None:
        yield '<section class="panel wide"><h2>Over time</h2><p>No article has a date.</p></section>'
        return
    yield '<section class="panel wide"><h2>Over time</h2><figure>'
    told = f"{many(len(line.starts), line.unit)} from {line.starts[0]} to {line.starts[-1]}"
    yield (
        f'<svg class="chart" viewBox="0 0 600 140" preserveAspectRatio="none" role="img" aria-label="Articles by time, '
        f'{markup(told)}">' + "".join(time_bars(line, 600, 140)) + "</svg>"
    )
    yield f'<p class="axis"><span>{line.starts[0]}</span><span>{line.starts[-1]}</span></p>'
    undated = f" {many(line.undated, 'article')} without a date left out." if line.undated else ""
    yield (
        f"<figcaption>Articles by {line.unit}, most {max(line.articles):,}; the dark part says something again."
        f"{undated}</figcaption>"
    )
    rows = [
        f"<tr><th scope='row'>{start}</th><td>{articles:,}</td><td>{repeating:,}</td></tr>"
        for start, articles, repeating in zip(line.starts, line.articles, line.repeating, strict=True)
        if articles
    ]
    yield from _table("Articles by time", (line.unit, "articles", "of them repeating"), rows)
    yield "</figure></section>"


def _table(caption: str, heads: Sequence[str], rows: Sequence[str]) -> Iterator[str]:
    yield f"<details><summary>As a table</summary><table class='numbers'><caption>{caption}</caption><thead><tr>"
    yield "".join(f"<th scope='col'>{head}</th>" for head in heads)
    yield f"</tr></thead><tbody>{''.join(rows)}</tbody></table></details>"


def _matrix(report: Report) -> Iterator[str]:
    matrix = overview.matrix(report)
    yield '<section class="panel wide"><h2>Who repeats whom</h2>'
    if matrix is None:
        yield "<p>Nothing is carried over between articles whose source is known.</p></section>"
        return
    names = [name or "(no source)" for name in matrix.sources]
    most = max(max(row) for row in matrix.words) or 1
    yield "<p class='caption'>Words that the source of a row says again, by the source that had them first</p>"
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Who repeats whom"><table class="matrix">'
    yield "<thead><tr><th scope='col' class='corner'>repeats ↓ &nbsp; had it first →</th>"
    yield (
        "".join(f"<th scope='col'><span><bdi>{markup(name)}</bdi></span></th>" for name in names)
        + "</tr></thead><tbody>"
    )
    for name, row in zip(names, matrix.words, strict=True):
        yield f"<tr><th scope='row'><bdi>{markup(name)}</bdi></th>"
        for count in row:
            heat = min(4, int(5 * (count / most) ** 0.5)) if count else None
            yield f'<td class="heat-{heat}">{count:,}</td>' if heat is not None else "<td></td>"
        yield "</tr>"
    yield "</tbody></table></div><p class='caption'>"
    if matrix.left_out:
        yield f"{many(matrix.left_out, 'more source')} with fewer words. "
    yield (
        "First is the earlier by date"
        + ("." if matrix.dated else ", and where a date is missing, the one that comes first in the feed.")
        + " Notices are left out.</p></section>"
    )


def _scores(scores: overview.Scores) -> Iterator[str]:
    total = sum(scores.matched) + sum(scores.missed)
    yield f'<section class="panel"><h2>{scores.measure[0].upper() + scores.measure[1:]} of the pairs</h2>'
    if not total:
        yield "<p>No pair of paragraphs, sentences or titles that differ came near.</p></section>"
        return
    label = f"{scores.measure} of {many(total, 'pair')}, threshold {scores.threshold:g}"
    yield (
        f'<figure><svg class="chart" viewBox="0 0 600 140" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}">' + "".join(score_bars(scores, 600, 140)) + "</svg>"
    )
    yield "<p class='axis'><span>0</span><span>0.5</span><span>1</span></p>"
    yield (
        f"<figcaption>{many(sum(scores.matched), 'pair')} of different wording that match (dark), and "
        f"{sum(scores.missed):,} that just missed (pale); the line is the threshold, {scores.threshold:g}.</figcaption>"
    )
    rows = [
        f"<tr><th scope='row'>{i / len(scores.matched):.2f}</th><td>{matched:,}</td><td>{missed:,}</td></tr>"
        for i, (matched, missed) in enumerate(zip(scores.matched, scores.missed, strict=True))
        if matched or missed
    ]
    yield from _table(f"Pairs by {scores.measure}", ("from", "matches", "just missed"), rows)
    yield "</figure></section>"


def _told(report: Report, summary: Summary, options: Options) -> Iterator[str]:
    yield '<section class="told"><h2>How it was found</h2><dl>'
    for name, told in searched(report, summary, options):
        yield f"<dt>{markup(name)}</dt><dd>{markup(told)}</dd>"
    yield "</dl><details><summary>All settings</summary><table class='numbers'><caption>Settings in force</caption>"
    yield "<thead><tr><th scope='col'>setting</th><th scope='col'>value</th></tr></thead><tbody>"
    for name, value in _flat(report.config.as_dict()):
        yield f"<tr><th scope='row'>{markup(name)}</th><td>{markup(value)}</td></tr>"
    yield "</tbody></table></details></section>"
    skips = report.articles.skips
    if skips:
        yield f'<section class="told"><h2>Not read, or not as given: {len(skips):,}</h2><ul>'
        for reason, count in skip_reasons(report.articles)[:_SKIPS]:
            first = next(skip for skip in skips if skip.reason == reason)
            where = first.path + (f":{first.record}" if first.record else "")
            yield f"<li>{count:,} {markup(reason)} <span class='where'>first: <bdi>{markup(where)}</bdi></span></li>"
        more = len(skip_reasons(report.articles)) - _SKIPS
        yield f"<li>and {many(more, 'more reason')}</li></ul></section>" if more > 0 else "</ul></section>"


def _flat(settings: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    else:
        shown = ", ".join(map(str, settings)) if isinstance(settings, (list, tuple)) else str(settings)
        yield name, shown
