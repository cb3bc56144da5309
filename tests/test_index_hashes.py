"""An archive of hashes: what it finds is what an archive of texts finds, and every output says what it cannot show."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

import dedup
from dedup.cli import main
from dedup.errors import ConfigError, DedupError
from dedup.gate.check import judge
from dedup.gate.params import gate_params
from dedup.reports import view
from tests import redis_server
from tests.strategies import made_feed

SCHEMA = json.loads((Path(view.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
SEEDS = Path(__file__).parent.parent / "seeds" / "feed.jsonl"
NEW = 6

Feed = tuple[Path, Path, list[str]]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture(scope="module", params=["seeds", "made"])
def feed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """Return a folder with an archive of each kind of some records, the others, and runs of words of the former."""
    folder = tmp_path_factory.mktemp("hashes")
    if request.param == "seeds":
        records = [json.loads(line) for line in SEEDS.read_text(encoding="utf-8").splitlines()]
        random.Random(1).shuffle(records)
    else:
        records = made_feed(random.Random(21), 20)
    old, new = folder / "old.jsonl", folder / "new.jsonl"
    for path, part in ((old, records[:-NEW]), (new, records[-NEW:])):
        path.write_text("".join(json.dumps(one) + "\n" for one in part), encoding="utf-8")
    for store in ("text", "hashes"):
        archive = folder / f"{store}.db"
        assert 0 == run("index", "create", "--index", archive, "--store", store).exit_code
        assert 0 == run("index", "add", old, "--index", archive, "-q").exit_code
    texts = [str(one["text"]).split() for one in records[:-NEW]]
    return folder, new, sorted({" ".join(words[i : i + 5]) for words in texts for i in range(len(words) - 4)})


def without_texts(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without what an archive of hashes cannot show."""
    archived = {one["article"] for one in report["articles"] if one.get("archived")}
    report["archive"] = report["archive"]["articles"]
    for one in report["articles"]:
        if one["article"] in archived:
            one.pop("title", None)
    segments = report["segments"]
    segments.pop("text_not_kept", None)
    segments["text"] = [
        "" if article in archived else text for article, text in zip(segments["article"], segments["text"], strict=True)
    ]
    for finding in report["findings"]:
        for place in finding["places"]:
            for name in ("text", "text_cut", "text_kept"):
                place.pop(name, None)
    return report


def test_the_report_is_that_of_an_archive_of_texts(feed: Feed):
    """Findings, scores, places with lines and characters, pairs, relations and shares, to the last digit."""
    folder, new, _ = feed
    found = []
    for store in ("text", "hashes"):
        result = run("index", "check", new, "--index", folder / f"{store}.db", "--format", "json", "-q")
        found.append(json.loads(result.output))

    jsonschema.Draft202012Validator(SCHEMA).validate(found[1])
    assert "hashes" == found[1]["archive"]["store"]
    assert len(found[0]["findings"]) > 0
    untold = [place for one in found[1]["findings"] for place in one["places"] if place.get("text_kept") is False]
    assert len(untold) > 0
    assert not any("text" in place for place in untold)
    assert all(any("text" in place for place in one["places"]) for one in found[1]["findings"])
    assert without_texts(found[0]) == without_texts(found[1])


def test_the_gate_is_that_of_an_archive_of_texts(feed: Feed):
    """Rules, places and fingerprints; the verdict says what cannot be shown."""
    folder, new, _ = feed
    verdicts = []
    for store in ("text", "hashes"):
        options = ("--against", folder / f"{store}.db", "--format", "json", "--rule", "D201=error:9", "-q")
        verdicts.append(json.loads(run("check", new, *options).output))

    told = [
        [
            (one["code"], one["where"], one["fingerprint"], one["cosine"], [other["line"] for other in one["others"]])
            for one in verdict["violations"]
        ]
        for verdict in verdicts
    ]
    assert len(told[0]) > 0
    assert told[0] == told[1]
    assert [] == [line for line in verdicts[0]["notices"] if "hashes" in line]
    assert 1 == sum("hashes.db keeps hashes of words" in line for line in verdicts[1]["notices"])


