"""``dedup index``: an archive that new articles are checked against."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from dedup import reports
from dedup.cli import archives, options, run
from dedup.errors import ConfigError
from dedup.reports.verdict import FORMATS as VERDICT_FORMATS

if TYPE_CHECKING:
    from dedup.index.archive import Index
    from dedup.result import Report

_FAILED = 1
#: Formats of a report, and those of a verdict; where both have one of a name, it is the report's.
_FORMATS = (*sorted(reports.FORMATS), *(name for name in VERDICT_FORMATS if name not in reports.FORMATS))

_INDEX = click.option(
    "--index",
    "path",
    required=True,
    metavar="PATH",
    help="The archive: a file, or redis://HOST:PORT/DB?name=NAME.",
)


def _formats(
    _ctx: click.Context, _option: click.Parameter, values: Sequence[str]
) -> tuple[tuple[str, Path | None], ...]:
    """Return ``NAME`` and ``NAME:PATH`` as pairs."""
    found: list[tuple[str, Path | None]] = []
    for value in values or ("text",):
        name, colon, path = value.partition(":")
        if name not in _FORMATS or (colon and not path):
            raise click.BadParameter(f"{value!r} is not NAME or NAME:PATH with a name of {', '.join(_FORMATS)}")
        if path and Path(path) in [other for _, other in found]:
            raise click.BadParameter(f"{path!r} is given for two outputs; each needs a file of its own")
        found.append((name, Path(path) if path else None))
    return tuple(found)


@click.group()
def index() -> None:
    """Keep an archive of articles, and check new ones against it without reading it again."""


@index.command()
@click.option(
    "--store",
    type=click.Choice(("text", "hashes")),
    default="text",
    help="Keep titles and texts, or hashes of their words and where these stood: then no text of the archive can be "
    "shown. [default: text]",
)
@options.add(_INDEX, *options.SETTINGS)
def create(path: str, store: Literal["text", "hashes"], **settings: object) -> None:
    """Make an empty archive; the settings that decide what is found stay with it."""
    from dedup.index.archive import Index
    from dedup.settings import configured, layers

    if settings["candidates"] == "exact":
        raise ConfigError("--candidates exact: an archive is searched by LSH; leave it out")
    found = layers((), settings)
    Index.create(path, configured(found.run), store=store).close()
    click.echo(f"{path}: made; fill it with `dedup index add INPUT... --index {path}`")


@index.command()
@options.add(*options.INPUTS, _INDEX, *options.RUN, *options.SETTINGS)
def add(
    inputs: tuple[str, ...],
    files_from: str | None,
    path: str,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Take the articles of INPUT in, all or none; those that are there with this id and text are left out."""
    named = run.named_inputs(inputs, files_from)
    added = archives.add_inputs(path, named, settings, jobs=jobs, quiet=quiet, verbose=verbose, file=config_file)
    known = f"; {_many(added.known, 'article')} there already" if added.known else ""
    click.echo(f"{path}: {_many(added.added, 'article')} added{known}")


