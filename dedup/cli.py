"""The command line: parse, call, write. Nothing heavy is imported until a command runs."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from dedup import __version__, reports
from dedup.errors import DedupError

if TYPE_CHECKING:
    from dedup.pipeline import Report

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: As in `dedup.config`, which loads NumPy and is not imported for ``--help``.
_LEVELS = ("title", "paragraph", "sentence", "article")
_CANDIDATES = ("auto", "exact", "lsh")

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class _Group(click.Group):
    """The one place where errors become a line and an exit code: 2, or 130 when interrupted."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit."""
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            code = _fail(error.format_message())
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        # Here and not in `main`: Click has its own ways with an interrupt and a closed pipe.
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has seen enough; without this, the interpreter complains when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except DedupError as error:
            ctx.exit(_fail(str(error)))
        except OSError as error:
            ctx.exit(_fail(f"{error.filename}: {error.strerror}" if error.filename else str(error)))
        except KeyboardInterrupt:
            click.echo("dedup: interrupted", err=True)
            ctx.exit(_INTERRUPTED)
        return result


def _fail(message: str) -> int:
    from dedup.reports.terminal import escape

    click.echo("dedup: error: " + escape(" ".join(message.split())), err=True)
    return 2


class _Setting(click.Option):
    """An option for a setting of `dedup.config`; its default is there, and help looks it up."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help with the default."""
        from dedup.config import SETTINGS, load_config

        record = super().get_help_record(ctx)
        part, attribute = SETTINGS[self.name or ""]
        value = getattr(load_config({}), part)
        value = getattr(value, attribute) if attribute else value
        if record is None or value is None or isinstance(value, Mapping):
            return record
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        return record[0], f"{record[1]} [default: {shown}]"


def _read_fields(
    ctx: click.Context, option: click.Parameter, values: Sequence[str]
) -> dict[str, tuple[str, ...]] | None:
    """Return ``KEY=NAME`` options as a mapping of the names of each key."""
    fields: dict[str, tuple[str, ...]] = {}
    for value in values:
        key, equals, name = value.partition("=")
        if not (key and equals and name):
            raise click.BadParameter(f"{value!r} is not KEY=NAME, as in text=body_html")
        fields[key] = (*fields.get(key, ()), name)
    return fields or None


def _or_none(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> tuple[str, ...] | None:
    return tuple(values) or None


_SETTINGS = (
    click.option(
        "--candidates",
        cls=_Setting,
        type=click.Choice(_CANDIDATES),
        help="How pairs to score are found: every one (exact), by MinHash (lsh), or as measured to be faster (auto).",
    ),
    click.option("--min-jaccard", cls=_Setting, type=float, help="Least Jaccard similarity of a match, over 0 to 1."),
    click.option("--min-cosine", cls=_Setting, type=float, help="Least TF-IDF cosine of a match, 0 to 1."),
    click.option("--min-tokens", cls=_Setting, type=int, help="Shorter segments are not searched."),
    click.option(
        "--shingle",
        cls=_Setting,
        type=click.Choice(("word", "char")),
        help="What shingles are made of; char is for noisy text such as OCR.",
    ),
    click.option(
        "--shingle-size", cls=_Setting, type=int, help="Units in a shingle. [default: 3 words or 5 characters]"
    ),
    click.option(
        "--level",
        "levels",
        cls=_Setting,
        type=click.Choice(_LEVELS),
        multiple=True,
        callback=_or_none,
        help="What is searched; may be given several times.",
    ),
    click.option("--recall", cls=_Setting, type=float, help="Share of the pairs at --min-jaccard that LSH must find."),
    click.option("--num-perm", cls=_Setting, type=int, help="Most permutations that LSH may use."),
    click.option("--seed", cls=_Setting, type=int, help="Of the permutations."),
    click.option(
        "--min-run", cls=_Setting, type=int, help="So many equal tokens in a row are a passage by themselves; 0: none."
    ),
    click.option(
        "--boilerplate-articles", cls=_Setting, type=int, help="In so many articles, a text is a notice and not reuse."
    ),
    click.option(
        "--field",
        "fields",
        cls=_Setting,
        metavar="KEY=NAME",
        multiple=True,
        callback=_read_fields,
        help="Where records have their id, title, text, date, source or url, as in text=body_html; may be given "
        "several times. [default: the usual names]",
    ),
)

_FORMAT_OPTIONS = (
    click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write to this file, complete or not at all. [default: standard output]",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(sorted(reports.FORMATS)),
        default="text",
        help="What to write: for people, or for programs. [default: text]",
    ),
    click.option(
        "--kind",
        "kinds",
        type=click.Choice(reports.KINDS),
        multiple=True,
        help="List findings of this kind; may be given several times. [default: all]",
    ),
    click.option(
        "--top",
        type=click.IntRange(min=0),
        metavar="N",
        help="List so many findings, 0 for all. [default: 20 in text, all in json]",
    ),
    click.option(
        "--color/--no-color", default=None, help="Colour the text. [default: on a terminal, unless NO_COLOR is set]"
    ),
)

_RUN_OPTIONS = (
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Threads. [default: one for each core]"),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on standard error."),
    click.option("-v", "--verbose", is_flag=True, help="Also seconds by stage, and examples of what was skipped."),
)


def _options(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Return a decorator that gives a command these options, in this order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dedup", message="%(prog)s %(version)s")
def main() -> None:
    """Find what a feed of articles says twice: repeated, reworded and reused passages, with scores and places."""


@main.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(allow_dash=True))
@_options(*_FORMAT_OPTIONS, *_RUN_OPTIONS, *_SETTINGS)
def report(
    inputs: tuple[str, ...],
    output: Path | None,
    form: str,
    kinds: tuple[str, ...],
    top: int | None,
    color: bool | None,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> None:
    """Report what the articles in INPUT say twice.

    INPUT is a file or folder of text, Markdown or JSON Lines, a glob, or - for standard input.
    """
    options = reports.Options(kinds, top, verbose, color)
    with _output(output) as stream:
        found = _scan(inputs, settings, jobs=jobs, quiet=quiet)
        reports.FORMATS[form](found, stream, options)


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Yield the stream that results go to; opened before the work, so that a wrong name is known at once."""
    if path is None:
        # A terminal that has no "…" gets an escape for it, and not an error.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        yield sys.stdout
        return
    from dedup.output import open_output

    with open_output(path) as stream:
        yield stream


def _scan(inputs: Sequence[str], settings: Mapping[str, object], *, jobs: int | None, quiet: bool) -> Report:
    """Return the report of a run, with progress and notices on standard error."""
    from dedup.config import load_config
    from dedup.kernels.compiling import announcing
    from dedup.pipeline import scan
    from dedup.progress import Progress, shows_progress

    config = load_config(settings)
    # What Numba says of its own doings concerns whoever writes kernels.
    warnings.filterwarnings("ignore", module=r"numba\.|dedup\.kernels")
    progress = Progress(sys.stderr, enabled=not quiet and shows_progress(sys.stderr))
    with progress, announcing(lambda: None if quiet else progress.note("dedup: compiling (first run only) ...")):
        return scan(inputs, config, jobs=jobs, progress=progress)
