"""What commands do with an archive: read the inputs, and check them against it or take them in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedup.cli.run import working
from dedup.errors import ConfigError

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.index.archive import Added
    from dedup.model import Articles
    from dedup.progress import Progress
    from dedup.result import Report


def check_inputs(
    archive: str,
    inputs: Sequence[str],
    settings: Mapping[str, object],
    *,
    jobs: int | None,
    quiet: bool,
    verbose: bool = False,
    file: Path | None = None,
    own: Sequence[Path | None] = (),
    add: bool = False,
) -> Report:
    """Return the report of a check against an archive; what is not set is as in the archive."""
    from dedup.index.archive import Index

    reading, others = _split(inputs, settings, quiet=quiet, verbose=verbose, file=file)
    # The archive is opened first: whether it fits is known before anything is read.
    with working(quiet) as progress, Index.open(archive, others, writable=add, jobs=jobs) as index:
        return index.check(_read(inputs, reading, jobs, progress, own), add=add, progress=progress)


def add_inputs(
    archive: str,
    inputs: Sequence[str],
    settings: Mapping[str, object],
    *,
    jobs: int | None,
    quiet: bool,
    verbose: bool = False,
    file: Path | None = None,
) -> Added:
    """Take the articles of the inputs into an archive."""
    from dedup.index.archive import Index

    reading, others = _split(inputs, settings, quiet=quiet, verbose=verbose, file=file)
    with working(quiet) as progress, Index.open(archive, others, jobs=jobs) as index:
        return index.add(_read(inputs, reading, jobs, progress), progress)


def _split(
    inputs: Sequence[str], settings: Mapping[str, object], *, quiet: bool, verbose: bool, file: Path | None
) -> tuple[Config, dict[str, object]]:
    """Return the configuration, which reading goes by, and the settings that an archive has a say in."""
    from dedup.config import SETTINGS
    from dedup.settings import configured, layers

    found = layers(inputs, settings, file=file)
    if verbose and found.file and not quiet:
        click.echo(f"dedup: settings of {found.file}", err=True)
    config = configured(found.run)
    others = {name: one.value for name, one in found.run.items() if SETTINGS[name][0] != "read"}
    if others.pop("candidates", "lsh") == "exact" and settings.get("candidates"):
        raise ConfigError("--candidates exact: an archive is searched by LSH; leave it out, or use `dedup report`")
    return config, others


def _read(
    inputs: Sequence[str], config: Config, jobs: int | None, progress: Progress, own: Sequence[Path | None] = ()
) -> Articles:
    from dedup.pipeline import excluding, refuse_empty
    from dedup.readers import read_feeds

    params = excluding(config.read, own)
    articles = read_feeds(inputs, params, jobs=jobs or os.cpu_count() or 1, progress=partial(progress, "read"))
    refuse_empty(articles)
    return articles
