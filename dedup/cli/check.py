"""``dedup check``."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from dedup.cli import archives, gate_options, options, run
from dedup.errors import ConfigError, DedupError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dedup.gate.baseline import Baseline
    from dedup.gate.check import Judgement
    from dedup.gate.model import Verdict
    from dedup.gate.params import GateParams
    from dedup.result import Report

_FAILED = 1
#: Folders that site builders write into, by the names that they give them.
_BUILT = ("public", "_site", "site", "dist", "build", "out", "node_modules")
#: Characters of a command that is told; a longer one is not read.
_MAX_COMMAND = 200
#: What was not read is named with -v, up to so many.
_MAX_SKIPS = 100
#: How the error begins that `--allow-empty` is about.
_NO_ARTICLE = "no article in the input"


@click.command()
@options.add(*options.INPUTS, *gate_options.GATE, *options.RUN, *options.SETTINGS)
def check(
    inputs: tuple[str, ...],
    files_from: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    rules: dict[str, tuple[str, float | None]],
    max_new: int | None,
    min_words: int | None,
    baseline: Path | None,
    update_baseline: bool,
    against: tuple[str, ...],
    changed_from: str | None,
    ignore_path: tuple[str, ...],
    ignore_source: tuple[str, ...],
    ignore_texts: tuple[Path, ...],
    formats: tuple[tuple[str, Path | None], ...],
    summary: bool,
    exit_zero: bool,
    allow_empty: bool,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Fail if the articles in INPUT repeat more than they may: exit 0 clean, 1 failed, 2 could not run.

    `dedup rule` lists the rules. A first run on a feed that is not clean yet: `--baseline FILE --update-baseline`
    accepts what is there, so that only new repeats fail.
    """
    named = run.named_inputs(inputs, files_from)
    plain = {
        "select": select or None,
        "ignore": ignore or None,
        "max_new": max_new,
        "min_words": min_words,
        "baseline": baseline and str(baseline),
    }
    params, baseline = _params(named, plain, config_file, rules, (ignore_path, ignore_source, ignore_texts))
    outputs = [path for _, path in formats]
    run.refuse_to_overwrite(outputs, [*named, *against], baseline, config_file, *ignore_texts)
    known = _read_baseline(baseline, update=update_baseline)
    if summary:
        _summary_file()
    with ExitStack() as stack:
        # Opened before the work, so that a path that cannot be written is known at once.
        streams = [(name, stack.enter_context(run.opened(path))) for name, path in formats]
        from dedup.settings import find_file

        try:
            filled = _with_files(named, quiet=quiet) if allow_empty else named
            report = _scan(
                filled,
                against,
                settings,
                jobs=jobs,
                quiet=quiet,
                verbose=verbose,
                file=config_file or find_file(named),
                own=(*outputs, baseline, *ignore_texts),
            )
        except DedupError as error:
            if not (allow_empty and str(error).startswith(_NO_ARTICLE)):
                raise
            from dedup.gate.check import NOTHING, Judgement

            for name, stream in streams:
                _write(name, None, Judgement(NOTHING, {}), stream)
            return
        if verbose and not quiet:
            _tell_skips(report)
        own, judged = _judged(report, filled, against, changed_from)
        from dedup.gate.check import judge

        judgement = judge(report, params, baseline=known, judged=judged, own=own)
        for name, stream in streams:
            # An update says what has changed; a verdict of what it accepts would say that it failed.
            if not (update_baseline and name == "terminal"):
                _write(name, report, judgement, stream)
        for _, stream in streams:  # all that were asked for, or none: a full disk is known here, and no name taken yet
            stream.flush()
    if summary:
        _append_summary(judgement)
    verdict = judgement.verdict
    if update_baseline:
        assert baseline is not None
        _update_baseline(baseline, known, judgement, params)
        if not quiet:
            click.echo(
                f"dedup: commit it; from now on: {_command(f'--baseline {shlex.quote(str(baseline))}')}", err=True
            )
        return
    if verdict.failed:
        if not quiet:
            _advise(verdict, baseline)
        click.get_current_context().exit(0 if exit_zero else _FAILED)


