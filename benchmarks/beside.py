"""The peers and the report on the same articles: time, memory, and what each finds against the same truth."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dedup
from benchmarks import peers
from benchmarks.agreement import f1
from benchmarks.edits import EDITS, Chance, Copy, Edit
from benchmarks.made import base_articles
from benchmarks.planting import Corpus, plant
from benchmarks.processes import median_run
from benchmarks.results import Options, Result, Row, share
from benchmarks.speed import Feed, opened_feed, report
from dedup.model import Level
from dedup.result import Report

#: Paragraphs of a feed: (record from 1, paragraph from 0), as the peers' scripts number them.
Flagged = set[tuple[int, int]]
#: The kinds of copy in the made feed of the peers: all that stand by themselves and can still be read.
_KINDS = tuple(one for one in EDITS if one.form == "paragraph" and one.strength != "20 %" and one.kind != "OCR noise")
#: A tool that takes longer is run once.
_SLOW_SECONDS = 10
_TASK = {"levels": ["paragraph"], "min_cosine": 0.0, "candidates": "exact"}


def measure_peers(path: Path, options: Options) -> Result:
    """Run each peer and the report on the same articles, in turn; then on a feed with planted copies."""
    result = Result()
    unknown = set(options.peers) - set(peers.PEERS)
    if unknown:
        result.failures.append(f"there is no peer {', '.join(sorted(unknown))}; there are {', '.join(peers.PEERS)}")
        return result
    names = options.peers or tuple(peers.PEERS)
    corpus = mixed_corpus(path, options)
    with opened_feed(path) as feed:
        made = feed.work / "made.jsonl"
        lines = (json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(corpus.texts))
        made.write_text("".join(lines), encoding="utf-8")
        planted = planted_paragraphs(corpus)
        ours = flagged_by_findings(dedup.scan([made], jobs=options.jobs))
        rows = [_planted_row("saidtwice", dedup.__version__, ours, planted)]
        for name in names:
            row, notes = _beside(name, feed, options)
            result.rows.extend(row)
            result.notes.extend(notes)
            if not row:
                continue
            theirs = peers.run_peer(name, made, options.envs, None)
            if theirs.error:
                result.notes.append(f"{name}, planted copies: not run: {theirs.error}")
                continue
            rows.append(_planted_row(name, theirs.version, set(theirs.flagged), planted))
        result.rows.extend(rows)
    result.notes.append("ratio: processor seconds of the other tool over those of saidtwice, start-up of both included")
    result.notes.append("others: text to flagged paragraphs; saidtwice: JSON Lines to findings with scores and places")
    result.notes.append(
        "task: strings in memory to flagged paragraphs on both sides, no start, reading, sentences, passages, output; "
        "saidtwice finds every pair of paragraphs by the exact join and scores it by its exact Jaccard, on 2 threads"
    )
    result.notes.append(
        "truth on real articles: paragraphs of 8 words with another one at word-3-shingle Jaccard .5, by the exact "
        "join, tokens as saidtwice folds them; saidtwice itself wants the cosine too, and flags what a passage covers"
    )
    result.notes.append(f"planted copies: one of {len(_KINDS)} kinds and strengths each, by chance, across articles")
    return result


def _beside(name: str, feed: Feed, options: Options) -> tuple[list[Row], list[str]]:
    """Return the line of a peer on the first articles of a feed, and what is said of it."""
    peer = peers.PEERS[name]
    max_bytes = peer.max_bytes if options.max_bytes is None else options.max_bytes or None
    theirs = _median_peer(name, feed.path, options, max_bytes)
    if theirs.error:
        return [], [f"{name}: not run: {theirs.error}"]
    with feed.path.open("rb") as lines:
        part = feed.part(list(islice(lines, theirs.n_articles)))
    took = median_run([report(part, feed.out) for _ in range(options.repeats)])
    same = _median_peer(peers.OWN.name, part, options, None)
    if same.error:
        return [], [f"{peers.OWN.name}: not run: {same.error}"]
    articles = dedup.read_feeds([part], jobs=options.jobs)
    truth = flagged_by_matches(dedup.scan(articles, dedup.load_config(_TASK), jobs=options.jobs))
    ours, flagged = flagged_by_findings(dedup.scan(articles, jobs=options.jobs)), set(theirs.flagged)
    row: Row = {"table": "the same real articles", "tool": name, "version": theirs.version, "MB": theirs.text_mb}
    # From the file, as we do: their reading counts as well, by the standard library's parser.
    row |= {"seconds": sum(theirs.seconds.values()), "saidtwice seconds": took.seconds}
    row |= {"processor s": theirs.cpu_seconds, "saidtwice processor s": took.cpu_seconds}
    row["ratio"] = theirs.cpu_seconds / took.cpu_seconds
    row |= {"task MB/s": theirs.mb_per_s, "saidtwice task MB/s": same.mb_per_s}
    row["task ratio"] = same.mb_per_s / theirs.mb_per_s
    row |= {"peak MB": theirs.peak_mb, "saidtwice peak MB": took.peak_mb * 1.048576, "flagged": len(flagged)}
    row |= {"recall": share(len(flagged & truth), len(truth)), "precision": share(len(flagged & truth), len(flagged))}
    row |= {"saidtwice flagged": len(ours), "saidtwice recall": share(len(ours & truth), len(truth))}
    row |= {"saidtwice precision": share(len(ours & truth), len(ours))}
    return [row], [f"{name}: {theirs.settings}"]


def _median_peer(name: str, path: Path, options: Options, max_bytes: int | None) -> peers.PeerResult:
    """Return the run of a tool with the median rate; of one that is slow there is one."""
    runs = [peers.run_peer(name, path, options.envs, max_bytes)]
    while not runs[0].error and len(runs) < options.repeats and sum(runs[0].seconds.values()) < _SLOW_SECONDS:
        runs.append(peers.run_peer(name, path, options.envs, max_bytes))
    runs = [one for one in runs if not one.error] or runs
    return sorted(runs, key=lambda one: one.mb_per_s)[len(runs) // 2]


def _planted_row(name: str, version: str, flagged: Flagged, planted: Flagged) -> Row:
    hits = len(flagged & planted)
    recall, precision = share(hits, len(planted)), share(hits, len(flagged))
    row: Row = {"table": "planted copies", "tool": name, "version": version, "planted": len(planted)}
    return row | {"flagged": len(flagged), "recall": recall, "precision": precision, "F1": f1(precision, recall)}


def mixed_corpus(path: Path, options: Options) -> Corpus:
    """Return articles of a feed with copies of many kinds, and decoys."""

    def any_kind(text: str, chance: Chance) -> Copy | None:
        kinds = random.Random(chance.random.random()).sample(_KINDS, len(_KINDS))
        return next((copy for kind in kinds if (copy := kind.apply(text, chance)) is not None), None)

    return plant(base_articles(path, options), Edit("any", "", any_kind), "across", options.seed)


def planted_paragraphs(corpus: Corpus) -> Flagged:
    """Return the paragraphs that are a planted copy or have one."""
    places = {corpus.places[row] for pair in corpus.pairs for row in pair}
    return {(one.article + 1, corpus.texts[one.article].count("\n\n", 0, one.start)) for one in places}


def paragraph_rows(found: Report) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Return the rows of the paragraphs of a report, and the number of each in its article."""
    rows = np.flatnonzero(found.segments.levels & Level.PARAGRAPH)
    owners = found.segments.articles[rows]
    firsts = np.searchsorted(owners, owners, "left")
    numbers = np.arange(len(rows)) - firsts
    records = found.articles.records[owners]
    return rows, list(zip(records.tolist(), numbers.tolist(), strict=True))


