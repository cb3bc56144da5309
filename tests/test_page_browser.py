"""A page in a real browser: it opens from disk, works by mouse and by keyboard, and runs nothing of an article."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import dedup
from dedup.gate.baseline import read_baseline, write_baseline
from dedup.gate.check import judge
from dedup.gate.params import GateParams
from dedup.reports.view import report_findings
from tests.page_factory import HOSTILE, hostile_report, many_repeats, page_of, scripts_report

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
base = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")

BROWSER = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium")

SEEDS = Path(__file__).parent.parent / "seeds" / "feed.jsonl"
AXE = Path(base.__file__).parent / "axe.min.js"
VIEWS = (
    "view=overview",
    "view=findings",
    "view=finding&id={finding}",
    "view=articles",
    "view=article&article={article}",
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        one = running.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture(scope="module")
def seeds():
    return dedup.scan([SEEDS])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


def written(folder: Path, name: str, content: str) -> str:
    path = folder / f"{name}.html"
    path.write_text(content, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def seeds_page(folder, seeds):
    return written(folder, "seeds", page_of(seeds))


@pytest.fixture
def opened(browser):
    """Return a function that opens a page and waits until it is usable; at the end nothing may have gone wrong."""
    contexts, troubles = [], []

    def open_page(address: str, **options):
        file = address.partition("#")[0]
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: None if request.url.startswith(file) else troubles.append(request.url))
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [] == troubles


def go(page, hash_: str):
    page.evaluate("hash => { location.hash = hash; }", hash_)
    page.wait_for_timeout(60)


def rows(page):
    return page.locator(".view:not([hidden]) .rows .row")


def row_count(page) -> int:
    return int(page.locator(".view:not([hidden]) [role=grid]").get_attribute("aria-rowcount")) - 1


def column(page, name: str) -> list[str]:
    return page.locator(f".view:not([hidden]) .rows .c-{name}").all_inner_texts()


def test_findings_are_filtered_sorted_and_unfolded(opened, seeds, seeds_page):
    """The list has what the report has, by kind, by words and by search; a cluster unfolds to its first members."""
    page = opened(seeds_page)
    findings = list(report_findings(seeds))
    page.get_by_role("link", name="Findings").first.click()

    assert len(findings) == row_count(page)
    assert [str(finding.weight) for finding in findings] == column(page, "weight")

    page.get_by_label("self").check()
    selves = [finding.weight for finding in findings if finding.kind == "self"]
    assert f"{len(selves)} of {len(findings)} findings" == page.inner_text(".found")
    page.get_by_role("button", name="Words").click()
    page.get_by_role("button", name="Words").click()
    assert list(map(str, sorted(selves))) == column(page, "weight")

    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Search texts").fill("spillway Meridian")
    page.locator(".found", has_text="1 of 11").wait_for()
    long = max((one for one in findings if one.level != "article"), key=lambda one: len(one.places[0].text or ""))
    page.get_by_label("Search texts").fill(" ".join((long.places[0].text or "").split()[-4:]))
    page.locator(".rows .row[aria-rowindex='2'] .c-weight", has_text=str(long.weight)).wait_for()
    assert 1 == row_count(page)
    page.get_by_label("Search texts").fill("")
    boilerplate = next(finding for finding in findings if finding.kind == "boilerplate")
    fold = page.get_by_role("button", name=f"Places of finding {boilerplate.number}", exact=True)
    fold.click()
    page.wait_for_selector(".members")
    assert "true" == fold.get_attribute("aria-expanded")
    members = page.locator(".members li").all_inner_texts()
    assert 7 == len(members)
    assert f"and {len(boilerplate.places) - 6} more places" == members[-1]


def test_what_differs_is_marked_word_by_word(opened, seeds, seeds_page):
    """Without what is marked, the two sides have the same words; with it, each has its text; numbers are set apart."""
    page = opened(seeds_page)
    near = [finding for finding in report_findings(seeds) if not finding.exact]
    go(page, "view=findings")

    for finding in near:
        page.locator(f".rows .row[aria-rowindex='{finding.number + 1}'] a.excerpt").click()
        page.wait_for_selector("#finding .side")
        sides = [
            page.evaluate(
                """i => {
                    const side = document.querySelectorAll("#finding .side .passage")[i].cloneNode(true);
                    const whole = side.textContent;
                    for (const one of side.querySelectorAll("del, ins")) one.remove();
                    return [whole, side.textContent];
                }""",
                i,
            )
            for i in range(2)
        ]
        assert [place.text for place in finding.places[:2]] == [whole for whole, _ in sides]
        same = [re.sub(r"\W+", "", rest).casefold() for _, rest in sides]
        assert same[0] == same[1]
        if finding.kind == "near-duplicate":
            assert {"37", "49"} <= set(re.findall(r"\d+", page.inner_text(".set-apart"))) or finding.number != 3
        page.keyboard.press("Escape")
        page.wait_for_selector("#findings:not([hidden])")


def test_a_finding_leads_to_both_of_its_articles(opened, seeds, seeds_page):
    """From the side by side one gets to each article, where the passage is marked, and back to the list."""
    page = opened(seeds_page)
    finding = next(one for one in report_findings(seeds) if one.kind == "reuse")
    go(page, "view=findings")

    for i, place in enumerate(finding.places):
        page.locator(f".rows .row[aria-rowindex='{finding.number + 1}']").focus()
        page.keyboard.press("Enter")
        page.locator("#finding .side h2 a").nth(i).click()
        page.wait_for_selector("#article mark")
        assert seeds.articles.title(place.article) == page.inner_text("#article-title")
        marked = "".join(page.locator("#article mark").evaluate_all("all => all.map(one => one.lastChild.data)"))
        assert place.text in marked
        assert f"{seeds.redundancy[place.article]:.1%}" in page.inner_text("#article .lead")
        assert page.locator("#article .part").count()
        page.go_back()
        page.wait_for_selector("#finding:not([hidden])")
        page.keyboard.press("Escape")
        page.wait_for_selector("#findings:not([hidden])")
        assert str(finding.number + 1) == page.evaluate("document.activeElement.getAttribute('aria-rowindex')")


def test_a_reload_shows_the_same_again(opened, seeds_page):
    """Filter, order and the open finding are in the address, and a new window on it shows them."""
    page = opened(seeds_page)
    go(page, "view=findings&kind=reuse,self&sort=weight.up&words=20")
    shown = column(page, "text")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    rows(page).first.wait_for()

    assert shown == column(page, "text")
    assert page.get_by_label("self").is_checked()
    assert "20" == page.get_by_label("Words from").input_value()
    rows(page).nth(1).click()
    page.wait_for_selector("#finding .side")
    address, heading = page.url, page.inner_text("#finding-title")
    other = opened(address)
    assert (heading, address) == (other.inner_text("#finding-title"), other.url)
    other.get_by_role("link", name="← List").click()
    rows(other).first.wait_for()
    assert shown == column(other, "text")


def test_only_what_is_on_screen_is_in_the_document(opened, folder):
    """Of a long list a window's worth of rows exists; End goes to the last one, which says its number."""
    report = many_repeats(1200)
    page = opened(written(folder, "long", page_of(report)))
    go(page, "view=findings")
    n = len(report.findings)

    assert n == row_count(page) > 1200
    assert 10 < rows(page).count() < 40
    rows(page).first.focus()
    page.keyboard.press("End")
    assert [str(n + 1)] == [page.evaluate("document.activeElement.getAttribute('aria-rowindex')")]
    assert rows(page).count() < 40
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    page.wait_for_selector(".members")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_selector("#finding .side")
    assert "1,200 places" in page.inner_text("#finding .lead")
    assert rows(page).count() < 60
    page.get_by_label("All places").locator(".row").nth(3).click()
    playwright.expect(page).to_have_url(re.compile("copy=2"))
    page.emulate_media(media="print")
    go(page, "view=findings")
    page.wait_for_timeout(60)
    boxes = page.locator("#findings .rows .row").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.top, box.bottom])"
    )
    assert 200 == len(boxes)
    assert [top for top, _ in boxes[1:]] == pytest.approx([bottom for _, bottom in boxes[:-1]])


