"""Inputs -> Articles, as one table or batch by batch."""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dedup.errors import FeedError
from dedup.model import Articles, Skip
from dedup.readers.buffer import Batch, BatchWriter, RowBuilder, Rows, join_batches
from dedup.readers.encodings import is_binary
from dedup.readers.fields import FieldTable
from dedup.readers.formats import FORMATS, name_format
from dedup.readers.inputs import STDIN, Source, find_sources
from dedup.readers.params import ReadParams
from dedup.readers.recognise import find_format
from dedup.readers.shorten import shorten
from dedup.readers.streams import HEAD_BYTES, ByteStream, peek, take, too_long
from dedup.readers.tasks import OpenFile, Task, format_tasks
from dedup.readers.textfiles import TextFile, text_rows
from dedup.readers.versions import settle_ids
from dedup.scratch import use_current

_MEMORY = "<memory>"
_TITLED = ("feed", "jsonfeed", "text", "markdown")
_TEXTLESS = "{:,} with a title and no text, kept"
#: So many small files are parsed as one task.
_FILES_A_TASK = 256
#: How many times its size a file of text may need in the buffer: a packed one (more is rare), a Markdown one (its
#: heading is also its title), and what is reserved for a pipe. Only what is filled takes memory.
_PACKED_GROWTH, _TEXT_GROWTH, _PIPE_BYTES = 10, 2, 1 << 28


