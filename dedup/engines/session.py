"""Articles of one machine, or of a lake -> a run on Apache Spark."""

from __future__ import annotations

import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import numpy as np

from dedup.config import Config
from dedup.errors import ConfigError, DedupError, EngineError
from dedup.model import NO_DATE, Articles

if TYPE_CHECKING:
    from dedup.result import Report

Session: TypeAlias = Any  # pyspark.sql.SparkSession: an extra

#: Text of a group: with its tokens and the aligned passages it takes some ten times that in a worker.
GROUP_BYTES = 1 << 25
#: A task that fails is tried so often, on one machine too (where Spark's default is once).
_TRIES = 4


def start_session(
    *,
    master: str | None = None,
    jobs: int | None = None,
    memory: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Session:
    """Return the session that is running, or a new one.

    Parameters
    ----------
    master : str, optional
        Of the cluster. By default what Spark's own settings say, else this machine.
    jobs : int, optional
        Cores to use on this machine.
    memory : str, optional
        Of the driver, as ``4g``; on one machine it is all there is.
    settings : mapping, optional
        More of Spark's own, by their names.

    Raises
    ------
    EngineError
        pyspark is not installed, or Java is missing.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError("the engine spark needs pyspark: pip install 'saidtwice[spark]'") from None

    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    # Workers must have this package: by default they would take the first python3 of the path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # nothing uses it
    builder = SparkSession.builder.appName("saidtwice")
    local = f"local[{jobs or os.cpu_count() or 1},{_TRIES}]"
    if master or not os.environ.get("SPARK_CONF_DIR"):
        builder = builder.master(master or os.environ.get("MASTER") or local)
    chosen = {
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.sql.maxPlanStringLength": "0",  # a page that is off would show them, and they are long
        "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
        "spark.sql.autoBroadcastJoinThreshold": "32m",
    }
    if memory:
        chosen["spark.driver.memory"] = memory
    for name, value in (chosen | dict(settings or {})).items():
        builder = builder.config(name, value)
    try:
        with _without_chatter():
            return builder.getOrCreate()
    except PySparkException as error:
        reason = str(error).strip().splitlines()[0]
        raise EngineError(
            f"Spark does not start: {reason}; it needs Java 17 or later (apt-get install default-jre-headless)"
        ) from None


#: What Java and Spark write to standard error while they start, before the level of their log is set.
_CHATTER = re.compile(
    rb"WARNING: Using incubator modules|Using Spark's default log4j profile|Setting (default|Spark) log level"
    rb"|To adjust logging level|\d\d/\d\d/\d\d \d\d:\d\d:\d\d (INFO|WARN) "
)


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Have what is started write to standard error through a pipe that lets all but chatter through.

    The Java process keeps the pipe as long as it lives, and a thread of this one reads it: errors are shown at once.
    """
    error = os.dup(2)
    read, write = os.pipe()

    def pass_on() -> None:
        with os.fdopen(read, "rb") as lines, os.fdopen(error, "wb", buffering=0) as out:
            for line in lines:
                if not _CHATTER.match(line):
                    out.write(line)

    sys.stderr.flush()
    os.dup2(write, 2)
    os.close(write)
    threading.Thread(target=pass_on, name="dedup-spark-stderr", daemon=True).start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(error, 2)


def frame_of(session: Session, articles: Articles) -> Any:
    """Return articles of this machine as `dedup.engines.spark.ARTICLES`."""
    import pyarrow as pa

    from dedup.engines.batches import LAST

    n = len(articles)
    text = pa.Array.from_buffers(
        pa.large_binary(), n, [None, pa.py_buffer(articles.offsets), pa.py_buffer(articles.text)]
    )
    sources = list(articles.sources) if len(articles.sources.values) else [""] * n
    table = pa.table(
        {
            "article": np.arange(n, dtype=np.int64),
            "date": np.where(articles.dates == NO_DATE, LAST, articles.dates),
            "source": pa.array(sources, pa.string()),
            "text": text.cast(pa.binary()) if len(articles.text) < 2**31 else text,
            "body_start": (articles.body_starts - articles.offsets[:-1]).astype(np.int32),
        }
    )
    return session.createDataFrame(table)


@contextmanager
def _shuffling(session: Session, n_partitions: int) -> Iterator[None]:
    """Set the number of partitions of shuffles, and set it back."""
    name = "spark.sql.shuffle.partitions"
    before = session.conf.get(name)
    session.conf.set(name, str(n_partitions))
    try:
        yield
    finally:
        session.conf.set(name, before)


@contextmanager
def planned(
    session: Session, articles: Any, config: Config, partitions: int | None = None, work: str | None = None
) -> Iterator[Any]:
    """Yield the `dedup.engines.spark.Plan` of a run over a frame of articles; what it keeps is gone afterwards.

    Parameters
    ----------
    session : SparkSession
    articles : DataFrame
        `dedup.engines.spark.ARTICLES`.
    config : Config
    partitions : int, optional
        Of shuffles, and groups; by default one for each 32 MB of text, and two for each core at least.
    work : str, optional
        Folder on a file system that all executors share; a cluster needs one.

    Raises
    ------
    EngineError
        A task failed as often as the cluster lets it.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark import StorageLevel
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F  # noqa: N812

    from dedup.engines.spark import Planner

    if partitions is not None and partitions < 1:
        raise ConfigError(f"partitions is {partitions}; at least 1 is needed")
    if partitions is None:
        n_bytes = articles.agg(F.sum(F.length("text"))).first()[0] or 0
        partitions = max(2 * session.sparkContext.defaultParallelism, n_bytes // GROUP_BYTES)
    if work is None and not session.sparkContext.master.startswith("local"):
        raise EngineError("a cluster needs a folder that all its machines share: give --work DIR")
    folder = f"{work.rstrip('/')}/saidtwice-{uuid4().hex}" if work else None
    articles = articles.persist(StorageLevel.DISK_ONLY)
    try:
        with _shuffling(session, partitions):
            yield Planner(session, articles, config, partitions, folder).run()
    except (PySparkException, Py4JJavaError) as error:
        raise EngineError(f"Spark: {_first_line(error)}") from error
    finally:
        articles.unpersist()
        if folder:
            _remove(session, folder)


def _remove(session: Session, folder: str) -> None:
    """Remove a folder on whatever file system it is."""
    path = session.sparkContext._jvm.org.apache.hadoop.fs.Path(folder)
    path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()).delete(path, True)


def _first_line(error: BaseException) -> str:
    """Return the line of an error that says what went wrong: the last of a worker's traceback, if there is one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if ": " in line and not line.startswith(("at ", "File ", "Caused by", "org."))]
    return (told or lines or [type(error).__name__])[-1][:300]


def scan_on_spark(
    articles: Articles,
    config: Config,
    *,
    session: Session | None = None,
    partitions: int | None = None,
    work: str | None = None,
    jobs: int | None = None,
) -> Report:
    """Return the report that `dedup.scan` gives with ``candidates="lsh"``, found on Apache Spark.

    Raises
    ------
    DedupError
        There is no article.
    EngineError
        Spark is missing, or failed.
    """
    from dedup.engines.reports import report_of

    if not len(articles):
        raise DedupError("no article in the input")
    begun = perf_counter()
    session = session or start_session(jobs=jobs)
    started = perf_counter()
    with planned(session, frame_of(session, articles), config, partitions, work) as plan:
        report = report_of(plan, articles, config)
    steps = sum(report.seconds.values())
    report.seconds.update(start=started - begun, collect=perf_counter() - started - steps)
    return report


def write_tables(
    articles: Any,
    config: Config,
    folder: str,
    *,
    session: Session,
    partitions: int | None = None,
    work: str | None = None,
) -> str:
    """Write what a run over a frame of articles finds as Parquet, and return a line that says how much it is.

    Raises
    ------
    DedupError
        There is no article.
    EngineError
        Spark failed, or the folder is there already.
    """
    from dedup.engines.lake import write_parquet

    with planned(session, articles, config, partitions, work) as plan:
        if plan.articles.isEmpty():
            raise DedupError("no article in the input: no record has text")
        write_parquet(plan, folder)
        n_findings = plan.findings.where("ordinal = 0").count()
    return f"dedup: {n_findings:,} findings written to {folder}: findings, places, matches, relations, articles"
