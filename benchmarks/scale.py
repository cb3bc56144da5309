"""A corpus larger than memory: made from a feed, and reported on under a limit.

``python -m benchmarks run larger-than-memory --data DIR --set gigabytes=10 --set memory=4GB`` makes the corpus in the
folder for temporary files (``--set folder=DIR`` for another), runs ``dedup report --memory`` on it as a process of its
own, and prints its peak memory beside the limit. A corpus that was made before is taken with ``--set corpus=FILE``. On
``--set equal_gigabytes=.2`` of it every command that has a limit (``--set equal_memory=800MB``) is run with and without
it, and what they write is compared byte for byte. It takes four times its size on disk.

The corpus is the feed over and over. Each time the letters of its words are exchanged for others, so that one copy has
no word in common with another but has within itself what the feed has: the same repeats, notices and near-duplicates.
Its articles are shuffled. One in fifty is left in its own words, with one word in forty replaced, and is a
near-duplicate of its other such copies.
"""

from __future__ import annotations

import filecmp
import random
import string
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec

from benchmarks.processes import Run, run
from benchmarks.results import Figure, MissingDataError, Options, Result, Row
from dedup import read_feeds
from dedup.scratch import parse_size

_OWN_WORDS = 0.02
_REPLACED = 0.025
_STEP_BYTES = 1 << 22
#: More would mean that pages are let go of and come back.
_MOST_WRITTEN = 10


def exchanged_letters(source: random.Random) -> bytes:
    """Return a table for `bytes.translate`: vowels become other vowels and consonants other consonants."""
    old = new = ""
    for letters in ("aeiouy", "bcdfghjklmnpqrstvwxz"):
        others = "".join(source.sample(letters, len(letters)))
        old, new = old + letters + letters.upper(), new + others + others.upper()
    return bytes.maketrans(old.encode(), new.encode())


def edited(source: random.Random, text: str) -> str:
    """Return a text with some of its words replaced."""
    words = text.split(" ")
    for i in range(len(words)):
        if source.random() < _REPLACED:
            words[i] = "".join(source.choices(string.ascii_lowercase, k=7))
    return " ".join(words)


def copies(records: list[dict[str, str]], seed: int) -> Iterator[bytes]:
    """Yield lines of JSON without end, a copy of the feed after the other, each with its own letters and order."""
    encode = msgspec.json.Encoder().encode
    copy = 0
    while True:
        source = random.Random(f"{seed}-{copy}")
        letters = exchanged_letters(source)
        for record in source.sample(records, len(records)):
            own_words = source.random() < _OWN_WORDS
            new = dict(record, id=f"{copy}-{record['id']}")
            for name in ("title", "text"):
                text = record[name]
                new[name] = edited(source, text) if own_words else text.encode().translate(letters).decode()
            yield encode(new)
        copy += 1


def make_corpus(feed: Path, out: Path, n_bytes: int, seed: int) -> int:
    """Write so many bytes of articles, and return how many articles they are."""
    articles = read_feeds([feed], jobs=2)
    records = [
        {
            "id": articles.ids[i],
            "title": articles.title(i),
            "source": articles.sources[i],
            "date": str(max(0, int(articles.dates[i]))),
            "text": articles.body(i),
        }
        for i in range(len(articles))
    ]
    written = n = 0
    with out.open("wb") as stream:
        for line in copies(records, seed):
            stream.write(line + b"\n")
            written += len(line) + 1
            n += 1
            if written >= n_bytes:
                return n
    return n


