"""GitLab's Code Quality report and GitHub's annotations."""

from __future__ import annotations

import contextlib
import io
import json

import github_action_utils
from hypothesis import given
from hypothesis import strategies as st

from dedup.reports.verdict import github, gitlab
from tests import verdict_factory as factory
from tests.verdict_factory import RULES, verdict_of, violation, written


def runner_reads(line):
    """Read a line as the runner does (actions/runner, ``ActionCommand.TryParseV2``): name, properties, message."""
    assert line.startswith("::")
    head, data = line[2:].split("::", 1)
    name, _, said = head.partition(" ")
    properties = {}
    for part in filter(None, said.strip().split(",")):
        key, value = part.split("=", 1)
        for escaped, plain in [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]:
            value = value.replace(escaped, plain)
        properties[key] = value
    for escaped, plain in [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]:
        data = data.replace(escaped, plain)
    return name, properties, data


def sorted_parts(line):
    head, data = line.removeprefix("::error ").split("::", 1)
    return sorted(head.split(",")), data


def lines_of(verdict):
    text = written(github.write, verdict, rules=RULES).decode()
    assert "" == text or text.endswith("\n")
    return text.splitlines()  # splits at more than the runner does: so no such character is left


@given(verdict=factory.verdicts)
def test_each_line_is_one_command_of_a_known_kind(verdict):
    """No text starts a line, ends a command early or adds a property."""
    counting = [one for one in verdict.violations if not one.suppressed]
    commands = [runner_reads(line) for line in lines_of(verdict)]
    kinds = [name for name, _, _ in commands]

    assert [one.severity for one in sorted(counting, key=lambda one: one.severity)] == [
        kind for kind in kinds if kind != "notice"
    ]
    assert len(verdict.notices) == kinds.count("notice")
    for _, properties, _ in commands:
        assert {"file", "line", "col", "endLine", "title"} >= set(properties)
        assert properties["title"]


@given(message=st.one_of(st.sampled_from(factory.HOSTILE), st.text(max_size=30)), path=factory.paths)
def test_escapes_are_those_of_a_library_for_workflow_commands(message, path):
    """github-action-utils writes the same line from the same title, file and message."""
    one = violation(message=message, where=factory.location(path), others=(), n_others=0)
    (line,) = lines_of(verdict_of([one]))
    _, properties, data = runner_reads(line)

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        github_action_utils.error(
            data, file=properties["file"], line=int(properties["line"]), col=int(properties["col"]),
            end_line=int(properties["endLine"]), title=properties["title"],
        )  # fmt: skip
    expected = said.getvalue().removesuffix("\n")

    assert runner_reads(expected) == runner_reads(line)
    assert sorted_parts(expected) == sorted_parts(line)


def test_ten_of_a_kind_and_the_rest_counted():
    """GitHub drops the eleventh without a word; so a notice says how many there are."""
    verdict = verdict_of(
        [*factory.many_violations(25), *factory.many_violations(13, severity="warning")],
        [f"notice {n}" for n in range(12)],
    )
    commands = [runner_reads(line) for line in lines_of(verdict)]
    kinds = [name for name, _, _ in commands]

    assert (10, 10, 10) == tuple(map(kinds.count, ("error", "warning", "notice")))
    assert "18 findings and 3 notices not annotated" in next(data for name, _, data in commands if name == "notice")


def test_columns_stand_only_where_the_text_is_on_one_line():
    """The runner drops columns of several lines with a warning; a text to the end of a line ends on that line."""
    places = [(7, 3, 7, 20), (7, 3, 9, 5), (7, 3, 8, 1)]
    found = []
    for line, column, end_line, end_column in places:
        where = factory.location(line=line, column=column, end_line=end_line, end_column=end_column)
        _, properties, _ = runner_reads(lines_of(verdict_of([violation(where=where)]))[0])
        found.append((properties["line"], properties.get("col"), properties["endLine"]))

    assert [("7", "3", "7"), ("7", None, "9"), ("7", "3", "7")] == found


def test_annotations_name_the_file_from_the_root(tmp_path, monkeypatch):
    """As the page of the pull request names it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "posts").mkdir()
    monkeypatch.chdir(tmp_path / "posts")
    _, properties, _ = runner_reads(lines_of(verdict_of([violation(where=factory.location("a,b:1.md"))]))[0])

    assert "posts/a,b:1.md" == properties["file"]


@given(verdict=factory.verdicts)
def test_a_code_quality_report_has_what_gitlab_requires(verdict):
    """The documented keys and severities, one fingerprint each, no byte order mark, nothing that does not count."""
    data = written(gitlab.write, verdict)
    issues = json.loads(data.decode("utf-8"))
    fingerprints = [issue["fingerprint"] for issue in issues]

    assert data.startswith(b"[")
    assert sum(not one.suppressed for one in verdict.violations) == len(issues)
    assert len(fingerprints) == len(set(fingerprints))
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issue)
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["path"]
        assert 1 <= issue["location"]["lines"]["begin"] <= issue["location"]["lines"]["end"]
        assert issue["description"].isprintable() or not issue["description"].isascii()


def test_code_quality_paths_are_from_the_root(tmp_path, monkeypatch):
    """GitLab links a file by its path in the repository, without a leading ``./``."""
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")  # a linked work tree
    (tmp_path / "posts").mkdir()
    monkeypatch.chdir(tmp_path / "posts")
    (issue,) = json.loads(written(gitlab.write, verdict_of([violation(where=factory.location("./a.md"))])))

    assert "posts/a.md" == issue["location"]["path"]
