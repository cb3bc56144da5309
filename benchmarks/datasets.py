"""Folder of a data set with truth -> what the engine finds in it, beside what there is to find.

Each set has a function ``measure(folder, options) -> Result``; `benchmarks.registry` names them all. What is not a
plain call of the engine is plain Python on purpose: the answers that it is compared with must not come out of the code
that is measured.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

import dedup
from benchmarks.results import Figure, Options, Result, said_settings, share
from dedup.model import Articles, Relation, Tokens
from dedup.result import Report
from dedup.shingles import Ranges, ShingleParams, Shingles, shingle
from dedup.tokens import TokenParams, tokenize

Pair = tuple[int, int]


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a JSON Lines file, compressed with zstd if its name says so.

    Raises
    ------
    FileNotFoundError
    """
    with path.open("rb") as file:
        if path.suffix != ".zst":
            return [json.loads(line) for line in file if line.strip()]
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        return [json.loads(line) for line in lines]


def body_tokens(articles: Articles) -> Tokens:
    """Return the tokens of each article's body."""
    return tokenize(articles.text, articles.body_starts, articles.offsets[1:], TokenParams())


def shingle_rows(tokens: Tokens, k: int) -> Shingles:
    """Return the shingle set of each row of tokens."""
    return shingle(Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:]), ShingleParams(size=k))


def python_sets(rows: Shingles) -> list[set[int]]:
    """Return the shingle sets as sets, for arithmetic that is independent of the engine's."""
    return [set(rows.values[a:b].tolist()) for a, b in zip(rows.offsets[:-1], rows.offsets[1:], strict=True)]


def jaccard(left: set[Any], right: set[Any]) -> float:
    """Return shared / union; 0 for two empty sets."""
    return len(left & right) / max(1, len(left | right))


def words_only(text: str) -> str:
    r"""Return the text with everything that ``\w`` does not match made blank: our tokens are then those of ``\w+``."""
    return re.sub(r"\W+", " ", text)


def word_shingles(text: str, k: int) -> set[tuple[str, ...]]:
    r"""Return the k-grams of the lower-cased ``\w+`` words of a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + k]) for i in range(len(words) - k + 1)}


def equal_rows(tokens: Tokens) -> list[list[int]]:
    """Return the rows with equal token sequences, as groups of one row or more; empty rows are in none."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for row, (first, last) in enumerate(zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)):
        if last > first:
            groups[tokens.values[first:last].tobytes()].append(row)
    return list(groups.values())


def article_pairs(report: Report, groups: Sequence[Sequence[int]]) -> set[Pair]:
    """Return the matched pairs of articles of a run at article level, lower number first.

    Matches are between distinct texts; here each stands for all the articles that have one of the two, and articles of
    equal text are pairs if a cluster has them.
    """
    members = {row: group for group in groups for row in group}
    owners = report.segments.articles
    pairs: set[Pair] = set()
    for left, right in zip(owners[report.matches.left].tolist(), owners[report.matches.right].tolist(), strict=True):
        pairs |= {(min(a, b), max(a, b)) for a, b in product(members[left], members[right])}
    clustered = set(owners[report.clusters.members].tolist())
    for group in groups:
        pairs |= set(combinations([row for row in group if row in clustered], 2))
    return pairs


def article_clusters(report: Report) -> list[int]:
    """Return the cluster of each article of a run at article level; one in no cluster is one by itself."""
    clusters = np.arange(len(report.articles))
    lengths = np.diff(report.clusters.offsets)
    numbers = len(report.articles) + np.repeat(np.arange(len(lengths)), lengths)
    clusters[report.segments.articles[report.clusters.members]] = numbers
    numbered: list[int] = clusters.tolist()
    return numbered


def run(
    result: Result,
    label: str,
    inputs: Sequence[str | Path] | Articles,
    settings: Mapping[str, object],
    options: Options,
) -> Report:
    """Return the report of a run; its settings are kept in the result under the label."""
    config = dedup.load_config({**options.settings, **settings})
    result.settings[label] = config.as_dict()
    return dedup.scan(inputs, config, jobs=options.jobs)


def measure_mccormick(folder: Path, options: Options) -> Result:
    """Planted near-duplicate articles, by the relation of articles."""
    result = Result([])
    report = run(result, "defaults", [folder / "docs_2500.jsonl.zst"], {}, options)
    ids = list(report.articles.ids)
    near = report.relations.kinds == Relation.NEAR_DUPLICATE
    pairs = zip(report.relations.left[near].tolist(), report.relations.right[near].tolist(), strict=True)
    found = {frozenset((ids[a], ids[b])) for a, b in pairs}
    truth = {frozenset((one["id1"], one["id2"])) for one in read_records(folder / "truth_2500.jsonl.zst")}
    peer = "datasketch: cluster agreement (ARI) 1.000"
    result.figures.append(Figure("precision", share(len(found & truth), len(found)), "=", 1, peer))
    result.figures.append(Figure("recall", share(len(found & truth), len(truth)), "=", 1, peer))
    return result


