"""Pictures of an overview and badges: well-formed, with the figures of the report, drawn and measured."""

from __future__ import annotations

import json
import shutil
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import dedup
from dedup.errors import ConfigError
from dedup.model import NO_DATE
from dedup.reports import FORMATS, badge, overview
from dedup.reports.view import summarize
from tests.page_factory import hostile_report
from tests.report_factory import Article, every_kind, make_report

SVG = "{http://www.w3.org/2000/svg}"
SEEDS = Path(__file__).parent.parent / "seeds" / "feed.jsonl"


@pytest.fixture(scope="module")
def seeds():
    return dedup.scan([SEEDS])


def drawn(report, form: str) -> ElementTree.Element:
    stream = StringIO()
    FORMATS[form](report, stream)
    return ElementTree.fromstring(stream.getvalue())


def test_the_bar_has_the_shares_of_the_report(seeds):
    """Each part of the bar is as wide as its share of all words, and all parts fill it."""
    root = drawn(seeds, "svg")
    summary = summarize(seeds)
    bar = root.findall(f"{SVG}g")[0]

    widths = {part.get("class"): float(part.get("width")) for part in bar if part.get("class") != "over"}

    expected = {f"k-{kind}": words / summary.tokens for kind, words in summary.repeated_by_kind.items()}
    expected["k-new"] = 1 - summary.redundancy
    assert expected == pytest.approx({name: width / 920 for name, width in widths.items()}, abs=1e-3)
    assert any(text.text == "22.3% of this feed is said again" for text in root.iter(f"{SVG}text"))


def test_a_time_line_has_all_dated_articles_in_bars_of_one_length():
    """Bars are days, weeks, months and so on, whatever is short enough; no article is lost."""
    rng = np.random.default_rng(4)
    for days, unit in ((2, "hour"), (40, "day"), (300, "week"), (1500, "month"), (5000, "quarter"), (9000, "year")):
        report = make_report([Article("text")] * 50, [])
        seconds = rng.integers(0, days * 86_400, 50) + int(np.datetime64("2019-12-30", "s").astype(np.int64))
        seconds[:3] = NO_DATE
        seconds[3], seconds[4] = seconds[5:].min(), seconds[5:].min() + (days - 1) * 86_400
        report.articles.dates[:] = seconds

        line = overview.time_line(report)

        assert unit == line.unit
        assert (47, 3) == (sum(line.articles), line.undated)
        starts = np.array([np.datetime64(start, "s") for start in line.starts])
        known = np.sort(seconds[3:]).astype("datetime64[s]")
        at = np.searchsorted(starts, known, "right") - 1
        assert np.bincount(at, minlength=len(starts)).tolist() == line.articles
        assert len(line.starts) <= overview.MAX_BARS


def test_the_matrix_has_who_repeats_whom(seeds):
    """Words of copies, by their source and by that of the first place, as the findings have them."""
    found = overview.matrix(seeds)
    expected: dict[tuple[str, str], int] = {}
    articles = seeds.articles
    for finding in dedup.reports.view.report_findings(seeds):
        for place in finding.places[1:] if finding.kind not in ("self", "boilerplate") else ():
            pair = articles.sources[place.article], articles.sources[finding.places[0].article]
            expected[pair] = expected.get(pair, 0) + min(place.tokens, finding.places[0].tokens)

    cells = {
        (row, column): words
        for row, of_row in zip(found.sources, found.words, strict=True)
        for column, words in zip(found.sources, of_row, strict=True)
        if words
    }

    assert expected == cells


def test_hostile_names_are_text_of_a_picture():
    """Whatever sources are called, the picture is well-formed and has no element of theirs."""
    names = {element.tag.removeprefix(SVG) for element in drawn(hostile_report(), "svg").iter()}

    assert names <= {"svg", "title", "style", "defs", "pattern", "path", "rect", "text", "g"}


def test_a_picture_can_do_without_dates_sources_and_findings():
    """An empty report has a picture too."""
    root = drawn(make_report([Article("Nothing here.")], []), "svg")

    assert "Nothing in this feed is said twice." == root.get("aria-label")


def test_a_png_has_what_the_picture_has():
    """PNG comes from the picture at twice its size, with its text drawn; a terminal gets none."""
    resvg = pytest.importorskip("resvg_py", reason="resvg is not installed")
    report = every_kind()
    stream = TextIOWrapper(BytesIO())
    try:
        FORMATS["png"](report, stream)
    except ConfigError as error:
        pytest.skip(str(error))
    image = stream.buffer.getvalue()

    root = drawn(report, "svg")
    size = int.from_bytes(image[16:20]), int.from_bytes(image[20:24])
    assert b"\x89PNG" == image[:4]
    assert (2 * int(root.get("width")), 2 * int(root.get("height"))) == size
    textless = dedup.reports.svg.picture(report).replace("<text ", "<desc ").replace("</text>", "</desc>")
    assert image != bytes(resvg.svg_to_bytes(svg_string=textless, zoom=2))
    with pytest.raises(ConfigError, match=r"name a file: -o overview\.png"):
        FORMATS["png"](report, StringIO())


def test_badge_and_endpoint_say_the_same(seeds):
    """The badge has label and share; the JSON for shields.io has them too, and the colour."""
    stream = StringIO()
    FORMATS["shields"](seeds, stream)
    root = drawn(seeds, "badge")

    endpoint = json.loads(stream.getvalue())

    assert {"schemaVersion": 1, "label": "said twice", "message": "22.3%", "color": "#a8480b"} == endpoint
    assert "said twice: 22.3%" == root.get("aria-label")
    assert [endpoint["label"], endpoint["message"]] == [text.text for text in root.iter(f"{SVG}text")]
    assert endpoint["color"] == root.findall(f"{SVG}rect")[1].get("fill")


def test_text_of_a_badge_is_as_wide_as_a_browser_finds_it():
    """The table of widths is that of the font: Chromium measures the same to a fiftieth, where the font is there."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    texts = ["said twice", "22.3%", "0.0%", "".join(map(chr, range(33, 127)))]
    with playwright.sync_playwright() as running:
        page = running.chromium.launch(executable_path=path, args=["--no-sandbox"]).new_page()
        if not page.evaluate("document.fonts.check('11px \"DejaVu Sans\"')"):
            pytest.skip("no font DejaVu Sans")
        measured = page.evaluate(
            """texts => {
                const canvas = document.createElement("canvas").getContext("2d");
                canvas.font = "1100px 'DejaVu Sans'";
                canvas.fontKerning = "none";
                return texts.map(text => canvas.measureText(text).width / 100);
            }""",
            texts,
        )

    assert measured == pytest.approx([badge.text_width(text) for text in texts], rel=0.02)
