"""The gate names each repeat once, under the right code, at the right line; and after a baseline only what is new."""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from pathlib import Path

import pytest

import dedup
from dedup.gate.baseline import Baseline, read_baseline, updated, write_baseline
from dedup.gate.check import Judgement, judge
from dedup.gate.params import GateParams
from tests.site_factory import Site, Writer, make_site

#: Twenty notices cannot stand in half of the articles each.
PARAMS = GateParams(limits={"D301": 0.03})


def check(folder: Path, baseline: Baseline | None = None, params: GateParams | None = None) -> Judgement:
    return judge(dedup.scan([folder]), params or PARAMS, baseline=baseline)


def told(judgement: Judgement, folder: Path) -> list[tuple[str, str, int]]:
    """Return what counts, sorted."""
    return sorted(
        (one.code, Path(one.where.path).relative_to(folder).as_posix(), one.where.line)
        for one in judgement.verdict.violations
        if one.suppressed is None
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> tuple[Site, Path]:
    site, folder = make_site(5, 300, 20), tmp_path_factory.mktemp("site")
    site.write(folder)
    return site, folder


def test_each_planted_repeat_is_named_once_under_its_code_at_its_line(site):
    """300 articles, 20 repeats for each of nine rules: those, and nothing else."""
    made, folder = site
    assert sorted(made.expected) == told(check(folder), folder)


@pytest.fixture(scope="module")
def baseline(site) -> Baseline:
    return updated({}, check(site[1]).found)[0]


def test_after_a_baseline_the_gate_is_clean(site, baseline, tmp_path):
    """What was found is known, and stays known when the file is read again."""
    _, folder = site
    path = tmp_path / "baseline.jsonl"
    write_baseline(path, baseline)

    again = check(folder, read_baseline(path))

    assert (told(again, folder), again.verdict.failed, again.verdict.known) == ([], False, 180)
    assert updated(read_baseline(path), again.found) == (baseline, [])


def test_a_redundant_article_says_what_most_of_it_comes_from(site):
    """Four sentences of one page and two of another: the first, with its words, in the message and as other place."""
    made, folder = site
    told = [one for one in check(folder).verdict.violations if one.code == "D401"]

    assert len(told) == 20
    first: dict[str, str] = {}
    for name in sorted(made.pages):
        for sentence in (text for paragraph in made.pages[name].paragraphs for text in paragraph):
            first.setdefault(sentence, name)
    for one in told:
        name = Path(one.where.path).relative_to(folder).as_posix()
        words: Counter[str] = Counter()
        for sentence in (text for paragraph in made.pages[name].paragraphs for text in paragraph):
            words[first[sentence]] += len(sentence.split()) * (first[sentence] != name)
        ((origin, most),) = words.most_common(1)
        assert [Path(other.path).relative_to(folder).as_posix() for other in one.others] == [origin]
        assert f'{origin}:1 "{made.pages[origin].title[:20]}' in one.message
        assert one.message.endswith(f"({most} words)")


class Editor:
    """Edits a site at random, and knows what the gate must say of it afterwards."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.writer, self.source = site, Writer(seed + 1000), random.Random(seed)
        planted = {name for _, name, _ in site.expected}
        self.planted = sorted(planted)
        self.plain = [name for name in site.pages if name not in planted]

    def move(self) -> set[tuple[str, str]]:
        name = self.source.choice(sorted(self.site.pages))
        self.site.pages = {f"moved/{name}" if one == name else one: page for one, page in self.site.pages.items()}
        return set()

    def reorder(self) -> set[tuple[str, str]]:
        name = self.source.choice(sorted(self.site.pages))
        self.source.shuffle(self.site.pages[name].paragraphs)
        return set()

    def reword_far_away(self) -> set[tuple[str, str]]:
        name = self.source.choice(
            sorted(name for name in self.site.pages if len(self.site.pages[name].paragraphs) > 12)
        )
        self.site.pages[name].paragraphs[-1] = self.writer.paragraph()
        return set()

    def retitle(self) -> set[tuple[str, str]]:
        codes = {name for code, name, _ in self.site.expected if code == "D204"}
        name = self.source.choice([name for name in self.site.pages if name not in codes])
        page = self.site.pages[name]
        if not page.id and not any(
            other is not page and other.title == page.title for other in self.site.pages.values()
        ):
            page.title = self.writer.sentence(10).rstrip(".")
        return set()

    def copy_known(self) -> set[tuple[str, str]]:
        """Put one more copy of a paragraph that is repeated already into a new page at the end of the site."""
        code, name, _ = self.source.choice([one for one in sorted(self.site.expected) if one[0] == "D201"])
        page = self.writer.page()
        page.paragraphs[2] = [*self.site.pages[name].paragraphs[3]]
        self.site.pages["zz/copy.md"] = page
        return {(code, "zz/copy.md")}

    def copy_new(self) -> set[tuple[str, str]]:
        """Carry a paragraph that stands once into a new page."""
        name = self.source.choice([name for name in self.plain if len(self.site.pages[name].paragraphs) == 6])
        page = self.writer.page()
        page.paragraphs[4] = [*self.site.pages[name].paragraphs[4]]
        self.site.pages["zz/new.md"] = page
        return {("D201", "zz/new.md")}

    def double(self) -> set[tuple[str, str]]:
        """Add a page that says a paragraph twice."""
        page = self.writer.page()
        page.paragraphs.append([*page.paragraphs[0]])
        self.site.pages["zz/doubled.md"] = page
        return {("D101", "zz/doubled.md")}

    def remove_copy(self) -> set[tuple[str, str]]:
        name = self.source.choice(self.planted)
        self.site.pages.pop(name, None)
        return set()

    def add_page(self) -> set[tuple[str, str]]:
        self.site.pages["aa/first.md"] = self.writer.page()
        return set()


EDITS = ("move", "reorder", "retitle", "reword_far_away", "copy_known", "copy_new", "double", "remove_copy", "add_page")


@pytest.mark.parametrize("seed", range(30))
def test_after_an_edit_the_gate_names_exactly_what_is_new(site, baseline, tmp_path, seed):
    """Moves, new titles, rewording elsewhere and removals are nothing new; one more copy of a known text is."""
    edited = deepcopy(site[0])
    editor = Editor(edited, seed)
    kinds = editor.source.sample(EDITS, 2)
    new = set().union(*(getattr(editor, kind)() for kind in kinds))
    edited.write(tmp_path)

    found = told(check(tmp_path, baseline), tmp_path)

    assert sorted(new) == sorted((code, name) for code, name, _ in found), kinds


def test_reordered_paragraphs_are_nothing_new(site, baseline, tmp_path):
    """The same paragraphs in another order, in every page."""
    edited = deepcopy(site[0])
    for page in edited.pages.values():
        if not any(len(one) > 3 for one in page.paragraphs):
            page.paragraphs.reverse()
    edited.write(tmp_path)

    assert [] == told(check(tmp_path, baseline), tmp_path)


def test_a_removed_copy_is_reported_and_cleared(site, baseline, tmp_path):
    """The entry of a text that is repeated no more is named, and an update takes it out."""
    edited = deepcopy(site[0])
    _, name, _ = min(one for one in edited.expected if one[0] == "D101")
    edited.pages[name] = Writer(77).page()
    edited.write(tmp_path)

    judgement = check(tmp_path, baseline)

    assert not judgement.verdict.failed
    assert any("not found any more" in notice for notice in judgement.verdict.notices)
    assert len(updated(baseline, judgement.found)[0]) < len(baseline)
