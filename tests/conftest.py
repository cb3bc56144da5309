from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from dedup.readers import ReadParams
from tests.reading import NEVER

# Compiling a kernel takes a second, once: a deadline for each example would fail the first.
# The same examples each time: a build fails for what has changed; `HYPOTHESIS_PROFILE=nightly` looks further.
settings.register_profile("default", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ anew; review it as a diff")


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return ``check_golden(name, text)``: the whole text is what the golden file of that name holds."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return check


@pytest.fixture(params=[0, NEVER], ids=["compiled", "plain"])
def params(request: pytest.FixtureRequest) -> ReadParams:
    return ReadParams(compiled_bytes=request.param)
