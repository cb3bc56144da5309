"""The pipeline as a whole: the same answer every time, and what plain Python finds on simple feeds."""

from __future__ import annotations

import math
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import passes
from dedup.model import Kind, Level
from tests import oracle
from tests.site_factory import make_site
from tests.strategies import made_feed, paragraph, reword, sentence

feeds = st.builds(lambda seed, n: made_feed(random.Random(seed), n), st.integers(0, 10**6), st.integers(1, 14))
NOTICE = "This page is free to read because its members pay for it; write to the desk if you find an error in it."


def scan(records, jobs: int = 1, **flags) -> dedup.Report:
    return dedup.scan(dedup.articles_of(records), dedup.load_config(flags), jobs=jobs)


def findings_of(report: dedup.Report) -> list[tuple[object, ...]]:
    """Return the findings as plain values that do not depend on where in the feed an article stands."""
    found, articles = report.findings, report.articles
    plain = []
    for i in range(len(found)):
        rows = range(found.offsets[i], found.offsets[i + 1])
        places = [
            (
                articles.ids[found.articles[row]],
                int(found.starts[row] - articles.offsets[found.articles[row]]),
                articles.slice_text(found.starts[row], found.ends[row]),
                *(round(float(getattr(found, name)[row]), 5) for name in ("jaccard", "containment", "cosine")),
                bool(found.numbers_changed[row]),
            )
            for row in rows
        ]
        plain.append((int(found.kinds[i]), int(found.levels[i]), bool(found.exact[i]), int(found.weights[i]), places))
    return plain


def clusters_of(report: dedup.Report) -> set[frozenset[tuple[str, int]]]:
    """Return the clusters as sets of places."""
    segments, articles, clusters = report.segments, report.articles, report.clusters
    places = [
        (articles.ids[segments.articles[row]], int(segments.starts[row] - articles.offsets[segments.articles[row]]))
        for row in clusters.members
    ]
    bounds = zip(clusters.offsets[:-1], clusters.offsets[1:], strict=True)
    return {frozenset(places[a:b]) for a, b in bounds}


@settings(deadline=None, max_examples=25)
@given(records=feeds)
def test_the_number_of_threads_changes_nothing(records):
    expected = findings_of(scan(records))

    for jobs in (2, 5):
        assert expected == findings_of(scan(records, jobs))


def test_counters_of_shingles_do_not_depend_on_the_number_of_threads():
    """Which shingles share a counter decides where runs are looked for: the table is the same for 1, 2 and 5."""
    pages = make_site(5, 300, 20).pages.values()
    articles = dedup.articles_of([{"text": "\n\n".join(" ".join(one) for one in page.paragraphs)} for page in pages])
    config, tables = dedup.Config(), []

    for jobs in (1, 2, 5):
        with ThreadPoolExecutor(jobs) as executor:
            tables.append(passes.first_pass(articles, config, executor)[2].counters)

    assert len(tables[0]) > 1 << 16
    assert all((tables[0] == other).all() for other in tables[1:])


@settings(deadline=None, max_examples=25)
@given(records=feeds, seed=st.integers(0, 99))
def test_the_order_of_dated_articles_changes_nothing(records, seed):
    """Findings, their places and scores, and the redundancy of each article."""
    shuffled = random.Random(seed).sample(records, len(records))
    one, other = scan(records), scan(shuffled)

    assert sorted(findings_of(one)) == sorted(findings_of(other))
    assert dict(zip(one.articles.ids, one.repeated, strict=True)) == dict(
        zip(other.articles.ids, other.repeated, strict=True)
    )


@settings(deadline=None, max_examples=25)
@given(records=feeds, seed=st.integers(0, 99))
def test_the_order_of_undated_articles_does_not_change_the_clusters(records, seed):
    """Who represents them depends on it, who is in them does not."""
    undated = [{key: value for key, value in record.items() if key != "date"} for record in records]
    shuffled = random.Random(seed).sample(undated, len(undated))

    assert clusters_of(scan(undated)) == clusters_of(scan(shuffled))


