"""Repeats inside articles and passages between them -> how many the engine finds of those that are known."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dedup
from benchmarks.datasets import Pair, body_tokens, jaccard, python_sets, read_records, run, shingle_rows, word_shingles
from benchmarks.results import Figure, Options, Result, share
from dedup import score
from dedup.model import Articles, Kind, Level
from dedup.result import Report
from dedup.shingles import Ranges

#: Two spans are the same place if they share this much of both together.
_SAME_PLACE = 0.8


def measure_moscow_times(folder: Path, options: Options) -> Result:
    """Find in one article the two paragraphs that are most alike, by word sets in plain Python, and no others."""
    result = Result([])
    path = folder / "article.txt"
    report = run(result, "defaults", [path], {}, options)
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")) if part.strip()]
    sets = [word_shingles(paragraph, 3) for paragraph in paragraphs]
    ranked = sorted(combinations(range(len(sets)), 2), key=lambda pair: -jaccard(sets[pair[0]], sets[pair[1]]))
    truth = {paragraphs[row] for row in ranked[0]}
    found = report.findings
    right = [
        i
        for i in range(len(found))
        if found.kinds[i] == Kind.SELF
        and found.levels[i] & Level.PARAGRAPH
        and not found.exact[i]
        and truth == {report.articles.slice_text(a, b) for a, b in _spans(report, i)}
    ]
    best, second = (jaccard(sets[a], sets[b]) for a, b in ranked[:2])
    result.figures.extend(
        [
            Figure("the pair found as a near-duplicate paragraph", len(right), "=", 1),
            Figure("findings besides", len(found) - len(right), "=", 0),
        ]
    )
    cosine = float(found.cosine[found.offsets[right[0]] + 1]) if right else 0.0
    result.notes.append(f"the pair has Jaccard {best:.2f}, cosine {cosine:.2f}; the next best of the page {second:.2f}")
    return result


def _spans(report: Report, finding: int) -> list[Pair]:
    places = slice(report.findings.offsets[finding], report.findings.offsets[finding + 1])
    return list(zip(report.findings.starts[places].tolist(), report.findings.ends[places].tolist(), strict=True))


def measure_clough_stevenson(folder: Path, options: Options) -> Result:
    """Rank answers by how much they owe to their source: area under the ROC curve of reuse against none."""
    records, truth = read_records(folder / "docs.jsonl.zst"), read_records(folder / "truth.jsonl.zst")
    articles = dedup.articles_of(records)
    row_of = {name: row for row, name in enumerate(articles.ids)}
    answers, sources = ([row_of[one[name]] for one in truth] for name in ("id1", "id2"))
    labels = np.array([one["label"] for one in truth])
    result = Result([])
    report = run(result, "defaults", articles, {}, options)
    scores = _reuse_scores(articles, answers, sources, report)
    generator = np.random.default_rng(0)
    draws = generator.integers(0, len(labels), (1000, len(labels)))
    plain = scores["3-gram containment of the answer"]
    for name, values in scores.items():
        changes = [area_under_curve(labels[draw], values[draw]) for draw in draws]
        changes = [one - area_under_curve(labels[draw], plain[draw]) for one, draw in zip(changes, draws, strict=True)]
        low, high = np.quantile(changes, (0.025, 0.975))
        against = "" if values is plain else f"; against it {low:+.3f} to {high:+.3f} (95 %)"
        aimed = (">=", 0.97) if name == "TF-IDF cosine of whole articles" else ("", 0.0)
        area = area_under_curve(labels, values)
        result.figures.append(Figure(f"AUC, {name}", area, *aimed, f"3-gram containment .964{against}"))
    sets = python_sets(shingle_rows(body_tokens(articles), 3))
    published = {"cut": ".353", "light": ".254", "heavy": ".145", "non": ".008"}
    for category, value in published.items():
        rows = [i for i, one in enumerate(truth) if one["category"] == category]
        mean = float(np.mean([jaccard(sets[answers[i]], sets[sources[i]]) for i in rows]))
        result.figures.append(Figure(f"mean 3-gram Jaccard, {category}", mean, peer=f"measured elsewhere {value}"))
    result.notes.append(f"{len(truth)} pairs: only an interval wholly above 0 tells a score from 3-gram containment")
    result.notes.append("a run with the defaults gives the passages; the other scores are made of whole articles")
    return result


def area_under_curve(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve: how often a pair of label 1 outranks one of label 0, ties half."""
    ones, zeros = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return float(np.mean((ones > zeros) + 0.5 * (ones == zeros)))


