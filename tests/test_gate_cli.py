"""`dedup check` ends with the right code, judges what it is asked to, and says in one line what it cannot do."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup import cli
from tests.site_factory import Page, Writer

WRITER = Writer(3)
DOUBLED = WRITER.page()
DOUBLED.paragraphs.append([*DOUBLED.paragraphs[0]])
PLAIN = WRITER.page()


def run(*arguments: object):
    return CliRunner().invoke(cli.main, [str(one) for one in arguments], prog_name="dedup")


def write(path: Path, page: Page) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.text(), "utf-8")
    return path


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    write(tmp_path / "feed" / "a.md", DOUBLED)
    write(tmp_path / "feed" / "b.md", PLAIN)
    return tmp_path / "feed"


def test_a_repeat_fails_with_its_place_and_one_line_of_verdict(feed):
    """file:line:column: code message; then the verdict; 1."""
    result = run("check", feed)

    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith(f"{feed}/a.md:17:1: D101 ")
    assert lines[-1].startswith("failed: 1 error, 0 warnings in 2 articles")
    assert "--update-baseline" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--exit-zero",), ("--ignore", "D1"), ("--select", "D2"), ("--max-new", 1), ("--rule", "D101=warning"),
     ("--rule", "D101=off"), ("--rule", "D101=100"), ("--ignore-path", "a.md")],
)  # fmt: skip
def test_what_lets_the_repeat_through(feed, arguments):
    """Levels, limits, selections and ignores."""
    assert run("check", feed, *arguments).exit_code == 0


def test_a_baseline_lets_through_what_it_knows_and_keeps_its_reasons(feed, tmp_path):
    """Made, used, given a reason, updated: the reason is still there, and one more copy fails."""
    path = tmp_path / "known.jsonl"
    assert run("check", feed, "--baseline", path, "--update-baseline").exit_code == 0
    assert run("check", feed, "--baseline", path).exit_code == 0
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], json.dumps({**json.loads(lines[1]), "reason": "a refrain"})]))

    write(feed / "a.md", Page(DOUBLED.title, [*DOUBLED.paragraphs, DOUBLED.paragraphs[0]]))
    assert run("check", feed, "--baseline", path).exit_code == 1
    result = run("check", feed, "--baseline", path, "--update-baseline")

    assert "2 -> 3 places" in result.stdout
    assert [json.loads(line).get("reason") for line in path.read_text().splitlines()[1:]] == ["a refrain"]


def test_an_expired_entry_counts_no_more(feed, tmp_path):
    """The repeat fails again, and the day is named."""
    path = tmp_path / "known.jsonl"
    run("check", feed, "--baseline", path, "--update-baseline")
    head, entry = path.read_text().splitlines()
    path.write_text(f"{head}\n" + json.dumps({**json.loads(entry), "expires": "2020-01-31"}))

    result = run("check", feed, "--baseline", path)

    assert result.exit_code == 1
    assert "expired on 2020-01-31" in result.stdout
    told = run("check", feed, "--baseline", path, "--update-baseline").stderr
    assert "expired on 2020-01-31, and counts again; mend it, or set another day" in told


def test_two_formats_for_programs_are_not_mixed_on_standard_output(feed):
    """Lines that people read may follow one another there."""
    both = run("check", feed, "--format", "json", "--format", "csv")
    lines = run("check", feed, "--format", "terminal", "--format", "github", "--exit-zero")

    assert (both.exit_code, "json and csv would be mixed on standard output" in both.stderr) == (2, True)
    assert lines.exit_code == 0


ENTRY = '{"dedup_baseline": 2}\n{"code": "D401", "fingerprint": "' + 32 * "0" + '", %s}\n'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"dedup_baseline": 99}\n', "version 99"),
        ("hello\n", "not a baseline"),
        ("", "not a baseline"),
        ('{"dedup_baseline": 1}\n<<<<<<< HEAD\n', ":2: a merge conflict"),
        ('{"dedup_baseline": 1}\n{"code": "D999", "fingerprint": "0"}\n', ":2: code is 'D999'"),
        ('{"dedup_baseline": 1}\n{"line": 3}\n', ":2: not an entry"),
        ('{"dedup_baseline": 2}\n' + 100_000 * "[", ":2: not an entry"),
        (ENTRY % '"expires": "20270131"', ":2: expires is '20270131'; a date such as 2027-01-31"),
        (ENTRY % '"articles": ["0a1b2"]', ":2: articles is"),
        (ENTRY % '"share": 40', ":2: share is 40; a number of 0 to 1"),
    ],
)
def test_baselines_that_are_none(feed, tmp_path, content, told):
    """One line that says what is wrong, and 2; the file stays as it is."""
    path = tmp_path / "known.jsonl"
    path.write_text(content)

    for more in ((), ("--update-baseline",)):
        result = run("check", feed, "--baseline", path, *more)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
        assert told in result.stderr
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--select", "D9"), "no rule 'D9'"),
        (("--rule", "D110=warning"), "did you mean D10"),
        (("--rule", "D101=loud"), "allowed: error, warning, off"),
        (("--rule", "D401=3"), "allowed: 0 to 1"),
        (("--format", "xml"), "'xml'"),
        (("--format", "sarif:/nowhere/x.sarif"), "/nowhere"),
        (("--baseline", "/nowhere/b.jsonl"), "no such baseline"),
        (("--update-baseline",), "--baseline FILE"),
        (("--changed-from", "main"), "not in a git repository"),
        (("--ignore-texts", "/nowhere/t.txt"), "/nowhere/t.txt"),
        (("--against", "/nowhere"), "/nowhere"),
        (("--summary",), "GITHUB_STEP_SUMMARY"),
    ],
)
def test_what_it_cannot_do_is_one_line_and_2(feed, arguments, told, monkeypatch):
    """Wrong codes, levels, limits, formats, paths and repositories."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(feed.parent.parent))
    result = run("check", feed, *arguments)

    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert told in result.stderr