def measure_reuters(folder: Path, options: Options) -> Result:
    r"""Pairs of stories by word-5-shingle Jaccard, beside every such pair.

    The truth was made of ``\w+`` tokens: with those (all else blanked) the join alone is measured; with the text as it
    is, also what our folding changes (``1,914,388`` is one token).
    """
    result = Result([], data={"differing": []})
    records = read_records(folder / "docs.jsonl.zst")
    row_of = {record["id"]: row for row, record in enumerate(records)}
    truth: dict[Pair, float] = {}
    for one in read_records(folder / "pairs_jaccard5.jsonl.zst"):
        a, b = row_of[one["id1"]], row_of[one["id2"]]
        truth[min(a, b), max(a, b)] = one["jaccard"]
    plain = dedup.articles_of([{"id": one["id"], "text": words_only(one["text"])} for one in records])
    as_is = dedup.articles_of([{"id": one["id"], "text": one["text"]} for one in records])
    peers = {
        level: _datasketch_pairs([word_shingles(one["text"], 5) for one in records], level) for level in (0.5, 0.7)
    }
    for label, articles in (("words of the truth", plain), ("text as it is", as_is)):
        tokens = body_tokens(articles)
        groups, sets = equal_rows(tokens), python_sets(shingle_rows(tokens, 5))
        for level, method in product((0.5, 0.7), ("exact", "lsh")):
            settings = {
                "shingle_size": 5, "levels": ["article"], "min_jaccard": level, "min_cosine": 0.0, "candidates": method,
            }  # fmt: skip
            report = run(result, f"{label}, {method} at {level}", articles, settings, options)
            found, wanted = article_pairs(report, groups), {pair for pair, value in truth.items() if value >= level}
            aimed = (">=", 0.995, "=", 1.0) if articles is plain else ("", 0.0, "", 0.0)
            flagged = peers[level]
            peer = [f"datasketch {share(len(flagged & wanted), whole):.3f}" for whole in (len(wanted), len(flagged))]
            row = f"{label}, {method}, Jaccard {level}"
            said = said_settings({"shingle_size": 5, "levels": "article", "min_cosine": 0})
            recall, precision = (share(len(found & wanted), whole) for whole in (len(wanted), len(found)))
            result.figures.append(Figure(f"{row}: recall", recall, aimed[0], aimed[1], peer[0], said))
            result.figures.append(Figure(f"{row}: precision", precision, aimed[2], aimed[3], peer[1], said))
            for a, b in sorted(found ^ wanted):
                kind = "found" if (a, b) in found else "missed"
                values = f"truth {truth.get((a, b), 0):.4f}, ours {jaccard(sets[a], sets[b]):.4f}"
                result.data["differing"].append(f"{row}: {kind} {records[a]['id']} {records[b]['id']}: {values}")
        result.figures.append(
            _equal_figure(f"{label}: equal stories in one cluster", report, folder / "exact_groups.jsonl.zst")
        )
    result.notes.extend(line for line in result.data["differing"] if ", exact" in line)
    return result


def _equal_figure(name: str, report: Report, path: Path) -> Figure:
    """Return which share of the pairs that a file lists as equal a report has in one cluster of whole articles."""
    cluster_of = dict(zip(report.articles.ids, article_clusters(report), strict=True))
    pairs = [pair for one in read_records(path) for pair in combinations(one["members"], 2)]
    hits = sum(cluster_of[a] == cluster_of[b] for a, b in pairs)
    return Figure(f"{name}, of {len(pairs)} pairs", share(hits, len(pairs)), "=", 1)