def tfidf_cosine(one: list[str], other: list[str], frequencies: Counter[str], n_documents: int) -> float:
    def weigh(tokens: list[str]) -> dict[str, float]:
        weights = {
            token: (1 + math.log(count)) * (math.log((1 + n_documents) / (1 + frequencies[token])) + 1)
            for token, count in Counter(tokens).items()
        }
        norm = math.sqrt(sum(weight**2 for weight in weights.values()))
        return {token: weight / norm for token, weight in weights.items()}

    left, right = weigh(one), weigh(other)
    return sum(weight * right.get(token, 0.0) for token, weight in left.items())


@settings(deadline=None, max_examples=20)
@given(records=feeds)
def test_every_member_of_a_cluster_matches_its_representative(records):
    """Jaccard and cosine over the thresholds, worked out anew in plain Python from the texts."""
    report = scan(records)
    segments, articles, params = report.segments, report.articles, report.config.score
    tokens = [
        [token for token, _, _ in oracle.folded_tokens(articles.slice_text(start, end))]
        for start, end in zip(segments.starts, segments.ends, strict=True)
    ]
    top = {
        tuple(one)
        for one, level in zip(tokens, segments.levels, strict=True)
        if level & (Level.TITLE | Level.PARAGRAPH)
    }
    frequencies = Counter(token for one in top for token in set(one))

    clusters = report.clusters
    for a, b in zip(clusters.offsets[:-1], clusters.offsets[1:], strict=True):
        first = tokens[clusters.members[a]]
        for row in clusters.members[a + 1 : b]:
            one, other = (oracle.shingle_set(side, 3) for side in (first, tokens[row]))
            shared = len(one & other)
            assert shared / len(one | other) >= params.min_jaccard
            if shared < params.sure_shingles:
                assert tfidf_cosine(first, tokens[row], frequencies, len(top)) >= params.min_cosine - 1e-6