def test_no_article_is_2_unless_allowed(tmp_path):
    """An empty feed is a mistake, or not."""
    path = tmp_path / "feed.jsonl"
    path.write_text("")
    assert [run("check", path).exit_code, run("check", path, "--allow-empty").exit_code] == [2, 0]


def test_a_folder_without_a_file_is_no_article(tmp_path, feed):
    """Alone, as a pattern, or beside another; what is not there at all is a mistake even so."""
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    for one in (tmp_path / "empty", f"{tmp_path}/empty/*.md"):
        result = run("check", one, "--allow-empty")
        assert (result.exit_code, result.stdout) == (0, "passed: no article in the input\n")
        assert result.stderr.startswith(f"dedup: {one}: ")
        assert run("check", one).exit_code == 2
    assert run("check", tmp_path / "empty", feed, "--allow-empty").exit_code == 1
    assert run("check", tmp_path / "gone", feed, "--allow-empty").exit_code == 2


def test_an_archive_is_not_judged(feed, tmp_path):
    """Its own repeats do not count; what the input takes from it does, at the place in the input."""
    taken = WRITER.page()
    taken.paragraphs[2] = [*PLAIN.paragraphs[1]]
    new = write(tmp_path / "new" / "c.md", taken)

    result = run("check", new, "--against", feed)

    assert result.exit_code == 1
    assert [line.split(" ")[:2] for line in result.stdout.splitlines()[:-1]] == [[f"{new}:9:1:", "D201"]]
    assert run("check", write(tmp_path / "new" / "d.md", WRITER.page()), "--against", feed).exit_code == 0
    assert run("check", feed / "a.md", "--against", feed).exit_code == 1


def test_only_changed_files_are_judged(feed, monkeypatch):
    """Of two files with a repeat, the one that was committed as it is does not count."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "A")
        monkeypatch.setenv(f"{name}_EMAIL", "a@b.c")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "all")):
        subprocess.run(["git", "-C", feed, *command], check=True)
    assert run("check", feed, "--changed-from", "HEAD").exit_code == 0
    other = WRITER.page()
    other.paragraphs.append([*other.paragraphs[2]])
    write(feed / "c.md", other)

    result = run("check", feed, "--changed-from", "HEAD")

    assert result.exit_code == 1
    assert [line.split(" ")[0] for line in result.stdout.splitlines()[:-1]] == [f"{feed}/c.md:17:1:"]
    missing = run("check", feed, "--changed-from", "gone")
    assert (missing.exit_code, "'gone' is no commit" in missing.stderr) == (2, True)


def test_a_mark_with_a_reason_covers_the_paragraph_after_it(feed):
    """Before the copy it covers it, elsewhere it covers nothing and is reported, at the top it covers the file."""
    text = DOUBLED.text()
    body, copy = text.rsplit("\n\n", 1)
    mark = "<!-- dedup: ignore D101 the chorus -->"

    (feed / "a.md").write_text(f"{body}\n\n{mark}\n{copy}")
    assert run("check", feed).exit_code == 0
    (feed / "a.md").write_text(f"{text}\n{mark}\n")
    result = run("check", feed)
    assert (result.exit_code, "ignores nothing" in result.stdout) == (1, True)
    (feed / "a.md").write_text(f"{text}\n<!-- dedup: ignore-file D1 -->\n")
    result = run("check", feed)
    assert result.exit_code == 0
    assert f"{feed}/a.md:19: this mark has no reason; say why: <!-- dedup: ignore-file D1 bec" in result.stdout


def test_known_notices_are_let_through_and_unused_ones_reported(feed, tmp_path):
    """A text of the list covers repeats that stand in it."""
    notices = tmp_path / "notices.txt"
    notices.write_text(" ".join(DOUBLED.paragraphs[0]) + "\n\nNobody ever wrote this sentence down.\n")

    result = run("check", feed, "--ignore-texts", notices)

    assert result.exit_code == 0
    assert "'Nobody ever wrote this sentence down.' covers nothing" in result.stdout


def test_several_formats_at_once(feed, tmp_path):
    """One to the terminal and two to files, from one run."""
    result = run("check", feed, "--format", "terminal", "--format", f"json:{tmp_path}/v.json",
                 "--format", f"junit:{tmp_path}/v.xml")  # fmt: skip

    assert result.exit_code == 1
    assert "D101" in result.stdout
    assert json.loads((tmp_path / "v.json").read_text())["errors"] == 1
    assert "D101" in (tmp_path / "v.xml").read_text()


def test_on_github_annotations_come_by_themselves(feed, monkeypatch):
    """Beside the lines for people."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "::error " in run("check", feed).stdout


