"""Reports say what was found, exactly, harmlessly, and the same every time."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.model import Kind, Level, Relation, Search, Skip
from dedup.reports import FORMATS, KINDS, Options, view
from dedup.reports.json import RELATIONS
from dedup.reports.terminal import Piece, display_width, escape, wrap
from dedup.reports.view import report_findings
from dedup.reports.words import compare, split_words
from tests.report_factory import BRIDGE, NOTICE, Article, Finding, Place, every_kind, make_report

SCHEMA = json.loads((Path(view.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))


def text_of(report, **options) -> str:
    stream = StringIO()
    FORMATS["text"](report, stream, Options(**options))
    return stream.getvalue()


def json_of(report, **options) -> dict:
    stream = StringIO()
    FORMATS["json"](report, stream, Options(**options))
    document = json.loads(stream.getvalue())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def self_repeat(text: str, other: str, **article) -> object:
    """Return a report of one article in which ``other`` repeats ``text``."""
    body = f"{text}\n\n{other}"
    places = [Place(0, text), Place(0, other, 0.7, 0.8, 0.9, nth=int(text == other))]
    return make_report([Article(body, **article)], [Finding(Kind.SELF, Level.PARAGRAPH, places, exact=text == other)])


# --- the view


def test_kinds_are_the_names_of_the_model():
    """Reports and flags name the kinds and relations that the model has, in its order."""
    assert tuple(kind.name.lower().replace("_", "-") for kind in Kind) == KINDS
    assert [kind.value for kind in Kind] == list(range(1, len(KINDS) + 1))
    assert len(Relation) == len(RELATIONS)
    assert set(view.LEVELS.values()) == set(SCHEMA["$defs"]["finding"]["properties"]["level"]["enum"])


@pytest.mark.parametrize("chunk", [1, 3, 8192])
def test_findings_carry_the_text_of_their_places(monkeypatch, chunk):
    """Each place has the text that its spans cut out of the title or body, in bytes and in characters."""
    monkeypatch.setattr(view, "_CHUNK_PLACES", chunk)
    report = every_kind()

    findings = list(report_findings(report))

    assert [finding.number for finding in findings] == [1, 2, 3, 4, 5, 6, 7]
    assert np.diff(report.findings.offsets).tolist() == [len(finding.places) for finding in findings]
    for place in (place for finding in findings for place in finding.places):
        part = report.articles.title(place.article) if place.part == "title" else report.articles.body(place.article)
        assert part[slice(*place.character_span)] == place.text
        assert part.encode()[slice(*place.byte_span)].decode() == place.text


def test_kinds_and_top_choose_findings_without_renumbering_them():
    """A filtered list has the heaviest of the kinds asked for, under their numbers in the full list."""
    report = every_kind()

    assert [finding.number for finding in report_findings(report, ["self"])] == [5, 6]
    assert [finding.number for finding in report_findings(report, ["reuse"], top=1)] == [3]
    assert [finding["number"] for finding in json_of(report, kinds=("reuse",), top=1)["findings"]] == [3]


def test_options_refuse_an_unknown_kind():
    """A kind that does not exist is an error that names those that do."""
    with pytest.raises(ValueError, match="allowed: self, reuse, boilerplate, near-duplicate, contained"):
        Options(kinds=("twin",))


# --- text


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("report.txt", {}),
        ("report_verbose_wide.txt", {"verbose": True, "width": 110}),
        ("report_top.txt", {"top": 2, "kinds": ("self", "reuse")}),
        ("report_color.txt", {"color": True, "kinds": ("self",)}),
    ],
)
def test_text_is_as_reviewed(check_golden, name, options):
    """The text of a report of every kind is the golden file's, to the byte."""
    check_golden(name, text_of(every_kind(), **options))


def test_an_empty_text_report_says_that_nothing_is_said_twice(check_golden):
    """Without findings the report says so, and what was searched, and lists nothing."""
    report = make_report([Article(BRIDGE, source="Valley Herald")], [])

    check_golden("report_empty.txt", text_of(report))


def test_colour_changes_nothing_but_colour():
    """Without its colour codes, a coloured report is the plain one."""
    assert text_of(every_kind()) == re.sub("\x1b\\[\\d*m", "", text_of(every_kind(), color=True))


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J\x1b[31m", "\x9b31m", "\u202e", "\u2067", "\x07\x08", "\ufeff\u200f", "\U000e0041"]
)
def test_nothing_in_an_article_can_steer_the_terminal(hostile):
    """Control characters and direction marks in texts, titles, sources, ids and paths are shown as escapes."""
    place_text = f"{BRIDGE} {hostile} end"
    article = Article(
        f"{place_text}\n{BRIDGE} {hostile}s end",
        f"title{hostile}",
        f"path{hostile}.jsonl",
        1,
        f"id{hostile}",
        f"source{hostile}",
    )
    report = make_report(
        [article],
        [Finding(Kind.SELF, 0, [Place(0, place_text), Place(0, f"{BRIDGE} {hostile}s end", 0.9)])],
        skips=(Skip(f"other{hostile}", 1, f"reason{hostile}"),),
    )

    text = text_of(report, verbose=True, color=False)

    assert {char for char in hostile if not char.isprintable()} & set(text) == set()
    assert "".join(sorted({char for char in text if not char.isprintable()})) == "\n"
    assert text.count(escape(hostile[0])) >= 8


