"""``dedup report``."""

from __future__ import annotations

from pathlib import Path

import click

from dedup import reports
from dedup.cli import options, run


@click.command()
@options.add(*options.INPUTS, *options.FORMATS, *options.RUN, *options.SETTINGS)
def report(
    inputs: tuple[str, ...],
    files_from: str | None,
    output: Path | None,
    form: str,
    kinds: tuple[str, ...],
    top: int | None,
    color: bool | None,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Report what the articles in INPUT say twice.

    INPUT is a file or folder of feeds (RSS, Atom, JSON Feed), pages, text, Markdown, JSON Lines, CSV and more; a
    glob; or - for standard input.
    """
    shown = reports.Options(kinds, top, verbose, color)
    with run.opened(output) as stream:
        found = run.scan_inputs(
            run.named_inputs(inputs, files_from), settings, jobs=jobs, quiet=quiet, verbose=verbose, file=config_file
        )
        reports.FORMATS[form](found, stream, shown)