@pytest.mark.parametrize("code", ["D101", "D102", "D201", "D202", "D203", "D204", "D301", "D401", "D402", "D501"])
def test_each_rule_has_a_page(code):
    """With its code, its limit and what to do."""
    result = run("rule", code)
    assert result.exit_code == 0
    assert f"# {code}: " in result.stdout
    assert "## What to do" in result.stdout


def test_rules_are_listed():
    """All of them, a line each."""
    assert [line.split()[0] for line in run("rule").stdout.splitlines()][:2] == ["D101", "D102"]


def test_advice_is_the_command_that_was_given_with_a_baseline(feed, tmp_path, monkeypatch):
    """What the first run says can be run as it stands, and so can what that says."""
    monkeypatch.chdir(tmp_path)
    first = run("check", "feed", "--select", "D101")
    told = first.stderr.splitlines()[-1].partition(": dedup ")[2]
    assert told == "check --baseline dedup-baseline.jsonl --update-baseline feed --select D101"

    second = run(*told.split())
    again = second.stderr.splitlines()[-1].partition(": dedup ")[2]

    assert (second.exit_code, "failed" in second.stdout) == (0, False)
    assert again == "check --baseline dedup-baseline.jsonl feed --select D101"
    assert run(*again.split()).exit_code == 0
    assert "dedup rule D101" in first.stderr


def test_a_line_says_which_record_and_what_text(tmp_path):
    """A feed is not read by line: the entry has its number and title, the text its beginning."""
    doubled = " ".join(DOUBLED.paragraphs[0])
    texts = [" ".join(PLAIN.paragraphs[0]), "".join(f"&lt;p&gt;{one}&lt;/p&gt;" for one in (doubled, doubled))]
    entries = "".join(
        f"<item><title>Entry {number}</title><description>{text}</description></item>"
        for number, text in enumerate(texts, 1)
    )
    path = tmp_path / "feed.xml"
    path.write_text(f'<rss version="2.0"><channel><title>News</title>{entries}</channel></rss>')

    line = run("check", path, "--select", "D1").stdout.splitlines()[0]

    assert line.startswith(f'{path}:1:1: D101 record 2 "Entry 2": a paragraph is repeated inside one article: ')
    assert f': "{doubled[:40]}' in line
    assert "paragraph 2 is paragraph 1 again" in line


def test_without_an_article_all_outputs_are_written_whole(tmp_path):
    """Whoever reads them finds what they are, and not an empty file."""
    (tmp_path / "feed.jsonl").write_text("")
    forms = {form: tmp_path / f"out.{form}" for form in ("json", "sarif", "gitlab", "junit")}

    result = run("check", tmp_path / "feed.jsonl", "--allow-empty", "--format", "terminal",
                 *(f"--format={form}:{path}" for form, path in forms.items()))  # fmt: skip

    assert (result.exit_code, result.stdout) == (0, "passed: no article in the input\n")
    assert json.loads(forms["json"].read_text())["articles"] == 0
    assert json.loads(forms["sarif"].read_text())["runs"][0]["results"] == []
    assert json.loads(forms["gitlab"].read_text()) == []
    assert "<testsuite " in forms["junit"].read_text()