def serious(page) -> list[str]:
    """Return what axe-core finds that is serious or critical."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1280), ("light", 360)])
def test_no_view_has_a_serious_accessibility_problem(opened, seeds_page, scheme, width):
    """axe-core finds nothing serious in any view, light and dark, wide and narrow, and nothing sticks out sideways."""
    page = opened(seeds_page, color_scheme=scheme, viewport={"width": width, "height": 800})
    go(page, "view=findings")
    finding = page.locator("a.excerpt").nth(2).get_attribute("href")
    named = re.search(r"id=([\w-]+)", finding)[1]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    problems = []

    for view in VIEWS:
        go(page, view.format(finding=named, article="courier-envoy"))
        page.wait_for_selector(".view:not([hidden]) h1")
        problems += serious(page)
        assert width == page.evaluate("document.documentElement.scrollWidth"), view

    assert [] == problems
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == (scheme == "dark")


def test_nothing_of_an_article_runs(opened, folder):
    """Scripts, handlers, addresses, templates and marks of direction in articles stay text in every view."""
    report = hostile_report()
    page = opened(written(folder, "hostile", page_of(report)))
    page.evaluate("window.hacked = 0")
    ids = [report.articles.ids[i] for i in range(len(report.articles))]

    go(page, "view=findings")
    for i in range(len(report.findings)):
        go(page, "view=findings")
        page.evaluate("i => window.scrollTo(0, 60 * i)", i)
        row = page.locator(f".rows .row[aria-rowindex='{i + 2}']")
        row.locator(".fold").click()
        page.wait_for_selector(".members")
        row.locator(".fold").click()
        row.locator("a.excerpt").click()
        page.wait_for_selector("#finding .side")
    for id_ in ids:
        page.evaluate("id => { location.hash = new URLSearchParams({view: 'article', article: id}); }", id_)
        page.wait_for_selector("#article .card")
        assert "No such article" not in page.inner_text("#article-title")
    shown = page.inner_text("#article")
    go(page, "view=articles")
    page.wait_for_timeout(200)

    assert HOSTILE[-1] in shown
    assert 0 == page.evaluate("window.hacked")
    schemes = page.evaluate("[...document.querySelectorAll('a')].map(one => one.protocol)")
    assert set(schemes) <= {"file:", "http:", "https:"}
    attributes = page.evaluate("[...document.querySelectorAll('main *')].flatMap(one => one.getAttributeNames())")
    assert [] == [name for name in attributes if name.startswith("on")]
    assert not page.evaluate("/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.querySelector('main').innerText)")


def test_the_policy_stops_what_is_put_in(browser, folder, seeds_page):
    """A script, a handler and a picture that get into the page all the same are refused by its policy."""
    page = browser.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(seeds_page)
    page.wait_for_selector("html[data-ready]")

    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.hacked = 1";
            document.body.append(script);
            const box = document.createElement("div");
            box.innerHTML = "<p onclick='window.hacked = 1'>x</p><img src='https://example.org/x.png'>";
            document.body.append(box);
            box.firstChild.click();
        }"""
    )
    page.wait_for_timeout(100)

    assert page.evaluate("window.hacked") is None
    assert 3 == sum("Content Security Policy" in text for text in refused)
    page.close()


