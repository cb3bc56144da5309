"""The options that commands share: settings of the run, formats of the output, threads and notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from dedup import reports

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: As in `dedup.config`, which loads NumPy and is not imported for ``--help``.
_LEVELS = ("title", "paragraph", "sentence", "article")
_CANDIDATES = ("auto", "exact", "lsh")


#: As in `dedup.readers.formats`, for the same reason.
INPUT_FORMATS = (
    *("html", "newsml", "feed", "jsonfeed", "ninjs", "parquet", "arrow", "warc", "json", "csv", "markdown", "text"),
)


class SettingOption(click.Option):
    """An option for a setting of `dedup.config`; its default is there, and help looks it up."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help with the default."""
        from dedup.config import SETTINGS as PLACES
        from dedup.config import load_config

        record = super().get_help_record(ctx)
        part, attribute = PLACES[self.name or ""]
        value = getattr(load_config({}), part)
        value = getattr(value, attribute) if attribute else value
        if record is None or value in (None, "", ()) or isinstance(value, Mapping):
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


def _keep(ctx: click.Context, option: click.Parameter, value: object) -> None:
    """Leave a value with the context, for `dedup.cli.run.prepared`: no command does anything with it."""
    ctx.meta[f"dedup.{option.name}"] = value


SETTINGS = (
    click.option(
        "--candidates",
        cls=SettingOption,
        type=click.Choice(_CANDIDATES),
        help="How pairs to score are found: every one (exact), by MinHash (lsh), or as measured to be faster (auto).",
    ),
    click.option(
        "--min-jaccard", cls=SettingOption, type=float, help="Least Jaccard similarity of a match, over 0 to 1."
    ),
    click.option("--min-cosine", cls=SettingOption, type=float, help="Least TF-IDF cosine of a match, 0 to 1."),
    click.option("--min-tokens", cls=SettingOption, type=int, help="Shorter segments are not searched."),
    click.option(
        "--shingle",
        cls=SettingOption,
        type=click.Choice(("word", "char")),
        help="What shingles are made of; char is for noisy text such as OCR.",
    ),
    click.option(
        "--shingle-size", cls=SettingOption, type=int, help="Units in a shingle. [default: 3 words or 5 characters]"
    ),
    click.option(
        "--level",
        "levels",
        cls=SettingOption,
        type=click.Choice(_LEVELS),
        multiple=True,
        callback=_or_none,
        help="What is searched; may be given several times.",
    ),
    click.option(
        "--recall", cls=SettingOption, type=float, help="Share of the pairs at --min-jaccard that LSH must find."
    ),
    click.option("--num-perm", cls=SettingOption, type=int, help="Most permutations that LSH may use."),
    click.option("--seed", cls=SettingOption, type=int, help="Of the permutations."),
    click.option(
        "--window",
        cls=SettingOption,
        metavar="TIME",
        help="Only articles at most so far apart match, as in 30d (s, m, h, d, w); those without a date match none. "
        "[default: no limit]",
    ),
    click.option(
        "--same-source",
        cls=SettingOption,
        type=click.Choice(("both", "skip", "only")),
        help="Whether articles of one source match: they as well as others, not they, or only they.",
    ),
    click.option(
        "--min-run",
        cls=SettingOption,
        type=int,
        help="So many equal tokens in a row are a passage by themselves; 0: none.",
    ),
    click.option(
        "--boilerplate-articles",
        cls=SettingOption,
        type=int,
        help="In so many articles, a text is a notice and not reuse.",
    ),
    click.option(
        "--field",
        "fields",
        cls=SettingOption,
        metavar="KEY=NAME",
        multiple=True,
        callback=_read_fields,
        help="Where records have their id, title, text, date, source, url, language or tags, as in text=body_html, "
        "text=article.body, or text=3 in a table without a header; may be given several times. [default: the usual "
        "names]",
    ),
    click.option(
        "--input-format",
        cls=SettingOption,
        type=click.Choice(INPUT_FORMATS),
        help="What INPUT is. [default: found by its content, else by its name]",
    ),
    click.option(
        "--exclude",
        cls=SettingOption,
        multiple=True,
        callback=_or_none,
        metavar="GLOB",
        help="Do not read files and folders of this name, as in public/ or '*.draft.md'; may be given several times. "
        "[default: none]",
    ),
    click.option(
        "--encoding",
        cls=SettingOption,
        metavar="NAME",
        help="What is neither UTF-8 nor says what it is in is in this, as windows-1251 or shift_jis. [default: "
        "windows-1252, with a note]",
    ),
    click.option(
        "--same-id",
        cls=SettingOption,
        type=click.Choice(("keep", "latest")),
        help="Articles with one id: keep all, or only the latest version.",
    ),
    click.option(
        "--max-unpacked",
        cls=SettingOption,
        type=int,
        metavar="TIMES",
        help="A packed file may grow to so many times its size, or to 64 MB; what is beyond is not read.",
    ),
    click.option(
        "--html",
        cls=SettingOption,
        type=click.Choice(("auto", "always", "never")),
        help="Whether the text of a record is HTML, to be read as paragraphs; auto goes by its tags.",
    ),
    click.option(
        "--page-text",
        cls=SettingOption,
        type=click.Choice(("main", "all")),
        help="What of a page is read: its main text, or also menus, notices and comments.",
    ),
    click.option(
        "--page-extractor",
        cls=SettingOption,
        type=click.Choice(("readability", "trafilatura")),
        help="What finds the main text of a page.",
    ),
)

