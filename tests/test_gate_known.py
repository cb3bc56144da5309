"""What is known stays known whatever is done around it, what is new is named once, and no repeat under two codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dedup
from dedup.gate.baseline import Baseline, updated
from dedup.gate.check import Judgement, judge
from dedup.gate.params import GateParams
from tests.site_factory import Page, Writer

Pages = dict[str, Page]


def check(pages: Pages, baseline: Baseline | None = None, **params: object) -> Judgement:
    with TemporaryDirectory() as folder:
        for name, page in pages.items():
            (Path(folder) / name).write_text(page.text(), "utf-8")
        report = dedup.scan([folder], jobs=1)
        return judge(report, GateParams(**{"ignore": ("D402",), **params}), baseline=baseline)


def told(judgement: Judgement) -> list[tuple[str, str, int]]:
    return [
        (one.code, Path(one.where.path).name, one.where.line)
        for one in judgement.verdict.violations
        if one.suppressed is None
    ]


def known_of(pages: Pages) -> Baseline:
    return updated({}, check(pages).found)[0]


@pytest.fixture
def writer() -> Writer:
    return Writer(21)


def reworded(writer: Writer, paragraphs: list[list[str]]) -> list[list[str]]:
    """Return paragraphs with a word of each changed, so that two such versions are alike too."""
    return [[writer.reworded(one[0]), *one[1:]] for one in paragraphs]


def test_a_paragraph_taken_from_elsewhere_and_then_doubled_is_two_repeats(writer):
    """The first copy is reuse, the second repeats the article itself; neither is named twice."""
    a, b = writer.page(), writer.page()
    b.paragraphs[1] = b.paragraphs[4] = a.paragraphs[2]

    assert [("D201", "b.md", b.line(1)), ("D101", "b.md", b.line(4))] == told(check({"a.md": a, "b.md": b}))


def test_an_id_that_two_versions_have_is_not_a_near_duplicate_too(writer):
    """Another text under the same id is one mistake; without the rule for ids it is a near-duplicate."""
    a = writer.page()
    b = Page(writer.page().title, [*a.paragraphs[:5], writer.paragraph()], id="same")
    a.id = "same"
    pages = {"a.md": a, "b.md": b}

    assert ["D501"] == [code for code, _, _ in told(check(pages))]
    assert ["D202"] == [code for code, _, _ in told(check(pages, ignore=("D402", "D501")))]


def test_a_short_article_that_one_passage_fills_is_named_by_the_passage(writer):
    """Its redundancy is over the limit by that alone; by many pieces it is D401."""
    a, b = writer.page(12), writer.page(0)
    b.paragraphs = [[*a.paragraphs[3], writer.sentence()], [writer.sentence(), writer.sentence(8)]]
    pieces = writer.page(0)
    pieces.paragraphs = [
        [*(writer.page().paragraphs[0][0] for _ in range(2)), a.paragraphs[at][1]] for at in (0, 1, 5, 6, 8, 10)
    ]

    assert ["D201"] == [code for code, _, _ in told(check({"a.md": a, "b.md": b}))]
    assert ["D401"] == [code for code, _, _ in told(check({"a.md": a, "c.md": pieces}, limits={"D401": 0.2}))]


def test_a_teaser_repeats_a_sentence_whichever_comes_first(writer):
    """A paragraph of one sentence that stands in a longer paragraph as well is a sentence said again."""
    before, after = writer.page(), writer.page()
    before.paragraphs.insert(0, [before.paragraphs[2][0]])
    after.paragraphs.append([after.paragraphs[2][0]])

    assert [("D102", "a.md"), ("D102", "b.md")] == [one[:2] for one in told(check({"a.md": before, "b.md": after}))]


@pytest.mark.parametrize(
    "edit",
    [
        lambda page, writer: page.paragraphs.insert(3, writer.paragraph()),
        lambda page, writer: page.paragraphs.reverse(),
        lambda page, writer: page.paragraphs.__setitem__(3, writer.paragraph()),
        lambda page, writer: page.paragraphs.__delitem__(4),
        lambda page, writer: page.paragraphs.__setitem__(1, writer.paragraph()),
    ],
    ids=["split", "reversed", "middle-reworded", "shrunk", "neighbour-reworded"],
)
def test_a_known_passage_of_several_paragraphs_stays_known(writer, edit):
    """Parted, in another order, with a part less: its paragraphs are known."""
    a, b = writer.page(8), writer.page(8)
    b.paragraphs[2:5] = a.paragraphs[3:6]
    pages = {"a.md": a, "b.md": b}
    assert [("D201", "b.md", b.line(2))] == told(check(pages))
    known = known_of(pages)

    edit(b, writer)

    assert [] == told(check(pages, known))


def test_a_known_passage_that_grows_is_new(writer):
    """Three paragraphs where one was known."""
    a, b = writer.page(8), writer.page(8)
    b.paragraphs[2] = a.paragraphs[3]
    known = known_of({"a.md": a, "b.md": b})

    b.paragraphs[3:5] = a.paragraphs[4:6]

    assert [("D201", "b.md", b.line(2))] == told(check({"a.md": a, "b.md": b}, known))


@pytest.mark.parametrize("code", ["D201", "D202"])
def test_copies_come_and_go_around_the_earliest(writer, code):
    """Three reworded versions: the earliest moved behind the others or removed is nothing new, one more is."""
    pages = {name: writer.page() for name in ("b.md", "c.md", "d.md", "new")}
    text = pages["b.md"].paragraphs[1:2] if code == "D201" else pages["b.md"].paragraphs
    for name in ("c.md", "d.md", "new"):
        pages[name].paragraphs[: len(text)] = reworded(writer, text)
    new = pages.pop("new")
    assert [(code, "c.md"), (code, "d.md")] == [one[:2] for one in told(check(pages))]
    known = known_of(pages)
    others = {name: page for name, page in pages.items() if name != "b.md"}

    assert [] == told(check({**others, "z.md": pages["b.md"]}, known))
    assert [] == told(check(others, known))
    for name in ("a.md", "bb.md", "z.md"):
        assert [(code, name)] == [one[:2] for one in told(check({**pages, name: new}, known))]


def test_a_text_that_stands_in_two_repeats_has_entries_for_both(writer):
    """A paragraph copied alone and as part of a passage: all of it is known afterwards."""
    a, b, c = writer.page(8), writer.page(8), writer.page(8)
    b.paragraphs[2:6] = a.paragraphs[2:6]
    c.paragraphs[1] = a.paragraphs[3]
    pages = {"a.md": a, "b.md": b, "c.md": c}

    judgement = check(pages, known_of(pages))

    assert ([], 2) == (told(judgement), judgement.verdict.known)


def test_a_notice_with_an_article_less_is_still_known(writer):
    """In ten articles it is boilerplate, in nine it would be reuse: an entry for it is there already."""
    notice = [writer.sentence(), writer.sentence()]
    pages = {f"{i:02}.md": writer.page() for i in range(10)}
    for page in pages.values():
        page.paragraphs.append(notice)
    params = {"ignore": ("D402", "D301")}
    judgement = check(pages, **params)
    assert [] == told(judgement)
    del pages["04.md"]

    assert ["D201"] * 8 == [code for code, _, _ in told(check(pages, **params))]
    assert [] == told(check(pages, updated({}, judgement.found)[0], **params))


def test_a_notice_is_known_in_the_wording_that_most_have(writer):
    """Named once; known whichever article is the earliest, with a variant in front, and without those that had it."""
    notice = [writer.sentence(), writer.sentence()]
    variant = reworded(writer, [notice])[0]
    pages = {f"{i:02}.md": writer.page() for i in range(16)}
    for name, page in list(pages.items())[:12]:
        page.paragraphs.append(variant if name in ("00.md", "05.md") else notice)
    assert [("D301", "01.md")] == [one[:2] for one in told(check(pages))]
    known = known_of(pages)

    for gone in ("00.md", "01.md", "05.md"):
        assert [] == told(check({name: page for name, page in pages.items() if name != gone}, known))
    assert [] == told(check({**pages, "zz.md": pages["00.md"], "00.md": writer.page()}, known))


def test_a_mark_that_stands_in_many_places_is_no_repeat(writer):
    """The same reason for several paragraphs of several files is not text of theirs."""
    mark = "<!-- dedup: ignore D102 the refrain of the song comes again on purpose, as " + writer.sentence(16) + " -->"
    pages = {f"{i:02}.md": writer.page() for i in range(3)}
    for page in pages.values():
        for at in (2, 5):
            page.paragraphs.insert(at, [mark])

    assert [] == told(check(pages))


def test_the_share_of_the_feed_is_that_of_what_is_judged(writer):
    """A clean archive does not hide a repetitive change, nor does its own redundancy fail a clean one."""
    archive, taken, clean = [writer.page(12) for _ in range(4)], writer.page(0), writer.page()
    taken.paragraphs = [[*one.paragraphs[2]] for one in archive]
    archive.append(Page("Again", [[*one] for one in archive[0].paragraphs]))
    articles = dedup.articles_of([one.text() for one in (*archive, taken, clean)])
    report = dedup.scan(articles, jobs=1)
    share = GateParams(select=("D402",), limits={"D402": 0.5})

    def codes(*judged: int, **params: int) -> list[tuple[str, str]]:
        rows = np.isin(np.arange(len(articles)), judged)
        found = judge(report, replace(share, **params), judged=rows).verdict.violations
        return [(one.code, one.where.article_id) for one in found]

    assert [("D402", articles.ids[5])] == codes(5)
    (found,) = judge(report, share, judged=np.arange(len(articles)) == 5).verdict.violations
    summary = judge(report, share, judged=np.arange(len(articles)) == 5).verdict.summary
    assert found.message.partition(": ")[2].split("%")[0] == summary.split("; ")[1].split("%")[0]
    assert [] == codes(6)
    assert [] == codes(5, min_words=10_000)


@pytest.mark.parametrize("code", ["D101", "D201", "D202", "D204"])
@pytest.mark.parametrize("change", ["verbatim", "reworded"])
def test_a_copy_that_takes_the_place_of_a_known_one_is_new(writer, code, change):
    """As many as before, and in another article: it is named; the same article under another name is not."""
    a, b, c = writer.page(), writer.page(), writer.page()
    if code == "D101":
        b.paragraphs[1] = b.paragraphs[4] = a.paragraphs[2] = writer.paragraph()
        a.paragraphs[2] = writer.paragraph()
        c.paragraphs[3] = c.paragraphs[5] = b.paragraphs[1]
    elif code == "D201":
        b.paragraphs[1] = c.paragraphs[4] = a.paragraphs[2]
    elif code == "D202":
        b.paragraphs[:5], c.paragraphs[:5] = a.paragraphs[:5], a.paragraphs[:5]
        b.paragraphs[0], c.paragraphs[1] = writer.paragraph(), writer.paragraph()
    else:
        b.title = c.title = a.title
    if change == "reworded":
        c.paragraphs = [*c.paragraphs[:1], *reworded(writer, c.paragraphs[1:])]
    known = known_of({"a.md": a, "b.md": b})
    edited = Page(b.title, [*b.paragraphs[:5], writer.paragraph()])

    assert [] == told(check({"a.md": a, "z.md": edited}, known))
    found = check({"a.md": a, "c.md": c}, known)
    assert [(code, "c.md")] == [one[:2] for one in told(found)]
    assert [] == told(check({"a.md": a, "c.md": c}, updated(known, found.found)[0]))


def test_a_known_copy_may_be_edited_where_it_stands(writer):
    """A word of one of two equal paragraphs: it is the same repeat in the same articles."""
    a, b = writer.page(), writer.page()
    b.paragraphs[1] = a.paragraphs[2]
    known = known_of({"a.md": a, "b.md": b})
    b.paragraphs[1] = reworded(writer, [a.paragraphs[2]])[0]

    assert [] == told(check({"a.md": a, "b.md": b}, known))


def test_an_entry_of_an_older_baseline_allows_its_text_anywhere(writer):
    """It has no articles: so many copies as it counts, until an update says in which."""
    a, b, c = writer.page(), writer.page(), writer.page()
    b.paragraphs[1] = c.paragraphs[4] = a.paragraphs[2]
    old = {key: replace(entry, articles=()) for key, entry in known_of({"a.md": a, "b.md": b}).items()}

    found = check({"a.md": a, "c.md": c}, old)
    assert [] == told(found)
    new, changes = updated(old, found.found)
    assert (["2 places, in articles that are known from now on"], 2) == (
        [line.partition("': ")[2] for line in changes],
        len(new.popitem()[1].articles),
    )
    assert [("D201", "c.md")] == [one[:2] for one in told(check({"a.md": a, "b.md": b, "c.md": c}, old))]


@pytest.mark.parametrize("code", ["D401", "D402"])
def test_a_share_that_grows_over_what_was_accepted_fails_again(writer, code):
    """It is remembered, an update says so; a little more is let through, an entry without a share any."""
    archive, page = writer.page(40), writer.page(0)
    own = [[writer.sentence(48)] for _ in range(40)]
    copies = [[one[0], writer.sentence(30)] for one in archive.paragraphs]

    def share(n: int) -> Judgement:
        page.paragraphs = [*own, *copies[:n]]
        pages = {"a.md": archive, "b.md": page}
        return check(pages, known, ignore=(), select=(code,), limits={code: 0.02})

    known: Baseline = {}
    ((_, entry),) = share(10).found.items()
    assert 0.02 < entry.share < 0.08
    assert [f"+ {code} {entry.text!r}: {entry.share:.1%}"] == updated({}, share(10).found)[1]
    known = {(code, entry.fingerprint): entry}
    assert [] == told(share(11))
    assert [] == told(share(9))
    grown = share(40)
    assert [code] == [one[0] for one in told(grown)]
    assert f"; {entry.share:.1%} were accepted" in grown.verdict.violations[0].message
    assert f": {entry.share:.1%} -> " in updated(known, grown.found)[1][0]
    known = {(code, entry.fingerprint): replace(entry, share=0.0)}
    assert [] == told(share(40))


class Repeats:
    """Pages with texts that stand in several of them, each text in pages of its own."""

    def __init__(self, seed: int, sizes: list[tuple[int, int]]) -> None:
        self.writer = Writer(seed)
        self.pages: Pages = {f"{number:03}.md": self.writer.page() for number in range(8)}
        self.texts: list[list[list[str]]] = []
        self.owners: list[list[str]] = []
        for copies, length in sizes:
            self.texts.append([self.writer.paragraph() for _ in range(length)])
            self.owners.append([])
            for _ in range(copies):
                self.add(len(self.texts) - 1, exact=self.writer.source.random() < 0.5)

    def add(self, text: int, *, exact: bool) -> str:
        name = f"{self.writer.source.randrange(10**6):06}.md"
        page = self.writer.page()
        copy = self.texts[text] if exact else reworded(self.writer, self.texts[text])
        at = self.writer.source.randrange(len(page.paragraphs))
        page.paragraphs[at:at] = [[*one] for one in copy]
        self.pages[name] = page
        self.owners[text].append(name)
        return name

    def disturb(self, kind: str, known: set[str]) -> None:
        """Change something that is no repeat."""
        name = self.writer.source.choice(sorted(known & set(self.pages)))
        page = self.pages[name]
        if kind == "move":
            self.pages[f"{self.writer.source.randrange(10**6):06}.md"] = self.pages.pop(name)
        elif kind == "reorder":
            self.writer.source.shuffle(page.paragraphs)
        elif kind == "retitle":
            page.title = self.writer.page().title
        else:
            page.paragraphs.insert(self.writer.source.randrange(len(page.paragraphs) + 1), self.writer.paragraph())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.tuples(st.integers(2, 4), st.integers(1, 3)), min_size=2, max_size=5),
    edits=st.lists(st.sampled_from(["move", "reorder", "retitle", "insert"]), max_size=6),
    added=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=2, unique_by=lambda one: one[0]),
)
def test_whatever_is_edited_each_added_copy_is_named_once(seed, sizes, edits, added):
    """Texts of one to three paragraphs in two to four pages: after any edits, what was added is new."""
    site = Repeats(seed, sizes)
    first = check(site.pages)
    assert sum(copies - 1 for copies, _ in sizes) == len(told(first))
    known = updated({}, first.found)[0]
    before = set(site.pages)

    for kind in edits:
        site.disturb(kind, before)
    added = [(text, exact) for text, exact in added if text < len(sizes)]
    new = [(site.add(text, exact=exact), exact) for text, exact in added]
    found = told(check(site.pages, known))

    assert {"D201"} >= {code for code, _, _ in found}
    # Where the paragraphs of a text have been parted, a copy of it is up to as many passages.
    parted = bool({"reorder", "insert"} & set(edits))
    assert len(added) <= len(found) <= sum(sizes[text][1] if parted else 1 for text, _ in added)
    # Of equal texts none is the new one; a text that is like no other is.
    assert {name for name, exact in new if not exact} <= {name for _, name, _ in found}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), removed=st.integers(0, 3))
def test_a_copy_less_is_nothing_new(seed, removed):
    """Whichever of four copies goes, the earliest too."""
    site = Repeats(seed, [(4, 2)])
    known = known_of(site.pages)
    del site.pages[site.owners[0][removed]]

    assert [] == told(check(site.pages, known))


def test_less_of_what_is_known_is_nothing_new(writer):
    """The last sentence of a copy is rewritten: what is left was accepted; in an article more it is new."""
    a, b, c = writer.page(), writer.page(), writer.page()
    b.paragraphs[2] = [*a.paragraphs[3]]
    pages = {"a.md": a, "b.md": b, "c.md": c}
    baseline = known_of(pages)
    (entry,) = baseline.values()
    b.paragraphs[2] = [*b.paragraphs[2][:2], writer.sentence()]

    judgement = check(pages, baseline)
    assert (told(judgement), judgement.verdict.known) == ([], 1)
    assert updated({key: replace(one, reason="a refrain") for key, one in baseline.items()}, judgement.found)[0] == {
        (entry.code, entry.fingerprint): replace(entry, reason="a refrain")
    }

    c.paragraphs[1] = [*b.paragraphs[2][:2], writer.sentence()]
    assert [("D201", "c.md", c.line(1))] == told(check(pages, baseline))


def test_an_edited_copy_of_one_paragraph_stays_known(writer):
    """An article that is one paragraph has no other to be known by: half of its sentences are enough."""
    long = [writer.sentence() for _ in range(8)]
    a, b = Page("One title of this", [long]), Page("Another one here", [[writer.reworded(long[0]), *long[1:]]])
    pages = {"a.md": a, "b.md": b}
    baseline = known_of(pages)
    assert {code for code, _ in baseline} == {"D202"}

    b.paragraphs[0] = [*b.paragraphs[0][:4], writer.reworded(long[4]), *long[5:]]
    assert told(check(pages, baseline)) == []
    pages["c.md"] = Page("A third one of them", [[*long[:6], writer.reworded(long[6]), long[7]]])
    assert [code for code, _, _ in told(check(pages, baseline))] == ["D202"]
