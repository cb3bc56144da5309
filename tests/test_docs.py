"""What the documents say is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dedup.config import SETTINGS, Config, load_config
from dedup.errors import ConfigError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEAVY = ("numba", "numpy", "sklearn", "scipy", "click", "datasketch", "pyarrow", "pandas")


def test_importing_the_package_loads_nothing_heavy():
    """`import dedup` costs next to nothing: a program that may need it later can import it at its top."""
    code = f"import sys, dedup; print([name for name in {HEAVY!r} if name in sys.modules])"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "[]" == out.stdout.strip()


def test_the_python_example_of_the_readme_runs(monkeypatch, capsys):
    """The library block, as printed, on the seeds."""
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block
    monkeypatch.chdir(ROOT / "seeds")

    exec(compile(block.group(1), "README.md", "exec"), {})

    assert "boilerplate 520 This report is free to read" in capsys.readouterr().out


def test_the_options_of_the_readme_exist():
    """Each --option that the README names is one of a command's."""
    out = "".join(
        subprocess.run(
            [sys.executable, "-m", *command.split(), "--help"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for command in (
            *(
                f"dedup {one}"
                for one in ("report", "check", "clean", "audit", "index check", "index create", "index expire")
            ),
            "benchmarks run",
        )
    )
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))

    assert named
    assert [] == [option for option in sorted(named) if option not in out]


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_sets_a_field_that_exists(name):
    """The table of settings points at fields of the parameters."""
    part, attribute = SETTINGS[name]

    assert hasattr(Config(), part)
    assert not attribute or hasattr(getattr(Config(), part), attribute)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_jacard": 0.5}, "did you mean 'min_jaccard'"),
        ({"min_jaccard": 3}, "min_jaccard is 3"),
        ({"levels": ["chapter"]}, "allowed: one or more of title, paragraph, sentence, article"),
        ({"candidates": "magic"}, "allowed: auto, exact, lsh"),
        ({"shingle": "line"}, "allowed: word, char"),
        ({"min_run": 3}, "allowed: 0, or at least 8"),
    ],
)
def test_wrong_settings_are_refused_with_what_is_allowed(settings, message):
    """One line: the setting, the value got, what is allowed."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(settings)