def test_a_baseline_and_ignores_are_those_of_an_archive_of_texts(feed: Feed):
    """Entries and what they know, each with words to read; an ignore by text reaches places without one."""
    folder, new, _ = feed
    records = [json.loads(line) for line in (folder / "old.jsonl").read_text(encoding="utf-8").splitlines()]
    ignored = [{"text": part, "reason": "known"} for part in str(records[0]["text"]).split("\n\n")]
    params = gate_params({"ignores": ignored, "rules": {"D201": {"level": "error", "limit": 9}}})
    found = []
    for store in ("text", "hashes"):
        with dedup.Index.open(folder / f"{store}.db", writable=False, jobs=1) as index:
            report = index.check(dedup.read_feeds([str(new)]))
        assert report.archive is not None
        found.append(judge(report, params, judged=~report.archive.articles))

    entries = [{key: replace(entry, text="") for key, entry in one.found.items()} for one in found]
    verdicts = [[(one.fingerprint, one.suppressed) for one in judgement.verdict.violations] for judgement in found]
    assert entries[0] == entries[1]
    assert verdicts[0] == verdicts[1]
    assert all(entry.text for entry in found[1].found.values())


@pytest.mark.parametrize("form", ["text", "html", "sarif", "junit", "gitlab", "markdown", "github", "csv"])
def test_every_output_says_so_and_quotes_nothing_empty(feed: Feed, form: str):
    """A line for the archive where the format has room for one; no words that only the archive's texts have."""
    folder, new, phrases = feed

    result = run("index", "check", new, "--index", folder / "hashes.db", "--format", form, "-q", "--top", "0")

    assert 0 == result.exit_code, result.output
    if form not in ("gitlab", "csv"):  # tables of violations alone
        assert "keeps hashes of words" in " ".join(result.output.split())
    assert '""' not in result.output or form in ("html", "sarif", "junit", "gitlab", "csv")  # attributes and strings
    own = " ".join(" ".join(json.loads(line)["text"] for line in new.read_text(encoding="utf-8").splitlines()).split())
    said = " ".join(result.output.split())
    if form != "html":  # packed
        assert [] == [phrase for phrase in phrases if phrase not in own and phrase in said]


def test_the_first_text_that_is_there_is_shown(feed: Feed):
    """Each finding has a new article in it, whose words stand for those of the archive."""
    folder, new, _ = feed
    report = json.loads(run("index", "check", new, "--index", folder / "hashes.db", "--format", "json", "-q").output)
    with dedup.Index.open(folder / "hashes.db", writable=False, jobs=1) as index:
        found = index.check(dedup.read_feeds([str(new)]))

    for finding, one in zip(view.report_findings(found, texts="all"), report["findings"], strict=True):
        assert finding.told.text is not None
        assert finding.told.text.strip()
        assert not finding.places[0].text_kept or "text" in one["places"][0]


def test_other_thresholds_go_by_the_scores_of_what_has_no_text(feed: Feed, tmp_path: Path):
    """A saved report at another cosine: what stays is what stays with texts, but for runs of words; a line says so."""
    folder, new, _ = feed
    stay = {}
    for store in ("text", "hashes"):
        saved = tmp_path / f"{store}.json"
        run("index", "check", new, "--index", folder / f"{store}.db", "--format", f"json:{saved}", "-q")
        found = json.loads(run("report", "--from", saved, "--min-cosine", "0.9", "--format", "json").output)
        stay[store] = {(one["number"], *place["bytes"]) for one in found["findings"] for place in one["places"]}

    result = run("report", "--from", tmp_path / "hashes.json", "--min-cosine", "0.9", "--top", "0")

    assert 0 == result.exit_code, result.output
    assert stay["hashes"] <= stay["text"]
    assert "The archive keeps hashes: its places stay by their scores alone" in result.output
    assert "(its text is not kept in the archive)" in result.output