def _reuse_scores(
    articles: Articles, answers: Sequence[int], sources: Sequence[int], report: Report
) -> dict[str, NDArray[np.float64]]:
    """Return scores of (answer, source), made with the engine's public functions; document frequencies of the set."""
    left, right = np.array(answers), np.array(sources)
    tokens = body_tokens(articles)
    frequencies = score.DocumentFrequencies()
    frequencies.add(Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:]))
    vocabulary = frequencies.vocabulary()
    terms = score.term_rows(vocabulary.ids(tokens.values), tokens.offsets, vocabulary.idf)
    out = {}
    with ThreadPoolExecutor(1) as executor:
        out["TF-IDF cosine of whole articles"] = score.cosines(terms, left, right, executor)
        for k in (1, 3, 5):
            rows = shingle_rows(tokens, k)
            shared, sizes = score.overlaps(rows, left, right, executor), np.diff(rows.offsets)
            out[f"{k}-gram containment of the answer"] = shared / np.maximum(sizes[left], 1)
            if k == 3:
                out["3-gram Jaccard"] = score.jaccard(shared, sizes[left], sizes[right])
    for k in (1, 3):
        out[f"{k}-gram containment, weighted by idf"] = _weighted_containment(
            python_sets(shingle_rows(tokens, k)), left, right
        )
    covered: dict[Pair, float] = {}
    relations = report.relations
    for a, b, of_a, of_b in zip(
        relations.left.tolist(),
        relations.right.tolist(),
        relations.left_coverage,
        relations.right_coverage,
        strict=True,
    ):
        covered[a, b], covered[b, a] = float(of_a), float(of_b)
    pairs = zip(answers, sources, strict=True)
    out["share of the answer in passages of the source"] = np.array([covered.get(pair, 0.0) for pair in pairs])
    return out


