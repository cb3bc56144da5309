"""A page holds what the report found, runs only its own script, and stays within its size and memory."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import dedup
from dedup.known import Archived
from dedup.reports import html, overview
from dedup.reports.html import page as parts
from dedup.reports.view import report_findings
from tests.page_factory import HOSTILE, blocks, hostile_report, many_repeats, page_of, scripts_report, sentence

SEEDS = Path(__file__).parent.parent / "seeds" / "feed.jsonl"


@pytest.fixture(scope="module")
def seeds():
    return dedup.scan([SEEDS])


@pytest.fixture(scope="module")
def repeats():
    return many_repeats(1200)


class _Elements(HTMLParser):
    """All elements of a page, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.contents: list[tuple[dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.cdata_elem:
            self.contents.append((self.elements[-1][1], data))


def test_a_page_holds_all_places_and_texts_of_a_report(seeds):
    """Findings, places with their scores, texts and articles come out of the page as they are in the report."""
    page = page_of(seeds)
    details, articles, bodies = blocks(page, "details"), blocks(page, "articles"), blocks(page, "texts")
    (meta,) = blocks(page, "meta")

    listed = blocks(page, "findings")

    expected = list(report_findings(seeds))
    assert [finding.weight for finding in expected] == [row[5] for row in listed]
    for finding, row in zip(expected, listed, strict=True):
        places, texts = details[row[17]]
        assert [(place.tokens, place.jaccard, place.containment, place.cosine) for place in finding.places] == [
            tuple(place[7:11]) for place in places
        ]
        assert [place.id for place in finding.places] == [articles[place[0]][0] for place in places]
        for number, place in enumerate(finding.places):
            body = bodies[articles[places[number][0]][10]]
            assert body == seeds.articles.body(place.article)
            assert body[places[number][2] : places[number][3]] == place.text
            if finding.level != "article":
                before, text, after, _ = texts[str(number)]
                assert place.text == (text or texts["0"][1])
                assert before.removeprefix("… ") + place.text + after.removesuffix(" …") in body
    assert meta["findings"] == meta["ofFindings"] == len(expected)


def test_marks_are_where_findings_stand(seeds):
    """The marks of an article, in characters of its text, are the places of findings, and passages of whole ones."""
    page = page_of(seeds)
    listed, articles, bodies, marks = (blocks(page, kind) for kind in ("findings", "articles", "texts", "marks"))

    found = {
        (flat[i], articles[at][0], bodies[articles[at][10]][flat[i + 3] : flat[i + 4]])
        for at, flat in enumerate(marks)
        for i in range(0, len(flat), 5)
    }

    for row, finding in enumerate(report_findings(seeds)):
        mine = {(one, text) for at, one, text in found if at == row}
        if finding.level != "article":
            assert {(place.id, place.text) for place in finding.places} == mine
        else:
            assert {place.id for place in finding.places} == {one for one, _ in mine}
            assert sum(len(text.split()) for _, text in mine) >= finding.weight
    assert len(listed) == len({row[0] for row in listed})


def test_an_id_of_a_finding_outlives_other_articles_and_another_order(seeds):
    """A finding keeps its id when articles are added, and when the feed has another order."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    ids = {row[0] for row in blocks(page_of(seeds), "findings")}
    rng = random.Random(3)
    records = [json.loads(line) for line in lines]
    rng.shuffle(records)
    extra = [{"id": "new", "text": sentence(rng), "date": "2026-04-01"}]

    again = {row[0] for row in blocks(page_of(dedup.scan(dedup.articles_of(records + extra))), "findings")}

    assert ids == again


def test_a_page_tells_what_is_in_an_archive(seeds):
    """Articles of an archive are told from those that were checked, and the time line has only these."""
    archived = np.arange(len(seeds.articles)) % 3 == 0
    more = np.arange(len(seeds.findings))
    report = replace(seeds, archive=Archived("news.db", 5000, archived, more))

    page = page_of(report)

    ids = {seeds.articles.ids[i] for i in np.flatnonzero(archived)}
    assert {row[0] in ids for row in blocks(page, "articles") if row[15]} == {True}
    assert {row[0] in ids for row in blocks(page, "articles") if not row[15]} == {False}
    assert more.tolist() == [row[20] for row in blocks(page, "findings")]
    assert "Checked against 5,000 articles of news.db." in page
    assert int((~archived).sum()) == sum(overview.time_line(report).articles)


def test_a_file_may_be_called_like_a_part_of_the_template():
    """What stands between braces in a name is not filled in."""
    articles = dedup.articles_of([{"text": "x"}])
    page = page_of(dedup.scan(replace(articles, files=("{{style}}{{version}}",))))

    assert "<title>said twice: {{style}}{{version}}</title>" in page


def test_equal_reports_give_equal_pages(seeds):
    """There is no time and no chance in a page."""
    assert page_of(seeds) == page_of(seeds)


def test_the_policy_allows_the_one_script_and_the_one_style_of_the_page(seeds):
    """The policy names the hashes of the script and the style that are there, and nothing else may run or load."""
    page = page_of(seeds)
    found = _Elements(page)
    (policy,) = [meta["content"] for tag, meta in found.elements if meta.get("http-equiv") == "Content-Security-Policy"]
    run = [text for attributes, text in found.contents if attributes.get("type") == "module"]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in ("".join(run), style)]

    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    types = {attributes.get("type") for tag, attributes in found.elements if tag == "script"}
    assert {"application/octet-stream", "module"} == types
    assert [] == [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert [] == [tag for tag, attributes in found.elements if "style" in attributes]


def test_hostile_articles_add_no_element_to_a_page():
    """Whatever stands in titles, sources, ids and addresses is text of the overview, or packed."""
    found = _Elements(page_of(hostile_report()))

    assert {"img", "iframe", "object"} & {tag for tag, _ in found.elements} == set()
    assert 1 == sum(attributes.get("type") == "module" for tag, attributes in found.elements if tag == "script")
    assert [] == [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert {
        attributes["href"].partition("#")[0] for tag, attributes in found.elements if tag == "a" and attributes["href"]
    } == {""}


def test_texts_of_all_scripts_come_back():
    """Positions are characters, those beyond the first plane counted once."""
    page = page_of(scripts_report())
    articles, bodies, marks = (blocks(page, kind) for kind in ("articles", "texts", "marks"))

    texts = [
        [bodies[articles[at][10]][flat[i + 3] : flat[i + 4]] for i in range(0, len(flat), 5)]
        for at, flat in enumerate(marks)
    ]

    expected = [{place.text for place in finding.places} for finding in report_findings(scripts_report())]
    assert 3 == len(expected)
    assert sorted(map(sorted, expected)) == sorted(map(sorted, texts))


def test_a_page_keeps_the_heaviest_findings_within_its_size(repeats):
    """Over its size, a page has the first findings of the list, stays under the size, and knows how many there were."""
    whole = page_of(repeats)
    limit = len(whole.encode()) * 6 // 10

    page = page_of(repeats, page_bytes=limit)

    kept = blocks(page, "findings")
    (meta,) = blocks(page, "meta")
    assert len(page.encode()) <= limit < len(whole.encode())
    assert kept == [
        row[:16] + kept[i][16:18] + row[18:] for i, row in enumerate(blocks(whole, "findings")[: len(kept)])
    ]
    assert (len(kept), len(repeats.findings)) == (meta["findings"], meta["ofFindings"])
    assert 100 < len(kept) < len(repeats.findings)
    assert 0 < meta["texts"] < meta["articles"]


def test_kinds_and_top_choose_what_a_page_lists(seeds):
    """A page lists the kinds asked for, the heaviest first, and says so."""
    page = page_of(seeds, kinds=("self",), top=2)

    assert [finding.weight for finding in report_findings(seeds, ["self"], 2)] == [
        row[5] for row in blocks(page, "findings")
    ]
    assert "Findings of kind self are listed" in page


def test_writing_a_page_takes_less_memory_than_twice_its_size(tmp_path, repeats):
    """What is written is let go: the peak of memory is under twice the size of the page."""
    path = tmp_path / "page.html"
    with path.open("w", encoding="utf-8") as stream:  # what is loaded on first use is not part of it
        html.write(repeats, stream)
    tracemalloc.start()
    with path.open("w", encoding="utf-8") as stream:
        html.write(repeats, stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2 * path.stat().st_size


def test_an_empty_report_says_that_nothing_is_said_twice():
    """Without findings there is a page all the same."""
    page = page_of(dedup.scan(dedup.articles_of([{"text": sentence(random.Random(1))}])))

    assert "Nothing in this feed is said twice." in page
    assert [] == blocks(page, "findings")


def test_every_module_of_the_page_is_in_it():
    """The list of modules is that of the folder, and none is imported before it stands."""
    folder = Path(html.__file__).parent / "assets"

    assert {path.name for path in folder.glob("*.js")} == set(parts.SCRIPTS)
    for at, name in enumerate(parts.SCRIPTS):
        imports = re.findall(r'from "\./([^"]+)"', parts.asset(name))
        assert set(imports) <= set(parts.SCRIPTS[:at]), name
    assert not re.search(r"^(import|export) ", parts.script(), re.MULTILINE)


def test_hostile_texts_are_there_as_they_are():
    """Nothing is lost or changed on the way into a page."""
    report = hostile_report()
    page = page_of(report)

    titles = {row[1] for row in blocks(page, "articles")}

    assert {f"{evil} {i}".strip() for i, evil in enumerate(HOSTILE)} == titles
    assert {report.articles.body(i) for i in range(len(report.articles))} == set(blocks(page, "texts"))
