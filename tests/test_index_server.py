"""The archive on a server: datasketch reads its bands, several write at once, a killed server shows nothing half."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import dedup
from dedup.errors import DedupError
from dedup.index import server
from dedup.minhash import MinHashParams, sign, to_datasketch
from dedup.shingles import Ranges, ShingleParams, shingle
from dedup.tokens import TokenParams, tokenize
from tests import redis_server
from tests.strategies import made_feed, paragraph

LINE = "The committee said on Friday that the new bridge over the Tarn will open in spring, two years late."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server."""
    with redis_server.running(tmp_path_factory.mktemp("redis")) as found:
        yield found


def test_datasketch_finds_the_texts_of_an_archive(address: str):
    """A `MinHashLSH` on the same storage, asked with a MinHash of a reworded line, names the line's key."""
    import datasketch
    import redis

    with dedup.Index.create(f"{address}?name=shared", jobs=1) as index:
        index.add([{"id": "a", "text": LINE}])
        asked, segments = index.store.segments_of(
            index._addition(dedup.articles_of([LINE]), np.zeros(1, np.uint64)).keys
        )
    pool = redis.ConnectionPool.from_url(address)
    storage = {"type": "redis", "basename": b"saidtwice:shared:lsh", "redis": {"connection_pool": pool}}
    lsh = datasketch.MinHashLSH(num_perm=128, params=(35, 3), storage_config=storage, prepickle=False)
    text = np.frombuffer(LINE.replace(" new", "").encode(), np.uint8)
    tokens = tokenize(text, np.array([0]), np.array([len(text)]), TokenParams())
    sets = shingle(Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:]), ShingleParams())

    found = lsh.query(to_datasketch(sign(sets, MinHashParams())[0], MinHashParams()))

    assert {b"%016x" % segment for segment in segments.tolist()} == set(found)
    assert [0] == asked.tolist()
    pool.disconnect()


_WRITER = """
import sys, dedup
from dedup.index import server
address, name = sys.argv[1:]
with dedup.Index.open(address, jobs=1) as index:
    for i in range(5):
        index.add([{"id": f"{name}-{i}-{j}", "text": f"%s\\n\\n{name} wrote text {i} {j} with a few words of his own."}
                   for j in range(3)])
"""


def test_several_writers_at_once_lose_nothing(address: str):
    """Three processes of five additions each, all with one line in common: all articles, and the line counted once."""
    name = f"{address}?name=writers"
    dedup.Index.create(name, jobs=1).close()

    code = _WRITER % LINE
    running = [subprocess.Popen([sys.executable, "-c", code, name, who]) for who in ("anna", "ben", "cleo")]
    codes = [one.wait(120) for one in running]
    with dedup.Index.open(name, jobs=1) as index:
        totals, problems = index.store.totals(), index.verify()

    assert [0, 0, 0] == codes
    assert (45, 46) == totals
    assert [] == problems


def test_a_server_that_is_killed_in_the_middle_of_an_add_shows_nothing_half(tmp_path: Path):
    """At several moments: restarted from its append-only file it verifies, and no match lacks its text."""
    source = random.Random(7)
    port = redis_server.free_port()
    process = redis_server.start(tmp_path, port)
    address = f"redis://127.0.0.1:{port}/0"
    dedup.Index.create(address, jobs=1).close()
    writer = f"""
import dedup, random
from tests.strategies import made_feed
with dedup.Index.open({address!r}, jobs=1) as index:
    for step in range(1000):
        batch = made_feed(random.Random(step), 12)
        index.add([{{**one, "id": f"{{step}}-{{one['id']}}"}} for one in batch])
        print(step, flush=True)
"""
    try:
        for moment in (0.1, 0.35, 0.6):
            child = subprocess.Popen([sys.executable, "-c", writer], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            assert child.stdout is not None
            child.stdout.readline()  # it is at work
            time.sleep(moment * source.uniform(0.5, 1))
            process.kill()
            process.wait()
            child.wait(60)
            child.stdout.close()
            process = redis_server.start(tmp_path, port)
            with dedup.Index.open(address, jobs=1) as index:
                index.store._db.delete("saidtwice:archive:lock")  # type: ignore[attr-defined]  # of the dead writer
                problems, n_articles = index.verify(), index.counts().articles
                report = index.check(
                    [{**one, "id": f"new{i}"} for i, one in enumerate(made_feed(random.Random(0), 12))]
                )

            assert child.returncode != 0  # it was at work when the server went
            assert [] == problems
            assert n_articles % 12 == 0  # all or nothing of each addition
            assert len(report.findings) > 0
            lengths = report.findings.ends - report.findings.starts
            assert (lengths > 0).all()
    finally:
        process.kill()
        process.wait()


def test_what_a_dead_writer_left_is_let_go_of(address: str, monkeypatch: pytest.MonkeyPatch):
    """Its articles are not seen; after a compaction they are not there either, and those of others are."""
    name = f"{address}?name=dead"
    with dedup.Index.create(name, jobs=1) as index:
        index.add([{"id": "a", "text": LINE}])
        monkeypatch.setattr(server.RedisStore, "_commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            index.add([{"id": "b", "text": f"{LINE}\n\n{paragraph(random.Random(1))}"}])
        monkeypatch.undo()
        before = index.counts()
        index.compact()
        after = index.counts()
        problems = index.verify()

    assert (1, 1) == (before.articles, after.articles)
    assert before.segments > after.segments == 1
    assert [] == problems


def test_a_server_that_is_not_there_is_told_in_one_line():
    """The address, without its password."""
    address = f"redis://me:secret@127.0.0.1:{redis_server.free_port()}/0"

    with pytest.raises(DedupError, match="the server does not answer") as caught:
        dedup.Index.open(address)

    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_not_there_is_told(address: str):
    """With what makes it."""
    with pytest.raises(DedupError, match="does not exist; make it with `dedup index create`"):
        dedup.Index.open(f"{address}?name=nobody")
