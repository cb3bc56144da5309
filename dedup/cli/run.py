"""What commands do alike: read and scan with progress, open what is written."""

from __future__ import annotations

import gc
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from dedup.cli.engine import Engine
from dedup.errors import ConfigError, DedupError

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.progress import Progress
    from dedup.result import Report


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """Yield the stream that results go to; opened before the work, so that a wrong name is known at once."""
    if path is None:
        # A terminal that has no "…" gets an escape for it, and not an error.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        yield sys.stdout
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DedupError(f"standard output: cannot be written: {error.strerror}") from None
        return
    from dedup.output import open_output

    with open_output(path) as stream:
        yield stream


#: Of the head and the tail of a file, to tell what wrote it.
_LOOKED_AT_BYTES = 4096
#: How Parquet and PNG begin.
_PACKED = (b"PAR1", b"\x89PNG")
#: Outputs in which nothing is found, and that look like those of other programs.
_EMPTY = re.compile(rb"\A(?:\[\s*\]|::notice)")
#: How what a terminal is told ends.
_VERDICT = re.compile(rb"^(?:passed|failed): .*$\s*\Z", re.MULTILINE)


def named_inputs(inputs: Sequence[str], files_from: str | None) -> tuple[str, ...]:
    """Return the inputs of a command and those that a list names.

    Raises
    ------
    click.UsageError
        There is neither.
    """
    if files_from is not None:
        from dedup.readers.inputs import listed_files

        return (*inputs, *listed_files(files_from))
    if not inputs:
        raise click.UsageError("Missing argument 'INPUT...', or --files-from FILE.")
    return tuple(inputs)


@contextmanager
def prepared(
    inputs: Sequence[str],
    settings: Mapping[str, object],
    *,
    quiet: bool,
    verbose: bool = False,
    file: Path | None = None,
) -> Iterator[tuple[Config, Progress]]:
    """Yield the settings of a run and its progress, with notices on standard error.

    ``settings`` are those of flags; those of the environment and of a file are below them.
    """
    from dedup.settings import configured, layers

    found = layers(inputs, settings, file=file)
    if verbose and found.file and not quiet:
        click.echo(f"dedup: settings of {found.file}", err=True)
    config = configured(found.run)
    with working(quiet) as progress:
        yield config, progress


@contextmanager
def working(quiet: bool) -> Iterator[Progress]:
    """Yield what shows progress on standard error, where the compile of kernels is announced too."""
    from dedup.kernels.compiling import announcing
    from dedup.progress import Progress, shows_progress

    _limit_memory(quiet=quiet)
    # What Numba says of its own doings concerns whoever writes kernels.
    warnings.filterwarnings("ignore", module=r"numba\.|dedup\.kernels")
    progress = Progress(sys.stderr, enabled=not quiet and shows_progress(sys.stderr))
    # A search for cycles goes over every module that is loaded, and what a run makes is arrays and rows without any.
    threshold = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        with progress, announcing(lambda: None if quiet else progress.note("dedup: compiling (first run only) ...")):
            yield progress
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


def _limit_memory(*, quiet: bool) -> None:
    """Keep the memory of the command, until it ends, under the limit that was given."""
    from dedup.scratch import Scratch, current, parse_size

    context = click.get_current_context(silent=True)
    if context is None:
        return
    size, folder = (context.meta.get(f"dedup.{name}") for name in ("memory", "scratch"))
    if size is None or current() is not None:
        return
    scratch = Scratch(parse_size(size), folder)

    def tell() -> None:
        usage = scratch.usage
        click.echo(
            f"dedup: memory: at most {usage.peak_bytes / 1e6:,.0f} MB of {scratch.limit_bytes / 1e6:,.0f} MB; "
            f"{usage.spilled_bytes / 1e6:,.0f} MB in {scratch.folder}, let go of {usage.releases} times",
            err=True,
        )

    if context.params.get("verbose") and not quiet:
        context.call_on_close(tell)
    context.with_resource(scratch.in_use())


def scan_inputs(
    inputs: Sequence[str],
    settings: Mapping[str, object],
    *,
    jobs: int | None,
    quiet: bool,
    verbose: bool = False,
    file: Path | None = None,
    own: Sequence[Path | None] = (),
) -> Report:
    """Return the report of a run; the arguments are those of `prepared`.

    Files that are the run's ``own``, written by it or about its findings, are no articles where a folder has them.
    """
    report = scan_on(Engine("local"), inputs, settings, jobs=jobs, quiet=quiet, verbose=verbose, file=file, own=own)
    assert report is not None  # only another engine writes tables in place of a report
    return report


def scan_on(
    engine: Engine,
    inputs: Sequence[str],
    settings: Mapping[str, object],
    *,
    jobs: int | None,
    quiet: bool,
    verbose: bool = False,
    file: Path | None = None,
    own: Sequence[Path | None] = (),
) -> Report | None:
    """Return the report of a run on an engine, as `scan_inputs` does; None if it wrote tables instead."""
    without = [path for path in own if path is not None]
    with prepared(inputs, settings, quiet=quiet, verbose=verbose, file=file) as (config, progress):
        return engine.run(inputs, config, jobs, progress, None if quiet else progress.note, without)


def refuse_to_overwrite(outputs: Sequence[Path | None], inputs: Sequence[str], *others: Path | None) -> None:
    """Refuse an output in the place of an input, of another file of the run, or of another output.

    What lies in a folder that is an input may be replaced if it was written by an earlier run.

    Raises
    ------
    ConfigError
    """
    taken = {os.path.realpath(one): "the input" for one in inputs if one != "-"}
    folders = [place for place in taken if Path(place).is_dir()]
    taken |= {os.path.realpath(one): "a file that is read" for one in others if one is not None}
    for output in outputs:
        if output is None or (output.exists() and not output.is_file()):  # such as /dev/stdout
            continue
        place = os.path.realpath(output)
        if place in taken:
            raise ConfigError(f"{output} is to be written and is {taken[place]}; each output needs a file of its own")
        if any(Path(place).is_relative_to(folder) for folder in folders) and not _is_output(Path(place)):
            raise ConfigError(f"{output} is to be written and is there in the input already; remove it or name another")
        taken[place] = f"given for two outputs ({output})"


def _is_output(path: Path) -> bool:
    """Whether a file is not there, is empty, or was written by an earlier run."""
    from dedup.readers.own import is_own

    try:
        with path.open("rb") as stream:
            head = stream.read(_LOOKED_AT_BYTES)
            stream.seek(max(path.stat().st_size - _LOOKED_AT_BYTES, 0))
            tail = stream.read()
    except OSError:  # what cannot be read is named when it is written
        return True
    return (
        not (head or tail)
        or head.startswith(_PACKED)
        or is_own(head)
        or bool(_EMPTY.match(head) or _VERDICT.search(tail))
    )


def pair_lines(report: Report, segments: tuple[int, int], head: str) -> Iterator[str]:
    """Yield an empty line, what is said of a pair of segments and where they stand, and their texts compared."""
    from dedup.reports.terminal import escape
    from dedup.reports.words import compare

    articles, table = report.articles, report.segments
    texts, places = [], []
    for segment in segments:
        article = int(table.articles[segment])
        texts.append(articles.slice_text(table.starts[segment], table.ends[segment]))
        places.append(f"{articles.files[articles.file_rows[article]]}:{articles.records[article]}")
    yield f"\n{head}: " + escape(" and ".join(places))
    pieces = compare(*texts).pieces
    yield "  " + escape("".join(piece.text + " " * piece.space for piece in pieces))
