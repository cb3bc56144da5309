"""Cleaning -> the same files without what goes: all of them, or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from dedup.clean.edits import CleaningEdits, RemovedWriter, Trial, kept_rows, pieces
from dedup.clean.rounds import Cleaning
from dedup.errors import ConfigError, DedupError, FeedError
from dedup.model import Articles, Strings
from dedup.readers import read_feeds
from dedup.readers.formats import FORMATS
from dedup.readers.inputs import STDIN, find_sources
from dedup.readers.params import ReadParams

#: Format -> the module of this package that writes it.
_WRITERS = {
    "json": "write_json",
    "csv": "write_table",
    "parquet": "write_parquet",
    "markdown": "write_text",
    "text": "write_text",
}
_LINES = "write_lines"


@dataclass(frozen=True, slots=True)
class Target:
    """A file to be written.

    Attributes
    ----------
    source : str
        The file that was read.
    name : str
        Of the file to write, relative to the output where that is a folder.
    """

    source: str
    name: str


def find_targets(inputs: Sequence[str], output: Path, *, as_lines: bool) -> tuple[list[Target], bool]:
    """Return what is to be written, and whether the output is a folder.

    One file is written to one file. A folder, a pattern or several files are written into a folder, under the names
    that they have below the input.

    Raises
    ------
    ConfigError
        Standard input cannot be read again; two inputs would be one file.
    """
    if STDIN in inputs:
        raise ConfigError("clean: standard input cannot be read a second time to be written; save it to a file first")
    sources, _ = find_sources(inputs)
    if as_lines:
        return [Target("", output.name)], False
    if len(inputs) == 1 and len(sources) == 1 and Path(inputs[0]).is_file():
        return [Target(sources[0].path, output.name)], False
    folders = [Path(one) for one in inputs if Path(one).is_dir()]
    targets: dict[str, Target] = {}
    for source in sources:
        path = Path(source.path)
        roots = [folder for folder in folders if path.is_relative_to(folder)]
        name = str(path.relative_to(max(roots, key=lambda root: len(root.parts)))) if roots else path.name
        if name in targets:
            raise ConfigError(
                f"clean: {targets[name].source} and {source.path} would both be {output / name}; clean them one by one"
            )
        targets[name] = Target(source.path, name)
    return list(targets.values()), True


def check_output(inputs: Sequence[str], output: Path, *, force: bool) -> None:
    """Refuse an output that is there, or inside of what is read.

    Raises
    ------
    ConfigError
        With what to do.
    """
    if output.exists() and not force:
        raise ConfigError(f"clean: {output} is there already; give another name, or --force to replace it")
    if not output.resolve().parent.is_dir():
        raise ConfigError(f"clean: there is no folder {output.parent} to write {output.name} into; make it first")
    for one in inputs:
        folder = Path(one).resolve()
        if folder.is_dir() and folder in output.resolve().parents:
            raise ConfigError(f"clean: {output} is inside {one}, and would be read the next time; write it elsewhere")
        if folder != output.resolve() and output.is_dir() and output.resolve() in folder.parents:
            raise ConfigError(f"clean: {one} is inside {output}, which would be replaced; write it elsewhere")


def check_formats(articles: Articles, *, marks: bool) -> None:
    """Refuse what cannot be written as it was read.

    Raises
    ------
    FeedError
        The first such file.
    """
    for path, form in zip(articles.files, articles.formats, strict=False):
        if form and form not in _WRITERS and FORMATS[form].module != "unread":
            raise FeedError(
                path,
                0,
                f"{FORMATS[form].title} is not written as it was read; add --format jsonl to have its articles as "
                "JSON Lines",
            )
        if marks and form in ("markdown", "text"):
            raise FeedError(path, 0, "text and Markdown have no place for marks; use drop, or add --format jsonl")


def find_uncut(articles: Articles, rows: NDArray[np.int64], params: ReadParams) -> NDArray[np.int64]:
    """Return which of some articles have a text that cannot be cut where it stands: HTML, read as paragraphs."""
    refused: list[int] = []
    for file_row in np.unique(articles.file_rows[rows]).tolist():
        form, path = articles.formats[file_row], articles.files[file_row]
        if form in ("text", "markdown") or form not in _WRITERS:
            continue
        trial = Trial(articles, rows[articles.file_rows[rows] == file_row])
        write: Callable[..., None] = import_module(f"dedup.clean.{_WRITERS[form]}").write
        write(path, Path(os.devnull), "", trial, params, RemovedWriter(None, None))
        refused += trial.refused
    return np.array(sorted(refused), np.int64)


@contextmanager
def _staged(output: Path, *, is_folder: bool) -> Iterator[Path]:
    """Yield a folder beside the output that takes its place when the context ends well, and is gone when not."""
    output = output.resolve()
    for old in output.parent.glob(f".{output.name}.*.part"):
        owner = old.name.rsplit(".", 2)[1]
        if owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(old, ignore_errors=True)  # of a run that was killed
    stage = output.with_name(f".{output.name}.{os.getpid()}.part")
    stage.mkdir()
    try:
        yield stage
        made = stage if is_folder else stage / output.name
        aside = output.with_name(f".{output.name}.{os.getpid()}.old")
        if output.is_dir():
            output.rename(aside)
        elif output.exists():
            shutil.copymode(output, made)
        made.rename(output) if is_folder else made.replace(output)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_cleaned(
    cleaning: Cleaning,
    inputs: Sequence[str],
    output: Path,
    params: ReadParams,
    removed: TextIO | None,
    *,
    as_lines: bool = False,
) -> None:
    """Write the files without what goes, read them again, and give them their names if they say what they should.

    Parameters
    ----------
    cleaning : Cleaning
    inputs : sequence of str
        As they were read.
    output : Path
        A file for one file, else a folder.
    params : ReadParams
    removed : TextIO, optional
        What goes, a line of JSON each.
    as_lines : bool
        Write JSON Lines, whatever was read.

    Raises
    ------
    DedupError
        What was written does not read as what should be left; then nothing was written.
    """
    targets, is_folder = find_targets(inputs, output, as_lines=as_lines)
    articles = cleaning.articles
    writer = RemovedWriter(cleaning, removed)
    rows = {path: row for row, path in enumerate(articles.files)}
    with _staged(output, is_folder=is_folder) as stage:
        for target in targets:
            path = stage / target.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if as_lines:
                from dedup.clean.write_lines import write_articles

                write_articles(cleaning, path, target.name, writer)
                continue
            row = rows[target.source]
            form = articles.formats[row]
            edits = CleaningEdits(cleaning, row)
            if not len(edits):
                shutil.copyfile(target.source, path)
                continue
            write: Callable[..., None] = import_module(f"dedup.clean.{_WRITERS[form]}").write
            write(target.source, path, target.name, edits, params, writer)
        reading = ReadParams() if as_lines else replace(params, same_id="keep")
        written = [path for path in (str(stage / target.name) for target in targets) if os.path.exists(path)]  # noqa: PTH110
        _check(cleaning, read_feeds(written, replace(reading, html="never" if as_lines else reading.html)))


def _check(cleaning: Cleaning, written: Articles) -> None:
    """Refuse an output that does not read as what should be left, or that does not add up with what went."""
    rows = kept_rows(cleaning)
    left = cleaning.left
    complaint = ""
    sizes = left.offsets[rows + 1] - left.offsets[rows]
    bodies = left.offsets[rows + 1] - left.body_starts[rows]
    if len(written) != len(rows):
        complaint = f"{len(written)} articles instead of {len(rows)}"
    elif not np.array_equal(np.diff(written.offsets), sizes) or not np.array_equal(
        written.offsets[1:] - written.body_starts, bodies
    ):
        article = rows[np.flatnonzero(np.diff(written.offsets) != sizes)[:1]]
        complaint = f"another text in {', '.join(left.ids[int(one)] for one in article)}"
    elif not np.array_equal(written.text, left.text):
        complaint = "another text"
    elif not np.array_equal(written.dates, left.dates[rows]):
        complaint = "another date"
    else:
        for name in ("sources", "urls", "languages", "tags"):
            if not _equal(getattr(written, name), getattr(left, name), rows):
                complaint = f"other {name}"
    gone = sum(one.end - one.start for one in pieces(cleaning))
    dropped = np.flatnonzero(cleaning.dropped)
    gone += int((cleaning.articles.offsets[dropped + 1] - cleaning.articles.offsets[dropped]).sum())
    if not complaint and len(written.text) + gone != len(cleaning.articles.text):
        complaint = f"{len(written.text)} bytes of text, which with {gone} that went are not all"
    if complaint:
        raise DedupError(f"clean: what was written has {complaint}; nothing is kept of it; please report this")


def _equal(column: Strings, whole: Strings, rows: NDArray[np.int64]) -> bool:
    return all(column[i] == whole[row] for i, row in enumerate(rows.tolist()))
