"""The command line says what it does, ends with the right code, and leaves nothing half done."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import ModuleType

import click
import jsonschema
import pytest
from click.testing import CliRunner

import dedup
from dedup import cli
from dedup.cli import options, report
from dedup.errors import ConfigError, FeedError
from dedup.reports import FORMATS, Options
from tests.report_factory import BRIDGE, every_kind
from tests.test_reports import SCHEMA, text_of


def run(*arguments: str, **extra):
    return CliRunner().invoke(cli.main, list(arguments), prog_name="dedup", **extra)


class StubRun:
    """Stands for the pipeline: notes what it is asked, and returns or raises what a test wants."""

    def __init__(self) -> None:
        self.settings: dict = {}
        self.arguments: tuple = ()
        self.answer: object = every_kind()

    def load_config(self, settings, _origins=None):
        self.settings = dict(settings)
        return "config"

    def scan(self, inputs, config, *, jobs, progress, without=()):
        self.arguments = (inputs, config, jobs)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def stub(monkeypatch) -> StubRun:
    stub = StubRun()
    for module, name in (("dedup.config", "load_config"), ("dedup.pipeline", "scan")):
        fake = ModuleType(module)
        setattr(fake, name, getattr(stub, name))
        monkeypatch.setitem(sys.modules, module, fake)
    return stub


@pytest.fixture
def real() -> None:
    pytest.importorskip("dedup.pipeline", reason="the whole pipeline is needed", exc_type=ImportError)


# --- results


def test_the_report_goes_to_standard_output(stub):
    """Without options the text report is what is printed, and the exit code is 0."""
    result = run("report", "a.jsonl", "b")

    assert (result.exit_code, result.stdout, result.stderr) == (0, text_of(every_kind()), "")
    assert stub.arguments == (("a.jsonl", "b"), "config", None)


def test_format_output_and_filters(stub, tmp_path):
    """The chosen format, kinds and number of findings are written to the file, and nothing is printed."""
    path = tmp_path / "report.json"

    result = run("report", "-", "--format", "json", "-o", str(path), "--kind", "self", "--kind", "reuse", "--top", "3")

    document = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (result.exit_code, result.output) == (0, "")
    assert [finding["number"] for finding in document["findings"]] == [3, 5, 6]
    assert list(tmp_path.iterdir()) == [path]


def test_settings_are_none_until_given(stub):
    """The command has no defaults of its own: it hands on what was given."""
    run("report", "a")

    assert stub.settings == {}

    run(
        *("report", "a", "--jobs", "2", "--min-jaccard", ".4", "--level", "title", "--level", "sentence"),
        *("--field", "text=html", "--field", "text=raw", "--field", "id=key", "--candidates", "lsh", "--min-run", "0"),
    )

    assert {name: value for name, value in stub.settings.items() if value is not None} == {
        "min_jaccard": 0.4,
        "levels": ("title", "sentence"),
        "fields": {"text": ("html", "raw"), "id": ("key",)},
        "candidates": "lsh",
        "min_run": 0,
    }
    assert stub.arguments[2] == 2


def test_color_can_be_forced(stub):
    """Output that is not a terminal has colour if it is asked for."""
    assert "\x1b[" not in run("report", "a").stdout
    assert run("report", "a", "--color", color=True).stdout == text_of(every_kind(), color=True)


# --- errors


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FeedError("a.jsonl", 3, "not JSON"), "dedup: error: a.jsonl: record 3: not JSON\n"),
        (ConfigError("min_jaccard is 2.0;\nallowed: 0 to 1"), "dedup: error: min_jaccard is 2.0; allowed: 0 to 1\n"),
        (FeedError("a\x1b[2J", 0, "gone"), "dedup: error: a\\x1b[2J: gone\n"),
        (FileNotFoundError(2, "No such file or directory", "x"), "dedup: error: x: No such file or directory\n"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(stub, tmp_path, error, line):
    """What is wrong is said in one harmless line; the file that was there stays as it was."""
    path = tmp_path / "report.txt"
    path.write_text("old", encoding="utf-8")
    stub.answer = error

    result = run("report", "a", "-o", str(path))

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)
    assert ([path], "old") == (list(tmp_path.iterdir()), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["report"], "Missing argument"),
        (["report", "a", "--bogus"], "No such option"),
        (["--bogus"], "No such option"),
        (["report", "a", "--format", "xml"], "'json', 'png'"),
        (["report", "a", "--field", "text"], "is not KEY=NAME"),
        (["report", "a", "-o", "/"], "is a directory"),
        (["report", "a", "-o", "no/such/folder/x"], "there is no folder no/such/folder"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(stub, arguments, told):
    """A mistyped command line is told in one line that says what is allowed, before any work is done."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("dedup: error: ")
    assert told in result.stderr
    assert stub.arguments == ()


def test_no_command_shows_the_help():
    """``dedup`` alone shows what there is, on standard error, and fails."""
    result = run()

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Commands:\n  report  " in result.stderr


def test_an_interrupt_is_one_line_and_exit_code_130(stub, tmp_path):
    """Ctrl-C leaves the old file, nothing half-written, and one line."""
    path = tmp_path / "report.txt"
    path.write_text("old", encoding="utf-8")
    stub.answer = KeyboardInterrupt()

    result = run("report", "a", "-o", str(path))

    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "dedup: interrupted\n")
    assert ([path], "old") == (list(tmp_path.iterdir()), path.read_text(encoding="utf-8"))