def _datasketch_pairs(sets: Iterable[set[tuple[str, ...]]], min_jaccard: float) -> set[Pair]:
    """Return what datasketch's index and estimate flag, 128 permutations, its own choice of bands."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=min_jaccard, num_perm=128)
    signatures = {}
    for row, one in enumerate(sets):
        if one:
            signatures[row] = MinHash(num_perm=128)
            signatures[row].update_batch([" ".join(gram).encode() for gram in one])
            index.insert(row, signatures[row])
    pairs = {(min(a, b), max(a, b)) for a, signature in signatures.items() for b in index.query(signature) if a != b}
    return {(a, b) for a, b in pairs if signatures[a].jaccard(signatures[b]) >= min_jaccard}


def measure_bible(folder: Path, options: Options) -> Result:
    """Find the verses of seven versions beside those of the King James Version, and all pairs of the exact join."""
    records = read_records(folder / "docs.jsonl.zst")
    articles = dedup.articles_of([{"id": one["id"], "text": one["text"]} for one in records])
    tokens = body_tokens(articles)
    groups, sets = equal_rows(tokens), python_sets(shingle_rows(tokens, 3))
    first = {row: group[0] for group in groups for row in group}
    base = {one["verse"]: row for row, one in enumerate(records) if one["version"] == "kjv"}
    wanted: dict[str, set[Pair]] = defaultdict(set)
    verses: Counter[str] = Counter()
    for row, one in enumerate(records):
        if one["version"] != "kjv" and one["verse"] in base:
            verses[one["version"]] += 1
            if jaccard(sets[base[one["verse"]]], sets[row]) >= 0.5:
                wanted[one["version"]].add((base[one["verse"]], row))
    result = Result([])
    joined: dict[str, set[Pair]] = {}
    elsewhere = {"rwebster": ".889", "wbs": ".863", "akjv": ".794", "asv": ".607", "web": ".235"}
    for method in ("exact", "lsh"):
        settings = {"levels": ["article"], "min_tokens": 1, "min_jaccard": 0.5, "min_cosine": 0.0, "candidates": method}
        report = run(result, method, articles, settings, options)
        said = said_settings({"levels": "article", "min_tokens": 1, "min_cosine": 0})
        owners = report.segments.articles
        ends = [[first[row] for row in owners[side].tolist()] for side in (report.matches.left, report.matches.right)]
        joined[method] = {(min(a, b), max(a, b)) for a, b in zip(*ends, strict=True)}
        for version in verses:
            pairs = {(min(first[a], first[b]), max(first[a], first[b])) for a, b in wanted[version]}
            hit = sum(a == b or (a, b) in joined[method] for a, b in pairs)
            peer = f"share at .5: {len(wanted[version]) / verses[version]:.3f}"
            peer += f", measured elsewhere {elsewhere[version]}" if version in elsewhere else ""
            name = f"{method}: kjv and {version}, recall of {len(pairs)} verse pairs"
            result.figures.append(Figure(name, share(hit, len(pairs)), ">=", 0.995, peer, said))
        right = sum(jaccard(sets[a], sets[b]) >= 0.5 for a, b in joined[method])
        name = f"{method}: precision of {len(joined[method])} pairs of distinct verses"
        result.figures.append(Figure(name, share(right, len(joined[method])), "=", 1, "", said))
        path = folder / "truth_kjv_exact_repeats.jsonl.zst"
        result.figures.append(
            _equal_figure(f"{method}: verses of kjv that repeat word for word, in one cluster", report, path)
        )
        thinned = f"{report.search.thinned_buckets} buckets thinned, {report.search.thinned_rows} rows lost in them"
        result.notes.append(f"{method}: {report.search.candidates} candidates, {thinned}")
    both = len(joined["exact"] & joined["lsh"])
    name = "lsh: recall of all pairs of the exact join"
    result.figures.append(Figure(name, share(both, len(joined["exact"])), ">=", 0.99, "its S-curve promises .99 at .5"))
    return result


def measure_textreuse(folder: Path, options: Options) -> Result:
    """Jaccard of whole texts, beside the figures published with the R package of this name."""
    records = read_records(folder / "docs.jsonl.zst")
    result = Result([])
    published = (
        (7, "ca1851-match", "ny1850-match", 0.3843),
        (5, "remember00palm", "remembermeorholy00palm", 0.701),
    )
    for label, fold in (("words only", words_only), ("text as it is", str)):
        articles = dedup.articles_of([{"id": Path(one["id"]).stem, "text": fold(one["text"])} for one in records])
        tokens, rows = body_tokens(articles), {name: row for row, name in enumerate(articles.ids)}
        for k, left, right, value in published:
            sets = python_sets(shingle_rows(tokens, k))
            ours = jaccard(sets[rows[left]], sets[rows[right]])
            relation = "~" if label == "words only" else ""
            name = f"{label}: {k}-gram Jaccard of {left}, {right}"
            result.figures.append(Figure(name, ours, relation, value, f"textreuse {value}", f"shingle_size={k}"))
    result.notes.append("as it is, an apostrophe inside a word and a hyphen at a line's end are passed over, as meant")
    return result


def measure_licences(folder: Path, options: Options) -> Result:
    """Clusters of licence paragraphs, beside the names that maintainers gave."""
    from sklearn.metrics import adjusted_rand_score

    truth = read_records(folder / "truth.jsonl.zst")
    label_of = {member: one["label"] for one in truth for member in one["members"]}
    result = Result([])
    for min_jaccard in (None, 0.7, 0.85):
        settings = {"levels": ["article"], "min_jaccard": min_jaccard}
        said = said_settings({name: value for name, value in settings.items() if value is not None})
        report = run(result, said, [folder / "docs.jsonl.zst"], settings, options)
        clusters = article_clusters(report)
        labels = [label_of[one] for one in report.articles.ids]
        name = f"adjusted Rand index, {len(set(clusters))} clusters for {len(truth)} labels"
        target = (">=", 0.201) if min_jaccard is None else ("", 0.0)
        agreement = float(adjusted_rand_score(labels, clusters))
        result.figures.append(Figure(name, agreement, *target, "datasketch .201", said))
    return result
