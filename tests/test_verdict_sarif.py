"""SARIF: the schema of OASIS, as published, and what GitHub wants beyond it."""

from __future__ import annotations

import gzip
import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarif_kit.validate import validation_errors

from dedup.reports.verdict import sarif
from tests import verdict_factory as factory
from tests.verdict_factory import RULES, verdict_of, violation, written


def run_of(verdict, **options):
    log = json.loads(written(sarif.write, verdict, rules=RULES, **options))
    assert [] == validation_errors(log)
    return log["runs"][0]


@given(verdict=factory.verdicts)
def test_any_verdict_is_valid(verdict):
    """Whatever stands in the articles, the file passes the schema and holds every violation."""
    run = run_of(verdict)

    assert len(verdict.violations) == len(run["results"])


@given(verdict=factory.verdicts)
def test_what_github_reads_is_there(verdict):
    """Rules with help, one hash a result, a line, links that lead to related locations, known rule and level."""
    run = run_of(verdict)
    rules = run["tool"]["driver"]["rules"]
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]

    for rule in rules:
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert 20 >= len(rule["properties"]["tags"])
    assert len(hashes) == len(set(hashes))
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        ids = [related["id"] for related in result.get("relatedLocations", [])]
        # 3.11.6: a link is [text](id), where brackets in the text are escaped.
        assert ids == [int(number) for number in re.findall(r"(?<!\\)\]\((\d+)\)", result["message"]["text"])]
        assert 1 <= result["locations"][0]["physicalLocation"]["region"]["startLine"]
        region = result["locations"][0]["physicalLocation"]["region"]
        if "endLine" in region:
            assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


@given(text=st.one_of(st.sampled_from(factory.HOSTILE), st.text(max_size=40)))
def test_no_text_reads_as_a_link_or_turns_around(text):
    """Brackets of a message are literal, and nothing invisible is left in it."""
    run = run_of(verdict_of([violation(message=text, others=(), n_others=0)]))
    message = run["results"][0]["message"]["text"]

    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", message)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", message)


def test_paths_are_from_the_root_of_the_repository(tmp_path, monkeypatch):
    """A run in a folder of the repository names the file as git does, percent-encoded; others by a whole address."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "site" / "posts"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    names = ["a b.md", "../ü:1.md", str(folder / "x#y.md"), "/elsewhere/z.md", "-"]
    run = run_of(verdict_of([violation(n, where=factory.location(name)) for n, name in enumerate(names)]))
    found = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"]]

    assert ["site/posts/a b.md", "site/ü:1.md", "site/posts/x#y.md", "file:///elsewhere/z.md", "-"] == [
        unquote(one["uri"]) for one in found
    ]
    assert ["%SRCROOT%"] * 3 + [None] * 2 == [one.get("uriBaseId") for one in found]
    assert "site/posts/a%20b.md" == found[0]["uri"]


def test_known_and_ignored_are_suppressed_with_their_reason():
    """A suppression says by what and why."""
    known = violation(0, suppressed="baseline", reason="agreed with the agency")
    run = run_of(verdict_of([known, violation(1, suppressed="ignored"), violation(2)]))
    said = [[one["justification"] for one in result.get("suppressions", [])] for result in run["results"]]

    assert [[], ["baseline: agreed with the agency"], ["ignored"]] == said


def test_a_record_of_a_feed_has_a_line_and_no_columns():
    """Columns of a text inside a record are not columns of the file."""
    run = run_of(verdict_of([violation(where=factory.location("feed.jsonl", 12, in_file=False))]))

    assert {"startLine": 12} == run["results"][0]["locations"][0]["physicalLocation"]["region"]


def test_what_is_over_the_number_of_results_is_left_out_and_said():
    """Errors stay, suppressed ones and warnings go first, and a notification counts them."""
    verdict = verdict_of(
        [
            *factory.many_violations(3, suppressed="baseline"),
            *factory.many_violations(3, severity="warning"),
            *factory.many_violations(3),
        ]
    )
    run = run_of(verdict, max_results=4)

    assert ["error"] * 3 + ["warning"] == [result["level"] for result in run["results"]]
    assert 5 == run["properties"]["resultsLeftOut"]
    said = run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
    assert said.startswith("5 findings left out")


@pytest.mark.parametrize("limit", [20_000, 100_000])
def test_the_compressed_file_is_within_its_limit(limit):
    """However long the texts are: fewer results, never a file that is refused."""
    long = [
        violation(n, message=f"{n:x}" + "".join(chr(0x4E00 + n * i % 20_000) for i in range(990))) for n in range(400)
    ]
    data = written(sarif.write, verdict_of(long), rules=RULES, max_gzip_bytes=limit)
    run = json.loads(data)["runs"][0]

    assert limit >= len(gzip.compress(data))
    assert 0 < len(run["results"]) < 400
    assert 400 == len(run["results"]) + run["properties"]["resultsLeftOut"]


def test_limits_are_those_of_github():
    """The published numbers: 25,000 results a run, 1,000 locations a result, 10 MB compressed."""
    others = tuple(factory.location(line=n + 1) for n in range(1500))
    run = run_of(verdict_of([violation(others=others, n_others=1500)]))

    assert (25_000, 1000, 10 * 1024 * 1024) == (sarif.MAX_RESULTS, sarif.MAX_LOCATIONS, sarif.MAX_GZIP_BYTES)
    assert 1000 >= len(run["results"][0]["locations"]) + len(run["results"][0]["relatedLocations"])