FORMATS = (
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
        "--borderline",
        is_flag=True,
        help="List pairs that just missed a threshold, the nearest first, and no findings.",
    ),
    click.option(
        "--page-size",
        type=click.FloatRange(min=0, min_open=True),
        metavar="MB",
        help="Keep an HTML page under this size: the heaviest findings stay, and it says how many. [default: 20]",
    ),
    click.option(
        "--color/--no-color", default=None, help="Colour the text. [default: on a terminal, unless NO_COLOR is set]"
    ),
)

INPUTS = (
    click.argument("inputs", nargs=-1, metavar="INPUT...", type=click.Path(allow_dash=True)),
    click.option(
        "--files-from",
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Also read the files named in this one, a line each or ended by NUL; - is standard input. [default: none]",
    ),
)

RUN = (
    click.option(
        "--config",
        "config_file",
        type=click.Path(dir_okay=False, exists=True, path_type=Path),
        metavar="FILE",
        help="Settings. [default: dedup.toml, or [tool.dedup] of pyproject.toml, from the first INPUT upward]",
    ),
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Threads. [default: one for each core]"),
    click.option(
        "--memory",
        metavar="SIZE",
        expose_value=False,
        callback=_keep,
        help="Most memory to use, as in 4GB; large tables then lie in a file, and the answer is the same. [default: no "
        "limit]",
    ),
    click.option(
        "--scratch",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_keep,
        help="Where that file is. [default: the folder for temporary files]",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on standard error."),
    click.option("-v", "--verbose", is_flag=True, help="Also seconds by stage, and examples of what was skipped."),
)

ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(("local", "spark")),
        default="local",
        help="What runs the stages: this process, or Apache Spark, on this machine or a cluster. [default: local]",
    ),
    click.option("--master", metavar="URL", help="Of the cluster. [default: as Spark is set up, else this machine]"),
    click.option(
        "--driver-memory",
        metavar="SIZE",
        help="Of Spark's driver, as 4g; on one machine, of all its tasks. [default: 1g]",
    ),
    click.option(
        "--partitions",
        type=click.IntRange(min=1),
        metavar="N",
        help="Of Spark's shuffles; the answer does not depend on it. [default: one for each 32 MB of text]",
    ),
    click.option(
        "--work",
        metavar="DIR",
        help="A folder that all machines of the cluster share; it is left empty. [default: none, for one machine]",
    ),
    click.option(
        "--parquet",
        metavar="DIR",
        help="Write what Spark finds as tables into this new folder, and no report; INPUT is read by the cluster if it "
        "is Parquet. [default: none]",
    ),
)


def add(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Return a decorator that gives a command these options, in this order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
