"""What `dedup check` is asked for and cannot do, or not as asked: one line and 2, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup import cli
from tests.site_factory import Page, Writer


def run(*arguments: object):
    return CliRunner().invoke(cli.main, [str(one) for one in arguments], prog_name="dedup")


@pytest.fixture
def writer() -> Writer:
    return Writer(8)


@pytest.fixture
def feed(tmp_path: Path, writer: Writer) -> Path:
    """Return a page that says a paragraph twice, and one that takes another paragraph from it."""
    folder = tmp_path / "feed"
    folder.mkdir()
    page, other = writer.page(), writer.page()
    page.paragraphs.append([*page.paragraphs[0]])
    other.paragraphs[1] = [*page.paragraphs[3]]
    (folder / "a.md").write_text(page.text(), "utf-8")
    (folder / "b.md").write_text(other.text(), "utf-8")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


def codes(path: Path) -> list[str]:
    return [json.loads(line)["code"] for line in path.read_text("utf-8").splitlines()[1:]]


def test_a_limit_that_is_no_number_is_refused(feed):
    """No repeat would ever be over it."""
    result = run("check", feed, "--rule", "D201=error:nan")

    assert (result.exit_code, "D201 is nan" in result.stderr) == (2, True)


def test_an_update_with_fewer_rules_keeps_the_entries_of_the_others(feed, tmp_path):
    """What was not looked for has not gone, and is not reported as gone."""
    path = tmp_path / "known.jsonl"
    assert run("check", feed, "--baseline", path, "--update-baseline").exit_code == 0
    before = path.read_text("utf-8")
    assert {"D101", "D201"} == set(codes(path))

    result = run("check", feed, "--baseline", path, "--select", "D1")
    assert (result.exit_code, "not found any more" in result.stdout) == (0, False)
    assert run("check", feed, "--baseline", path, "--select", "D1", "--update-baseline").exit_code == 0

    assert before == path.read_text("utf-8")


def test_a_baseline_has_the_same_bytes_wherever_the_files_are(feed, tmp_path):
    """Sorted by content: no path, line or time is in it."""
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    run("check", feed, "--baseline", one, "--update-baseline")
    (feed / "deep").mkdir()
    (feed / "a.md").rename(feed / "deep" / "z.md")

    run("check", feed, "--baseline", other, "--update-baseline")

    assert one.read_bytes() == other.read_bytes()


def test_a_baseline_that_cannot_be_written_is_one_line(feed, tmp_path):
    """Its folder is a file, or it is a folder."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "known.jsonl", tmp_path):
        result = run("check", feed, "--baseline", path, "--update-baseline")

        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr


def test_a_failed_run_leaves_outputs_as_they_were(feed, tmp_path):
    """Two outputs, of which the second cannot be opened: the first keeps its old content, and no partial file stays."""
    old = tmp_path / "old.json"
    old.write_text("before")
    here = sorted(path.name for path in tmp_path.iterdir())

    result = run("check", feed, "--format", f"json:{old}", "--format", f"sarif:{tmp_path}/no/such.sarif")

    assert result.exit_code == 2
    assert (old.read_text(), sorted(path.name for path in tmp_path.iterdir())) == ("before", here)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_disk_is_named_and_nothing_is_half_there(feed, tmp_path):
    """Whatever the order of the outputs; printed, appended, or as a baseline, which a device cannot be."""
    full, other = "json:/dev/full", f"csv:{tmp_path}/out.csv"
    for outputs in ((full, other), (other, full)):
        result = run("check", feed, *(f"--format={one}" for one in outputs))
        assert (result.exit_code, result.stderr) == (2, "dedup: error: /dev/full: No space left on device\n")
        assert not (tmp_path / "out.csv").exists()
    assert "/dev/full: a device" in run("check", feed, "--baseline", "/dev/full").stderr
    with open("/dev/full", "w") as printed:  # noqa: PTH123  # a device
        command = [sys.executable, "-m", "dedup", "check", str(feed), "-q"]
        done = subprocess.run(command, stdout=printed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "dedup: error: standard output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("option", ["--format=json:{}", "--format=terminal:{}", "--update-baseline --baseline={}"])
def test_a_folder_that_is_not_there_is_named_before_the_work(feed, tmp_path, option):
    """As the user gave it, and not the file beside it; a feed that cannot be read is not come to."""
    path = tmp_path / "no" / "out"

    result = run("check", tmp_path / "gone", *option.format(path).split(" "))

    assert (result.exit_code, result.stderr) == (
        2,
        f"dedup: error: {path}: cannot be written: there is no folder {path.parent}; make it first\n",
    )


def test_two_outputs_cannot_be_one_file(feed, tmp_path):
    """The second would take the place of the first."""
    result = run("check", feed, "--format", f"json:{tmp_path}/v", "--format", f"sarif:{tmp_path}/v")

    assert (result.exit_code, "for two outputs" in result.stderr, len(result.stderr.splitlines())) == (2, True, 1)


def test_a_baseline_that_another_program_saved_is_read(feed, tmp_path):
    """With a byte order mark and its own line ends."""
    path = tmp_path / "known.jsonl"
    run("check", feed, "--baseline", path, "--update-baseline")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert run("check", feed, "--baseline", path).exit_code == 0
    path.write_bytes(2 * path.read_bytes().removeprefix(b"\xef\xbb\xbf"))  # both sides of a merge

    assert run("check", feed, "--baseline", path).exit_code == 0


def test_a_baseline_of_the_first_version_is_read_and_merged(feed, tmp_path):
    """It has no articles and no shares; a merge of the versions has both heads, and the entries of either side."""
    path = tmp_path / "known.jsonl"
    run("check", feed, "--baseline", path, "--update-baseline")
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    old = [{name: value for name, value in one.items() if name != "articles"} | {"reason": "why"} for one in entries]
    assert all(one.pop("articles") for one in [dict(one) for one in entries])
    lines = ['{"dedup_baseline": 1}', *map(json.dumps, old)]
    for content in (lines, [*path.read_text("utf-8").splitlines(), *lines]):
        path.write_text("\n".join(content))
        assert run("check", feed, "--baseline", path).exit_code == 0

    assert run("check", feed, "--baseline", path, "--update-baseline").exit_code == 0
    made = path.read_text("utf-8").splitlines()
    assert ('{"dedup_baseline": 2}', [{**one, "reason": "why"} for one in entries]) == (
        made[0],
        [json.loads(line) for line in made[1:]],
    )


def test_what_is_accepted_in_two_branches_is_accepted_in_both_articles(feed, tmp_path, writer):
    """Each branch has added a copy; a merge that keeps both lines knows both, and no third."""
    path = tmp_path / "known.jsonl"
    text = (feed / "b.md").read_text("utf-8").split("\n\n")[2]
    sides = []
    for name in ("c.md", "d.md"):
        page = writer.page()
        page.paragraphs[2] = [text]
        (feed / name).write_text(page.text(), "utf-8")
        run("check", feed, "--baseline", path, "--update-baseline")
        sides += path.read_text("utf-8").splitlines()
        path.unlink()
        (feed / name).rename(tmp_path / name)
    path.write_text("\n".join(sides))
    (tmp_path / "c.md").rename(feed / "c.md")
    (tmp_path / "d.md").rename(feed / "d.md")

    assert run("check", feed, "--baseline", path).exit_code == 0
    page = writer.page()
    page.paragraphs[5] = [text]
    (feed / "0.md").write_text(page.text(), "utf-8")
    result = run("check", feed, "--baseline", path)
    assert [f"{feed}/0.md:15:1:"] == [line.split(" ")[0] for line in result.stdout.splitlines()[:-1]]


def test_an_article_without_a_title_is_known_by_its_first_words(tmp_path, writer):
    """Whoever reviews the entry sees what it is."""
    text = " ".join(writer.sentence() for _ in range(9))
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(json.dumps({"id": end, "text": text + end}) + "\n" for end in (" End.", " The end.")))
    run("check", feed, "--baseline", tmp_path / "known.jsonl", "--update-baseline", "--select", "D202")

    entries = [json.loads(line) for line in (tmp_path / "known.jsonl").read_text("utf-8").splitlines()[1:]]
    assert [text[:80].strip()] * 2 == [entry["text"] for entry in entries]


def test_a_version_that_is_no_number_is_none(feed, tmp_path):
    """True is not 1."""
    path = tmp_path / "known.jsonl"
    path.write_text('{"dedup_baseline": true}\n')

    assert "not a baseline" in run("check", feed, "--baseline", path).stderr


