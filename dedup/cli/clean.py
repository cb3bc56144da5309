"""``dedup clean``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedup.cli import options, run
from dedup.reports import KINDS

if TYPE_CHECKING:
    from dedup.clean.params import CleanParams
    from dedup.clean.rounds import Cleaning
    from dedup.config import Config
    from dedup.progress import Progress

_ACTIONS = ("drop", "mark", "keep")


def _read_actions(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> dict[str, str] | None:
    """Return ``KIND=ACTION`` options as a mapping."""
    found: dict[str, str] = {}
    for value in values:
        kind, _, action = value.partition("=")
        if kind not in KINDS or action not in _ACTIONS:
            raise click.BadParameter(
                f"{value!r} is not KIND=ACTION with a kind of {', '.join(KINDS)} and one of {', '.join(_ACTIONS)}"
            )
        found[kind] = action
    return found or None


_CLEAN = (
    click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="OUT",
        help="What to write: a file for one file, else a folder; complete, or not at all.",
    ),
    click.option(
        "--action",
        "actions",
        multiple=True,
        callback=_read_actions,
        metavar="KIND=ACTION",
        help=f"drop, mark or keep what is {', '.join(KINDS)}; may be given several times. [default: reuse is kept, all "
        "else dropped]",
    ),
    click.option(
        "--stays",
        type=click.Choice(("earliest", "longest", "first")),
        help="Which article keeps what several have. [default: earliest]",
    ),
    click.option(
        "--prefer-source",
        "prefer_sources",
        multiple=True,
        metavar="SOURCE",
        help="Its articles keep it before all others; may be given several times, the most preferred first.",
    ),
    click.option(
        "--min-share",
        type=float,
        help="A sentence goes if so much of it stands in what stays. [default: 0.8]",
    ),
    click.option(
        "--min-article-share",
        type=float,
        help="An article goes if so much of it stands in one that stays. [default: 0.9]",
    ),
    click.option(
        "--changed-numbers",
        type=click.Choice(("keep", "drop")),
        help="Of sentences that differ from their copy in a number. [default: keep]",
    ),
    click.option("--dry-run", is_flag=True, help="Write nothing; say what would go, with examples."),
    click.option(
        "--removed",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write all that goes, with the reason and what stays of it, as JSON Lines.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(("same", "jsonl")),
        default="same",
        help="Write the format that was read, or JSON Lines. [default: same]",
    ),
    click.option("--force", is_flag=True, help="Replace OUT if it is there."),
)


@click.command()
@options.add(*options.INPUTS, *_CLEAN, *options.RUN, *options.SETTINGS)
def clean(
    inputs: tuple[str, ...],
    files_from: str | None,
    output: Path | None,
    actions: dict[str, str] | None,
    stays: str | None,
    prefer_sources: tuple[str, ...],
    min_share: float | None,
    min_article_share: float | None,
    changed_numbers: str | None,
    dry_run: bool,
    removed: Path | None,
    form: str,
    force: bool,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Write the articles in INPUT without what they say twice: one copy of everything stays.

    Near-duplicate articles, contained ones, copies of notices and sentences that an article repeats go; all other
    fields, and the order, are as they were. Whole sentences go, never a part of one.
    """
    named = run.named_inputs(inputs, files_from)
    flags: dict[str, object] = {
        "actions": actions,
        "stays": stays,
        "prefer_sources": list(prefer_sources) or None,
        "min_share": min_share,
        "min_article_share": min_article_share,
        "changed_numbers": changed_numbers,
    }
    params = _params(named, flags, config_file)
    if output is None and not dry_run:
        raise click.UsageError("Missing option '-o OUT', or --dry-run to see what would go.")
    if output is not None:
        from dedup.clean.files import check_output, find_targets

        find_targets(named, output, as_lines=form == "jsonl")
        check_output(named, output, force=force)
    with run.prepared(named, settings, quiet=quiet, verbose=verbose, file=config_file) as (config, progress):
        cleaning = _cleaned(named, params, config, progress, jobs, as_lines=form == "jsonl")
        if not dry_run:
            assert output is not None
            _write(cleaning, named, output, config, removed, as_lines=form == "jsonl")
    from dedup.clean.summary import write_summary

    with run.opened(None) as stream:
        write_summary(cleaning, params, stream, examples=3 if dry_run or verbose else 0)
    if not dry_run:
        click.echo(f"wrote {output}" + (f", and what went to {removed}" if removed else ""))


def _params(named: Sequence[str], flags: dict[str, object], file: Path | None) -> CleanParams:
    from dedup.clean.params import clean_params
    from dedup.settings import layers

    found = {name: setting.value for name, setting in layers(named, {}, None, flags, file=file).clean.items()}
    below = layers(named, {}, file=file).clean.get("actions")
    if below and flags["actions"]:  # of other kinds, those of the file stay in force
        found["actions"] = {**below.value, **flags["actions"]}  # type: ignore[dict-item]  # both were checked
    return clean_params(found)


def _cleaned(
    named: Sequence[str],
    params: CleanParams,
    config: Config,
    progress: Progress,
    jobs: int | None,
    *,
    as_lines: bool,
) -> Cleaning:
    import os

    from dedup.clean.files import check_formats, find_uncut
    from dedup.clean.rounds import clean_articles
    from dedup.pipeline import scan
    from dedup.readers import read_feeds

    if config.read.same_id != "keep":
        from dedup.errors import ConfigError

        raise ConfigError("clean: --same-id latest leaves versions unread, and would leave them in; clean keeps all")
    articles = read_feeds(named, config.read, jobs=jobs or os.cpu_count() or 1, progress=partial(progress, "read"))
    if not as_lines:
        check_formats(articles, marks=any(params.action(kind) == "mark" for kind in KINDS))
    find = None if as_lines else partial(find_uncut, articles, params=config.read)
    return clean_articles(articles, params, partial(scan, config=config, jobs=jobs, progress=progress), find_uncut=find)


def _write(
    cleaning: Cleaning, named: Sequence[str], output: Path, config: Config, removed: Path | None, *, as_lines: bool
) -> None:
    from dedup.clean.files import write_cleaned

    if removed is None:
        write_cleaned(cleaning, named, output, config.read, None, as_lines=as_lines)
        return
    from dedup.output import open_output

    with open_output(removed) as stream:
        write_cleaned(cleaning, named, output, config.read, stream, as_lines=as_lines)
