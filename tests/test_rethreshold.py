"""A report's JSON at other thresholds has the pairs of a run at these thresholds, and nearly its findings."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from referencing import Registry, Resource

from dedup import cli
from tests.site_factory import Writer

REPORTS = Path(cli.__file__).parent.parent / "reports"
SCHEMAS = {
    name: json.loads((REPORTS / name).read_text("utf-8")) for name in ("report.schema.json", "rethreshold.schema.json")
}


def run(*arguments: object):
    return CliRunner().invoke(cli.main, [str(one) for one in ("report", *arguments, "-q")], prog_name="dedup")


def document(*arguments: object):
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty articles that take a paragraph from another one and change up to six words of each sentence."""
    writer, records = Writer(11), []
    for number in range(80):
        first = [writer.sentence(40) for _ in range(2)]
        second = first
        for _ in range(number % 7):
            second = [writer.reworded(one) for one in second]
        for paragraph in (first, second):
            others = [" ".join(writer.paragraph()) for _ in range(4)]
            records.append({"text": "\n\n".join([*others[:2], " ".join(paragraph), *others[2:]])})
        if number % 8 == 0:  # inside the article too
            records[-1]["text"] += "\n\n" + " ".join(writer.reworded(one) for one in second)
    for word in ("one", "two", "three"):  # a short sentence with other words: no long run of equal tokens
        text = f"The committee said on Friday that the new bridge over the {word} Tarn will open in spring."
        records.append({"text": text + "\n\n" + " ".join(writer.paragraph())})
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.fixture(scope="module")
def saved(feed: Path) -> Path:
    path = feed.parent / "run.json"
    assert run(feed, "--format", "json", "-o", path).exit_code == 0
    return path


def places(report: dict, *, match: bool) -> set[tuple[object, ...]]:
    """Return the pairs by where both sides stand, and their scores; of a run, or at other thresholds."""
    segments, pairs = report["segments"], report["pairs"]
    if isinstance(pairs, dict):
        columns = (segments[name] for name in ("article", "start_byte", "end_byte", "text"))
        sides = list(zip(*columns, strict=True))
        scored = list(zip(*(pairs[name] for name in ("left", "right", "jaccard", "cosine", "shared")), strict=True))
        n_matches = report["summary"]["matches"]
        scored = scored[:n_matches] if match else scored[n_matches:]
    else:
        sides = [(one["article"], *one["bytes"], one["text"]) for one in segments]
        names = ("left", "right", "jaccard", "cosine", "shared")
        scored = [tuple(pair[name] for name in names) for pair in pairs if pair["match"] == match]
    return {(sides[left], sides[right], *scores) for left, right, *scores in scored}


@pytest.mark.parametrize(
    "thresholds",
    [
        (),
        ("--min-cosine", 0.9),
        ("--min-cosine", 0.4),
        ("--min-jaccard", 0.65),
        ("--min-jaccard", 0.6, "--min-cosine", 0),
    ],
    ids=["none", "cosine", "lower-cosine", "jaccard", "both"],
)
def test_matches_are_those_of_a_run_at_these_thresholds(feed, saved, thresholds):
    """Each pair with its scores and places; and what the file holds lets thresholds be raised again."""
    report, again = document(feed, *thresholds), document("--from", saved, *thresholds)

    assert places(report, match=True) == places(again, match=True)
    assert 0 < len(places(again, match=True)) == again["summary"]["matches"] == report["summary"]["matches"]
    assert places(report, match=False) <= places(again, match=False)


@pytest.mark.parametrize("thresholds", [("--min-cosine", 0.97), ("--min-jaccard", 0.7)], ids=["cosine", "jaccard"])
def test_findings_are_those_of_a_run_but_for_their_edges(feed, saved, thresholds):
    """The kinds and the articles of nearly all; fewer than before."""
    report, again = document(feed, *thresholds), document("--from", saved, *thresholds)
    keys = [
        {(one["kind"], *sorted({place["article"] for place in one["places"]})) for one in table["findings"]}
        for table in (report, again, json.loads(saved.read_text("utf-8")))
    ]

    expected, found, before = keys
    assert len(found) < len(before)
    assert len(expected & found) >= 0.9 * max(len(expected), len(found)) > 0


