"""The options of an engine other than this process -> a report, or folders of Parquet."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.result import Report
    from dedup.stages import Progress


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs the stages, and where.

    Attributes
    ----------
    name : {"local", "spark"}
    master : str or None
        Of the cluster; None for what Spark's own settings say, else this machine.
    driver_memory : str or None
        Of Spark's driver.
    partitions : int or None
    work : str or None
        Folder that all machines of the cluster share.
    parquet : str or None
        Write the tables of the run into this folder, and no report.
    """

    name: str
    master: str | None = None
    driver_memory: str | None = None
    partitions: int | None = None
    work: str | None = None
    parquet: str | None = None

    def __post_init__(self) -> None:
        names = ("master", "driver_memory", "partitions", "work", "parquet")
        given = ["--" + name.replace("_", "-") for name in names if getattr(self, name)]
        if self.name == "local" and given:
            raise click.UsageError(f"{given[0]} is for --engine spark")

    def run(
        self,
        inputs: Sequence[str],
        config: Config,
        jobs: int | None,
        progress: Progress,
        note: Callable[[str], None] | None,
        without: Sequence[Path],
    ) -> Report | None:
        """Return the report, None if tables were written instead; ``note`` gets a line on them."""
        if self.name == "local":
            from dedup.pipeline import scan

            return scan(inputs, config, jobs=jobs, progress=progress, without=without)
        from dedup.engines import session as engines
        from dedup.pipeline import read_articles

        session = engines.start_session(master=self.master, jobs=jobs, memory=self.driver_memory)
        if self.parquet is not None and _is_lake(inputs):
            from dedup.engines.lake import read_parquet

            frame = read_parquet(session, inputs, config)
        else:
            articles = read_articles(
                inputs, config, jobs=jobs or os.cpu_count() or 1, progress=progress, without=without
            )
            if self.parquet is None:
                return engines.scan_on_spark(
                    articles, config, session=session, partitions=self.partitions, work=self.work
                )
            frame = engines.frame_of(session, articles)
        told = engines.write_tables(
            frame, config, self.parquet, session=session, partitions=self.partitions, work=self.work
        )
        if note is not None:
            note(told)
        return None


def _is_lake(inputs: Sequence[str]) -> bool:
    """Tell whether all inputs are Parquet, which the engine reads by itself, wherever it is."""
    return all("://" in one or Path(one).suffix == ".parquet" or _has_parquet(Path(one)) for one in inputs)


def _has_parquet(folder: Path) -> bool:
    return folder.is_dir() and next(folder.glob("*.parquet"), None) is not None
