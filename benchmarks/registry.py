"""The table of all benchmarks: what each is for, what it needs, what it prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks.results import SEEDS, Measured, MissingDataError, Options, Result


class Need(Enum):
    """What a benchmark is measured on."""

    SEEDS = "nothing: seeds/ of this repository"
    NOTHING = "nothing: it makes what it needs"
    SET = "--data DIR with the folder of this name"
    FEED = "--data FEED, or DIR with allsides/"
    FEED_OR_SEEDS = "--data FEED, or DIR with allsides/; else seeds/"
    TRUTH = "--data FEED and --truth FILE"
    CORE = "--data FILE of the set"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark.

    Attributes
    ----------
    name : str
    line : str
        What it shows, in one line.
    needs : Need
    prints : str
        Its columns, in words.
    place : str
        ``module:function`` of ``measure(path, options) -> Result``.
    timed : bool
        It times something: repeats are its own matter, and two runs differ.
    """

    name: str
    line: str
    needs: Need
    prints: str
    place: str
    timed: bool = False

    def measure(self, path: Path, options: Options) -> Result:
        """Return the result of one run."""
        module, _, name = self.place.partition(":")
        function: Callable[[Path, Options], Result] = getattr(import_module(module), name)
        return function(path, options)


_FIGURES = "figures beside what is aimed at and what others have"