def test_inputs_outside_the_repository_are_refused(feed, tmp_path, writer):
    """They would pass unjudged; so would standard input."""
    git(feed, "init", "-q")
    git(feed, "add", ".")
    git(feed, "commit", "-qm", "all")
    stray = tmp_path / "stray.md"
    stray.write_text(writer.page().text(), "utf-8")

    result = run("check", feed, stray, "--changed-from", "HEAD")

    assert result.exit_code == 2
    assert f"{stray} is not in the git repository" in result.stderr


def test_what_others_changed_since_the_branches_parted_is_not_judged(feed, writer):
    """The file that differs on the other branch alone is not of this change."""
    git(feed, "init", "-q", "-b", "main")
    git(feed, "add", ".")
    git(feed, "commit", "-qm", "all")
    git(feed, "branch", "mine")
    (feed / "a.md").write_text(writer.page().text(), "utf-8")
    git(feed, "commit", "-qam", "mended on main")
    git(feed, "checkout", "-q", "mine")

    assert run("check", feed, "--changed-from", "main").exit_code == 0


def test_an_archive_that_was_published_later_is_repeated_all_the_same(tmp_path, writer):
    """Dates say which copy is the earlier one; the place to be mended is in the input in any case."""
    page, taken = writer.page(), writer.page()
    taken.paragraphs[2] = [*page.paragraphs[4]]
    archive, new = tmp_path / "archive", tmp_path / "new"
    for folder, one, day in ((archive, page, "2026-03-09"), (new, taken, "2026-03-01")):
        folder.mkdir()
        (folder / "page.md").write_text(one.text().replace("---\n", f"---\ndate: {day}\n", 1), "utf-8")

    result = run("check", new, "--against", archive)

    assert result.exit_code == 1
    assert [f"{new}/page.md:10:1:"] == [line.split(" ")[0] for line in result.stdout.splitlines()[:-1]]


def test_copies_in_front_of_known_ones_are_named_in_the_changed_file(feed, writer):
    """A text that two files had and a third one takes: the third is named, though it comes first."""
    known = writer.paragraph()
    for name in ("m.md", "n.md"):
        page = writer.page()
        page.paragraphs[2] = known
        (feed / name).write_text(page.text(), "utf-8")
    git(feed, "init", "-q")
    git(feed, "add", ".")
    git(feed, "commit", "-qm", "all")
    (feed / "0.md").write_text(Page("First", [writer.paragraph(), known, writer.paragraph()]).text(), "utf-8")

    result = run("check", feed, "--changed-from", "HEAD")

    assert [f"{feed}/0.md:7:1:"] == [line.split(" ")[0] for line in result.stdout.splitlines()[:-1]]


def test_what_a_run_writes_and_goes_by_is_no_article(feed, tmp_path, monkeypatch):
    """In the folder that is checked: a baseline, outputs and known notices repeat the articles, and are none."""
    monkeypatch.chdir(feed)
    notices = feed / "notices.txt"
    notices.write_text("Nobody ever wrote this sentence down, and nobody will.\n")
    options = ["--baseline", "known.jsonl", "--ignore-texts", "notices.txt", "--format", "csv:out.csv",
               "--format", "json:out.json", "--format", "markdown:./out.md", "--format", "terminal"]  # fmt: skip
    assert run("check", ".", *options, "--update-baseline").exit_code == 0

    for _ in range(2):
        result = run("check", ".", *options)
        assert (result.exit_code, "known in 2 articles" in result.stdout) == (0, True), result.stdout
    assert "a.md" in (feed / "out.csv").read_text()


def test_what_other_runs_wrote_is_no_article(feed, tmp_path):
    """Outputs of all formats and a baseline by their content, whatever they are called: counted, named."""
    forms = ["csv", "github", "gitlab", "html", "json", "junit", "markdown", "sarif", "terminal"]
    forms += ["parquet"] if find_spec("pyarrow") else []
    formats = [f"--format={form}:{feed}/{form}.{'parquet' if form == 'parquet' else 'md'}" for form in forms]
    assert run("check", feed, *formats).exit_code == 1
    assert run("check", feed, "--baseline", feed / "known.txt", "--update-baseline").exit_code == 0
    reports = ["badge", "html", "json", "shields", "svg", "text"]
    for form in reports:
        (feed / f"report-{form}.txt").write_text(run("report", feed / "a.md", feed / "b.md", "--format", form).stdout)
    (feed / "c.md").write_text((feed / "a.md").read_text("utf-8"), "utf-8")
    plain = run("check", feed, "--exclude", "known.txt", "--select", "D2", "-v")

    assert "errors, 0 warnings in 3 articles; " in plain.stdout
    assert f"input: {len(forms) + len(reports)} notices, the first: {feed}/" in plain.stdout
    told = [line for line in plain.stderr.splitlines() if "a baseline or a report of dedup, which is not read" in line]
    assert len(told) == len(forms) + len(reports)
    assert run("check", feed / "json.md", "--input-format", "text").exit_code != 2
    assert "a baseline or a report of dedup" in run("check", feed / "known.txt").stderr