@settings(deadline=None, max_examples=100)
@given(st.text(), st.integers(20, 60))
def test_any_text_is_shown_harmlessly_within_the_width(text, width):
    """Whatever two texts are, the difference shown has no control characters, and no line is wider than asked."""
    lines = list(wrap(compare(text, text[::-1] + " x").pieces, width, "  ", "    ", color=False))

    assert [line for line in lines if display_width(line) > width] == []
    assert [char for line in lines for char in line if escape(char) != char] == []


def test_wrapping_breaks_scripts_without_spaces_anywhere_and_others_at_spaces():
    """Wide characters count two columns; a word that fits on a line is not cut."""
    assert list(wrap([Piece("橋" * 7)], 11, "", " ")) == ["橋橋橋橋橋", " 橋橋"]
    assert list(wrap([Piece("alpha"), Piece("beta"), Piece("gamma")], 13, "- ", "  ")) == ["- alpha beta", "  gamma"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(["kim", "rose", "3.1", "9.7", "the", "bridge", ",", "."]), max_size=30), st.data())
def test_the_marks_tell_both_texts(left_words, data):
    """Without what is marked as added the difference is the left text, without the removed the right one."""
    right_words = data.draw(st.permutations(left_words))[: data.draw(st.integers(0, len(left_words)))]
    left, right = " ".join(left_words), " ".join(right_words)
    shown = "".join(piece.text + " " * piece.space for piece in _compare_all(left, right).pieces)

    without_added = re.sub(r"\{\+.*?\+\}", " ", shown).replace("[-", " ").replace("-]", " ")
    without_removed = re.sub(r"\[-.*?-\]", " ", shown).replace("{+", " ").replace("+}", " ")

    assert [word.text for word in split_words(left)] == [word.text for word in split_words(without_added)]
    assert [word.text for word in split_words(right)] == [word.text for word in split_words(without_removed)]


def _compare_all(left: str, right: str):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dedup.reports.words._MIN_HIDDEN", 10**6)
        return compare(left, right)


def test_changed_numbers_are_set_apart():
    """A number that stands in the place of another is named, with what it was."""
    text = text_of(self_repeat("Prices rose 3.1% in the valley.", "Prices rose 9.7% in the valley."))

    assert "rose [-3.1-]{+9.7+}% in" in text
    assert "numbers changed: 3.1 -> 9.7\n" in text


def test_quotes_dashes_and_case_are_no_difference():
    """What the tokens do not tell apart is not marked as changed."""
    assert compare("“Don't” – he said", '"don’t" - HE said').changes == 0


def test_long_equal_stretches_are_shortened_and_every_change_is_shown():
    """The changes of a long text stand out with the words beside them, at both ends and in the middle."""
    left = "start " + " ".join(f"w{i}" for i in range(100)) + " end"
    right = left.replace("start", "begin").replace("w50", "x50").replace("end", "close")

    text = "".join(piece.text + " " * piece.space for piece in compare(left, right).pieces)

    assert text == (
        "[-start-]{+begin+} w0 w1 w2 w3 w4 w5 w6 … w43 w44 w45 w46 w47 w48 w49 [-w50-]{+x50+} "
        "w51 w52 w53 w54 w55 w56 w57 … w93 w94 w95 w96 w97 w98 w99 [-end-]{+close+}"
    )


def test_many_changes_are_cut_and_counted():
    """A text with too many changes to show says how many are not shown."""
    left = " ".join(f"same a{i}" for i in range(300))

    difference = compare(left, left.replace(" a", " b"))

    assert difference.hidden > 0
    assert difference.changes - difference.hidden == sum(piece.text.startswith("[-") for piece in difference.pieces)