def flagged_by_matches(found: Report) -> Flagged:
    """Return the paragraphs that match another one, or have the tokens of another one."""
    rows, names = paragraph_rows(found)
    matched = set(np.concatenate([found.matches.left, found.matches.right, found.clusters.members]).tolist())
    return {name for row, name in zip(rows.tolist(), names, strict=True) if row in matched}


def flagged_by_findings(found: Report) -> Flagged:
    """Return the paragraphs of which half or more lies in a place of a finding that is not a whole article."""
    rows, names = paragraph_rows(found)
    starts, ends = found.segments.starts[rows], found.segments.ends[rows]
    covered = np.zeros(len(found.articles.text) + 1, np.int32)
    table = found.passages
    spans = [
        (table.left_starts, table.left_ends), (table.right_starts, table.right_ends),
        *([] if not len(found.findings) else [_notices(found)]),
    ]  # fmt: skip
    for some_starts, some_ends in spans:
        np.add.at(covered, some_starts, 1)
        np.add.at(covered, some_ends, -1)
    inside = np.append(0, np.cumsum(np.cumsum(covered) > 0))
    share_of = (inside[ends] - inside[starts]) / np.maximum(ends - starts, 1)
    return {name for name, part in zip(names, share_of.tolist(), strict=True) if part >= 0.5}


def _notices(found: Report) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    wanted = np.repeat(found.findings.levels != Level.ARTICLE, np.diff(found.findings.offsets))
    return found.findings.starts[wanted], found.findings.ends[wanted]
