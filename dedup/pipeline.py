"""Inputs -> Report: what a run is given, its threads, and its stages."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from dedup.config import Config
from dedup.errors import ConfigError, DedupError
from dedup.known import Known
from dedup.model import (
    Articles,
)
from dedup.readers.params import ReadParams
from dedup.result import Report
from dedup.scratch import make_room, use_current
from dedup.stages import Clock, Progress, Run

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _with_room(work: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
    make_room()
    return work(*args, **kwargs)


class Threads(ThreadPoolExecutor):
    """A pool that an exception (Ctrl-C, above all) empties: what waits is dropped, what runs ends within a shard.

    Under a limit its threads look for room before each shard.
    """

    def submit(self, work: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_R]:
        """Have work done by a thread."""
        return super().submit(_with_room, work, *args, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.shutdown(wait=True, cancel_futures=kind is not None)


def scan(
    inputs: Sequence[str | Path] | Articles,
    config: Config | None = None,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    without: Sequence[Path] = (),
) -> Report:
    r"""Find what the articles say twice.

    Parameters
    ----------
    inputs : sequence of paths, or Articles
        Files, folders, globs, ``-`` for standard input; or articles made with `dedup.articles_of`.
    config : Config, optional
    jobs : int, optional
        Threads; by default as many as there are cores. The answer does not depend on it.
    progress : callable, optional
        ``progress(stage, done, total)``, called from any thread.
    without : sequence of Path
        Files that are not read though an input has them: what the run itself writes.

    Raises
    ------
    FeedError
        An input cannot be read.
    DedupError
        There is no article in the inputs.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> report = dedup.scan(dedup.articles_of([{"text": line + "\n\nOther news.\n\n" + line.replace("new ", "")}]))
    >>> [(dedup.Kind(kind).name, round(float(cosine), 1)) for kind, cosine in
    ...  zip(report.findings.kinds, report.findings.cosine[1::2])]
    [('SELF', 1.0)]
    """
    config = config or Config()
    jobs = jobs or os.cpu_count() or 1
    if jobs < 1:
        raise ConfigError(f"jobs is {jobs}; at least 1 is needed")
    clock = Clock()
    with Threads(jobs, initializer=use_current) as executor:
        articles = read_articles(inputs, config, jobs=jobs, progress=progress, without=without)
        clock.lap("read")
        return Run(articles, config, executor, jobs, progress, clock).report()


def read_articles(
    inputs: Sequence[str | Path] | Articles,
    config: Config,
    *,
    jobs: int,
    progress: Progress | None = None,
    without: Sequence[Path] = (),
) -> Articles:
    """Return the articles of a run, which are those of `scan`.

    Raises
    ------
    FeedError
        An input cannot be read.
    DedupError
        There is no article in the inputs.
    """
    if isinstance(inputs, Articles):
        articles = inputs
    else:
        from dedup.readers import read_feeds

        reading = partial(progress, "read") if progress else None
        articles = read_feeds(inputs, excluding(config.read, without), jobs=jobs, progress=reading)
    refuse_empty(articles)
    return articles


def scan_known(
    articles: Articles,
    known: Known,
    config: Config,
    executor: Executor,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Find what some of the articles say again, the others being those of an archive that share something with them.

    Parameters
    ----------
    articles : Articles
        Those of the archive before the new ones.
    known : Known
    config : Config
    executor : concurrent.futures.Executor
        Of ``jobs`` threads.
    """
    return Run(articles, config, executor, jobs, progress, Clock(), known).report()


def excluding(params: ReadParams, files: Sequence[Path | None]) -> ReadParams:
    """Return how to read inputs when some files are no articles, wherever a folder has them."""
    names = (glob.escape(os.path.realpath(path)) for path in files if path is not None)
    return replace(params, exclude=(*params.exclude, *names))


def refuse_empty(articles: Articles) -> None:
    """Refuse a table without an article, and say why there may be none."""
    if len(articles):
        return
    why = "give text, Markdown or JSON Lines files with a text field"
    if articles.skips:
        first = articles.skips[0]
        why = f"{len(articles.skips)} skipped, the first: {first.path}: {first.reason}"
    raise DedupError("no article in the input: " + why)