def test_no_color_and_the_flag(monkeypatch):
    """A terminal gets colour unless NO_COLOR is set; the flag wins over both."""

    class Terminal(StringIO):
        def isatty(self):
            return True

    def escapes(**options):
        stream = Terminal()
        FORMATS["text"](self_repeat(BRIDGE, BRIDGE), stream, Options(**options))
        return "\x1b[" in stream.getvalue()

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert escapes()
    assert not escapes(color=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not escapes()
    assert escapes(color=True)


def test_records_that_are_no_lines_are_not_shown_as_lines():
    """Only in JSON Lines and on standard input is the number of a record a line that an editor can go to."""
    shown = {
        path: text_of(self_repeat(BRIDGE, BRIDGE, path=path, record=12, id="a")) for path in ("f.jsonl", "-", "f.json")
    }

    assert "\n   f.jsonl:12 (a, line 1 of the text)\n" in shown["f.jsonl"]
    assert "\n   -:12 (a, line 1 of the text)\n" in shown["-"]
    assert "\n   f.json (record 12, a, line 1 of the text)\n" in shown["f.json"]


def test_thinned_buckets_are_told():
    """Where pairs may be missing, the report says how many segments that concerns, with the exact join too."""
    report = make_report([Article(BRIDGE)], [], search=Search("exact", 0.5, 1.0, 0, 0, 31, 12, 3, 40))

    told = " ".join(text_of(report).split())

    assert "but for 3 over-full buckets that were thinned: pairs may be missing for 40 segments" in told


# --- JSON


def test_json_is_as_reviewed_and_as_the_schema_says(check_golden, monkeypatch):
    """The document of a report of every kind is the golden file's, to the byte, and valid."""
    monkeypatch.setattr("dedup.reports.json.__version__", "0.0.0")
    stream = StringIO()
    FORMATS["json"](every_kind(), stream)

    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(stream.getvalue()))
    check_golden("report.json", stream.getvalue())


def test_json_has_a_finding_a_line():
    """Each finding is one line that is JSON by itself, so that a report can be searched and compared by lines."""
    stream = StringIO()
    FORMATS["json"](every_kind(), stream)
    lines = stream.getvalue().splitlines()

    entries = [json.loads(line.rstrip(",")) for line in lines[lines.index('"findings":[') + 1 : -1]]

    assert json.loads(stream.getvalue())["findings"] == entries


def test_an_empty_json_report_is_valid():
    """Nothing found is a document with empty lists."""
    document = json_of(make_report([Article(BRIDGE)], []))

    assert (document["findings"], document["articles"], document["relations"]) == ([], [], [])


def test_json_is_utf8_whatever_the_stream_and_the_input_are():
    """A Latin-1 stream gets UTF-8; invalid bytes in texts and lone surrogates in paths become U+FFFD."""
    body = b"caf\xe9 line that is long enough\n\ncaf\xe9 line that is long enough"
    report = make_report(
        [Article(body, "é", "dir\udcff/f.jsonl")],
        [Finding(Kind.SELF, 0, [Place(0, body[:29]), Place(0, body[:29], nth=1)])],
        skips=(Skip("a\udcff", 1, "b"),),
    )
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="latin-1")

    FORMATS["json"](report, stream, Options())
    stream.flush()
    document = json.loads(raw.getvalue().decode("utf-8"))

    place = document["findings"][0]["places"][0]
    assert (
        place["path"],
        place["text"],
        place["bytes"],
        place["characters"],
    ) == ("dir\ufffd/f.jsonl", "caf\ufffd line that is long enough", [0, 29], [0, 29])
    assert document["skips"][0]["path"] == "a\ufffd"


def test_json_gives_texts_that_differ_up_to_a_limit(monkeypatch):
    """A place has a text if it is the first or differs from it, so many at most, each cut to so many characters."""
    monkeypatch.setattr(view, "MAX_TEXTS", 2)
    monkeypatch.setattr(view, "MAX_TEXT_CHARACTERS", 80)
    texts = [NOTICE, NOTICE, NOTICE.upper(), NOTICE + "é" * 20, NOTICE + "!"]
    report = make_report(
        [Article(text, record=i) for i, text in enumerate(texts, 1)],
        [Finding(Kind.BOILERPLATE, Level.PARAGRAPH, [Place(i) for i in range(len(texts))])],
    )

    places = json_of(report)["findings"][0]["places"]

    assert [NOTICE, None, NOTICE.upper(), (NOTICE + "é" * 20)[:80], None] == [place.get("text") for place in places]
    assert [place.get("text_cut", False) for place in places] == [False, False, False, True, False]


def test_json_names_every_article_that_it_points_to():
    """Every article of a finding or relation is in ``articles``, with what it repeats of others."""
    document = json_of(every_kind())

    known = {article["article"] for article in document["articles"]}
    pointed = {place["article"] for finding in document["findings"] for place in finding["places"]}
    pointed |= {relation[side] for relation in document["relations"] for side in ("left", "right")}

    assert pointed <= known
    assert all(abs(article["redundancy"] + article["novelty"] - 1) < 1e-6 for article in document["articles"])


def test_times_are_in_json_on_request_only():
    """Equal runs give equal bytes: seconds are written with ``verbose`` only."""
    report = every_kind()

    assert "seconds" not in json_of(report)
    assert json_of(report, verbose=True)["seconds"] == {"read": 0.25, "score": 1.5}


def test_a_date_out_of_the_calendar_is_a_date_still():
    """Dates beyond four digits of year are written and break nothing."""
    report = self_repeat(BRIDGE, BRIDGE)
    report.articles = replace(report.articles, dates=np.array([10**12], np.int64))

    assert json_of(report)["articles"][0]["date"] == "33658-09-27T01:46:40Z"
    assert "33658-09-27" in text_of(report)