def test_borderline_pairs_are_listed_the_nearest_first(feed, saved):
    """With both texts and what is missing, of a run and of a file."""
    by_run, by_file = run(feed, "--borderline").stdout, run("--from", saved, "--borderline").stdout
    pairs = [pair for pair in document("--from", saved)["pairs"] if not pair["match"]]
    missing = sorted(max(0.5 - pair["jaccard"], 0.75 - pair["cosine"]) for pair in pairs)

    told = [line for line in by_file.splitlines() if line.startswith("Jaccard ")][1:]

    assert len(told) == min(len(pairs), 20) > 3
    by = [max(float(part.split()[-2]) for part in line.split("; ")[1].split(" and ")) for line in told]
    assert by == pytest.approx(missing[: len(by)], abs=1e-3)
    assert by_run[by_run.index("Borderline") :] == by_file[by_file.index("Borderline") :]


def test_documents_are_as_the_schemas_say(saved):
    """Of the run, and at other thresholds."""
    registry = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items())
    for name, table in (
        ("report.schema.json", json.loads(saved.read_text("utf-8"))),
        ("rethreshold.schema.json", document("--from", saved, "--min-cosine", 0.8)),
    ):
        jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
        jsonschema.Draft202012Validator(SCHEMAS[name], registry=registry).validate(table)


@pytest.mark.parametrize(
    ("table", "column", "value", "told"),
    [
        ("segments", "line", 1, "the columns of segments are not equally long"),
        ("segments", "article", 9999, "a segment is of article 9999, which is not there"),
        ("pairs", "left", 99999, "a pair names a segment that is not there"),
    ],
)
def test_columns_that_do_not_fit_each_other_are_one_line(saved, tmp_path, table, column, value, told):
    """A file that was cut or edited: one column longer, an article or a segment that is not there."""
    report = json.loads(saved.read_text("utf-8"))
    values = report[table][column]
    values[:] = [*values, value] if column == "line" else [value, *values[1:]]
    (tmp_path / "edited.json").write_text(json.dumps(report), "utf-8")

    result = run("--from", tmp_path / "edited.json")

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert told in result.stderr


def test_lower_than_was_searched_is_refused_with_the_command_that_does_it(saved):
    """Of pairs under the least Jaccard the run knows only some."""
    result = run("--from", saved, "--min-jaccard", 0.45)

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert f"dedup report INPUT --min-jaccard 0.45 --format json -o {saved}" in result.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        ("[]", "not the JSON of a report"),
        ('{"schema_version": 2}', "a report of version 2"),
        ('{"schema_version": 3}', "missing required field `config`"),
        ("\udc80", "not the JSON of a report"),
    ],
)
def test_what_is_no_report_is_one_line_with_the_remedy(tmp_path, content, told):
    """No file, other JSON, another version, half of one."""
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))

    result = run("--from", path)

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert told in result.stderr
    assert "dedup report INPUT --format json -o" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("seeds/feed.jsonl",), "leave INPUT out"),
        (("--window", "3d"), "--window changes what is searched"),
        (("--min-cosine", 2), "min_cosine is 2"),
    ],
)
def test_what_needs_a_run_is_refused(saved, arguments, told):
    """Inputs, other settings, and thresholds that are none."""
    result = run("--from", saved, *arguments)

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert told in result.stderr


def test_kinds_and_numbers_of_findings_are_chosen_as_in_a_report(saved):
    """--kind and --top, in both formats."""
    table = document("--from", saved, "--kind", "self")
    assert {one["kind"] for one in table["findings"]} <= {"self"}
    assert len(document("--from", saved, "--top", 3)["findings"]) == 3
    assert "(3 of " in run("--from", saved, "--top", 3).stdout


def test_the_thresholds_of_the_run_change_no_finding(tmp_path):
    """On the seeds, whose findings are of all kinds."""
    path = tmp_path / "run.json"
    run("seeds/feed.jsonl", "--format", "json", "-o", path)

    assert json.loads(path.read_text("utf-8"))["findings"] == document("--from", path)["findings"]
