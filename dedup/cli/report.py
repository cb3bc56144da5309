"""``dedup report``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import click

from dedup import reports
from dedup.cli import options, run
from dedup.cli.engine import Engine
from dedup.errors import ConfigError

#: What may be set for a report that is made of an earlier one.
_THRESHOLDS = ("min_jaccard", "min_cosine")


@click.command()
@click.option(
    "--from",
    "saved",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Show an earlier report (its JSON) at other --min-jaccard and --min-cosine, without reading INPUT again. "
    "[default: none]",
)
@options.add(*options.INPUTS, *options.FORMATS, *options.RUN, *options.ENGINE, *options.SETTINGS)
def report(
    inputs: tuple[str, ...],
    saved: Path | None,
    files_from: str | None,
    output: Path | None,
    form: str,
    kinds: tuple[str, ...],
    top: int | None,
    borderline: bool,
    page_size: float | None,
    color: bool | None,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    engine: str,
    master: str | None,
    driver_memory: str | None,
    partitions: int | None,
    work: str | None,
    parquet: str | None,
    **settings: object,
) -> None:
    """Report what the articles in INPUT say twice.

    INPUT is a file or folder of feeds (RSS, Atom, JSON Feed), pages, text, Markdown, JSON Lines, CSV and more; a
    glob; or - for standard input.
    """
    page_bytes = None if page_size is None else int(page_size * 1e6)
    shown = reports.Options(kinds, top, verbose, color, borderline=borderline, page_bytes=page_bytes)
    if saved is not None:
        _check_saved(inputs, files_from, config_file, form, settings)
        run.refuse_to_overwrite([output], [], saved)
        with run.opened(output) as stream:
            _rethreshold(saved, form, stream, shown, settings)
        return
    chosen = Engine(engine, master, driver_memory, partitions, work, parquet)
    named = run.named_inputs(inputs, files_from)
    run.refuse_to_overwrite([output], named)
    with run.opened(output) as stream:
        found = run.scan_on(
            chosen, named, settings, jobs=jobs, quiet=quiet, verbose=verbose, file=config_file, own=(output,)
        )
        if found is not None:
            reports.FORMATS[form](found, stream, shown)


def _check_saved(
    inputs: tuple[str, ...],
    files_from: str | None,
    config_file: Path | None,
    form: str,
    settings: Mapping[str, object],
) -> None:
    """Refuse what only a run can do."""
    if inputs or files_from is not None:
        raise ConfigError("--from shows an earlier report; leave INPUT out, or --from")
    others = ["config"] if config_file else []
    others += [name for name, value in settings.items() if value is not None and name not in _THRESHOLDS]
    if others:
        flag = "--" + others[0].replace("_", "-")
        raise ConfigError(f"--from: {flag} changes what is searched; run again with it, without --from")
    if form not in ("text", "json"):
        raise ConfigError(f"--from: a report at other thresholds comes as text or json, not {form}")


def _rethreshold(path: Path, form: str, stream: TextIO, shown: reports.Options, settings: Mapping[str, Any]) -> None:
    from dedup.reports import saved, saved_text

    thresholds = {name: settings[name] for name in _THRESHOLDS}
    found = saved.rethreshold(saved.read_saved(path), **thresholds, path=str(path))
    if form == "json":
        saved.write(found, str(path), stream, shown)
    else:
        saved_text.write(found, str(path), stream, shown)
