"""Settings come from the nearest file, then the environment, then flags, and what is wrong is named with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from dedup import cli
from dedup.errors import ConfigError
from dedup.gate.params import gate_params
from dedup.gate.rules import RULES
from dedup.settings import defaults, gate_settings, layers
from dedup.settings_schema import settings_schema

SCHEMA = Path(__file__).parent.parent / "dedup" / "settings.schema.json"

GOOD = """
min_cosine = 0.9
levels = ["paragraph"]
window = "30d"

[fields]
text = "body_html"

[gate]
max_new = 2
ignore = ["D204"]
baseline = "known.jsonl"

[gate.rules]
D201 = { level = "warning", limit = 40 }
D301 = 0.2
D102 = "off"

[[gate.ignores]]
path = "legal/*"
reason = "imprint"

[[gate.overrides]]
paths = ["archive/*"]
rules = { D101 = "warning" }
"""


def run(*arguments: object):
    return CliRunner().invoke(cli.main, [str(one) for one in arguments], prog_name="dedup")


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "site" / "posts" / "a.md"
    path.parent.mkdir(parents=True)
    path.write_text("The committee said on Friday that the new bridge over the Tarn will open in spring.\n")
    return path


def test_a_file_above_the_input_is_found_and_the_nearest_wins(feed):
    """pyproject.toml counts if it has the table; a dedup.toml nearer to the input comes first."""
    (feed.parent.parent.parent / "dedup.toml").write_text("min_tokens = 5\n")
    (feed.parent / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert layers([str(feed)], {}, environment={}).run["min_tokens"].value == 5

    nearest = feed.parent.parent / "pyproject.toml"
    nearest.write_text("[tool.dedup]\nmin_tokens = 6\n")

    found = layers([str(feed)], {}, environment={})
    assert (found.file, found.run["min_tokens"]) == (nearest, (6, f"{nearest}:2"))


def test_the_environment_wins_over_the_file_and_flags_over_both(feed):
    """Three layers, each value with its origin."""
    (feed.parent / "dedup.toml").write_text("min_tokens = 6\nmin_cosine = 0.8\nseed = 4\n")
    environment = {"DEDUP_MIN_TOKENS": "7", "DEDUP_MIN_COSINE": "0.85", "DEDUP_GATE_SELECT": "D1,D2", "HOME": "/"}

    found = layers([str(feed)], {"min_tokens": 9, "levels": None}, environment=environment)

    assert {name: tuple(one) for name, one in found.run.items()} == {
        "min_tokens": (9, "flag"),
        "min_cosine": (0.85, "DEDUP_MIN_COSINE"),
        "seed": (4, f"{feed.parent}/dedup.toml:3"),
    }
    assert found.gate["select"] == (("D1", "D2"), "DEDUP_GATE_SELECT")


def test_all_of_a_file_is_taken_over(feed):
    """Settings of the run and of the gate; the baseline is beside the file."""
    (feed.parent / "dedup.toml").write_text(GOOD)

    found = layers([str(feed)], {}, environment={})
    gate = gate_params({name: one.value for name, one in found.gate.items() if name != "baseline"})

    assert {name: one.value for name, one in found.run.items()} == {
        "min_cosine": 0.9, "levels": ("paragraph",), "window": "30d", "fields": {"text": ("body_html",)},
    }  # fmt: skip
    assert found.gate["baseline"].value == str(feed.parent / "known.jsonl")
    assert (gate.max_new, gate.limit("D201"), gate.limit("D301"), gate.level("D102")) == (2, 40.0, 0.2, "off")
    assert [gate.level_at("D101", path) for path in ("archive/x.md", "new/x.md")] == ["warning", "error"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("min_cosin = 1\n", "dedup.toml:1: unknown setting 'min_cosin'; did you mean 'min_cosine'?"),
        ("[gate]\nmaxnew = 1\n", ":2: unknown setting 'gate.maxnew'; did you mean 'gate.max_new'?"),
        ("seed = 1\nmax_new = 1\n", ":2: unknown setting 'max_new'; did you mean 'gate.max_new'?"),
        ("[gate]\nmin_tokens = 1\n", ":2: unknown setting 'gate.min_tokens'; did you mean 'min_tokens'?"),
        ("[gate]\n\nmax_new = -1\n", ":3: gate.max_new is -1; a whole number from 0 on"),
        ("[gate]\nselect = ['D9']\n", ":2: gate.select: there is no rule 'D9'"),
        ("[gate.rules]\nD901 = 'off'\n", ":2: gate.rules: there is no rule 'D901'"),
        ("[gate.rules]\nD101 = 'loud'\n", ":2: gate.rules.D101 is 'loud'; allowed: error, warning, off"),
        ("[gate.rules]\nD401 = 4\n", ":2: gate.rules.D401 is 4; allowed: 0 to 1"),
        ("[gate.rules.D101]\nlimit = 8\nlevle = 'off'\n", ":3: unknown setting 'gate.rules.D101.levle'; did you"),
        ("[[gate.ignores]]\npath = 'x'\n", ":1: gate.ignores: 'x' has no reason"),
        ("[[gate.ignores]]\npath = 'x'\nreason = 'y'\n[[gate.ignores]]\npth = 'x'\n", ":5: unknown setting 'gate.ig"),
        ("[[gate.ignores]]\npath = 'x'\nreason = 'y'\nrules = ['D9']\n", ":4: gate.ignores.rules: there is no rule"),
        ("[[gate.overrides]]\npaths = ['x']\nrules = { D101 = 'loud' }\n", ":3: gate.overrides.rules.D101 is 'l"),
        ("[[gate.overrides]]\npaths = 'x'\n", "paths (a list)"),
        ("[[gate.overrides]]\npaths = ['x']\nrules = { D101 = 200 }\n", "D101 has a limit here"),
        ("min_cosine = 'high'\n", "min_cosine is 'high'; a number is needed"),
        ("\nmin_cosine = 7\n", "dedup.toml:2: score: min_cosine is 7.0; allowed: 0 to 1"),
        ("min_tokens = -3\n", "dedup.toml:1: shingle: min_tokens is -3; at least 1"),
        ("[[gate.overrides]]\npaths = []\nrules = { D101 = 'off' }\n", ":2: gate.overrides.paths is []"),
        ("levels = ['words']\n", "words"),
        ("min_tokens = true\n", "a whole number is needed"),
        ("min_tokens = \n", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(feed, content, told):
    """One line with the file, the key, the value and what is allowed; 2."""
    (feed.parent / "dedup.toml").write_text(content)

    for command in (("config", feed), ("check", feed)):
        result = run(*command)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
        assert told in result.stderr


@pytest.mark.parametrize(
    ("content", "code"), [("tool = 3\n", 0), ("[tool]\ndedup = 3\n", 2), ("[tool]\nother = 3\n", 0)]
)
def test_a_project_file_without_a_table_of_ours_has_no_settings(feed, content, code):
    """Whatever it has in its place; one that is not a table is refused."""
    (feed.parent / "pyproject.toml").write_text(content)

    result = run("check", feed)

    assert (result.exit_code, "tool.dedup is 3; a table is needed" in result.stderr) == (code, code == 2)


def test_a_value_out_of_range_is_named_with_its_variable(feed, monkeypatch):
    """A flag is named by its own words, the environment by the variable."""
    monkeypatch.setenv("DEDUP_MIN_COSINE", "1.5")

    result = run("check", feed)

    assert (result.exit_code, result.stderr) == (
        2,
        "dedup: error: DEDUP_MIN_COSINE: score: min_cosine is 1.5; allowed: 0 to 1\n",
    )


def test_the_environment_is_read_as_flags_are(feed):
    """Codes in lower case and with spaces; a rule by its level alone; an empty variable sets nothing."""
    environment = {
        "DEDUP_GATE_SELECT": "d1, D201",
        "DEDUP_GATE_RULES_D201": "warning",
        "DEDUP_GATE_RULES_D401": "0.4",
        **dict.fromkeys(("DEDUP_GATE_BASELINE", "DEDUP_GATE_MAX_NEW", "DEDUP_MIN_COSINE", "DEDUP_FIELDS"), ""),
        "DEDUP_GATE_RULES_D101_LEVEL": "",
    }

    found = layers([str(feed)], {}, environment=environment)

    assert {name: one.value for name, one in found.gate.items()} == {
        "select": ("D1", "D201"),
        "rules": {"D201": {"level": "warning"}, "D401": {"limit": 0.4}},
    }
    assert found.run == {}


def test_an_unknown_variable_is_named():
    """With the nearest one that there is."""
    with pytest.raises(ConfigError, match="did you mean 'DEDUP_MIN_COSINE'"):
        layers([], {}, environment={"DEDUP_MIN_COSINES": "1"})


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("DEDUP_MAX_NEW", "did you mean 'DEDUP_GATE_MAX_NEW'"),
        ("DEDUP_GATE_MAXNEW", "did you mean 'DEDUP_GATE_MAX_NEW'"),
        ("DEDUP_CLEAN_STAY", "did you mean 'DEDUP_CLEAN_STAYS'"),
        ("DEDUP_GATE_RULES_D101_LEVLE", "did you mean 'DEDUP_GATE_RULES_D101_LEVEL'"),
        ("DEDUP_GATE_RULES_D11_LEVEL", "DEDUP_GATE_RULES_D11_LEVEL: there is no rule 'D11'"),
        ("DEDUP_GATE_RULES_D101_LEVEL", "DEDUP_GATE_RULES_D101_LEVEL: gate.rules.D101.level is '1'; allowed: error"),
        ("DEDUP_GATE_IGNORES", "DEDUP_GATE_IGNORES: ignores are tables, which a file has"),
    ],
)
def test_a_wrong_variable_of_the_gate_is_named(variable, told):
    """With its table, if that is what is missing, and its value where that is wrong."""
    with pytest.raises(ConfigError, match=re.escape(told)):
        layers([], {}, environment={variable: "1"})


def test_rules_are_set_by_the_environment(feed):
    """A level or a limit over what the file says of the rule; the rest of the file stays."""
    file = feed.parent / "dedup.toml"
    file.write_text("[gate.rules]\nD201 = { level = 'warning', limit = 40 }\nD101 = 'off'\n")
    environment = {"DEDUP_GATE_RULES_D201_LIMIT": "60", "DEDUP_GATE_RULES_D204_LEVEL": "error"}

    found = layers([str(feed)], {}, environment=environment)

    gate = gate_params({name: one.value for name, one in found.gate.items()})
    assert (gate.levels, gate.limits) == ({"D201": "warning", "D101": "off", "D204": "error"}, {"D201": 60})
    shown = gate_settings(found)
    assert shown["rules.D201"].origin == "DEDUP_GATE_RULES_D201_LIMIT"
    assert shown["rules.D101"].origin == f"{file}:3"


def test_the_settings_in_force_are_shown_with_their_origin(feed, monkeypatch):
    """Each setting once, as text and as JSON."""
    monkeypatch.setenv("DEDUP_SEED", "8")
    (feed.parent / "dedup.toml").write_text("min_cosine = 0.9\n")

    text = run("config", feed).stdout
    table = json.loads(run("config", feed, "--format", "json").stdout)["settings"]

    assert f"min_cosine = 0.9  # {feed.parent}/dedup.toml:1\n" in text
    assert table["seed"] == {"value": 8, "origin": "DEDUP_SEED"}
    assert set(defaults()) <= set(table)


def test_the_gate_in_force_is_shown_with_its_origin(feed):
    """Each rule with its level and limit, and the plain settings, whether a file has them or not."""
    file = feed.parent / "dedup.toml"
    file.write_text('[gate]\nmax_new = 2\nignore = ["D204"]\n[gate.rules]\nD201 = { limit = 40 }\n')

    table = json.loads(run("config", feed, "--format", "json").stdout)["settings"]

    assert table["gate.max_new"] == {"value": 2, "origin": f"{file}:2"}
    assert table["gate.min_words"] == {"value": 50, "origin": "default"}
    assert table["gate.rules.D201"] == {"value": {"level": "error", "limit": 40.0}, "origin": f"{file}:5"}
    assert table["gate.rules.D204"] == {"value": {"level": "off", "limit": 8.0}, "origin": f"{file}:3"}
    assert table["gate.rules.D202"] == {"value": {"level": "error"}, "origin": "default"}
    assert set(RULES) == {name.removeprefix("gate.rules.") for name in table if name.startswith("gate.rules.")}


def test_settings_decide_what_the_gate_does(feed):
    """A rule that the file turns off lets its repeat through."""
    feed.write_text(feed.read_text() + "\nOther.\n\n" + feed.read_text())
    assert run("check", feed).exit_code == 1
    (feed.parent / "dedup.toml").write_text("[gate.rules]\nD101 = 'off'\n")
    assert run("check", feed).exit_code == 0


def test_an_override_of_no_file_is_reported(feed):
    """As an ignore that covers nothing; one that has a file is not."""
    (feed.parent / "dedup.toml").write_text(
        "[[gate.overrides]]\npaths = ['a.md', 'gone/*']\nrules = { D101 = 'off' }\n"
    )

    notices = [line for line in run("check", feed).stdout.splitlines() if line.startswith("overrides: ")]

    assert notices == ["overrides: 'gone/*' is the path of no file; mend or remove it"]


def test_the_published_schema_is_that_of_the_settings():
    """Made anew with: dedup config --schema > dedup/settings.schema.json."""
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(settings_schema()))
    jsonschema.Draft202012Validator.check_schema(settings_schema())


def test_the_schema_takes_what_is_read_and_refuses_what_is_not():
    """A file with everything passes; misspelt keys and wrong values do not."""
    import tomllib

    validator = jsonschema.Draft202012Validator(settings_schema())
    assert list(validator.iter_errors(tomllib.loads(GOOD))) == []
    for bad in ("min_cosin = 1", "levels = ['words']", "[gate]\nmax_new = -1", "[gate.rules]\nD999 = 'off'"):
        assert list(validator.iter_errors(tomllib.loads(bad))), bad
