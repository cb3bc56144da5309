"""Cleaning takes copies and only copies: one of everything stays, nothing is cut in half, and a second time is none."""

from __future__ import annotations

import random
import re
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.clean.cut import Cut
from dedup.clean.edits import dropped_articles, pieces
from dedup.clean.params import CleanParams, clean_params
from dedup.clean.plan import make_plan
from dedup.clean.rounds import Cleaning, clean_articles
from dedup.errors import ConfigError
from dedup.model import Kind
from dedup.reports import KINDS
from tests.strategies import LETTERS, made_feed, paragraph, sentence

ALL = CleanParams(actions=dict.fromkeys(KINDS, "drop"))
scan = partial(dedup.scan, jobs=1)


def cleaned(records: list[dict[str, object]], params: CleanParams = ALL) -> Cleaning:
    return clean_articles(dedup.articles_of(records), params, scan)


def bodies(found: Cleaning) -> list[str]:
    """Return the texts of the articles that stay."""
    return [found.left.body(row) for row in np.flatnonzero(~found.dropped)]


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a made-up feed, which end with a stop or a paragraph and have none inside."""
    return re.findall(r"[^.\n]+\.?", text)


def runs_of(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def share_in(text: str, runs: set[tuple[str, ...]]) -> float:
    """Return how many of the words stand in runs of three that are known: counted anew, by the definition."""
    words = re.findall(r"\w+", text.lower())
    covered = [False] * len(words)
    for i, run in enumerate(zip(words, words[1:], words[2:], strict=False)):
        if run in runs:
            covered[i : i + 3] = [True] * 3
    return sum(covered) / len(words)


feeds = st.tuples(st.integers(0, 10_000), st.integers(2, 24), st.booleans())
params = st.builds(
    lambda stays, actions, prefer: CleanParams(actions, stays, prefer),
    st.sampled_from(["earliest", "longest", "first"]),
    st.fixed_dictionaries({}, optional={kind: st.sampled_from(["drop", "mark", "keep"]) for kind in KINDS}),
    st.sampled_from([(), ("South",), ("South", "North")]),
)


@settings(max_examples=40)
@given(feed=feeds, params=params)
def test_what_goes_is_what_was_asked_and_all_of_it_adds_up(feed, params):
    """Any feed, any settings: the text is that of before without the pieces; sentences are whole; one of all stays."""
    seed, n, dated = feed

    found = cleaned(made_feed(random.Random(seed), n, dated), params)

    articles, left = found.articles, found.left
    by_article: dict[int, list[tuple[int, bytes]]] = {}
    for one in pieces(found):
        base = int(articles.body_starts[one.article])
        assert params.action(KINDS[one.kind - 1]) == "drop"
        by_article.setdefault(one.article, []).append((one.start - base, articles.text[one.start : one.end].tobytes()))
    everything_left = set().union(*map(runs_of, bodies(found)), set())
    for article in range(len(articles)):
        text = left.body(article).encode()
        if found.dropped[article]:
            assert text == b""
            assert left.title(article) == ""
            continue
        for start, piece in by_article.get(article, []):
            text = text[:start] + piece + text[start:]
        assert articles.body(article) == text.decode()
        assert articles.title(article) == left.title(article)
        before = sentences_of(articles.body(article))
        assert [
            one for one in map(str.strip, sentences_of(left.body(article))) if one not in map(str.strip, before)
        ] == []
    for one in found.removed:
        text = articles.slice_text(one.start, one.end)
        # Of an article that goes, sentences may have gone before, each by its own share: its share is that of all.
        whole = one.whole and one.share >= params.min_article_share
        assert share_in(text, everything_left) >= (params.min_article_share if whole else params.min_share) - 1e-6
        for kept, start, end in one.kept:
            assert not found.dropped[kept]
            assert start < end
    assert len(by_article) + found.dropped.sum() <= len(articles)


@settings(max_examples=25)
@given(feed=feeds, params=params)
def test_cleaning_what_is_clean_changes_nothing(feed, params):
    """The second time nothing goes, and the report on what is left plans nothing."""
    seed, n, dated = feed
    records = made_feed(random.Random(seed), n, dated)
    once = cleaned(records, params)
    rows = np.flatnonzero(~once.dropped).tolist()
    again = [dict(records[row], text=once.left.body(row)) for row in rows]

    twice = cleaned(again, params)

    assert bodies(once) == bodies(twice)
    assert not twice.removed
    assert not make_plan(once.report, params).drops.any()


def test_everything_dropped_leaves_no_repeat_of_whole_sentences():
    """After cleaning with all kinds on, a sentence of the feed stands in it once."""
    found = cleaned(made_feed(random.Random(5), 60))

    left = [one.strip() for body in bodies(found) for one in sentences_of(body) if len(one.split()) > 8]

    assert len(left) == len(set(left))
    assert found.before.sentences - found.after.sentences > 100


def test_no_cluster_is_dropped_whole():
    """Of each cluster of exact copies one stays, wherever it was."""
    source = random.Random(8)
    shared = [paragraph(source, 2) for _ in range(6)]
    feed = [
        {
            "text": "\n\n".join([*source.sample(shared, 3), paragraph(source, 3)]),
            "date": 1000 * (9 - i),
            "source": f"S{i}",
        }
        for i in range(9)
    ]

    text = "\n\n".join(bodies(cleaned(feed)))

    assert [1] * 6 == [text.count(one) for one in shared]


@pytest.mark.parametrize(
    ("settings", "stays"),
    [
        ({}, 2),
        ({"stays": "first"}, 0),
        ({"stays": "longest"}, 1),
        ({"prefer_sources": ["Wire", "B"]}, 1),
        ({"stays": "first", "prefer_sources": ["C"]}, 2),
    ],
)
def test_the_copy_stays_that_is_asked_for(settings, stays):
    """Earliest, first, longest, or of a preferred source."""
    source = random.Random(3)
    body = [paragraph(source, 3) for _ in range(4)]
    feed = [
        {"id": "0", "text": "\n\n".join(body), "date": "2025-03-03", "source": "A"},
        {"id": "1", "text": "\n\n".join([*body, sentence(source, 9)]), "date": "2025-03-02", "source": "B"},
        {"id": "2", "text": "\n\n".join(body), "date": "2025-03-01", "source": "C"},
    ]

    found = cleaned(feed, clean_params(settings))

    if stays != 1:  # one more sentence is no part of the copy that stays, and the others stand in it
        feed[1]["text"] = "\n\n".join(body)
        found = cleaned(feed, clean_params(settings))
    assert [stays] == np.flatnonzero(~found.dropped).tolist()


def test_a_contained_article_goes_and_its_holder_stays_even_if_it_is_later():
    """The first take goes, not the full story."""
    source = random.Random(4)
    body = [paragraph(source, 3) for _ in range(9)]
    feed = [{"text": "\n\n".join(body[2:5]), "date": 0}, {"text": "\n\n".join(body), "date": 99}]

    found = cleaned(feed)

    assert [True, False] == found.dropped.tolist()
    assert ["\n\n".join(body)] == bodies(found)
    assert [(Kind.CONTAINED, 1.0)] == [(one.kind, one.share) for one in found.removed]


def test_a_pull_quote_goes_and_the_sentence_in_its_paragraph_stays():
    """Of two copies in one article, the one that is a paragraph by itself goes, though it is the first."""
    source = random.Random(5)
    parts = [paragraph(source, 3) for _ in range(3)]
    quote = sentences_of(parts[2])[1].strip()

    found = cleaned([{"text": "\n\n".join([parts[0], quote, *parts[1:]])}])

    assert ["\n\n".join(parts)] == bodies(found)


def test_a_sentence_goes_that_has_just_the_share_that_is_asked_for():
    """28 of 50 words are 56 %, though .56 * 50 is a little more than 28 for a machine."""
    source = random.Random(14)
    core = sentence(source, 28).translate(LETTERS)[:-1]
    first, second = (f"{core} {sentence(source, 22).translate(LETTERS).lower()}" for _ in range(2))
    feed = [{"text": "\n\n".join([first, paragraph(source), second])}]

    found = cleaned(feed, CleanParams(min_share=0.56))

    assert [0.56] == [round(one.share, 3) for one in found.removed]


def test_a_sentence_goes_that_a_later_one_holds_and_more():
    """The lead stands again, with more to it, further down: the longer one stays."""
    source = random.Random(9)
    short = sentence(source, 20)
    long = f"But {short[:-1].lower()}, as was said before the vote."
    text = "\n\n".join([short, paragraph(source), long])

    assert [text[len(short) + 2 :]] == bodies(cleaned([{"text": text}]))


@pytest.mark.parametrize("action", ["drop", "mark"])
def test_a_notice_goes_that_a_longer_wording_of_it_holds(action):
    """Of twelve wordings, of which the first article has one that all others go on from, that one goes or is marked."""
    source = random.Random(11)
    notice = sentence(source, 24)[:-1]
    ends = ["", *(" " + sentence(source, 10)[:-1].lower() for _ in range(11))]
    feed = [{"text": f"{paragraph(source)}\n\n{notice}{end}.", "source": "One"} for end in ends]

    found = cleaned(feed, CleanParams(actions={"boilerplate": action}))

    changed = [(one.article, one.kind) for one in found.removed] if action == "drop" else [
        (article, kind) for article, kind in zip(found.marks.articles.tolist(), found.marks.kinds.tolist(), strict=True)
    ]  # fmt: skip
    assert [(0, Kind.BOILERPLATE)] == changed


def test_what_is_marked_is_not_in_the_way_of_what_goes():
    """A paragraph that its article repeats goes, though another article has it too and what is reused is marked."""
    source = random.Random(10)
    one, other = paragraph(source, 2), paragraph(source, 4)
    feed = [{"text": f"{paragraph(source)}\n\n{one}", "date": 1}, {"text": f"{one}\n\n{other}\n\n{one}", "date": 2}]

    found = cleaned(feed, CleanParams(actions={"reuse": "mark"}))

    assert [feed[0]["text"], f"{one}\n\n{other}"] == bodies(found)
    assert [Kind.REUSE] == sorted(set(found.marks.kinds.tolist()))


def test_another_number_is_another_sentence_unless_it_is_asked_to_go():
    """What rose by 3.1 percent in one paragraph and by 9.7 in another was not said twice."""
    line = "Output of the harbour mills rose by {} percent in the year to March, the island's statistics office said."
    feed = [{"text": "\n\n".join([line.format("3.1"), "Nothing else was told of it.", line.format("9.7")])}]

    kept = cleaned(feed)
    gone = cleaned(feed, CleanParams(changed_numbers="drop"))

    assert not kept.removed
    assert [line.format("3.1") + "\n\nNothing else was told of it."] == bodies(gone)


def test_a_chain_does_not_lose_what_its_ends_do_not_share():
    """A~B~C whose ends do not match: C stays, for what it is like went itself."""
    source = random.Random(2)
    a = [f"word{source.randrange(10**6)}" for _ in range(24)]
    b = [*a[:16], *(f"other{i}" for i in range(3)), *a[19:]]
    c = [*(f"third{i}" for i in range(5)), *b[5:]]
    feed = [
        {"text": f"{paragraph(source, 4)}\n\n{' '.join(words).capitalize()}.", "date": day}
        for day, words in enumerate((a, b, c))
    ]

    found = cleaned(feed)

    left = set().union(*map(runs_of, bodies(found)))
    for record in feed:
        assert share_in(str(record["text"]), left) >= 0.8


def test_an_article_that_is_only_copies_goes_with_its_title():
    """Of an article of which nothing would be left, no shell stays."""
    source = random.Random(6)
    first, second = paragraph(source, 3), paragraph(source, 3)
    feed = [
        {"text": f"{paragraph(source, 5)}\n\n{first}", "date": 1},
        {"text": f"{paragraph(source, 5)}\n\n{second}", "date": 2},
        {"text": f"{first}\n\n{second}", "title": "Both", "date": 3},
    ]

    found = cleaned(feed)

    assert [False, False, True] == found.dropped.tolist()
    assert [2] == [one.article for one in dropped_articles(found)]
    assert "" == found.left.title(2)


def test_marks_stay_in_the_text_and_say_where_they_are():
    """What is marked is there, and what it stands for is named."""
    source = random.Random(7)
    one = paragraph(source, 2)

    found = cleaned([{"text": f"{one}\n\n{paragraph(source, 3)}\n\n{one}"}], CleanParams(actions={"self": "mark"}))

    marks = found.marks
    assert not found.removed
    assert one == found.left.slice_text(int(marks.starts[0]), int(marks.ends[-1]))
    assert [0] == sorted(set(marks.kept_starts.tolist()))


@example(spans=[(2, 4), (7, 8)])
@given(spans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)).map(lambda p: (p[0], p[0] + p[1])), max_size=5))
def test_positions_go_there_and_back(spans):
    """What is left knows where it was: compared with a list of positions from which the spans are taken."""
    apart = [one for i, one in enumerate(sorted(spans)) if i == 0 or one[0] > sorted(spans)[i - 1][1]]
    apart = [one for i, one in enumerate(apart) if all(one[0] > other[1] for other in apart[:i])]
    left = [p for p in range(50) if not any(a <= p < b for a, b in apart)]
    cut = Cut.of(np.array(apart, np.int64).reshape(-1, 2))

    assert left == cut.to_whole(np.arange(len(left))).tolist()
    assert list(range(len(left))) == cut.to_left(np.array(left)).tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"actions": {"selfie": "drop"}}, "'selfie' is none of self, reuse"),
        ({"actions": {"self": "burn"}}, "allowed: drop, mark, keep"),
        ({"stays": "newest"}, "allowed: earliest, longest, first"),
        ({"min_share": 0.2}, "must be over 0.5 and at most 1"),
        ({"changed_numbers": "maybe"}, "allowed: keep, drop"),
        ({"stay": "first"}, "did you mean 'stays'"),
    ],
)
def test_wrong_settings_are_refused_with_what_is_allowed(settings, message):
    """One line that names the setting and what it may be."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        clean_params(settings)