def _weighted_containment(
    sets: Sequence[set[int]], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of the left set's idf that the right set has; idf as in `dedup.score.Vocabulary`."""
    counts = Counter(value for one in sets for value in one)
    idf = {value: np.log((1 + len(sets)) / (1 + count)) + 1 for value, count in counts.items()}
    weight = [sum(idf[value] for value in one) for one in sets]
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return np.array([sum(idf[value] for value in sets[a] & sets[b]) / max(weight[a], 1) for a, b in pairs])


def measure_allsides(folder: Path, options: Options) -> Result:
    """Find articles that repeat a paragraph inside themselves, beside the word-for-word ones of plain Python."""
    result = Result([])
    report = run(result, "defaults", [folder / "docs.jsonl.zst"], {}, options)
    spans, kinds = _inner_places(report)
    for name, pattern, peer in (
        ("lower case, white space", r"\S+", ""),
        (r"\w+ words", r"\w+", "counted elsewhere 1304"),
    ):
        repeats = exact_repeats(report.articles, pattern)
        places = [(article, place) for article, ends in repeats.items() for place in ends]
        hit = [covered_share(place, spans.get(article, [])) >= 0.9 for article, place in places]
        inside = len(set(repeats) & set(spans))
        missed = sorted({report.articles.ids[a] for (a, _), ok in zip(places, hit, strict=True) if not ok})
        result.figures.extend(
            [
                Figure(f"articles with an equal paragraph ({name}), plain Python", len(repeats), peer=peer),
                Figure("- share of them with a finding inside", share(inside, len(repeats))),
                Figure(f"- share of their {len(hit)} repeated paragraphs inside a finding", share(sum(hit), len(hit))),
            ]
        )
        result.data[f"missed, {name}"] = missed
        result.notes.append(f"not covered ({name}), in {len(missed)} articles: {', '.join(missed[:20])}")
    result.figures.extend(
        [
            Figure("articles with an exact finding inside, ours", len(kinds["exact"])),
            Figure("articles with a near finding inside and no exact one, ours", len(kinds["near"] - kinds["exact"])),
            Figure("articles with a notice twice inside, ours", len(kinds["notice"])),
            Figure("borderline pairs of segments", len(report.borderline)),
        ]
    )
    if options.samples is not None:
        sample_findings(report, options.samples)
    return result


def exact_repeats(articles: Articles, pattern: str = r"\S+", min_words: int = 8) -> dict[int, list[Pair]]:
    """Return, by article, the byte spans of paragraphs that stand in it before, with the same words in lower case."""
    out: dict[int, list[Pair]] = {}
    for article in range(len(articles)):
        base = int(articles.body_starts[article])
        body = articles.text[base : articles.offsets[article + 1]].tobytes()
        seen: set[tuple[str, ...]] = set()
        for match in re.finditer(rb"\S(?:.|\n(?!\s*\n))*", body):
            words = tuple(re.findall(pattern, match[0].decode("utf-8", "replace").lower()))
            if len(words) < min_words:
                continue
            if words in seen:
                out.setdefault(article, []).append((base + match.start(), base + match.end()))
            seen.add(words)
    return out


def _inner_places(report: Report) -> tuple[dict[int, list[Pair]], dict[str, set[int]]]:
    """Return the places of findings that stand twice in one article, by article, and which articles have which kind."""
    found = report.findings
    spans: dict[int, list[Pair]] = defaultdict(list)
    kinds: dict[str, set[int]] = {"exact": set(), "near": set(), "notice": set()}
    for i in range(len(found)):
        if found.kinds[i] not in (Kind.SELF, Kind.BOILERPLATE):
            continue
        places = range(int(found.offsets[i]), int(found.offsets[i + 1]))
        counts = Counter(int(found.articles[place]) for place in places)
        kind = "notice" if found.kinds[i] == Kind.BOILERPLATE else "exact" if found.exact[i] else "near"
        for place in places:
            article = int(found.articles[place])
            if counts[article] > 1:
                kinds[kind].add(article)
                spans[article].append((int(found.starts[place]), int(found.ends[place])))
    return spans, kinds


def covered_share(place: Pair, spans: Sequence[Pair]) -> float:
    """Return the share of a span that lies in the union of others."""
    reached, total = place[0], 0
    for start, end in sorted(spans):
        start, end = max(start, reached), min(end, place[1])
        if end > start:
            total, reached = total + end - start, end
    return share(total, place[1] - place[0])


def measure_seeds(folder: Path, options: Options) -> Result:
    """Compare the findings of this repository's labelled feed: right kind, right places, nothing else."""
    result = Result([])
    labels = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    report = run(result, "defaults", [folder / "feed.jsonl"], {}, options)
    rows = {name: row for row, name in enumerate(report.articles.ids)}
    wanted = [_labelled(report.articles, label, rows) for label in labels["findings"]]
    found = report.findings
    pairs = [
        (label, i)
        for label, (kind, places) in enumerate(wanted)
        for i in range(len(found))
        if Kind(found.kinds[i]).name == kind and _same_places(places, _located(report, i))
    ]
    right, seen = {i for _, i in pairs}, {label for label, _ in pairs}
    flags = [bool(found.exact[i]) == labels["findings"][label]["exact"] for label, i in pairs]
    related = set(zip(report.relations.left.tolist(), report.relations.right.tolist(), strict=True))
    unrelated = [
        one for one in labels["not"] if {tuple(rows[a] for a in one), tuple(rows[a] for a in one[::-1])} & related
    ]
    clean = [name for name in labels["clean"] if rows[name] in found.articles]
    result.figures.extend(
        [
            Figure("precision", share(len(right), len(found)), ">=", 1),
            Figure("recall", share(len(seen), len(wanted)), ">=", 1),
            Figure("exact flags", share(sum(flags), len(flags)), ">=", 1),
            Figure("pairs related that are not", len(unrelated), "=", 0),
            Figure("clean articles with a finding", len(clean), "=", 0),
        ]
    )
    for (label, i), ok in zip(pairs, flags, strict=True):
        if not ok:
            names = " ".join(place["id"] for place in labels["findings"][label]["places"])
            result.notes.append(f"exact is {bool(found.exact[i])} for: {wanted[label][0]} {names}")
    for label, (kind, _) in enumerate(wanted):
        if label not in seen:
            result.notes.append(
                f"missed: {kind} {' '.join(place['id'] for place in labels['findings'][label]['places'])}"
            )
    for i in set(range(len(found))) - right:
        names = " ".join(report.articles.ids[article] for article, _, _ in _located(report, i))
        result.notes.append(f"not labelled: {Kind(found.kinds[i]).name} {names}")
    return result


_Place = tuple[int, int, int]


def _labelled(articles: Articles, label: dict[str, Any], rows: dict[str, int]) -> tuple[str, list[list[_Place]]]:
    """Return the kind of a label and, for each of its places, where its text stands; a text may stand twice."""
    places: list[list[_Place]] = []
    for one in label["places"]:
        row = rows[one["id"]]
        first, last = int(articles.body_starts[row]), int(articles.offsets[row + 1])
        body = articles.text[first:last].tobytes()
        text = body if one["text"] is None else one["text"].encode()
        starts = [first + match.start() for match in re.finditer(re.escape(text), body)]
        places.append([(row, start, start + len(text)) for start in starts])
    return label["kind"].upper().replace("-", "_"), places


def _located(report: Report, finding: int) -> list[_Place]:
    found = report.findings
    places = range(int(found.offsets[finding]), int(found.offsets[finding + 1]))
    return [(int(found.articles[i]), int(found.starts[i]), int(found.ends[i])) for i in places]


def _same_places(wanted: Sequence[Sequence[_Place]], found: Sequence[_Place]) -> bool:
    """Tell whether the first places agree and each of the others has its counterpart, none left over."""
    if len(wanted) != len(found) or not any(_same_place(one, found[0]) for one in wanted[0]):
        return False
    left = list(found)
    for choices in wanted:
        hit = next((place for place in left if any(_same_place(one, place) for one in choices)), None)
        if hit is None:
            return False
        left.remove(hit)
    return True


def _same_place(one: _Place, other: _Place) -> bool:
    both = min(one[2], other[2]) - max(one[1], other[1])
    return one[0] == other[0] and both >= _SAME_PLACE * (max(one[2], other[2]) - min(one[1], other[1]))


def sample_findings(report: Report, folder: Path, count: int = 50) -> None:
    """Write a sample of near matches and one of borderline pairs for reading by eye; the same feed, the same sample."""
    folder.mkdir(parents=True, exist_ok=True)
    found, text, generator = report.findings, report.articles.slice_text, random.Random(0)
    listed = [i for i in range(len(found)) if found.kinds[i] in (Kind.SELF, Kind.REUSE) and not found.exact[i]]
    blocks = []
    for i in generator.sample(listed, min(count, len(listed))):
        first = int(found.offsets[i])
        other = generator.randrange(first + 1, int(found.offsets[i + 1]))
        scores = (float(found.jaccard[other]), float(found.cosine[other]))
        blocks.append(
            _block(Kind(found.kinds[i]).name, scores, [text(*_place(report, place)) for place in (first, other)])
        )
    (folder / "near.txt").write_text("\n".join(blocks), encoding="utf-8")
    pairs, segments = report.borderline, report.segments
    blocks = []
    for i in generator.sample(range(len(pairs)), min(count, len(pairs))):
        texts = [text(segments.starts[row], segments.ends[row]) for row in (pairs.left[i], pairs.right[i])]
        blocks.append(_block("BORDERLINE", (float(pairs.jaccard[i]), float(pairs.cosine[i])), texts))
    (folder / "borderline.txt").write_text("\n".join(blocks), encoding="utf-8")


def _place(report: Report, place: int) -> Pair:
    return int(report.findings.starts[place]), int(report.findings.ends[place])


def _block(kind: str, scores: tuple[float, float], texts: Sequence[str]) -> str:
    lines = [" ".join(one.split()) for one in texts]
    return f"{kind} jaccard {scores[0]:.2f} cosine {scores[1]:.2f}\n  A {lines[0]}\n  B {lines[1]}\n"