def _tell_skips(report: Report) -> None:
    """Name what was not read, or not as given."""
    skips = report.articles.skips
    for skip in skips[:_MAX_SKIPS]:
        click.echo(f"dedup: {skip.path}{f':{skip.record}' if skip.record else ''}: {skip.reason}", err=True)
    if len(skips) > _MAX_SKIPS:
        click.echo(f"dedup: and {len(skips) - _MAX_SKIPS:,} more", err=True)


def _with_files(named: Sequence[str], *, quiet: bool) -> Sequence[str]:
    """Return the inputs without folders and patterns that have no file, which are told."""
    from dedup.readers.inputs import with_files

    filled, told = with_files(named)
    for line in told:
        if not quiet:
            click.echo(f"dedup: {line}", err=True)
    if not filled:
        raise DedupError(_NO_ARTICLE)
    return filled


def _advise(verdict: Verdict, baseline: Path | None) -> None:
    """Say what to do next: mend, mark, or accept what is there."""
    code = next(one.code for one in verdict.violations if one.severity == "error" and not one.suppressed)
    told = f"what {code} means, and how to mark what is meant to be there: dedup rule {code}"
    if baseline is None:
        told += "\n       to accept what is there and fail on new repeats only: "
        told += _command("--baseline dedup-baseline.jsonl --update-baseline")
    else:
        told += "\n       to accept what is new too: "
        told += _command(f"--baseline {shlex.quote(str(baseline))} --update-baseline")
    click.echo(f"dedup: {told}", err=True)
    built = _built_folder(verdict)
    if built:
        click.echo(
            f"dedup: {built}/ repeats what lies outside of it; if a build made it, leave it out: --exclude {built}/",
            err=True,
        )


def _built_folder(verdict: Verdict) -> str:
    """Return the folder, named as those that builds write into, with the most copies of whole articles outside it."""
    counts: Counter[str] = Counter()
    for one in verdict.violations:
        if one.code in ("D202", "D203") and not one.suppressed:
            pair = [set(Path(where.path).parts[:-1]) for where in (one.where, one.others[0])]
            counts.update((pair[0] ^ pair[1]) & set(_BUILT))
    return counts.most_common(1)[0][0] if counts else ""


def _command(more: str) -> str:
    """Return the command in force with other options about the baseline."""
    given, skip = [], False
    for word in click.get_current_context().obj[1:]:
        if not skip and word.partition("=")[0] not in ("--baseline", "--update-baseline"):
            given.append(shlex.quote(word))
        skip = word == "--baseline" and not skip
    rest = " ".join(given)
    return f"dedup check {more} {rest if len(rest) <= _MAX_COMMAND else '...'}"


def _params(
    named: Sequence[str],
    plain: Mapping[str, object],
    file: Path | None,
    rules: dict[str, tuple[str, float | None]],
    ignored: tuple[tuple[str, ...], tuple[str, ...], tuple[Path, ...]],
) -> tuple[GateParams, Path | None]:
    """Return the parameters of file, environment and flags, and the baseline."""
    from dedup.gate.ignores import read_known_texts
    from dedup.gate.params import Ignore, check_levels, check_limit, gate_params
    from dedup.settings import layers

    gate = {name: setting.value for name, setting in layers(named, {}, plain, file=file).gate.items()}
    baseline = gate.pop("baseline", None)
    params = gate_params(gate)
    paths, sources, texts = ignored
    ignores = [Ignore("--ignore-path", path=path) for path in paths]
    ignores += [Ignore("--ignore-source", source=source) for source in sources]
    ignores += [one for path in texts for one in read_known_texts(path, f"known notice of {path}")]
    levels = {code: level for code, (level, _) in rules.items() if level}
    limits = {code: limit for code, (_, limit) in rules.items() if limit is not None}
    check_levels(dict.fromkeys(rules, "error") | levels, "--rule")
    for code, limit in limits.items():
        check_limit(code, limit, f"--rule: {code}")
    changed = replace(
        params,
        levels={**params.levels, **levels},  # type: ignore[dict-item]  # checked when it is made
        limits={**params.limits, **limits},
        ignores=(*params.ignores, *ignores),
    )
    return changed, Path(str(baseline)) if baseline else None