_BIG_REPORT = """
import sys
from types import ModuleType
for name, value in (("load_config", lambda *a: None), ("scan", lambda *a, **k: report)):
    module = sys.modules.setdefault("dedup.config" if name == "load_config" else "dedup.pipeline", ModuleType("fake"))
    setattr(module, name, value)
from dedup.model import Kind
from tests.report_factory import *
finding = Finding(Kind.SELF, 2, [Place(0, BRIDGE, nth=i) for i in (0, 1)])
report = make_report([Article((BRIDGE + "\\n") * 900)], [finding] * 900)
from dedup.cli import main
main(["report", "a", "--top", "0"])
"""


def test_a_closed_pipe_is_no_error():
    """Who reads the first lines only, as ``head`` does, gets no complaint."""
    with subprocess.Popen(
        [sys.executable, "-c", _BIG_REPORT],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()

    assert (first, told, process.returncode) == ("1 article in 1 file, 14,400 tokens\n", "", 0)


# --- help


@pytest.mark.parametrize(("argument", "status"), [("--version", 0), ("no-such-command", 2)])
def test_leaving_keeps_the_status_the_output_and_what_is_registered(argument, status):
    """The process ends without taking the interpreter apart; nothing that is written or due at the end is lost."""
    script = (
        f"import atexit, sys; sys.argv = ['dedup', {argument!r}]; atexit.register(print, 'at the end')\n"
        "from dedup.cli import run_and_leave; print('unflushed'); run_and_leave(); print('not reached')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()

    assert status == done.returncode
    assert ("unflushed", "at the end") == (lines[0], lines[-1])


def test_help_imports_nothing_heavy():
    """``dedup --help`` loads neither NumPy nor Numba nor scikit-learn."""
    code = (
        "import sys, dedup.cli\n"
        "try: dedup.cli.main(['--help'])\n"
        "except SystemExit as end: print(end.code, sorted({'numpy', 'numba', 'sklearn', 'msgspec'} & set(sys.modules)))"
    )

    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert output.splitlines()[-1] == "0 []"


def test_version():
    """``dedup --version`` names the version of the package."""
    assert run("--version").stdout == f"dedup {dedup.__version__}\n"


@pytest.mark.usefixtures("real")
def test_every_option_has_help_with_its_default():
    """Each option says what it does, and each that has a default what that is."""
    command = report.report
    records = {
        option.name: option.get_help_record(click.Context(command, info_name="report"))
        for option in command.params
        if isinstance(option, click.Option)
    }

    without_default = {name for name, (_, told) in records.items() if "default: " not in told}

    assert [name for name, (_, told) in records.items() if len(told) < 10] == []
    assert without_default == {"quiet", "verbose", "borderline"}
    assert records["num_perm"][1].endswith("[default: 128]")


@pytest.mark.usefixtures("real")
def test_choices_are_those_of_the_settings():
    """The command line knows the levels, candidate modes and settings that the configuration knows."""
    from dedup.config import CANDIDATES, LEVELS, SETTINGS

    names = {option.name for option in report.report.params if isinstance(option, options.SettingOption)}

    assert (options._LEVELS, options._CANDIDATES) == (LEVELS, CANDIDATES)
    assert names <= set(SETTINGS)


# --- notices


@pytest.mark.parametrize(("flags", "told"), [([], "dedup: compiling (first run only) ...\n"), (["-q"], "")])
def test_the_first_compilation_is_announced(stub, monkeypatch, flags, told):
    """That kernels are compiled is said once, on standard error, though it is no terminal; not with --quiet."""
    import numba

    def scan(*arguments, **named):
        for value in (1, 1.0):
            numba.njit(lambda x: x + 1)(value)
        return every_kind()

    monkeypatch.setattr(sys.modules["dedup.pipeline"], "scan", scan)

    assert run("report", "a", *flags).stderr == told


# --- the whole


@pytest.fixture
def feed(tmp_path) -> Path:
    path = tmp_path / "feed.jsonl"
    other = BRIDGE.replace("on Friday", "late on Friday")
    records = [
        {
            "id": "a",
            "title": "Bridge",
            "text": f"{BRIDGE}\n\nThe mayor was pleased with it.\n\n{other}",
            "source": "Post",
        },
        {"id": "b", "text": "Growers in the upper valley brought in more apricots than in any summer before."},
        {"id": "c"},
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.usefixtures("real")
def test_a_feed_is_reported(feed):
    """A line said twice in a record is found, shown with its difference, and what was skipped is counted."""
    result = run("report", str(feed), "-q")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "1. repeated inside the article, reworded" in result.stdout
    assert "{+late+}" in result.stdout
    assert "skipped     1 not read, or not as given:" in result.stdout


@pytest.mark.usefixtures("real")
def test_equal_runs_give_equal_bytes(feed):
    """JSON of the same feed is the same, valid document on one thread and on three."""
    one, three = (run("report", str(feed), "-q", "--format", "json", "--jobs", jobs).stdout for jobs in ("1", "3"))

    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(one))
    assert one == three


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize(
    "arguments", [["{feed}", "--min-jaccard", "2"], ["{feed}", "--field", "what=x"], ["nowhere.jsonl"]]
)
def test_a_run_that_cannot_be_is_one_line(feed, arguments):
    """Settings that are not allowed and files that are not there end in one line and exit code 2."""
    result = run("report", *(argument.format(feed=feed) for argument in arguments))

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


@pytest.mark.usefixtures("real")
def test_no_readable_article_is_an_error(tmp_path):
    """A feed in which there is no article at all is exit code 2 with the reason."""
    path = tmp_path / "empty.jsonl"
    path.write_text('{"id": "a"}\n', encoding="utf-8")

    result = run("report", str(path))

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert str(path) in result.stderr


def test_text_is_what_the_writer_writes(stub, tmp_path):
    """A file has the plain text of the report."""
    stream = StringIO()
    FORMATS["text"](every_kind(), stream, Options(verbose=True))

    run("report", "a", "-v", "-o", str(tmp_path / "out.txt"))

    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == stream.getvalue()