def test_what_is_kept_holds_no_word(feed: Feed):
    """The file has neither a title nor a run of words of a text; the settings say what it keeps."""
    folder, _, phrases = feed
    with dedup.Index.open(folder / "hashes.db", writable=False, jobs=1) as index:
        numbers = index.store.heads().numbers
        kept = index.store.read(numbers)
        problems = index.verify()

    assert kept.text.tobytes().decode().replace("\U000e0020", "").isspace()
    assert [] == problems
    content = (folder / "hashes.db").read_bytes().lower()
    assert [] == [phrase for phrase in phrases if phrase.encode().lower() in content]
    assert 'store = "hashes"' in run("index", "info", "--index", folder / "hashes.db").output
    assert 'store = "text"' in run("index", "info", "--index", folder / "text.db").output
    said = run("index", "verify", "--index", folder / "hashes.db").output
    assert "nothing is wrong; it keeps hashes: whether they are those of the texts that were added" in said


def test_export_is_refused_in_a_line(feed: Feed, tmp_path: Path):
    """No file is left, and the remedy is told."""
    folder, _, _ = feed

    result = run("index", "export", "--index", folder / "hashes.db", "-o", tmp_path / "out.jsonl")

    assert 2 == result.exit_code
    assert (
        "keeps hashes and no text, so that there is nothing to export; to make it anew, add the feeds" in result.output
    )
    assert [] == list(tmp_path.iterdir())


def test_shingles_of_characters_are_refused_by_name(tmp_path: Path):
    """Both settings, and the remedy; nothing is made."""
    path = tmp_path / "a.db"

    with pytest.raises(ConfigError, match="shingle is 'char' and store is 'hashes', which keeps hashes of words"):
        dedup.Index.create(path, dedup.load_config({"shingle": "char"}), store="hashes")
    with pytest.raises(DedupError, match="it keeps 'nothing', this version of dedup knows text and hashes"):
        dedup.Index.create(path, store="nothing")  # type: ignore[arg-type]

    assert [] == list(tmp_path.iterdir())


def test_removing_and_compacting_go_by_the_hashes(tmp_path: Path):
    """What is left is found with the scores of an archive that never had the rest, on each kind of store."""
    records = made_feed(random.Random(8), 16)
    with redis_server.running(tmp_path) as address:
        for place in (tmp_path / "a.db", f"{address}?name=hashes"):
            with dedup.Index.create(place, store="hashes", jobs=1) as index:
                index.add(records[:12])
                index.remove([str(one["id"]) for one in records[:5]])
                index.compact()
                problems = index.verify()
                found = index.check(records[12:])
            expected = dedup.scan(dedup.articles_of(records[5:]), dedup.load_config({"candidates": "lsh"}), jobs=1)
            ids = {one["id"] for one in records[12:]}
            redundancy = dict(zip(expected.articles.ids, expected.repeated, strict=True))

            assert [] == problems
            assert {name: redundancy[name] for name in ids} == {
                name: value for name, value in zip(found.articles.ids, found.repeated, strict=True) if name in ids
            }


def test_damaged_hashes_are_told(feed: Feed, tmp_path: Path):
    """A byte of what is kept of an article has changed: one line."""
    import sqlite3

    folder, new, _ = feed
    path = tmp_path / "damaged.db"
    path.write_bytes((folder / "hashes.db").read_bytes())
    with sqlite3.connect(path) as db:
        for number, data in db.execute("SELECT id, data FROM texts").fetchall():
            middle = len(data) // 2
            changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            db.execute("UPDATE texts SET data = ? WHERE id = ?", (changed, number))
    db.close()

    result = run("index", "check", new, "--index", path, "-q")

    assert 2 == result.exit_code
    assert 1 == len(result.output.strip().splitlines())
    assert "damaged" in result.output