def test_the_cosine_of_plain_python_is_that_of_scikit_learn():
    """The oracle of the test above is checked itself."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    source = random.Random(1)
    texts = [reword(source, paragraph(source, 1), 0.2) + " the the end" for _ in range(6)]
    documents = [text.lower().split() for text in texts]
    rows = TfidfVectorizer(analyzer=str.split, lowercase=True, sublinear_tf=True).fit_transform(
        [text.lower() for text in texts]
    )
    frequencies = Counter(token for one in documents for token in set(one))

    expected = (rows @ rows.T).toarray()

    found = [[tfidf_cosine(one, other, frequencies, len(texts)) for other in documents] for one in documents]
    assert np.allclose(expected, found)


@settings(deadline=None, max_examples=25)
@given(records=feeds)
def test_lsh_finds_nothing_that_the_exact_join_does_not(records):
    """And all pairs that are equal or nearly so."""
    exact, lsh = scan(records, candidates="exact"), scan(records, candidates="lsh")

    pairs = {mode: set(zip(report.matches.left, report.matches.right, strict=True)) for mode, report in
             (("exact", exact), ("lsh", lsh))}  # fmt: skip
    assert pairs["lsh"] <= pairs["exact"]
    high = exact.matches.jaccard >= 0.9
    assert set(zip(exact.matches.left[high], exact.matches.right[high], strict=True)) <= pairs["lsh"]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), n_articles=st.integers(1, 12), n_pool=st.integers(1, 12))
def test_redundancy_is_the_share_of_tokens_of_later_copies(seed, n_articles, n_pool):
    """On feeds whose articles are made of whole equal paragraphs: every copy but the first one counts.

    None is so short that it is bridged as a gap.
    """
    source = random.Random(seed)
    pool = [paragraph(source, source.randint(2, 4)) for _ in range(n_pool)]
    records, seen = [], set()
    repeated, totals = [], []
    for number in range(n_articles):
        parts = [source.choice(pool) for _ in range(source.randint(1, 5))]
        records.append({"id": str(number), "text": "\n\n".join(parts), "date": number})
        totals.append(sum(len(part.split()) for part in parts))
        repeated.append(0)
        for part in parts:
            repeated[-1] += len(part.split()) if part in seen else 0
            seen.add(part)

    report = scan(records)

    assert totals == report.n_tokens.tolist()
    assert repeated == report.repeated.tolist()
    assert sum(repeated) == sum(report.repeated_by_kind.values())
    assert np.allclose(report.redundancy, np.array(repeated) / totals)


def under_notice(n: int, notice: str = NOTICE, sources: int = 1) -> list[dict[str, object]]:
    source = random.Random(n)
    return [
        {"id": str(i), "text": f"{paragraph(source)}\n\n{notice}", "source": f"s{i % sources}", "date": i}
        for i in range(n)
    ]


@pytest.mark.parametrize(
    ("n", "sources", "expected"),
    [(9, 1, Kind.REUSE), (10, 1, Kind.BOILERPLATE), (10, 3, Kind.REUSE), (15, 3, Kind.BOILERPLATE)],
)
def test_boilerplate_stands_in_many_articles_of_each_source(n, sources, expected):
    """Ten articles, and five for each source, at the defaults."""
    report = scan(under_notice(n, sources=sources))

    assert [expected] == [Kind(kind) for kind in report.findings.kinds]
    assert [n] == np.diff(report.findings.offsets).tolist()
    assert n - 1 == (report.redundancy > 0).sum()


def test_a_notice_of_several_paragraphs_is_one_finding():
    """With a line between that is too short to be searched, and without one article that lacks the last paragraph."""
    last = "Readers who like what they read here may have it sent to their letter box every Sunday morning."
    records = under_notice(20, f"{NOTICE}\n\nRead more.\n\n{last}")
    records[7]["text"] = str(records[7]["text"]).removesuffix(last)

    report = scan(records)

    found = report.findings
    assert [Kind.BOILERPLATE] == [Kind(kind) for kind in found.kinds]
    assert [20] == np.diff(found.offsets).tolist()
    lengths = len(NOTICE.split()) + 2 + len(last.split()), len(NOTICE.split())
    assert [lengths[0]] * 19 + [lengths[1]] == sorted(found.tokens.tolist(), reverse=True)
    assert not found.exact[0]
    assert 0.4 < found.jaccard[found.tokens == lengths[1]][0] < 0.6


def test_copies_of_an_article_are_near_duplicates_and_no_notice():
    """Nothing in them stands under texts of their own."""
    source = random.Random(5)
    text = "\n\n".join(paragraph(source) for _ in range(5))

    report = scan([{"id": str(i), "text": text, "source": "one"} for i in range(12)])

    assert [(Kind.NEAR_DUPLICATE, True)] == list(zip(report.findings.kinds, report.findings.exact, strict=True))
    assert list(range(12)) == report.findings.articles.tolist()


def test_two_thousand_copies_give_findings_in_proportion():
    """Passages, relations and places grow with the number of copies and not with its square."""
    source = random.Random(5)
    text = "\n\n".join(paragraph(source) for _ in range(3))

    report = scan([{"id": str(i), "text": text} for i in range(2000)])

    assert 2000 == len(report.findings.articles)
    assert len(report.relations) < 4 * 2000
    assert len(report.passages) < 4 * 2000
    assert 1999 == (report.redundancy == 1).sum()


def test_a_changed_date_does_not_split_a_notice():
    """A notice under three thousand articles whose number of days differs is one finding of all of them."""
    records = under_notice(3000)
    for i, record in enumerate(records):
        record["text"] = str(record["text"]).replace("an error", f"an error before {i % 97} March")

    report = scan(records)

    assert [(Kind.BOILERPLATE, 3000)] == [(Kind(report.findings.kinds[0]), len(report.findings.articles))]
    assert len(report.passages) < 4 * 3000


@pytest.mark.parametrize("text", ["-", "... !!! --- \n\n ???", "\u200b\u200d"])
def test_articles_without_a_token_are_read_and_say_nothing(text):
    line = paragraph(random.Random(2))

    report = scan(
        [{"id": "a", "text": text}, {"id": "b", "text": line}, {"id": "c", "text": text}, {"id": "d", "text": line}]
    )

    assert [0, 0] == report.n_tokens[[0, 2]].tolist()
    assert [0, 0, 0, 1] == report.redundancy.tolist()
    assert [1, 3] == sorted(report.findings.articles.tolist())


@pytest.mark.parametrize("text", ["?", "One.", "One sentence that is long enough to be searched here."])
def test_a_feed_of_one_article_without_repeats_has_no_finding(text):
    report = scan([{"title": text, "text": text}])

    assert 0 == len(report.findings)
    assert 0 == report.redundancy[0]


def test_ids_may_repeat():
    """Articles are told apart by their place in the feed, not by their id."""
    line = paragraph(random.Random(3))

    report = scan([{"id": "same", "text": line}] * 3)

    assert [0, 1, 2] == report.findings.articles.tolist()
    assert [0, 1, 1] == report.redundancy.tolist()


def test_dates_decide_who_is_the_source():
    """Before 1970 is before 1971; an article without a date is after all others."""
    line = paragraph(random.Random(4))
    dates = {"none": None, "late": "1971-01-01", "early": "1951-06-30", "first": "1890-01-01"}

    report = scan([{"id": name, "text": line, **({"date": date} if date else {})} for name, date in dates.items()])

    assert ["first", "early", "late", "none"] == [report.articles.ids[i] for i in report.findings.articles]
    assert {"first": 0, "early": 1, "late": 1, "none": 1} == dict(
        zip(report.articles.ids, report.redundancy.tolist(), strict=True)
    )


def test_equal_titles_of_unlike_articles_are_a_finding_of_titles():
    """Of articles that are near-duplicates, the titles are no finding of their own."""
    source = random.Random(6)
    title, text = sentence(source, 10), paragraph(source)
    unlike = scan([{"title": title, "text": paragraph(source)} for _ in range(2)])
    alike = scan([{"title": title, "text": text} for _ in range(2)])

    assert [(Kind.REUSE, Level.TITLE)] == list(zip(unlike.findings.kinds, unlike.findings.levels, strict=True))
    assert [(Kind.NEAR_DUPLICATE, Level.ARTICLE)] == list(zip(alike.findings.kinds, alike.findings.levels, strict=True))
    assert [0, 0] == unlike.repeated.tolist()


def test_borderline_pairs_are_under_a_threshold_and_not_in_the_matches():
    records = made_feed(random.Random(12), 14)
    low = scan(records)
    strict = dedup.scan(low.articles, replace(low.config, score=replace(low.config.score, min_jaccard=0.6)), jobs=1)

    pairs = {
        name: set(zip(matches.left, matches.right, strict=True))
        for name, matches in (("low", low.matches), ("high", strict.matches), ("borderline", strict.borderline))
    }
    assert not pairs["high"] & pairs["borderline"]
    assert pairs["high"] < pairs["low"]
    assert strict.matches.jaccard.min() >= 0.6
    assert ((strict.borderline.jaccard < 0.6) | (strict.borderline.cosine < 0.7)).all()


def test_what_a_near_duplicate_has_is_not_listed_again():
    """A passage of the first article, in the second, and in a copy of the second: one finding, and the copy."""
    source = random.Random(7)
    line, *rest = (paragraph(source) for _ in range(6))
    texts = [f"{line}\n\n{rest[0]}", "\n\n".join([line, *rest[1:]]), "\n\n".join([line, *rest[1:]])]

    report = scan([{"id": str(i), "text": text, "date": i} for i, text in enumerate(texts)])

    kinds = {Kind(kind) for kind in report.findings.kinds}
    assert {Kind.NEAR_DUPLICATE, Kind.REUSE} == kinds
    assert sorted([[1, 2], [0, 1]]) == sorted(
        report.findings.articles[a:b].tolist()
        for a, b in zip(report.findings.offsets[:-1], report.findings.offsets[1:], strict=True)
    )