def read_feeds(
    inputs: Sequence[str | Path],
    params: ReadParams | None = None,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Articles:
    r"""Return the articles of files, folders and patterns, in the order given.

    Parameters
    ----------
    inputs : sequence of str or Path
        Files of any of `dedup.readers.formats.FORMATS`, plain, gzip, bzip2, xz or Zstandard; folders, read by name,
        hidden files left out; patterns such as ``feed/**/*.md``; ``-`` for standard input.
    params : ReadParams, optional
    jobs : int
        Threads that parse.
    progress : callable, optional
        Called with the bytes read so far and in all; 0 in all where a pipe is read.

    Returns
    -------
    Articles
        Empty if there are none. What was not read, or not as it stands, is in its ``skips``.

    Raises
    ------
    FeedError
        An input does not exist, cannot be read, is a folder without a file, or a pattern that nothing matches.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.jsonl").write_text('{"id": 7, "text": "One."}\nnonsense\n')
    ...     articles = read_feeds([Path(folder, "a.jsonl")])
    >>> articles.ids[0], articles.body(0), [(skip.record, skip.reason) for skip in articles.skips]
    ('7', 'One.', [(2, 'not JSON: Expecting value')])
    """
    params = params or ReadParams()
    return settle_ids(join_batches(iter_batches(inputs, params, jobs, progress=progress)), params.same_id)


def iter_batches(
    inputs: Sequence[str | Path],
    params: ReadParams | None = None,
    jobs: int = 1,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Batch]:
    """Return an iterator over the articles as they are read, in feed order; arguments as for `read_feeds`.

    The batches share one text buffer, so that `join_batches` copies no text. At most ``jobs + 2`` blocks of
    ``params.block_bytes`` are read ahead.

    Raises
    ------
    FeedError
        At once where an input does not exist, else when it is reached.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    params = params or ReadParams()
    sources, skips = find_sources([inputs] if isinstance(inputs, str | Path) else inputs, params.exclude)
    return _batches(sources, skips, params, jobs, progress)


def articles_of(records: Iterable[Mapping[str, object] | str], params: ReadParams | None = None) -> Articles:
    """Return articles of records that are in memory: mappings with the fields of a JSON record, or texts.

    Parameters
    ----------
    records : iterable of mapping or str
        Dates may be `datetime.datetime` or `datetime.date` too.
    params : ReadParams, optional

    Returns
    -------
    Articles
        Their file is ``<memory>``; a record without an id has ``<memory>:1`` and so on.

    Examples
    --------
    >>> articles = articles_of(["One.", {"id": "b", "title": "Two", "text": "Two."}])
    >>> list(articles.ids), articles.title(1), articles.body(1)
    (['<memory>:1', 'b'], 'Two', 'Two.')
    """
    if isinstance(records, str | Mapping):
        raise ValueError(f"records must be a list of texts or mappings, not one {type(records).__name__}")
    params = params or ReadParams()
    table = FieldTable(params)
    text_column = table.keys.index(table.roles["text"][0])
    builder = RowBuilder()
    for number, one in enumerate(records, 1):
        if isinstance(one, str):
            values: list[object] = [None] * len(table.keys)
            values[text_column] = one
        elif isinstance(one, Mapping):
            values = list(table.values_of(one))
        else:
            raise ValueError(f"record {number} must be a text or a mapping, not {type(one).__name__}")
        builder.take(_MEMORY, 0, number, table.resolve(values))
    writer = BatchWriter((_MEMORY,), 0)
    writer.add(builder.rows())
    return settle_ids(join_batches([writer.batch()]), params.same_id)


def _batches(
    sources: list[Source],
    skips: list[Skip],
    params: ReadParams,
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Batch]:
    writer = BatchWriter(tuple(source.path for source in sources), sum(map(_size_guess, sources)))
    writer.add(RowBuilder(skips).rows())
    known = all(source.size_bytes or source.path != STDIN for source in sources)
    total = sum(source.size_bytes for source in sources) if known else 0
    done, silent = 0, {source.path: None for source in sources}
    with _reading_pool(jobs) as pool:
        textless: Counter[int] = Counter()
        paths, sizes = [source.path for source in sources], [source.size_bytes for source in sources]
        for read in _run(_tasks(sources, writer.formats, params), pool, jobs):
            rows = shorten(read, params.max_text_bytes, paths, sizes)
            textless.update(rows.file_rows[(rows.body_sizes == 0) & (rows.title_sizes > 0)].tolist())
            # Only now, so that the rows before these are written while these are parsed.
            if writer.pending_bytes >= params.block_bytes // 2:
                yield writer.batch()
            done += rows.read_bytes
            for path in [*(skip.path for skip in rows.skips), *(sources[i].path for i in np.unique(rows.file_rows))]:
                silent.pop(path, None)
            writer.add(rows, pool)
            if progress:
                progress(done, total)
        ends = [Skip(path, 0, "no record in it") for path in silent]
        # In a feed a title alone is usual; elsewhere the text may stand where it was not looked for.
        told = {row: n for row, n in sorted(textless.items()) if writer.formats[row] not in _TITLED}
        ends += [Skip(paths[row], 0, _TEXTLESS.format(n)) for row, n in told.items()]
        writer.add(RowBuilder(ends).rows())
        yield writer.batch()


@contextmanager
def _reading_pool(jobs: int) -> Iterator[ThreadPoolExecutor | None]:
    """Lend threads that parse and write; none if there is to be one in all."""
    if jobs == 1:
        yield None
        return
    pool = ThreadPoolExecutor(jobs, "dedup-read", use_current)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _size_guess(source: Source) -> int:
    if source.path == STDIN or not source.size_bytes:
        return _PIPE_BYTES
    if source.is_packed:
        return source.size_bytes * _PACKED_GROWTH
    return source.size_bytes * (1 if name_format(source.path) == "json" else _TEXT_GROWTH)


def _run(tasks: Iterator[Task], pool: ThreadPoolExecutor | None, jobs: int) -> Iterator[Rows]:
    """Yield what the tasks return, in their order; a few are worked on ahead."""
    if pool is None:
        for task in tasks:
            yield task()
        return
    pending: deque[Future[Rows]] = deque()
    for task in tasks:
        pending.append(pool.submit(task))
        del task  # it holds its block
        if len(pending) > jobs + 1:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _tasks(sources: list[Source], formats: list[str], params: ReadParams) -> Iterator[Task]:
    """Yield what turns each stretch of the input into rows; the reading itself is done here, in order.

    ``formats`` is filled, as each source is opened.
    """
    table, matter_table = FieldTable(params), FieldTable(params, front_matter=True)
    texts: list[TextFile] = []
    for file_row, source in enumerate(sources):
        try:
            with _open(source) as raw:
                chunk_bytes = min(params.block_bytes, source.size_bytes or params.block_bytes)
                stream = ByteStream(raw, chunk_bytes, params.max_unpacked)
                head, chunks = peek(stream.chunks(), HEAD_BYTES)
                form = formats[file_row] = params.input_format or find_format(source.path, head, table)
                if FORMATS[form].module:
                    yield partial(text_rows, texts, matter_table)
                    texts = []
                    named = name_format(source.path)
                    yield from format_tasks(
                        OpenFile(source.path, file_row, form, named, stream, head, chunks, table, params)
                    )
                else:
                    limit = params.max_document_bytes
                    content, is_whole = ([head[: HEAD_BYTES // 2]], True) if is_binary(head) else take(chunks, limit)
                    if not is_whole:
                        content[-1] = content[-1][: limit - sum(map(len, content[:-1]))]
                        stream.losses.append(too_long(limit))
                    read = (stream.losses, form == "markdown", stream.read_bytes)
                    texts.append(TextFile(source.path, file_row, content, *read))
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            if source.is_named:
                raise FeedError(source.path, 0, f"{reason}; see its permissions") from None
            yield RowBuilder([Skip(source.path, 0, reason)]).rows
        if len(texts) == _FILES_A_TASK or sum(file.read_bytes for file in texts) >= params.block_bytes:
            yield partial(text_rows, texts, matter_table)
            texts = []
    yield partial(text_rows, texts, matter_table)


def _open(source: Source) -> AbstractContextManager[BinaryIO]:
    if source.path != STDIN:
        return Path(source.path).open("rb")
    if sys.stdin is None:
        raise FeedError(STDIN, 0, "there is no standard input; name a file")
    return nullcontext(sys.stdin.buffer)
