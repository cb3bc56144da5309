"""The archive in a file under kills, full disks, other writers and readers: one clear line, and nothing lost."""

from __future__ import annotations

import random
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import dedup
from benchmarks.killing import kill_writers
from dedup.errors import DedupError
from dedup.index import database, file
from tests.strategies import made_feed
from tests.test_pipeline import findings_of

LINE = "The committee said on Friday that the new bridge over the Tarn will open in spring, two years late."
MORE = [
    {"id": f"more{i}", "text": f"{LINE}\n\nAnd a paragraph of its own, number {i}, of ten words."} for i in range(40)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return an archive of a few articles."""
    found = tmp_path / "archive.db"
    with dedup.Index.create(found, jobs=1) as index:
        index.add(made_feed(random.Random(2), 5))
    return found


def contents(path: Path) -> tuple[list[str], list[str]]:
    """Return the articles of an archive, and what is wrong in it."""
    with dedup.Index.open(path, writable=False, jobs=1) as index:
        return list(index.store.heads().ids), index.verify()


def test_a_killed_writer_leaves_all_or_nothing(tmp_path: Path):
    """Eight kills; `python -m benchmarks run archive-kill` makes 200."""
    outcomes, problems = kill_writers(tmp_path / "archive.db", 8, seed=5)

    assert 8 == outcomes.total()
    assert [] == problems


@contextmanager
def file_size_limit(n_bytes: int) -> Iterator[None]:
    """Let no file grow over a size: to a program that is as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_told_and_changes_nothing(path: Path):
    """The write fails with one line; the archive is what it was, and takes the articles when there is room."""
    before = contents(path)
    many = [{"id": str(i), "text": f"{LINE} {i} {random.Random(i).random()}"} for i in range(3_000)]

    with (
        file_size_limit(path.stat().st_size + 100_000),
        dedup.Index.open(path, jobs=1) as index,
        pytest.raises(DedupError, match=r"no room on the disk|nothing was changed") as caught,
    ):
        index.add(many)

    assert "\n" not in str(caught.value)
    assert before == contents(path)
    with dedup.Index.open(path, jobs=1) as index:
        index.add(MORE)
    assert len(before[0]) + len(MORE) == len(contents(path)[0])


def test_a_second_writer_waits_and_then_says_so(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing of either is lost."""
    monkeypatch.setattr(file, "WAIT_SECONDS", 0.1)
    before = contents(path)[0]

    with dedup.Index.open(path, jobs=1) as one, one.store.writing():
        one.add(MORE[:20])
        with dedup.Index.open(path, jobs=1) as other, pytest.raises(DedupError, match="another process is writing"):
            other.add(MORE[20:])

    with dedup.Index.open(path, jobs=1) as other:
        other.add(MORE[20:])
    assert (len(before) + len(MORE), []) == (len(contents(path)[0]), contents(path)[1])


def test_a_reader_sees_what_was_there_while_somebody_writes(path: Path):
    """The check in the middle of a write is that of before; afterwards it sees the new articles."""
    record = {"id": "new", "text": LINE}

    with dedup.Index.open(path, jobs=1) as writer, dedup.Index.open(path, writable=False, jobs=1) as reader:
        with writer.store.writing():
            writer.add(MORE[:1])
            during = reader.check([record])
        after = reader.check([record])

    assert (0, 1) == (len(during.findings), len(after.findings))


def test_what_may_only_be_read_is_read_and_not_written(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file, and a folder in which nothing may be made beside it."""
    monkeypatch.setattr(database.os, "access", lambda *_: False)  # root may write everything

    with dedup.Index.open(path, writable=False, jobs=1) as index:
        found = index.check([{"id": "new", "text": LINE}])

    assert 0 == len(found.findings)
    assert [path.name] == [one.name for one in path.parent.iterdir()]
    with pytest.raises(DedupError, match="may only be read, not written"):
        dedup.Index.open(path)


def test_damage_inside_is_told_or_does_no_harm(path: Path, tmp_path: Path):
    """Bytes that were changed: an error of ours or a problem of verify, or everything is as it was."""
    whole = path.read_bytes()
    damaged = tmp_path / "damaged.db"
    record = made_feed(random.Random(2), 5)[0] | {"id": "new"}

    def seen(archive: Path) -> object:
        with dedup.Index.open(archive, writable=False, jobs=1) as index:
            problems = index.verify()
            return problems or findings_of(index.check([record]))

    expected, told = seen(path), 0
    for start in range(8192, len(whole) - 2048, max(4096, len(whole) // 12)):
        damaged.write_bytes(whole[:start] + b"\x5a" * 2048 + whole[start + 2048 :])
        with suppress(DedupError):
            found = seen(damaged)
            if found == expected:
                continue
            assert isinstance(found, list)
            assert all(isinstance(one, str) for one in found)
        told += 1

    assert told >= 3


def test_an_archive_can_be_copied_when_nobody_writes(path: Path, tmp_path: Path):
    """It is one file: no other one beside it is needed."""
    assert [path.name] == [one.name for one in path.parent.iterdir()]
    shutil.copy(path, tmp_path / "copy.db")

    assert contents(path) == contents(tmp_path / "copy.db")


def test_many_small_steps_become_few_runs(path: Path):
    """40 additions of an article each: as found as one of 40, in a handful of runs."""
    with dedup.Index.open(path, jobs=1) as index:
        for one in MORE:
            index.add([one])
        found = index.check([{"id": "new", "text": f"{LINE}\n\nAnd more."}])
        (runs,) = index.store._db.execute("SELECT count(*) FROM runs").fetchone()  # type: ignore[attr-defined]

    assert runs < 16
    assert 41 == len(set(found.findings.articles.tolist())) + found.archive.more[0]
    assert [] == contents(path)[1]