def measure_larger(path: Path, options: Options) -> Result:
    """Make the corpus and report on it under the limit; compare answers on a part of it."""
    given: dict[str, object] = {"gigabytes": 10.0, "equal_gigabytes": 0.2, "memory": "4GB", "equal_memory": "800MB"}
    given |= options.settings
    folder = Path(str(given.get("folder") or tempfile.gettempdir()))
    result = Result()
    result.settings["given"] = given
    with tempfile.TemporaryDirectory(prefix="dedup-scale-", dir=folder) as work:
        corpus = Path(work) / "corpus.jsonl"
        if n_bytes := _bytes_of(given["equal_gigabytes"]):
            n = _make_apart(path, corpus, n_bytes, options.seed)
            _compare_answers(result, corpus, n, str(given["equal_memory"]), options.jobs)
        n_bytes = _bytes_of(given["gigabytes"])
        if "corpus" in given:
            made = Path(str(given["corpus"]))
            if not made.is_file():
                raise MissingDataError(f"{made}: no such file; leave out --set corpus=.. to have it made")
            n = sum(chunk.count(b"\n") for chunk in _chunks(made))
            _report_once(result, made, Path(work), n, str(given["memory"]), options.jobs)
        elif n_bytes:
            n = _make_apart(path, corpus, n_bytes, options.seed)
            _report_once(result, corpus, Path(work), n, str(given["memory"]), options.jobs)
    return result


def _bytes_of(gigabytes: object) -> int:
    return int(float(str(gigabytes)) * 1e9)


def _make_apart(feed: Path, out: Path, n_bytes: int, seed: int) -> int:
    """Make the corpus in a process of its own: what it takes is not left to this one while it measures."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(make_corpus, feed, out, n_bytes, seed).result()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_STEP_BYTES):
            yield chunk


def _command(name: str, corpus: Path, jobs: int, *more: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "dedup", name, corpus, "--jobs", str(jobs), *more]


#: What is compared: command, its options, whether what it writes goes to standard output.
_COMPARED: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("report", ("--format", "json", "-o"), False),
    ("check", ("--exit-zero", "--format", "json"), True),
    ("clean", ("-o",), False),
    ("audit", (), True),
)


def _compare_answers(result: Result, corpus: Path, n_articles: int, memory: str, jobs: int) -> None:
    """Run every command that has a limit with and without it."""
    for name, more, to_stdout in _COMPARED:
        outs = [corpus.with_name(f"{name}-{which}.jsonl") for which in ("plain", "limited")]
        for out, limit in zip(outs, ((), ("--memory", memory)), strict=True):
            given: list[str | Path] = [*more, *([] if to_stdout else [out]), *limit]
            one = run(*_command(name, corpus, jobs, *given), out=out if to_stdout else None)
            result.rows.append(_row(name, corpus, n_articles, memory if limit else "none", one))
        equal = filecmp.cmp(outs[0], outs[1], shallow=False)
        result.figures.append(Figure(f"{name}: equal with and without the limit, byte for byte", float(equal), "=", 1))
        peak = one.peak_mb * 1.048576
        result.figures.append(Figure(f"{name}: peak memory, MB", peak, "<=", parse_size(memory) / 1e6))


def _report_once(result: Result, corpus: Path, work: Path, n_articles: int, memory: str, jobs: int) -> None:
    one = run(*_command("report", corpus, jobs, "--memory", memory, "--scratch", work, "-o", work / "report.txt"))
    result.rows.append(_row("report", corpus, n_articles, memory, one))
    limit = parse_size(memory) / 1e6
    result.figures.append(Figure(f"peak memory of {corpus.stat().st_size / 1e9:.1f} GB, MB", one.peak_mb * 1.048576,
                                 "<=", limit))  # fmt: skip
    written = one.written_mb * 1e6 / corpus.stat().st_size
    result.figures.append(Figure("bytes written for each byte of the corpus", written, "<=", _MOST_WRITTEN))


def _row(name: str, corpus: Path, n_articles: int, memory: str, one: Run) -> Row:
    megabytes = corpus.stat().st_size / 1e6
    row: Row = {"table": "runs", "command": name, "GB": megabytes / 1e3, "articles": n_articles, "limit": memory}
    row |= {"peak MB": one.peak_mb * 1.048576, "seconds": one.seconds, "MB/s": megabytes / one.seconds}
    row |= {"written / size": one.written_mb / megabytes}
    return row | {"MB/s of processor time": megabytes / one.cpu_seconds}
