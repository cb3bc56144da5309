"""The command ``python -m benchmarks``: list, run, all, gate, render."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from benchmarks import floors as floor_file
from benchmarks import render as pages
from benchmarks.registry import BENCHMARKS, Benchmark, Need, data_path, find, measure
from benchmarks.results import ROOT, Measured, MissingDataError, Options, as_record
from benchmarks.tables import format_measured
from dedup.errors import DedupError

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)
_EXISTING = click.Path(path_type=Path, exists=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """How right and how fast, on known truth and beside other tools.

    `list` says what there is and what each benchmark needs, `run NAME...` runs some, `all` all whose data are there.
    """


def _read_setting(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{value!r} is not NAME=VALUE, as in min_jaccard=.4")
        try:
            settings[name] = json.loads(text if not text.startswith(".") else f"0{text}")
        except ValueError:
            settings[name] = text
    return settings


_OPTIONS = (
    click.option("--data", type=_PATH, help="A feed, or a folder of data sets; `list` says who needs which."),
    click.option("--truth", type=_EXISTING, help="The truth of a feed of your own: pairs, clusters or spans."),
    click.option("--jobs", type=click.IntRange(min=1), help="Threads. [default: one for each core]"),
    click.option("--repeats", type=click.IntRange(min=1), help="Of each measurement. [default: 3 of times, else 1]"),
    click.option("--out", type=_PATH, metavar="DIR", help="Write DIR/NAME.json for each. [default: none is written]"),
    click.option("--count", type=click.IntRange(min=1), help="Articles taken, or files and feeds made, of each kind."),
    click.option("--seed", type=int, default=0, help="Of what is drawn by chance. [default: 0]"),
    click.option("--set", "settings", multiple=True, callback=_read_setting, metavar="NAME=VALUE",
                 help="A setting of the engine, as in min_cosine=0; may be given several times."),
    click.option("--background", type=_EXISTING, help="Feed whose word frequencies weigh the sentence pairs."),
    click.option("--samples", type=_PATH, metavar="DIR", help="Write samples of what was found, to read by eye."),
    click.option("--envs", type=_PATH, help="Where the environments of other tools are kept. "
                 "[default: ~/.cache/saidtwice/peers]"),
    click.option("--peer", "peers", multiple=True, help="Only this tool; may be given several times."),
    click.option("--max-bytes", type=click.IntRange(min=0), help="Article text for other tools; 0 is all of it."),
)  # fmt: skip


def _with_options(command: _Command) -> _Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _options(given: dict[str, Any]) -> Options:
    samples = given["samples"]
    if samples is not None and samples.resolve().is_relative_to(ROOT):
        raise click.UsageError(f"--samples: {samples} is inside the repository; the texts belong to their publishers")
    return replace(Options(jobs=os.cpu_count() or 1), **{k: v for k, v in given.items() if v is not None})


def _run(
    benchmarks: Sequence[Benchmark], data: Path | None, out: Path | None, given: dict[str, Any], *, skip: bool
) -> list[Measured]:
    options, measured = _options(given), []
    for one in benchmarks:
        repeats = given["repeats"] or (3 if one.timed else 1)
        try:
            path = data_path(one, data, options.truth)
            result = measure(one, path, replace(options, repeats=repeats))
        except MissingDataError as error:
            if not skip:
                raise click.UsageError(f"{one.name}: {error}") from None
            click.echo(f"{one.name}: skipped: {error}\n")
            continue
        except DedupError as error:
            raise click.UsageError(f"{one.name}: {error}") from None
        measured.append(result)
        click.echo(format_measured(result) + "\n")
        if out is not None:
            write_record(result, out)
    return measured


def write_record(measured: Measured, folder: Path) -> None:
    """Write a result as JSON, complete or not at all, and a picture of each curve that it has beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{measured.name}.json.part"
    part.write_text(json.dumps(as_record(measured), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(folder / f"{measured.name}.json")
    if folder.resolve() != pages.RESULTS:  # whose pictures `render` makes
        for name, picture in pages.curve_pictures(measured.name, measured.result.data).items():
            (folder / name).write_text(picture, encoding="utf-8")


def _end(measured: Sequence[Measured]) -> None:
    failed = [f"{one.name}: {line}" for one in measured for line in one.result.failures]
    failed += [f"{one.name}: two repeats gave different figures" for one in measured if not one.same]
    click.echo("".join(f"{line}\n" for line in failed), err=True, nl=False)
    sys.exit(1 if failed else 0)


@main.command("list")
def list_benchmarks() -> None:
    """Say what there is: a line for each, what it needs, what it prints."""
    for one in BENCHMARKS.values():
        click.echo(f"{one.name}\n    {one.line}\n    needs {one.needs.value}\n    prints {one.prints}")


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_with_options
def run(names: tuple[str, ...], data: Path | None, out: Path | None, **given: Any) -> None:
    """Run the benchmarks of these names; `list` has them."""
    try:
        benchmarks = [find(name) for name in names]
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from None
    _end(_run(benchmarks, data, out, given, skip=False))


@main.command("all")
@_with_options
def run_all(data: Path | None, out: Path | None, **given: Any) -> None:
    """Run every benchmark whose data are there, and say which were skipped and why."""
    benchmarks = [one for one in BENCHMARKS.values() if one.needs is not Need.TRUTH or given["truth"]]
    _end(_run(benchmarks, data, out, given, skip=True))


@main.command()
@click.option("--floors", type=_EXISTING, default=floor_file.PATH, help="[default: benchmarks/floors.json]")
@click.option("--out", type=_PATH, metavar="DIR", help="Write DIR/NAME.json for each. [default: none is written]")
@click.option(
    "--set",
    "settings",
    multiple=True,
    callback=_read_setting,
    metavar="NAME=VALUE",
    help="A setting of the engine; may be given several times.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Threads. [default: one for each core]")  # fmt: skip
def gate(floors: Path, out: Path | None, settings: dict[str, object], jobs: int | None) -> None:
    """Fail (exit 1) if a figure made from seeds/ is under its floor, and say which and where."""
    try:
        wanted = floor_file.read_floors(floors)
        benchmarks = [find(name) for name in dict.fromkeys(one.benchmark for one in wanted)]
    except (ValueError, KeyError) as error:
        raise click.UsageError(str(error.args[0])) from None
    given = {"settings": settings, "jobs": jobs, "repeats": 1, "samples": None, "truth": None}
    measured = _run(benchmarks, None, out, given, skip=False)
    lines = floor_file.format_failures(floor_file.judge(wanted, measured))
    click.echo("".join(f"under its floor: {line}\n" for line in lines), err=True, nl=False)
    click.echo(f"{len(wanted) - len(lines)} of {len(wanted)} floors hold")
    sys.exit(1 if lines else 0)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail (exit 1) if a file is not as the results have it.")
def render(check: bool) -> None:
    """Make the tables and pictures of benchmarks/README.md from benchmarks/results."""
    try:
        differing = pages.write(check)
    except MissingDataError as error:
        raise click.UsageError(str(error)) from None
    for name in differing:
        click.echo(f"{name}: {'not as the results have it' if check else 'written'}")
    sys.exit(1 if check and differing else 0)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
