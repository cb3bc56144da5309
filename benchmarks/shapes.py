"""Feeds of unusual shapes and sizes -> what the report takes, in a process of its own; and ratios for the gate."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from datasketch import MinHash

import dedup
from benchmarks.peer_scripts.task import shingle
from benchmarks.processes import median_run
from benchmarks.results import Figure, Options, Result, Row
from benchmarks.speed import MEGABYTE, Feed, notice_feed, opened_feed, report, slope

_HUGE_BYTES = 50_000_000
_LINES = 1_000_000
_NOTICES = 50_000
_TIMES = 4
#: Of the gate: all pairs would grow with the power of 2; small feeds and shared machines leave some room below.
_SIZES = (2_000, 4_000, 8_000)


def measure_shapes(path: Path, options: Options) -> Result:
    """One huge article, a million articles of a line, 50,000 with one notice, and the feed itself beside them."""
    result = Result()
    with opened_feed(path) as feed:
        shapes: dict[str, Callable[[], Iterable[str]]] = {
            "the feed": lambda: (line.decode() for line in feed.lines()),
            f"one article of {_HUGE_BYTES // 10**6} MB": lambda: huge_article(feed),
            f"{_LINES:,} articles of a line": one_line_articles,
            f"{_NOTICES:,} articles, one notice": lambda: same_notice(_NOTICES),
        }
        for name, make in shapes.items():
            result.rows.append(_measured(name, make(), feed, options))
    return result


def measure_big(path: Path, options: Options) -> Result:
    """Compare the feed with one of four times its size, in which three of four articles have their words shuffled."""
    result = Result()
    with opened_feed(path) as feed:
        result.rows.append(_measured("the feed", (line.decode() for line in feed.lines()), feed, options))
        result.rows.append(_measured(f"{_TIMES} times the feed", shuffled(feed), feed, options))
    small, big = result.rows
    for name in ("seconds", "processor s", "peak MiB"):
        growth = math.log(big[name] / small[name]) / math.log(big["MB"] / small["MB"])
        result.figures.append(Figure(f"exponent of {name}", growth, "<=", 1.1))
    return result


def _measured(name: str, lines: Iterable[str], feed: Feed, options: Options) -> Row:
    part, n_articles, n_bytes = feed.work / "shape.jsonl", 0, 0
    with part.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line)
            n_articles += 1
            n_bytes += len(json.loads(line)["text"].encode())
    took = median_run([report(part, feed.out) for _ in range(options.repeats)])
    findings = json.loads(feed.out.read_bytes())["summary"]
    part.unlink()
    megabytes = n_bytes / MEGABYTE
    row: Row = {"shape": name, "articles": n_articles, "MB": megabytes, "seconds": took.seconds}
    row |= {"processor s": took.cpu_seconds, "MB / processor s": megabytes / took.cpu_seconds, "peak MiB": took.peak_mb}
    return row | {"peak / text": took.peak_mb * 1.048576 / megabytes, "matches": findings["matches"]}


def huge_article(feed: Feed) -> Iterator[str]:
    """Yield one article of the texts of a feed."""
    texts: list[str] = []
    size = 0
    with feed.path.open("rb") as lines:
        for line in lines:
            texts.append(json.loads(line)["text"])
            size += len(texts[-1].encode())
            if size >= _HUGE_BYTES:
                break
    yield json.dumps({"id": "huge", "text": "\n\n".join(texts)}) + "\n"


def one_line_articles() -> Iterator[str]:
    """Yield a million articles of twelve chance words."""
    source = random.Random(1)
    words = [f"word{i}" for i in range(3000)]
    for i in range(_LINES):
        yield json.dumps({"id": str(i), "text": " ".join(source.choices(words, k=12))}) + "\n"


def chance_words(n_articles: int) -> Iterator[str]:
    """Yield articles of chance words."""
    for line in notice_feed(n_articles):
        yield json.dumps({"text": json.loads(line)["text"].partition("\n")[0]}) + "\n"


def same_notice(n_articles: int) -> Iterator[str]:
    """Yield articles of chance words with the same notice under each, word for word."""
    notice = "Readers who find a mistake in what we print are asked to write to the corrections desk at this address."
    for line in notice_feed(n_articles):
        record = json.loads(line)
        yield json.dumps({"id": record["id"], "text": f"{record['text'].partition(chr(10))[0]}\n\n{notice}"}) + "\n"


def shuffled(feed: Feed) -> Iterator[str]:
    """Yield the records of a feed four times, the words of each paragraph in another order in all but the first."""
    source = random.Random(1)
    for copy in range(_TIMES):
        with feed.path.open("rb") as lines:
            for line in lines:
                record = json.loads(line)
                record["id"] = f"{record.get('id')}/{copy}"
                if copy:
                    paragraphs = [paragraph.split() for paragraph in record["text"].split("\n\n")]
                    for words in paragraphs:
                        source.shuffle(words)
                    record["text"] = "\n\n".join(map(" ".join, paragraphs))
                yield json.dumps(record, ensure_ascii=False) + "\n"


def measure_ratios(path: Path, options: Options) -> Result:
    """How processor time grows, within one process: articles of chance words, and with one notice under all of them.

    Notices with a date want larger feeds (`speed-notices`): as long as fewer articles than a bucket may hold share a
    date, all of these are compared.
    """
    result = Result()
    ratios: list[Row] = []
    feeds: dict[str, Callable[[int], Iterable[str]]] = {
        "chance words": chance_words,
        "one notice": same_notice,
    }
    for name, make in feeds.items():
        points = []
        for size in _SIZES:
            articles = dedup.articles_of([json.loads(line) for line in islice(make(size), size)])
            dedup.scan(articles, jobs=1)
            started = time.process_time()
            dedup.scan(articles, jobs=1)
            points.append((math.log(size), math.log(time.process_time() - started)))
        result.rows.append({"table": "growth", "feed": name, "articles": _SIZES[-1], "exponent": slope(points)})
        texts = [articles.body(row) for row in range(_SIZES[0])]
        size = sum(map(len, texts))
        ratio = _datasketch_seconds(texts) / size / (math.exp(points[-1][1]) / len(articles.text))
        ratios.append({"table": "a report beside datasketch's signatures", "feed": name, "ratio": ratio})
    result.rows.extend(ratios)
    result.notes.append("ratio: processor seconds a byte, datasketch's signatures of paragraphs over the whole report")
    return result


def _datasketch_seconds(texts: Sequence[str]) -> float:
    """Return the processor seconds of datasketch for signatures of word 3-shingles, 128 cells, and nothing else."""
    paragraphs = [paragraph for text in texts for paragraph in text.split("\n\n")]
    started = time.process_time()
    MinHash.bulk(list(map(shingle, paragraphs)), num_perm=128)
    return time.process_time() - started