def _read_baseline(path: Path | None, *, update: bool) -> Baseline:
    from dedup.gate.baseline import read_baseline
    from dedup.output import refuse_unwritable

    if path is None:
        if update:
            raise ConfigError("--update-baseline needs --baseline FILE to write to")
        return {}
    if update:
        refuse_unwritable(path)
    return {} if update and not path.exists() else read_baseline(path)


def _update_baseline(path: Path, known: Baseline, judgement: Judgement, params: GateParams) -> None:
    from dedup.gate.baseline import updated, write_baseline

    # Of a rule that was off nobody knows what it would have found.
    unasked = {key: entry for key, entry in known.items() if params.level(entry.code) == "off"}
    entries, changes = updated(known, judgement.found | unasked)
    write_baseline(path, entries)
    for line in changes:
        click.echo(line)
    click.echo(f"{path}: {len(entries)} entries, {len(changes)} changed")
    today = date.today()
    expired = [entry for key, entry in entries.items() if key in judgement.found and entry.is_expired(today)]
    for entry in expired:
        click.echo(
            f"dedup: {path}: {entry.code} {entry.text!r} expired on {entry.expires}, and counts again; "
            "mend it, or set another day in its entry",
            err=True,
        )


def _scan(named: Sequence[str], against: Sequence[str], settings: Mapping[str, object], **more: Any) -> Report:
    """Return the report of the inputs beside what they are compared with; an archive is not read again."""
    found = _archives(against)
    if len(found) > 1:
        raise ConfigError(f"--against: {', '.join(found)}: one archive of `dedup index` at a time")
    inputs = [*(one for one in against if one not in found), *named]
    if found:
        return archives.check_inputs(found[0], inputs, settings, **more)
    return run.scan_inputs(inputs, settings, **more)


def _archives(against: Sequence[str]) -> list[str]:
    from dedup.index.kinds import is_index

    return [one for one in against if is_index(one)]


def _judged(
    report: Report, named: Sequence[str], against: Sequence[str], changed_from: str | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which articles are of the inputs, and which can fail: of these, those in files that have changed."""
    import numpy as np

    from dedup.gate.changed import changed_files
    from dedup.readers.inputs import find_sources

    files = report.articles.files
    wanted = np.ones(len(files), np.bool_)
    if len(_archives(against)) < len(against):
        mine = {os.path.realpath(source.path) for source in find_sources(named)[0]}
        wanted &= np.array([os.path.realpath(path) in mine for path in files], np.bool_)
    own: NDArray[np.bool_] = wanted[report.articles.file_rows]
    if report.archive is not None:
        own &= ~report.archive.articles
    if changed_from is None:
        return own, own
    changed = changed_files(changed_from, [path for path, is_own in zip(files, wanted, strict=True) if is_own] or named)
    is_changed = np.array([os.path.realpath(path) in changed for path in files], np.bool_)
    return own, own & is_changed[report.articles.file_rows]


def _write(name: str, report: Report | None, judgement: Judgement, stream: TextIO) -> None:
    if name != "html":
        from dedup.reports import verdict

        verdict.write(name, judgement.verdict, stream)
        return
    from dedup.reports import html

    if report is None:
        html.write_nothing(judgement.verdict.summary, stream)
    else:
        html.write(report, stream, judgement=judgement)


def _append_summary(judgement: Judgement) -> None:
    from dedup.reports import verdict

    path = _summary_file()
    try:
        with path.open("a", encoding="utf-8") as stream:
            verdict.write("markdown", judgement.verdict, stream)
    except OSError as error:
        raise DedupError(f"{path}: cannot be written: {error.strerror}") from None


def _summary_file() -> Path:
    from dedup.output import refuse_unwritable

    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        raise DedupError("--summary: GITHUB_STEP_SUMMARY is not set; use --format markdown:FILE")
    refuse_unwritable(Path(path))
    return Path(path)
