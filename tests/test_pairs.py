"""Rules for pairs of articles (window, same source), against brute force and against the report without them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.model import NO_DATE, Articles
from dedup.pairs import PairParams, PairRule, pair_rule
from dedup.places import source_numbers
from dedup.result import Report
from tests.strategies import made_feed, paragraph

DAY = 86_400
windows = st.sampled_from(["", "0s", "2d", "5d"])
choices = st.sampled_from(["both", "skip", "only"])


def may_match(articles: Articles, params: PairParams, left: int, right: int) -> bool:
    """Apply the rule in words: what is not known is neither near nor of the same source."""
    if left == right:
        return True
    dates = articles.dates[left], articles.dates[right]
    if params.window and (NO_DATE in dates or abs(int(dates[0]) - int(dates[1])) > params.seconds):
        return False
    same = articles.sources[left] == articles.sources[right] != ""
    return {"both": True, "skip": not same, "only": same}[params.same_source]


def pairs_of(report: Report) -> set[tuple[int, int]]:
    table = report.passages
    return set(zip(table.left_articles.tolist(), table.right_articles.tolist(), strict=True))


@given(seed=st.integers(0, 200), window=windows, same_source=choices)
@settings(max_examples=25)
def test_only_allowed_pairs_are_reported(seed, window, same_source):
    """With a rule, the passages are those of the pairs that it allows, and no pair of articles is lost or gained."""
    source = random.Random(seed)
    records = made_feed(source, 9)
    for record in records:
        if source.random() < 0.2:
            del record[source.choice(["date", "source"])]
    params = PairParams(window, same_source)
    plain = dedup.scan(dedup.articles_of(records))

    ruled = dedup.scan(dedup.articles_of(records), dedup.load_config({"window": window, "same_source": same_source}))

    articles = plain.articles
    assert {pair for pair in pairs_of(plain) if may_match(articles, params, *pair)} == pairs_of(ruled)
    related = zip(ruled.relations.left.tolist(), ruled.relations.right.tolist(), strict=True)
    assert all(may_match(articles, params, *pair) for pair in related)


@given(
    facts=st.lists(st.tuples(st.sampled_from([None, 0, 1, 3, 9]), st.sampled_from(["", "A", "B"])), max_size=12),
    window=windows,
    same_source=choices,
)
def test_rule_is_the_rule_in_words(facts, window, same_source):
    """`allows` says for every pair what the rule says in words."""
    records = [{"text": "x", "source": s, "date": None if d is None else d * DAY} for d, s in facts]
    articles = dedup.articles_of(records)
    params = PairParams(window, same_source)
    rule = pair_rule(articles, source_numbers(articles), params)
    left, right = (side.ravel().astype(np.int32) for side in np.indices((len(facts), len(facts))))

    allowed = np.ones(len(left), bool) if rule is None else rule.allows(left, right)

    expected = [may_match(articles, params, a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    assert expected == allowed.tolist()


@given(
    facts=st.lists(st.tuples(st.integers(0, 9), st.integers(-1, 2), st.integers(0, 2)), max_size=14),
    seconds=st.sampled_from([-1, 0, 3]),
    same_source=choices,
)
def test_parts_of_clusters(facts, seconds, same_source):
    """Every place of a part may match the first of it, or one of another source; no place that could is left alone."""
    facts = sorted(facts, key=lambda fact: fact[2])
    dates, sources, clusters = (np.array([fact[i] for fact in facts], np.int64) for i in range(3))
    rule = PairRule(dates, sources.astype(np.int32), seconds, same_source)
    articles = np.arange(len(facts), dtype=np.int32)
    order = np.lexsort((dates, clusters))

    parts = rule.split(articles[order], clusters[order], np.ones(len(facts), bool), np.zeros(len(facts), np.int32))

    for part in set(parts.tolist()) - {-1}:
        members = order[parts == part]
        assert len(members) > 1
        assert len({int(clusters[member]) for member in members}) == 1
        partners = members if same_source == "skip" else members[:1]
        for member in members:
            others = partners[partners != member].astype(np.int32)
            assert member == members[0] or rule.allows(np.full(len(others), member, np.int32), others).any()


def test_a_notice_is_one_of_its_window():
    """A notice under twelve articles of a year is no notice for those that look back a week."""
    source = random.Random(5)
    notice = paragraph(source)
    records = [{"text": f"{paragraph(source)}\n\n{notice}", "source": "A", "date": 30 * DAY * i} for i in range(12)]

    plain = dedup.scan(dedup.articles_of(records))
    near = dedup.scan(dedup.articles_of(records), dedup.load_config({"window": "7d"}))

    assert [dedup.Kind.BOILERPLATE] == plain.findings.kinds.tolist()
    assert (0, 0, 0) == (len(near.findings), len(near.matches), len(near.clusters))


def test_repeats_inside_an_article_stay():
    """No rule takes away what an article repeats of itself."""
    text = paragraph(random.Random(1))
    records = [{"text": f"{text}\n\nMore news.\n\n{text}", "source": "A"}]

    for settings_ in ({"same_source": "skip"}, {"window": "1d"}, {"same_source": "only"}):
        report = dedup.scan(dedup.articles_of(records), dedup.load_config(settings_))
        assert [dedup.Kind.SELF] == report.findings.kinds.tolist()


@pytest.mark.parametrize("setting", [{"window": "30"}, {"window": "d"}, {"window": "-1d"}, {"same_source": "no"}])
def test_wrong_rules_are_refused(setting):
    """A window without a unit, or an unknown choice, is an error of the configuration that names what is allowed."""
    with pytest.raises(dedup.ConfigError, match=r"^pairs: (window is .* as in 30d|same_source is .*; allowed: )"):
        dedup.load_config(setting)