def test_an_output_takes_the_place_of_no_input(feed, tmp_path):
    """Nor that of the baseline, nor by a link that of another output; nothing is written."""
    baseline, link = tmp_path / "known.jsonl", tmp_path / "link"
    run("check", feed, "--baseline", baseline, "--update-baseline")
    link.symlink_to(tmp_path / "out.json")
    before = {path: path.read_bytes() for path in (feed / "a.md", baseline)}
    for outputs in ([f"json:{feed}/a.md"], [f"json:{baseline}"], [f"json:{tmp_path}/out.json", f"sarif:{link}"]):
        formats = [word for one in outputs for word in ("--format", one)]
        result = run("check", feed / "a.md", "--baseline", baseline, *formats)

        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr
        assert "needs a file of its own" in result.stderr
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize("pattern", ["b.md", "b*", "./deep", "deep/", "deep/*", "deep/[b].md", "{}/deep"])
def test_patterns_name_files_and_folders(feed, pattern, tmp_path):
    """With and without what stands before and after, to ignore and to leave unread."""
    (feed / "deep").mkdir()
    (feed / "b.md").rename(feed / "deep" / "b.md")

    for option in ("--ignore-path", "--exclude"):
        result = run("check", feed, "--select", "D2", option, pattern.format(feed))
        assert (result.exit_code, "covers nothing" in result.stdout) == (0, False), result.stdout


def test_an_output_may_be_a_pipe(feed):
    """/dev/stdout, where that is no file."""
    command = [sys.executable, "-m", "dedup", "check", str(feed), "-q", "--format", "json:/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, json.loads(done.stdout)["failed"]) == (1, True)


LINE = "The committee said on Friday that the new road over the hill will open in autumn after years of delay."


def judged(folder: Path, text: str) -> list[str]:
    """Return what a check of one page says, without the name of the file."""
    (folder / "page.md").write_text(text, "utf-8")
    result = run("check", folder / "page.md", "--select", "D1")
    return [line.replace(f"{folder}/page.md:", "") for line in result.stdout.splitlines()[:-1]]


@pytest.mark.parametrize(
    "mark", ["<!-- dedup: ignore D101 a refrain of the song -->\n{}", "{} <!-- dedup: ignore D101 x -->"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mark_is_no_part_of_the_paragraph_that_it_stands_in(tmp_path, mark, end):
    """A paragraph of one sentence stays one: with the mark in its first line, or in its last."""
    text = f"# Song\n\n{LINE}\n\nOther things.\n\n{mark.format(LINE)}\n".replace("\n", end)

    assert [] == judged(tmp_path, text)


def test_a_mark_in_the_wrong_place_says_what_is_wrong_with_it(tmp_path):
    """Before the first copy, for another rule, or misspelt."""
    copies = [f"# Song\n\n{mark}{LINE}\n\nOther things.\n\n" for mark in ("<!-- dedup: ignore D101 x -->\n\n", "")]
    assert "3: this mark ignores nothing; it belongs before the later copy" in judged(tmp_path, copies[0] + LINE)[-1]

    other = judged(tmp_path, copies[1] + f"<!-- dedup: ignore D2 x -->\n{LINE}\n")
    assert ["8:1: D101", "7: this mark is for D2, and what is found there is D101"] == [other[0][:9], other[1]]

    wrong = judged(tmp_path, copies[1] + f"<!-- dedup: ignroe D101 x -->\n\n{LINE}\n")
    assert "7: 'ignroe' is no mark of dedup; did you mean ignore?" == wrong[-1]


def test_a_git_hook_finds_its_repository(feed, monkeypatch):
    """Git tells its hooks where the repository is, counted from its root, and not from where we look."""
    git(feed.parent, "init", "-q")
    git(feed.parent, "add", ".")
    git(feed.parent, "commit", "-qm", "all")
    monkeypatch.chdir(feed.parent)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")

    result = run("check", "feed", "--changed-from", "HEAD")

    assert (result.exit_code, result.stderr) == (0, "")