BENCHMARKS: dict[str, Benchmark] = {
    one.name: one
    for one in (
        Benchmark("seeds", "The labelled feed of this repository", Need.SEEDS, _FIGURES,
                  "benchmarks.repeats:measure_seeds"),
        Benchmark("quality-made", "Edited copies planted in articles, by kind, strength and place", Need.FEED_OR_SEEDS,
                  "pairs, clusters and characters found, with intervals", "benchmarks.made:measure_made"),
        Benchmark("curves", "Precision and recall over each threshold, on planted copies", Need.FEED_OR_SEEDS,
                  "means over all kinds by threshold, those in force marked", "benchmarks.curves:measure_curves"),
        Benchmark("audit", "Recall of LSH against the exact join, beside what its bands promise", Need.FEED_OR_SEEDS,
                  "pairs, found, recall by Jaccard, with intervals", "benchmarks.recall:measure_audit"),
        Benchmark("moscow_times", "One article with one reworded paragraph", Need.SET, _FIGURES,
                  "benchmarks.repeats:measure_moscow_times"),
        Benchmark("mccormick", "2,500 articles with 20 planted near-duplicates", Need.SET, _FIGURES,
                  "benchmarks.datasets:measure_mccormick"),
        Benchmark("reuters", "Every pair of stories by word-5-shingle Jaccard", Need.SET, _FIGURES,
                  "benchmarks.datasets:measure_reuters"),
        Benchmark("clough_stevenson", "Short answers that owe more or less to a source", Need.SET, _FIGURES,
                  "benchmarks.repeats:measure_clough_stevenson"),
        Benchmark("bible", "Verses of eight versions of the Bible", Need.SET, _FIGURES,
                  "benchmarks.datasets:measure_bible"),
        Benchmark("textreuse", "Published Jaccard figures of whole books", Need.SET, _FIGURES,
                  "benchmarks.datasets:measure_textreuse"),
        Benchmark("sentence_pairs", "Sentence pairs that people judged, over the thresholds", Need.SET, _FIGURES,
                  "benchmarks.sentence_pairs:measure_sentence_pairs"),
        Benchmark("licences", "Licence paragraphs by the names that maintainers gave", Need.SET, _FIGURES,
                  "benchmarks.datasets:measure_licences"),
        Benchmark("allsides", "Word-for-word repeats inside real articles, beside plain Python", Need.SET, _FIGURES,
                  "benchmarks.repeats:measure_allsides"),
        Benchmark("pairs", "Pairs of articles with labels, with scores, or with neither", Need.TRUTH,
                  "precision, recall, F1, curve; Spearman with scores", "benchmarks.given:measure_pairs"),
        Benchmark("clusters", "Articles by cluster", Need.TRUTH, "pairs, curve, ARI, B-cubed",
                  "benchmarks.given:measure_clusters"),
        Benchmark("spans", "Passages by character: PAN text alignment (--data DIR of texts, --truth DIR of XML)",
                  Need.TRUTH, "precision, recall, granularity, plagdet", "benchmarks.given:measure_spans"),
        Benchmark("news-copy", "NEWS-COPY: reprinted wire stories read by a scanner", Need.TRUTH,
                  "edges, clusters, ARI beside the paper's", "benchmarks.given:measure_news_copy"),
        Benchmark("core", "CORE's scholarly documents", Need.CORE, "classes, macro F1 and accuracy beside the paper's",
                  "benchmarks.given:measure_core"),
        Benchmark("speed-start", "Help, a small report, and the first run of all, which compiles", Need.NOTHING,
                  "seconds beside their limit", "benchmarks.speed:measure_start", timed=True),
        Benchmark("speed-whole", "The report as a whole process, and by stage", Need.FEED,
                  "seconds, MB/s, peak memory", "benchmarks.speed:measure_whole", timed=True),
        Benchmark("speed-growth", "Time and memory over parts of a feed", Need.FEED,
                  "seconds and memory by share, the exponent fitted", "benchmarks.speed:measure_growth", timed=True),
        Benchmark("speed-candidates", "Exact join against LSH by size and threshold", Need.FEED,
                  "seconds of both, matches of LSH over those of the join", "benchmarks.speed:measure_candidates",
                  timed=True),
        Benchmark("speed-read", "JSON Lines, CSV and Parquet from disk to articles", Need.FEED,
                  "seconds and the ratio to JSON Lines", "benchmarks.speed:measure_read", timed=True),
        Benchmark("speed-notices", "Feeds in which every article has the same three notices", Need.NOTHING,
                  "seconds by number of articles, the exponent fitted", "benchmarks.speed:measure_notices", timed=True),
        Benchmark("speed-shapes", "One huge article, a million of a line, 50,000 with one notice", Need.FEED,
                  "seconds, memory, beside the feed itself", "benchmarks.shapes:measure_shapes", timed=True),
        Benchmark("speed-big", "A corpus of four times the feed, made by shuffling words", Need.FEED,
                  "seconds, memory, exponents", "benchmarks.shapes:measure_big", timed=True),
        Benchmark("ratios", "How processor time grows on made feeds, and beside datasketch's signatures", Need.NOTHING,
                  "exponents, ratios", "benchmarks.shapes:measure_ratios", timed=True),
        Benchmark("larger-than-memory", "A corpus of 10 GB made of the feed, reported on in 4 GB (--set gigabytes=..)",
                  Need.FEED, "peak memory beside the limit, MB/s, equality of the answers",
                  "benchmarks.scale:measure_larger", timed=True),
        Benchmark("clean", "What cleaning takes and leaves, by kind, and that a second run takes nothing",
                  Need.FEED_OR_SEEDS, "articles, paragraphs, bytes before and after, by kind; what is left and why",
                  "benchmarks.cleaning:measure_clean"),
        Benchmark("speed-gate", "`dedup check` as a whole process", Need.FEED, "seconds beside their limit",
                  "benchmarks.speed:measure_gate", timed=True),
        Benchmark("peers", "Other tools on the same articles, each in an environment of its own", Need.FEED,
                  "MB/s, memory, and what each found against the same truth", "benchmarks.beside:measure_peers",
                  timed=True),
        Benchmark("spark", "The local engine and Apache Spark on the same articles (--count of them)", Need.FEED,
                  "seconds by step, bytes shuffled an article; DuckDB beside one step",
                  "benchmarks.spark:measure_spark", timed=True),
        Benchmark("rethreshold", "A report at other thresholds (`dedup report --from`) beside a run at them",
                  Need.FEED_OR_SEEDS, "matches of both, findings of the one in the other",
                  "benchmarks.rethreshold:measure_rethreshold"),
        Benchmark("archive", "An archive of a million paragraphs: built, checked warm and cold, on disk", Need.FEED,
                  "seconds beside a report's, memory, bytes a paragraph, growth", "benchmarks.archive:measure_archive",
                  timed=True),
        Benchmark("archive-hashes", "An archive that keeps hashes of words, beside one that keeps texts", Need.FEED,
                  "findings that differ, bytes a paragraph, seconds", "benchmarks.archive_hashes:measure_hashes",
                  timed=True),
        Benchmark("archive-stores", "What could keep an archive's band keys", Need.NOTHING,
                  "seconds to build, look up and add, bytes a key", "benchmarks.archive:measure_stores", timed=True),
        Benchmark("archive-kill", "An archive whose writer is killed at random moments (--count of them)", Need.NOTHING,
                  "kills, and what was there afterwards", "benchmarks.killing:measure_kills"),
        Benchmark("feeds", "Entries read of real feeds, beside feedparser", Need.SET, "entries by file",
                  "benchmarks.feeds:measure_feeds"),
        Benchmark("formats", "The same articles in every format give the same findings", Need.NOTHING,
                  "feeds with equal findings by format", "benchmarks.feeds:measure_formats"),
        Benchmark("pages", "Extractors of the main text of a page", Need.NOTHING,
                  "precision, recall and F1 of paragraphs, milliseconds", "benchmarks.pages:measure_pages", timed=True),
        Benchmark("page", "A page of 20,000 findings in a browser, beside plain HTML with the same", Need.NOTHING,
                  "size, memory of writing, seconds until it can be used", "benchmarks.page:measure_page", timed=True),
        Benchmark("fuzz", "Broken files of every format (--count of them for each reader)", Need.NOTHING,
                  "files, seconds, peak memory", "benchmarks.fuzz:measure_fuzz", timed=True),
    )
}  # fmt: skip


