"""Memory under a limit: arrays keep what is in them, whatever is let go of, and nothing is left behind."""

from __future__ import annotations

import mmap
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import dedup
from dedup import counters, passes, scratch
from dedup.errors import ConfigError
from dedup.kernels import scratch as kernels
from dedup.scratch import LEAST_BYTES, Scratch, parse_size
from dedup.spans import compact, reader
from tests.strategies import made_feed
from tests.test_reports import json_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a limit is kept on Linux only")


@pytest.fixture
def hungry(tmp_path: Path, monkeypatch):
    """Return a scratch that lets go of everything all the time."""
    monkeypatch.setattr(scratch, "_HIGH", 0.0)
    return Scratch(LEAST_BYTES, tmp_path)


def test_arrays_keep_their_values_while_pages_are_let_go_of(hungry):
    """Arrays made, filled, grown and freed in any order hold what lists of the same numbers hold."""
    source = random.Random(1)
    known: list[tuple[np.ndarray, int, int]] = []
    with hungry.in_use():
        for step in range(80):
            n = source.choice([10, 1 << 15, 40_000, 300_000, 1_500_000])
            if source.random() < 0.3:
                array = np.zeros(n, np.int64)
                assert not array.any()
            else:
                array = np.empty(n, np.int64)
            array[:] = np.arange(n) * step
            if source.random() < 0.3:
                array.resize(n * 3 // 2, refcheck=False)
                assert not array[n:].any()
            known.append((array, n, step))
            if source.random() < 0.6:
                known.pop(source.randrange(len(known)))
        for array, n, step in known:
            assert (array[:n] == np.arange(n) * step).all()
    assert hungry.usage.releases > 0
    assert hungry.usage.spilled_bytes > 1 << 20


def test_the_report_is_the_same(hungry):
    """All of it, with pages let go of from under the stages."""
    articles = dedup.articles_of(made_feed(random.Random(3), 300))
    plain = json_of(dedup.scan(articles, jobs=2))

    with hungry.in_use():
        again = dedup.articles_of(made_feed(random.Random(3), 300))
        assert hungry.place(again.text) is not None
        limited = json_of(dedup.scan(again, jobs=2))

    assert plain == limited
    assert hungry.usage.releases > 0


def test_spans_of_a_text_come_without_what_lies_around_them(tmp_path):
    """Their bytes are those of the text, and a few of them from all over it take next to no memory."""
    source = np.random.default_rng(5)
    plain = source.integers(0, 256, 1 << 25, np.uint8)
    starts = source.integers(0, len(plain) - 200, 500)
    ends = starts + source.integers(0, 200, len(starts))
    limited = Scratch(LEAST_BYTES, tmp_path)
    with limited.in_use():
        text = plain + np.uint8(0)
        assert limited.place(text) is not None
        assert limited.place(text[::2]) is None
        limited._state[kernels.MOST] = 0
        limited.make_room()
        before = _resident_bytes()
        found, firsts, lasts = compact(text, starts, ends)
        read = reader(text)
        one_by_one = [read(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        more = _resident_bytes() - before

    expected = [plain[start:end].tobytes() for start, end in zip(starts, ends, strict=True)]
    assert [found[start:end].tobytes() for start, end in zip(firsts, lasts, strict=True)] == expected
    assert one_by_one == expected
    assert more < 4 << 20
    assert compact(plain, starts, ends)[0] is plain


@pytest.mark.parametrize("levels", [("title", "paragraph", "sentence"), ("title", "article")])
def test_counters_without_room_are_counted_in_parts(hungry, monkeypatch, levels):
    """Each shingle has the count that the whole table has, and the report is the same."""
    monkeypatch.setattr(scratch, "MOST_PINNED", 0.0)
    monkeypatch.setattr(counters, "_SHARE", 0.0)
    monkeypatch.setattr(counters, "_LEAST_PART", 1 << 14)
    records = [*made_feed(random.Random(4), 200), {"title": "", "text": "Short one.\n\nShort one."}]
    config = dedup.Config(levels=levels)
    articles = dedup.articles_of(records)
    plain = json_of(dedup.scan(articles, config, jobs=2))
    with ThreadPoolExecutor(2) as executor:
        expected = passes.first_pass(articles, config, executor, jobs=2)[2]
        with hungry.in_use():
            found = passes.first_pass(articles, config, executor, jobs=2)[2]
            limited = json_of(dedup.scan(articles, config, jobs=2))

    assert plain == limited
    assert expected.counters is not None
    assert found.counters is None
    assert found.counts is not None
    assert len(expected.counters) >= 4 << 14
    assert expected.counters.any()
    for one in found.kept:
        slots = found.store.get(one) & np.uint32(len(expected.counters) - 1)
        assert (found.counts[one] == expected.counters[slots]).all()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def test_the_limit_is_kept_though_no_other_thread_has_its_turn(tmp_path):
    """A process that fills twice as much as it may stays under the limit by itself, and its file has no name."""
    code = f"""
import os, re
import numpy as np
from dedup.kernels import scratch as kernels
from dedup.scratch import LEAST_BYTES, Scratch

def sleep_forever(base, page_bytes, path, control):
    control[kernels.RUNNING] = 1

kernels.govern = sleep_forever
with Scratch(LEAST_BYTES, {str(tmp_path)!r}).in_use():
    parts = [np.arange(1_000_000) + i for i in range(180)]
    assert all((part == np.arange(1_000_000) + i).all() for i, part in enumerate(parts))
    # Not getrusage: its peak is also that of the process that started this one.
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
    print(os.listdir({str(tmp_path)!r}), peak)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    names, peak = out.rsplit(" ", 1)
    assert "[]" == names
    assert int(peak) <= LEAST_BYTES


@pytest.mark.parametrize("text", ["", "much", "4 XB", "-1GB", "GB"])
def test_a_size_that_is_none_is_refused(text):
    """With what one looks like."""
    with pytest.raises(ConfigError, match="give a number and a unit, as in 4GB"):
        parse_size(text)


def test_what_cannot_be_kept_is_refused(tmp_path, monkeypatch):
    """Too little, a folder that takes no file, another system: one line each."""
    with pytest.raises(ConfigError, match="memory is 1 MB; at least 700 MB are needed"):
        Scratch(1 << 20)
    with pytest.raises(ConfigError, match="cannot be written to"):
        Scratch(LEAST_BYTES, tmp_path / "none")
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ConfigError, match="on Linux only, not on darwin"):
        Scratch(LEAST_BYTES)