def test_an_output_takes_the_place_of_no_article_in_a_folder(feed):
    """A slip of the tongue costs nothing; what an earlier run wrote there is written anew."""
    before = (feed / "b.md").read_text()

    result = run("check", feed, "--format", f"markdown:{feed / 'b.md'}")

    assert (result.exit_code, result.stderr.count("\n"), (feed / "b.md").read_text()) == (2, 1, before)
    assert "b.md is to be written and is there in the input already" in result.stderr
    for form in ("csv", "github", "gitlab", "html", "json", "junit", "markdown", "sarif", "terminal"):
        for _ in range(2):
            assert run("check", feed, "--format", f"{form}:{feed / 'out.txt'}").exit_code == 1, form
        (feed / "out.txt").unlink()


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ("<!-- dedup: ignore D202 the same by contract -->", 0),
        ("<!-- Dedup: Ignore d202 the same by contract -->", 0),
        ("<!-- dedup: ignore of the paragraph below -->", 1),
        ("<!-- dedup: ignore D203 of another rule -->", 1),
    ],
)
@pytest.mark.parametrize("at", [0, 3])
def test_a_mark_for_whole_articles_stands_anywhere_in_the_later_copy(tmp_path, mark, code, at):
    """As `dedup rule D202` says; one without a code is about the paragraph that it stands before."""
    write(tmp_path / "a.md", PLAIN)
    paragraphs = [[*one] for one in PLAIN.paragraphs]
    paragraphs.insert(at, [mark])
    write(tmp_path / "b.md", Page(f"{PLAIN.title} and more", paragraphs))

    result = run("check", tmp_path, "--select", "D202")

    assert result.exit_code == code, result.output
    assert ("1 ignored" in result.stdout) == (code == 0)


def test_a_mark_in_mdx_is_a_comment_of_mdx(tmp_path):
    """Which has no other; its front matter is read too."""
    body, copy = DOUBLED.text().rsplit("\n\n", 1)
    (tmp_path / "a.mdx").write_text(f"{body}\n\n{{/* dedup: ignore D101 the chorus */}}\n{copy}\n<Video id='3' />\n")

    result = run("check", tmp_path, "--format", "json")

    table = json.loads(result.stdout)
    assert (result.exit_code, [one["suppressed"] for one in table["violations"]]) == (0, ["ignored"])
    assert table["violations"][0]["where"]["title"] == DOUBLED.title


@pytest.mark.parametrize("packed", [gzip.compress, lambda text: text.decode().encode("utf-16")])
def test_marks_are_read_as_the_articles_are(tmp_path, packed):
    """Of a file that is packed or in UTF-16 too."""
    text = DOUBLED.text() + "\n<!-- dedup: ignore-file a sample -->\n"
    (tmp_path / ("a.md.gz" if packed is gzip.compress else "a.md")).write_bytes(packed(text.encode()))

    assert run("check", tmp_path).exit_code == 0


def test_what_an_archive_repeats_is_no_matter_of_a_baseline(feed, tmp_path):
    """Only repeats that have a place in the input are accepted; one that the archive has taken from it stays known."""
    old = write(tmp_path / "old" / "a.md", DOUBLED).parent
    new = tmp_path / "new"
    path = tmp_path / "known.jsonl"
    write(new / "b.md", Page("A title of its own", [*PLAIN.paragraphs[:3], DOUBLED.paragraphs[2]]))

    assert run("check", new, "--against", old, "--baseline", path, "--update-baseline").exit_code == 0

    assert [json.loads(line)["code"] for line in path.read_text().splitlines()[1:]] == ["D201"]
    result = run("check", new, "--against", old, "--baseline", path)
    assert (result.exit_code, "1 known" in result.stdout) == (0, True), result.stdout


@pytest.mark.parametrize("fence", ["```html\n{}\n```", "~~~~\n~~~\n{}", "Write `{}` there."])
def test_a_mark_that_is_shown_as_code_ignores_nothing(feed, fence):
    """An example in a page about the tool; outside of code it holds for the file."""
    mark = "<!-- dedup: ignore-file a sample -->"
    (feed / "a.md").write_text(DOUBLED.text() + "\n" + fence.format(mark) + "\n")
    assert run("check", feed).exit_code == 1

    (feed / "a.md").write_text(DOUBLED.text() + "\n```\ncode\n```\n\n" + mark + "\n")
    assert run("check", feed).exit_code == 0


def test_a_folder_that_a_build_made_is_named(feed):
    """Pages in public/ that repeat what lies beside it: the first run tells how to leave them out."""
    write(feed / "public" / "b.md", PLAIN)

    assert "--exclude public/" in run("check", feed).stderr
    assert "--exclude" not in run("check", feed, "--exclude", "public/").stderr.splitlines()[0]


def test_a_check_loads_no_linear_algebra_and_nobody_else_loses_it(feed):
    """A small check pays for nothing that it does not use; `numpy.dot` is compiled as ever."""
    code = (
        "import sys, numba, numpy as np; from dedup import cli\n"
        f"try: cli.main(['check', {str(feed)!r}])\n"
        "except SystemExit as end: print(end.code)\n"
        "heavy = ('scipy.linalg', 'sklearn', 'dedup.reports.html', 'pyarrow')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "print(numba.njit(lambda a, b: np.dot(a, b))(np.ones((2, 2)), np.ones((2, 2)))[0, 0])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert told.splitlines()[-3:] == ["1", "[]", "2.0"]