@index.command()
@click.option("--add", "add_too", is_flag=True, help="Also take them in, in the same transaction.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    callback=_formats,
    metavar="NAME[:PATH]",
    help=f"Of {', '.join(_FORMATS)}; may be given several times. [default: text]",
)
@click.option("--kind", "kinds", type=click.Choice(reports.KINDS), multiple=True, help="List findings of this kind.")
@click.option("--top", type=click.IntRange(min=0), metavar="N", help="List so many findings, 0 for all.")
@click.option("--color/--no-color", default=None, help="Colour the text. [default: on a terminal]")
@options.add(*options.INPUTS, _INDEX, *options.RUN, *options.SETTINGS)
def check(
    inputs: tuple[str, ...],
    files_from: str | None,
    path: str,
    add_too: bool,
    formats: tuple[tuple[str, Path | None], ...],
    kinds: tuple[str, ...],
    top: int | None,
    color: bool | None,
    config_file: Path | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Report what the articles of INPUT repeat of the archive, of each other, and of themselves.

    To fail on it: `dedup check INPUT... --against ARCHIVE`.
    """
    named = run.named_inputs(inputs, files_from)
    shown = reports.Options(kinds, top, verbose, color)
    with ExitStack() as stack:
        streams = [(name, stack.enter_context(run.opened(output))) for name, output in formats]
        report = archives.check_inputs(
            path, named, settings, jobs=jobs, quiet=quiet, verbose=verbose, file=config_file, add=add_too
        )
        for name, stream in streams:
            if name in reports.FORMATS:
                reports.FORMATS[name](report, stream, shown)
            else:
                _write_verdict(name, report, named, config_file, stream)


def _write_verdict(name: str, report: Report, named: Sequence[str], file: Path | None, stream: Any) -> None:
    from dedup.gate.check import judge
    from dedup.gate.params import gate_params
    from dedup.reports import verdict
    from dedup.settings import layers

    assert report.archive is not None
    gate = {one: setting.value for one, setting in layers(named, {}, file=file).gate.items() if one != "baseline"}
    judgement = judge(report, gate_params(gate), judged=~report.archive.articles)
    verdict.write(name, judgement.verdict, stream)


@index.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--ids-from", type=click.File(), metavar="FILE", help="Also these, a line each; - is standard input.")
@_INDEX
def remove(ids: tuple[str, ...], ids_from: Any, path: str) -> None:
    """Take the articles with these ids out, all or none, with their text."""
    listed = [line.rstrip("\r\n") for line in ids_from] if ids_from else []
    wanted = [*ids, *(line for line in listed if line)]
    if not wanted:
        raise click.UsageError("Missing argument 'ID...', or --ids-from FILE.")
    removed = _opened(path, lambda archive: archive.remove(wanted))
    click.echo(f"{path}: {_many(removed, 'article')} removed")


@index.command()
@click.option("--before", required=True, metavar="DATE", help="Take out what is older, as 2020-01-31 or 2020.")
@_INDEX
def expire(before: str, path: str) -> None:
    """Take the articles out that are dated before a day; those without a date stay."""
    from dedup.readers.dates import parse_date

    moment = parse_date(before)
    if moment is None:
        raise ConfigError(f"--before: {before!r} is not a date; give one as 2020-01-31")
    removed = _opened(path, lambda archive: archive.expire(moment))
    click.echo(f"{path}: {_many(removed, 'article')} removed")


@index.command()
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="[default: text]")
@_INDEX
def info(form: str, path: str) -> None:
    """Show what an archive holds, and the settings it was made with."""
    from dedup.index.store import FORMAT_VERSION

    counts, settings = _opened(path, lambda archive: (archive.counts(), archive.store.settings()), writable=False)
    if form == "json":
        found = {"path": path, "format_version": FORMAT_VERSION, **asdict(counts), "settings": settings}
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{path}: archive of dedup, format {FORMAT_VERSION}")
    for name, value in asdict(counts).items():
        click.echo(f"{name:<12} {value:,}")
    for name, value in settings.items():
        click.echo(f"{name} = {json.dumps(value)}")


@index.command()
@_INDEX
def verify(path: str) -> None:
    """Make all that is kept once more from the texts, and compare: exit 1 if something is wrong."""
    keeps, problems = _opened(path, lambda archive: (archive.keeps, archive.verify()), writable=False)
    for line in problems:
        click.echo(f"{path}: {line}")
    if problems:
        click.get_current_context().exit(_FAILED)
    untold = "; it keeps hashes: whether they are those of the texts that were added cannot be told"
    click.echo(f"{path}: nothing is wrong{untold if keeps == 'hashes' else ''}")


@index.command()
@_INDEX
def compact(path: str) -> None:
    """Let go of what removed articles have left behind, and make the archive quick to read."""
    before, after = _opened(path, _compact)
    click.echo(f"{path}: {before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now")


def _compact(archive: Index) -> tuple[int, int]:
    before = archive.counts().size_bytes
    archive.compact()
    return before, archive.counts().size_bytes


@index.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: standard output]")
@_INDEX
def export(output: Path | None, path: str) -> None:
    """Write the articles as JSON Lines, which `dedup index add` and all other commands read."""
    from dedup.index.export import write_articles

    def write(archive: Index) -> None:
        with closing(archive.articles()) as tables:
            write_articles(tables, stream)

    with run.opened(output) as stream:
        _opened(path, write, writable=False)


def _opened(path: str, work: Callable[[Index], Any], *, writable: bool = True) -> Any:
    from dedup.index.archive import Index

    with run.working(quiet=not sys.stderr.isatty()), Index.open(path, writable=writable) as archive:
        return work(archive)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