def test_text_of_any_script_is_shown_in_its_direction(opened, folder):
    """Hebrew runs from right to left; Chinese and astral characters are marked where they differ."""
    report = scripts_report()
    page = opened(written(folder, "scripts", page_of(report)))
    differing = {}
    for finding in report_findings(report):
        go(page, "view=findings")
        page.locator(f".rows .row[aria-rowindex='{finding.number + 1}'] a.excerpt").click()
        page.wait_for_selector("#finding ins")
        direction = page.locator("#finding .text").first.evaluate("one => getComputedStyle(one).direction")
        differing[finding.places[0].id] = (direction, "".join(page.locator("#finding .side ins").all_inner_texts()))
        go(page, "view=article&article=" + finding.places[0].id)
        page.wait_for_selector("#article mark")
        marked = page.locator("#article mark").evaluate_all("all => all.map(one => one.lastChild.data)")
        assert [place.text for place in finding.places] == marked

    assert {"0": ("rtl", "שבת"), "1": ("ltr", "六"), "2": ("ltr", "Sunday")} == differing


def test_a_browser_that_cannot_unpack_is_told_so(browser, seeds_page):
    """Without DecompressionStream the overview is there, and a sentence that says what to do."""
    page = browser.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(seeds_page)

    assert "no DecompressionStream" in page.inner_text("#trouble")
    assert "of this feed is said again" in page.inner_text("h1")
    page.close()


def test_a_page_of_a_gate_filters_by_rule_and_baseline(opened, folder, seeds):
    """With a verdict, findings are filtered by rule and by whether they are new."""
    known = judge(seeds, GateParams()).found
    path = folder / "baseline.jsonl"
    write_baseline(path, {key: entry for key, entry in known.items() if key[0] != "D101"})
    judgement = judge(seeds, GateParams(), baseline=read_baseline(path))
    page = opened(written(folder, "gate", page_of(seeds, judgement)))

    assert "Gate failed" == page.inner_text("#gate-title")
    page.get_by_role("link", name="new", exact=True).click()
    page.wait_for_selector("#findings .row a.excerpt")
    new = column(page, "text")
    page.get_by_label("Against the baseline").select_option("")
    page.get_by_label("Rule").select_option("D101")
    assert new == column(page, "text")
    assert 3 == len(new)
    assert all("D101 new" in text for text in new)


def test_what_an_archive_of_hashes_has_is_told_and_not_shown(opened, folder):
    """Two places without a text, beside the first that has one; the article of one says why it is not there."""
    line = "The committee said on Friday that the new bridge over the Tarn will open in spring, two years late."
    old = [{"id": name, "text": f"{line}\n\nNothing else of {name} is said again."} for name in ("a", "b")]
    with dedup.Index.create(folder / "hashes.db", store="hashes", jobs=1) as index:
        index.add(old)
        report = index.check([{"id": "c", "text": line}])
    page = opened(written(folder, "hashes", page_of(report)))

    assert "hashes.db keeps hashes of words" in page.inner_text(".view:not([hidden])")
    page.get_by_role("link", name="Findings").first.click()
    page.locator(".rows .row a.excerpt").first.click()
    page.wait_for_selector(".side")
    sides = page.locator(".side").all_inner_texts()
    assert 3 == len(sides)
    assert ["not kept in the archive" in side for side in sides] == [True, True, False]
    assert line in sides[2]
    page.locator(".side a").first.click()
    page.locator(".note", has_text="The archive keeps hashes, and not this text; 1 mark").wait_for()