def find(name: str) -> Benchmark:
    """Return the benchmark of this name.

    Raises
    ------
    KeyError
        There is none; the message names the nearest.
    """
    if name not in BENCHMARKS:
        near = get_close_matches(name, BENCHMARKS, 1)
        raise KeyError(f"there is no benchmark {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return BENCHMARKS[name]


def data_path(benchmark: Benchmark, data: Path | None, truth: Path | None = None) -> Path:
    """Return what a benchmark is to be measured on.

    Raises
    ------
    MissingDataError
    """
    need = benchmark.needs
    if need in (Need.SEEDS, Need.NOTHING) or (need is Need.FEED_OR_SEEDS and data is None):
        return SEEDS / "feed.jsonl" if need is Need.FEED_OR_SEEDS else SEEDS
    if data is None:
        raise MissingDataError(f"it needs {need.value}")
    if need is Need.SET:
        path = data if data.name == benchmark.name else data / benchmark.name
        if not path.is_dir():
            raise MissingDataError(f"there is no folder {path}")
        return path
    if need is Need.TRUTH and truth is None:
        raise MissingDataError(f"it needs {need.value}")
    path = data / "allsides" / "docs.jsonl.zst" if (data / "allsides").is_dir() else data
    if not path.exists():
        raise MissingDataError(f"there is no file {path}")
    return path


def measure(benchmark: Benchmark, path: Path, options: Options) -> Measured:
    """Return the result of a benchmark, measured as often as asked for."""
    results, seconds = [], []
    for _ in range(1 if benchmark.timed else options.repeats):
        start = perf_counter()
        results.append(benchmark.measure(path, options))
        seconds.append(perf_counter() - start)
    same = all(one.table == results[0].table for one in results)
    made = benchmark.needs is Need.NOTHING
    return Measured(benchmark.name, results[0], seconds, options.repeats, same, "made" if made else path.name)
