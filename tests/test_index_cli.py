"""``dedup index`` and the gate against an archive: what they print, and that it is what feeds give."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

import dedup
from dedup.cli import main
from dedup.gate.check import judge
from dedup.gate.model import Violation
from dedup.gate.params import gate_params
from tests.strategies import made_feed, paragraph

SCHEMA = Path(__file__).parent.parent / "dedup" / "reports" / "report.schema.json"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture
def feeds(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return a feed, another one that repeats something of it, and an archive of the first."""
    records = [
        {**one, "date": f"2026-01-{number:02}"} for number, one in enumerate(made_feed(random.Random(11), 14), 1)
    ]
    old, new, archive = tmp_path / "old.jsonl", tmp_path / "new.jsonl", tmp_path / "archive.db"
    for path, part in ((old, records[:10]), (new, records[10:])):
        path.write_text("".join(json.dumps(one) + "\n" for one in part), encoding="utf-8")
    assert run("index", "create", "--index", archive).exit_code == 0
    assert run("index", "add", old, "--index", archive).output.endswith("10 articles added\n")
    return old, new, archive


def violations(result: Result) -> list[tuple[object, ...]]:
    return [
        (one["code"], one["where"]["article_id"], one["fingerprint"], [other["article_id"] for other in one["others"]])
        for one in json.loads(result.output)["violations"]
    ]


def test_the_gate_against_an_archive_is_the_gate_against_its_feed(feeds: tuple[Path, Path, Path]):
    """Codes, places, fingerprints and the other copies; an archive is told by its content."""
    old, new, archive = feeds
    options = ("--format", "json", "--candidates", "lsh", "--rule", "D201=error:9", "-q")

    by_feed = run("check", new, "--against", old, *options)
    by_archive = run("check", new, "--against", archive, *options)

    assert 1 == by_feed.exit_code == by_archive.exit_code
    assert len(violations(by_feed)) > 0
    assert violations(by_feed) == violations(by_archive)


def test_the_gate_counts_copies_that_the_report_does_not_show(tmp_path: Path):
    """Of more than 32 copies the earliest are shown; the share of a notice and the other copies are of all."""
    notice = "This page is free to read because its members pay for it; write to the desk about an error in it."
    line = "The committee said on Friday that the new bridge over the Tarn will open in spring, two years late."
    texts = [paragraph(random.Random(i), 4) for i in range(142)]
    notices = [{"id": f"n{i}", "date": i, "source": "North", "text": f"{texts[i]}\n\n{notice}"} for i in range(61)]
    stories = [{"id": f"s{i}", "date": i, "source": f"s{i}", "text": f"{texts[i]}\n\n{line}"} for i in range(61, 142)]
    new = [notices[-1], stories[-1]]
    with dedup.Index.create(tmp_path / "archive.db", jobs=1) as index:
        index.add(notices[:-1] + stories[:-1])
        report = index.check(new)

    def found(code: str, level: tuple[str, float]) -> list[Violation]:
        judgement = judge(report, gate_params({"rules": {code: {"level": level[0], "limit": level[1]}}}))
        return [one for one in judgement.verdict.violations if one.code == code and not one.suppressed]

    few, many, reuse = found("D301", ("error", 0.5)), found("D301", ("error", 0.4)), found("D201", ("error", 9))

    assert [] == few
    assert 1 == len(many)
    assert "stands in 61 of 142 articles (43%)" in many[0].message
    assert {80} == {one.n_others for one in reuse}
    assert all("and 31 more places, in 48 more articles of the archive" in one.message for one in reuse)


def test_check_writes_a_report_and_formats_of_the_gate(feeds: tuple[Path, Path, Path], tmp_path: Path):
    """JSON by the published schema, with the archive; the summary counts the new articles alone."""
    _, new, archive = feeds
    out = tmp_path / "report.json"

    result = run("index", "check", new, "--index", archive, "--format", f"json:{out}", "--format", "text", "--format",
                 f"sarif:{tmp_path / 'report.sarif'}")  # fmt: skip

    report = json.loads(out.read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert 0 == result.exit_code
    assert {"name": str(archive), "articles": 10} == report["archive"]
    assert (4, 1) == (report["summary"]["articles"], report["summary"]["files"])
    assert any(one.get("archived") for one in report["articles"])
    assert "checked against 10 articles" in result.output
    assert "in the archive" in result.output
    assert json.loads((tmp_path / "report.sarif").read_text(encoding="utf-8"))["runs"]


def test_what_is_exported_is_what_was_added(feeds: tuple[Path, Path, Path], tmp_path: Path):
    """A second archive of the export holds as much, and removing and expiring say how many went."""
    _, new, archive = feeds
    exported, other = tmp_path / "exported.jsonl", tmp_path / "other.db"

    run("index", "export", "--index", archive, "-o", exported)
    run("index", "create", "--index", other)
    run("index", "add", exported, "--index", other)
    one, two = (
        json.loads(run("index", "info", "--index", path, "--format", "json").output) for path in (archive, other)
    )
    removed = run("index", "expire", "--before", "2026-01-04", "--index", other)

    assert [one[name] for name in ("articles", "segments", "documents", "words", "settings")] == [
        two[name] for name in ("articles", "segments", "documents", "words", "settings")
    ]
    assert removed.output.endswith("3 articles removed\n")
    assert run("index", "compact", "--index", other).exit_code == 0
    assert run("index", "verify", "--index", other).output.endswith("nothing is wrong\n")
    assert run("index", "check", new, "--index", other, "--num-perm", 64).exit_code == 2
