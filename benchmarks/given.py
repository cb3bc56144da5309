"""A feed with truth of the user's own -> how the articles that are related, and the passages, agree with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dedup
from benchmarks.agreement import bootstrap, cluster_scores, components, f1, pan_scores
from benchmarks.datasets import article_clusters, run
from benchmarks.made import characters
from benchmarks.results import Figure, MissingDataError, Options, Result, share
from benchmarks.truth import Ids, cluster_pairs, ordered, read_cases, read_clusters, read_pairs, read_table
from dedup.audit import recall_interval
from dedup.model import Articles
from dedup.result import Report

#: Thresholds of the curves: how far a pair of articles is over the rule that relates them. 1 is the rule in force.
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 33))


def relation_scores(report: Report) -> dict[Ids, float]:
    """Return how far each pair of articles that share a passage is over the rule for near-duplicate or contained.

    The larger of: the smaller coverage over the limit for near-duplicates, the larger coverage over the limit for
    contained ones. From 1 on the report relates the two.
    """
    params, table, ids = report.config.findings, report.relations, report.articles.ids
    low, high = (
        np.minimum(table.left_coverage, table.right_coverage),
        np.maximum(table.left_coverage, table.right_coverage),
    )
    scores = np.maximum(low / params.near_duplicate, high / params.contained).tolist()
    pairs = zip(table.left.tolist(), table.right.tolist(), strict=True)
    return {ordered(ids[a], ids[b]): score for (a, b), score in zip(pairs, scores, strict=True) if a != b}


def pair_figures(
    result: Result, truth: Collection[Ids], scores: Mapping[Ids, float], known: Collection[Ids] | None = None
) -> None:
    """Add precision and recall of the pairs over 1, and the curve over all thresholds.

    Parameters
    ----------
    result : Result
    truth : collection of pairs
    scores : dict of pair to float
    known : collection of pairs, optional
        Only these were judged; the others count for nothing.
    """
    pairs = {pair: score for pair, score in scores.items() if known is None or pair in known}
    points = []
    for threshold in THRESHOLDS:
        found = {pair for pair, score in pairs.items() if score >= threshold - 1e-6}
        hits = len(found & set(truth))
        points.append(
            {"threshold": threshold, "precision": share(hits, len(found)), "recall": share(hits, len(truth))}
            | {"found": len(found)}
        )
    here = next(point for point in points if point["threshold"] == 1.0)
    hits = round(here["recall"] * len(truth))
    for name, total in (("precision", int(here["found"])), ("recall", len(truth))):
        low, high = recall_interval(hits, total)
        result.figures.append(Figure(f"pairs: {name}", here[name], peer=f"95 %: {low:.3f} to {high:.3f}"))
    result.figures.append(Figure("pairs: F1", f1(here["precision"], here["recall"])))
    best = max(points, key=lambda point: f1(point["precision"], point["recall"]))
    score = f1(best["precision"], best["recall"])
    result.notes.append(f"best F1 {score:.3f} at {best['threshold']:g} times the limits of coverage; in force is 1")
    result.data["curve"] = {"x": "threshold", "points": points, "here": 1.0}


def cluster_figures(result: Result, truth: Sequence[str], found: Sequence[int], prefix: str) -> None:
    """Add ARI and B-cubed of two labellings."""
    scores = cluster_scores(truth, found)
    result.figures.append(Figure(f"{prefix}: ARI", scores.adjusted_rand))
    for name in ("precision", "recall", "f1"):
        result.figures.append(Figure(f"{prefix}: B-cubed {name}", getattr(scores, name)))


def measure_pairs(path: Path, options: Options) -> Result:
    """Compare the articles that a report relates with a file of pairs."""
    assert options.truth is not None
    result, truth = Result(), read_pairs(options.truth)
    report = run(result, "defaults", [path], {}, options)
    _check_ids({name for pair in truth.scores for name in pair}, report.articles)
    scores = relation_scores(report)
    pair_figures(result, truth.positive(), scores, truth.scores if truth.listed else None)
    if truth.ranks:
        from scipy.stats import spearmanr

        theirs, ours = list(truth.ranks.values()), [scores.get(pair, 0.0) for pair in truth.ranks]
        if len(set(theirs)) > 1 and len(set(ours)) > 1:
            result.figures.append(Figure("rank correlation of scores (Spearman)", float(spearmanr(theirs, ours)[0])))
    if truth.scored:
        result.notes.append("pairs count as alike from half of the highest score in the file on")
    return result


def measure_clusters(path: Path, options: Options) -> Result:
    """Compare what related articles join, and clusters of whole articles, with a file; other ids are left out.

    The former is what closing the relations would give; in the latter every member matches its representative.
    """
    assert options.truth is not None
    result, truth = Result(), read_clusters(options.truth)
    report = run(result, "defaults", [path], {}, options)
    _check_ids(truth, report.articles)
    scores = {pair: score for pair, score in relation_scores(report).items() if set(pair) <= set(truth)}
    pair_figures(result, cluster_pairs(truth), scores)
    names = sorted(truth)
    labels = [truth[name] for name in names]
    cluster_figures(result, labels, _joined(names, scores), "joined by relations")
    whole = run(result, "whole articles", report.articles, {"levels": ["article"]}, options)
    of_article = dict(zip(report.articles.ids, article_clusters(whole), strict=True))
    cluster_figures(result, labels, [of_article[name] for name in names], "clusters of whole articles")
    return result


def _joined(names: Sequence[str], scores: Mapping[Ids, float], least: float = 1.0) -> list[int]:
    rows = {name: row for row, name in enumerate(names)}
    return components(len(names), [(rows[a], rows[b]) for (a, b), score in scores.items() if score >= least - 1e-6])


def _check_ids(named: Collection[str], articles: Articles) -> None:
    missing = sorted(set(named) - set(articles.ids))
    if missing:
        raise MissingDataError(
            f"--truth names {len(missing)} articles that the feed does not have, the first: {missing[0]}; the feed's "
            f"ids are like {articles.ids[0]}"
        )


def measure_spans(path: Path, options: Options) -> Result:
    """Compare passages with PAN text alignment files (``--truth``), the texts being in the folder of ``--data``."""
    assert options.truth is not None
    files = sorted(options.truth.rglob("*.xml")) if options.truth.is_dir() else [options.truth]
    cases, documents, sources = read_cases(files)
    if not cases and documents:
        raise MissingDataError(f"{options.truth}: of {len(files)} files none has a case; each has to have features")
    texts = {one.name: _read_text(one) for one in sorted(path.rglob("*.txt"))}
    missing = sorted((documents | sources) - set(texts))
    if missing or not documents:
        raise MissingDataError(
            f"{path} has no text {missing[0]}" if missing else f"{options.truth}: no file ends in .xml"
        )
    for case in cases:
        for name, (_, end) in ((case.document, case.span), (case.source, case.source_span)):
            if end > len(texts[name]):
                raise MissingDataError(f"{name}: a case ends at {end}, and the text has {len(texts[name])} characters")
    names = sorted(documents | sources)
    plain = dedup.load_config({"html": "never"}).read
    articles = dedup.articles_of([{"id": name, "text": texts[name]} for name in names], plain)
    result = Result()
    report = run(result, "defaults", articles, {}, options)
    firsts, at = _body_starts(articles, [texts[name] for name in names])
    row_of = {name: row for row, name in enumerate(names)}

    def shifted(name: str, span: tuple[int, int]) -> tuple[int, int]:
        return firsts[row_of[name]] + span[0], firsts[row_of[name]] + span[1]

    wanted = [(shifted(one.document, one.span), shifted(one.source, one.source_span)) for one in cases]
    table, found = report.passages, []
    sides = [
        [(getattr(table, f"{side}_articles").tolist()), at[getattr(table, f"{side}_starts")].tolist(),
         at[getattr(table, f"{side}_ends")].tolist()]
        for side in ("left", "right")
    ]  # fmt: skip
    for left, right in zip(zip(*sides[0], strict=True), zip(*sides[1], strict=True), strict=True):
        for one, other in ((left, right), (right, left)):
            if names[one[0]] in documents and names[other[0]] in sources:
                found.append((one[1:], other[1:]))
                break
    scores = pan_scores(wanted, found)
    for name, values in (("precision", scores.precision), ("recall", scores.recall)):
        low, high = bootstrap(values, options.seed)
        mean = float(np.mean(values or [1.0]))
        result.figures.append(Figure(f"characters: {name}", mean, peer=f"95 %: {low:.3f} to {high:.3f}"))
    result.figures.append(
        Figure("characters: F1", f1(*(float(np.mean(v or [1.0])) for v in (scores.precision, scores.recall))))
    )
    result.figures.append(Figure("granularity", scores.granularity))
    result.figures.append(Figure("plagdet", scores.plagdet))
    result.notes.append(
        f"{len(cases)} cases in {len(documents)} documents, {len(found)} passages found; macro-averaged"
    )
    return result


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise MissingDataError(f"{path}: not UTF-8; offsets count its characters") from None


def _body_starts(articles: Articles, texts: Sequence[str]) -> tuple[list[int], NDArray[np.int64]]:
    """Return where each text begins among the characters of all, and characters before each byte."""
    at = characters(articles)
    firsts = []
    for row, text in enumerate(texts):
        # What surrounds a text (white space, a mark of its encoding) is not read: offsets count it.
        body = articles.body(row)
        skipped = text.find(body)
        if skipped < 0:
            raise MissingDataError(f"{articles.ids[row]}: the text is not read as it stands; offsets cannot be told")
        firsts.append(int(at[articles.body_starts[row]]) - skipped)
    return firsts, at


def measure_news_copy(path: Path, options: Options) -> Result:
    """Measure NEWS-COPY as its paper does: articles of one day against each other, edges, clusters, and ARI.

    ``--data`` is the JSON of articles by id (``article``, ``byline``), ``--truth`` that of edges. Articles are compared
    with those of their own day, which is the fifth to third last part of an id [1]_.

    References
    ----------
    .. [1] E. Silcock, L. D'Amico-Wong, J. Yang, M. Dell (2023), Noise-Robust De-Duplication at Scale, ICLR, and its
       published code.
    """
    assert options.truth is not None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        records = [
            {"id": name, "text": f"{one.get('byline') or ''}\n\n{one['article']}".strip(), "day": _day(name)}
            for name, one in data.items()
        ]
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise MissingDataError(f"{path}: no NEWS-COPY articles (an object of id to article): {error!r}") from None
    truth = read_pairs(options.truth).positive()
    ids = [str(one["id"]) for one in records]
    unknown = sorted({name for pair in truth for name in pair} - set(ids))
    if unknown:
        raise MissingDataError(f"--truth names {len(unknown)} articles that are not there, the first: {unknown[0]}")
    result = Result()
    for label, settings in (("words", {}), ("characters", {"shingle": "char"})):
        scores: dict[Ids, float] = {}
        for day in sorted({one["day"] for one in records}):
            part = dedup.articles_of([{"id": one["id"], "text": one["text"]} for one in records if one["day"] == day])
            scores |= relation_scores(run(result, label, part, settings, options))
        joined = _joined(ids, scores)
        components_of = {name: f"found {row}" for name, row in zip(ids, joined, strict=True)}
        edges = {pair for pair, score in scores.items() if score >= 1 - 1e-6}
        for name, found in (("edges", edges), ("edges after closure", cluster_pairs(components_of))):
            _add_prf(result, f"{label}, {name}", truth, found)
        rows = {name: row for row, name in enumerate(ids)}
        real = components(len(ids), [(rows[a], rows[b]) for a, b in truth if a in rows and b in rows])
        agreement = cluster_scores(real, joined).adjusted_rand
        published = "paper: LSH .737, bi-encoder .915, re-rank .937; text-dedup .742"
        result.figures.append(Figure(f"{label}, ARI", agreement, peer=published))
    return result


def _day(name: str) -> str:
    return "-".join(name.split("-")[-5:-2])


def _add_prf(result: Result, label: str, truth: Collection[Ids], found: Collection[Ids]) -> None:
    hits = len(set(truth) & set(found))
    precision, recall = share(hits, len(found)), share(hits, len(truth))
    for name, value in (("precision", precision), ("recall", recall), ("F1", f1(precision, recall))):
        result.figures.append(Figure(f"{label}: {name}", value))


def measure_core(path: Path, options: Options) -> Result:
    """Measure the CORE deduplication set as its paper and other tools do: by document, duplicate or not.

    Records have ``core_id``, ``processed_title``, ``processed_abstract`` and ``labelled_duplicates``. A document is
    rightly called a duplicate if what it is related to includes all that it is labelled with; accuracy wants the two to
    be equal [1]_.

    References
    ----------
    .. [1] B. Gyawali, L. Anastasiou, P. Knoth (2020), Deduplication of Scholarly Documents using Locality Sensitive
       Hashing and Word Embeddings, LREC, section 6.
    """
    records = read_table(path)
    try:
        labels = {str(one["core_id"]): {str(name) for name in one["labelled_duplicates"] or ()} for one in records}
        texts = [
            {"id": str(one["core_id"]), "text": f"{_field(one, 'title')}\n\n{_field(one, 'abstract')}".strip()}
            for one in records
        ]
    except KeyError as error:
        raise MissingDataError(f"{path}: no CORE deduplication records: {error} is missing") from None
    except TypeError:
        raise MissingDataError(f"{path}: no CORE deduplication records: labelled_duplicates is no list") from None
    result = Result()
    found: dict[str, set[str]] = {name: set() for name in labels}
    report = run(result, "defaults", dedup.articles_of(texts), {"min_tokens": 5}, options)
    for (a, b), score in relation_scores(report).items():
        if score >= 1 - 1e-6:
            found[a].add(b)
            found[b].add(a)
    add_core_figures(result, labels, found)
    return result


def _field(record: Mapping[str, object], name: str) -> str:
    return str(record.get(f"processed_{name}") or record.get(f"original_{name}") or "")


def add_core_figures(result: Result, labels: Mapping[str, set[str]], found: Mapping[str, set[str]]) -> None:
    """Add precision, recall and F1 of duplicates and of others, their means, and accuracy."""

    def kind(name: str) -> str:
        if not found[name]:
            return "FN" if labels[name] else "TN"
        return "TP" if labels[name] and labels[name] <= found[name] else "FP"

    kinds = [kind(name) for name in labels]
    tp, fp, fn, tn = (kinds.count(one) for one in ("TP", "FP", "FN", "TN"))
    classes = {"duplicates": (tp, fp, fn), "others": (tn, fn, fp)}
    f1s, precisions = [], []
    published = {"duplicates": ((".908", ".828"), (".959", ".945")), "others": ((".899", ".979"), (".947", ".962"))}
    for label, (hits, wrong, missed) in classes.items():
        precision, recall = (hits / (hits + one) if hits + one else 0.0 for one in (wrong, missed))
        for i, (name, value) in enumerate((("precision", precision), ("recall", recall))):
            paper, other = (figures[i] for figures in published[label])
            result.figures.append(Figure(f"{label}: {name}", value, peer=f"paper {paper}, text-dedup {other}"))
        f1s.append(f1(precision, recall))
        precisions.append(precision)
    equal = sum(labels[name] == found[name] for name in labels)
    result.figures.append(Figure("macro F1", sum(f1s) / 2, peer="paper .904"))
    result.figures.append(Figure("mean precision of both", sum(precisions) / 2, peer="text-dedup .953"))
    result.figures.append(Figure("accuracy", share(equal, len(labels)), peer="paper .903, text-dedup .924"))
