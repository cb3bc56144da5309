"""The archive: checks say what one run over everything says, on each kind of store; nothing is half done."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.errors import DedupError, IncompatibleError
from dedup.hashed import has_text
from tests import redis_server
from tests.strategies import made_feed, paragraph
from tests.test_pipeline import findings_of

LINE = "The committee said on Friday that the new bridge over the Tarn will open in spring, two years late."
NOTICE = "This page is free to read because its members pay for it; write to the desk if you find an error in it."

Make = Callable[..., dedup.Index]


@pytest.fixture(scope="module", params=["file", "server"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Return ``make(keeps, **settings)``: a new archive on each kind of store."""
    numbers = count()
    if request.param == "file":
        folder = tmp_path_factory.mktemp("archives")
        yield lambda keeps="text", **flags: dedup.Index.create(
            folder / f"{next(numbers)}.db", dedup.load_config(flags), store=keeps, jobs=1
        )
        return
    with redis_server.running(tmp_path_factory.mktemp("redis")) as address:
        yield lambda keeps="text", **flags: dedup.Index.create(
            f"{address}?name=made{next(numbers)}", dedup.load_config(flags), store=keeps, jobs=1
        )


def with_texts(report: dedup.Report, records: list[dict[str, Any]]) -> dedup.Report:
    """Return a report in which articles without text have that of their record, where it stood."""
    articles, texts = report.articles, {record["id"]: record for record in records}
    buffer = articles.text.copy()
    for row in np.flatnonzero(~has_text(articles)).tolist():
        record = texts[articles.ids[row]]
        text = (str(record.get("title", "")) + str(record["text"])).encode()
        buffer[articles.offsets[row] : articles.offsets[row + 1]] = np.frombuffer(text, np.uint8)
    return replace(report, articles=replace(articles, text=buffer, hashed=None))


def involving(report: dedup.Report, ids: set[object]) -> list[tuple[Any, ...]]:
    """Return the findings that have a place in one of these articles, as plain values."""
    return sorted(finding for finding in findings_of(report) if any(place[0] in ids for place in finding[4]))


def texts_of(report: dedup.Report, ids: set[object]) -> set[tuple[str, str]]:
    """Return the matched texts of which one, or both, stand in one of these articles."""
    segments, articles = report.segments, report.articles
    mine = {
        articles.slice_text(start, end)
        for start, end, article in zip(segments.starts, segments.ends, segments.articles, strict=True)
        if articles.ids[article] in ids
    }
    pairs = {
        tuple(sorted(articles.slice_text(segments.starts[row], segments.ends[row]) for row in pair))
        for pair in zip(report.matches.left, report.matches.right, strict=True)
    }
    return {(one, other) for one, other in pairs if one in mine or other in mine}


def repeated(report: dedup.Report, ids: set[object]) -> dict[str, int]:
    rows = zip(report.articles.ids, report.repeated.tolist(), strict=True)
    return {name: tokens for name, tokens in rows if name in ids}


@pytest.mark.parametrize("keeps", ["text", "hashes"])
@settings(max_examples=8)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 14))
def test_a_check_says_what_one_run_over_everything_says(make, keeps, seed, n):
    """Whatever was added in what steps, with something removed again: findings, scores, matches, redundancy."""
    source = random.Random(seed)
    records = made_feed(source, n)
    cut = source.randint(1, n - 1)
    old, new = records[:cut], records[cut:]
    strange = [{"id": f"gone{i}", "text": paragraph(source) + "\n\n" + old[0]["text"].split("\n\n")[0]} for i in (1, 2)]
    ids = {record["id"] for record in new}

    with make(keeps) as index:
        steps = [*old, *strange]
        while steps:
            step, steps = steps[:3], steps[3:]
            index.add(step)
        index.remove(["gone1", "gone2"])
        found = with_texts(index.check(new), records)
        problems = index.verify()

    expected = dedup.scan(dedup.articles_of(old + new), dedup.load_config({"candidates": "lsh"}), jobs=1)
    assert [] == problems
    assert involving(expected, ids) == involving(found, ids) == sorted(findings_of(found))
    assert repeated(expected, ids) == repeated(found, ids)
    assert texts_of(expected, ids) == texts_of(found, ids)


def test_a_notice_in_more_articles_than_are_read_is_counted_in_full(make):
    """Of 60 copies 32 are read: the kind is that of the whole, and the report has the number of the others."""
    source = random.Random(3)
    records = [
        {"id": f"n{i}", "date": 86_400 * i, "source": "North", "text": f"{paragraph(source, 4)}\n\n{NOTICE}"}
        for i in range(61)
    ]

    with make() as index:
        index.add(records[:60])
        found = index.check(records[60:])

    assert found.archive is not None
    assert [dedup.Kind.BOILERPLATE] == found.findings.kinds.tolist()
    assert "n0" == found.articles.ids[found.findings.articles[0]]
    assert 61 == len(set(found.findings.articles.tolist())) + found.archive.more[0]


def test_a_story_that_many_sources_carry_is_no_notice(make):
    """40 copies under 40 sources, of which 32 are read: reuse, as in one run."""
    source = random.Random(4)
    records = [
        {"id": f"s{i}", "date": 86_400 * i, "source": f"source {i}", "text": f"{paragraph(source, 4)}\n\n{LINE}"}
        for i in range(41)
    ]

    with make() as index:
        index.add(records[:40])
        found = index.check(records[40:])

    assert [dedup.Kind.REUSE] == found.findings.kinds.tolist()


def test_an_article_that_is_there_is_neither_added_twice_nor_compared_with_itself(make):
    """Same id and same text; with another text it is another article."""
    record = {"id": "a", "source": "North", "text": f"{LINE}\n\n{NOTICE}"}

    with make() as index:
        first, again = index.add([record]), index.add([record, record, {**record, "text": NOTICE}])
        alone = make()
        with alone:
            alone.add([record])
            found = alone.check([record])

    assert [(1, 0), (1, 2)] == [(one.added, one.known) for one in (first, again)]
    assert 0 == len(found.findings)
    assert [False] == found.archive.articles.tolist()


def test_check_with_add_takes_in_what_it_checked(make):
    """What the second check finds is what the first one added; the first has found the words that are new, too."""
    with make() as index:
        index.check([{"id": "a", "source": "North", "text": LINE, "date": 0}], add=True)
        found = index.check([{"id": "b", "source": "South", "text": LINE, "date": 86_400}], add=True)
        n_articles, n_documents = index.store.totals()

    assert ["a", "b"] == [found.articles.ids[article] for article in found.findings.articles]
    assert (2, 1) == (n_articles, n_documents)


def test_what_is_removed_is_gone(make):
    """No finding, no text, no word; and what others have of it stays."""
    old = [{"id": "a", "text": f"{LINE}\n\nOnly here, the heron of the weir."}, {"id": "b", "text": LINE}]

    with make() as index:
        index.add(old)
        removed = index.remove(["a", "nobody"])
        found = index.check([{"id": "c", "text": f"{LINE}\n\nOnly here, the heron of the weir stands and waits."}])
        index.compact()
        after = index.check([{"id": "c", "text": LINE}])
        problems = index.verify()
        words = index.counts().words

    assert 1 == removed
    assert ["b", "c"] == sorted(set(found.articles.ids))
    assert ["b", "c"] == sorted(set(after.articles.ids))
    assert [] == problems
    assert words == len(set(LINE.lower().replace(".", "").replace(",", "").split()))


def test_expire_goes_by_the_date_and_leaves_what_has_none(make):
    """Older than the day, not the day itself."""
    with make() as index:
        index.add([{"id": str(i), "text": f"{LINE} {i}", "date": 86_400 * i} for i in range(4)])
        index.add([{"id": "undated", "text": LINE}])
        removed = index.expire(2 * 86_400)
        left = [name for articles in index.articles() for name in articles.ids]

    assert (2, ["2", "3", "undated"]) == (removed, left)


def test_articles_come_back_as_they_went_in(make):
    """All columns, invalid bytes and empty titles too; positions in Markdown stay those of the file."""
    record = {"id": "é", "title": "Über", "text": "One.\n\nTwo \ud800 three.", "source": "N", "url": "https://x.example/",
              "date": "2026-03-01", "tags": ["a", "b"], "language": "en"}  # fmt: skip
    articles = dedup.articles_of([record, "Nothing but a text of a few words."])

    with make() as index:
        index.add(articles)
        (back,) = list(index.articles())

    for name in ("text", "offsets", "body_starts", "dates", "records", "body_lines"):
        assert getattr(articles, name).tolist() == getattr(back, name).tolist()
    for name in ("ids", "sources", "urls", "languages", "tags"):
        assert list(getattr(articles, name)) == list(getattr(back, name))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"num_perm": 64}, r"built with num_perm=128, this run has 64; .* pass --num-perm 128"),
        ({"min_tokens": 5}, r"built with min_tokens=8, this run has 5; .* pass --min-tokens 8"),
        ({"min_jaccard": 0.4}, r"built with min_jaccard=0.5, this run has 0.4; .* pass at least --min-jaccard 0.5"),
        ({"levels": ["paragraph"]}, r"--level title --level paragraph --level sentence"),
    ],
)
def test_another_setting_of_the_bits_is_refused_by_name(make, flags, message):
    """The name, both values, the remedy; what does not decide them may differ."""
    with make() as index:
        name = index.store.name

    with pytest.raises(IncompatibleError, match=message):
        dedup.Index.open(name, flags)
    with dedup.Index.open(name, {"min_cosine": 0.9, "min_jaccard": 0.6}) as index:
        assert (0.9, 0.6) == (index.config.score.min_cosine, index.config.score.min_jaccard)


def test_a_write_that_fails_leaves_nothing(make, monkeypatch):
    """An exception in the middle of an add of many: the archive is what it was."""
    from dedup.index import archive

    with make() as index:
        index.add([{"id": "a", "text": LINE}])
        before = index.counts()
        monkeypatch.setattr(archive, "BATCH_BYTES", 100)
        calls = count()

        def fail(*_: object) -> None:
            if next(calls) == 1:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            index.add([{"id": f"b{i}", "text": f"{NOTICE} {i}"} for i in range(5)], progress=fail)
        after, problems = index.counts(), index.verify()
        found = index.check([{"id": "c", "text": NOTICE}])

    assert (before.articles, before.documents) == (after.articles, after.documents)
    assert [] == problems
    assert 0 == len(found.findings)


def test_what_is_not_an_archive_is_told_in_one_line(tmp_path: Path):
    """Missing, another program's, cut off, or of another version."""
    import sqlite3

    (tmp_path / "text.db").write_text("hello", encoding="utf-8")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    with dedup.Index.create(tmp_path / "a.db") as index:
        index.add([{"id": "a", "text": LINE}])
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    for name, change in (
        ("old.db", "UPDATE meta SET value = 2 WHERE name = 'format_version'"),
        ("newer.db", "UPDATE meta SET value = 4 WHERE name = 'format_version'"),
        ("letters.db", "UPDATE meta SET value = 'x' WHERE name = 'format_version'"),
        ("silent.db", "DELETE FROM meta WHERE name = 'format_version'"),
        ("bare.db", "DELETE FROM meta WHERE name = 'settings'"),
        ("bits.db", "UPDATE meta SET value = json_set(value, '$.signature', 'other') WHERE name = 'settings'"),
    ):
        (tmp_path / name).write_bytes(whole)
        db = sqlite3.connect(tmp_path / name)
        db.execute(change)
        db.commit()
        db.close()
    rebuild = "`dedup index export --index .*`dedup index create .*`dedup index add"

    for name, message in (
        ("none.db", "does not exist; make it with `dedup index create`"),
        ("text.db", "not an archive of dedup"),
        ("other.db", "a database of another program"),
        ("cut.db", "cut off"),
        ("old.db", f"format 2, this version of dedup reads 3; .*{rebuild}"),
        ("newer.db", f"format 4, this version of dedup reads 3; install a newer dedup, or .*{rebuild}"),
        ("letters.db", "damaged: its format is 'x', which is no number; take it from a backup"),
        ("silent.db", "damaged: does not say its format"),
        ("bare.db", "damaged: its settings cannot be read"),
        ("bits.db", f"made by another version of dedup; .*{rebuild}"),
    ):
        with pytest.raises(DedupError, match=message) as caught:
            dedup.Index.open(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(DedupError, match="exists already"):
        dedup.Index.create(tmp_path / "a.db")


def test_verify_sees_what_is_lost(tmp_path: Path):
    """A band, a posting, a text, a frequency: each is missed."""
    import sqlite3

    with dedup.Index.create(tmp_path / "a.db") as index:
        index.add(made_feed(random.Random(1), 4))
    whole = (tmp_path / "a.db").read_bytes()

    for statement, message in (
        ("DELETE FROM blocks WHERE kind = 1", "not found by their bands"),
        ("DELETE FROM blocks WHERE kind = 2", "anchors"),
        ("DELETE FROM blocks WHERE kind = 3", "places|stand in no article"),
        ("DELETE FROM blocks WHERE kind = 4", "words have another frequency"),
        ("UPDATE meta SET value = 3 WHERE name = 'documents'", "documents are counted"),
        ("UPDATE articles SET content = 5 WHERE id = 2", "not what was added"),
    ):
        path = tmp_path / "b.db"
        path.write_bytes(whole)
        db = sqlite3.connect(path)
        db.execute(statement)
        db.commit()
        db.close()

        with dedup.Index.open(path) as index:
            problems = index.verify()

        assert any(re.search(message, line) for line in problems), (statement, problems)


def test_postings_come_back_whatever_their_size():
    """Keys over all of 64 bits, repeated ones, numbers up to 32 bits, in several runs and in one made of them.

    What is found for some keys, and everything that is kept, is what a dictionary holds.
    """
    import sqlite3

    from dedup.index import database, postings
    from dedup.index.runs import RunWriter, sorted_entries

    source = np.random.default_rng(5)
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(database.SCHEMA)
    table = postings.PostingFile(db)
    held: dict[int, list[int]] = {}

    def write(entries: tuple[np.ndarray, np.ndarray], absorbed: list[int]) -> int:
        run = RunWriter(db, table, 1, absorbed, executor)
        run.write(database.BANDS, 3, lambda: sorted_entries(*entries))
        run.end()
        for key, value in zip(entries[0].tolist(), entries[1].tolist(), strict=True):
            held.setdefault(key, []).append(value)
        table.load()
        return run.run

    def found(wanted: np.ndarray) -> dict[int, list[int]]:
        got: dict[int, list[int]] = {}
        for i, value in zip(*(column.tolist() for column in table.find(database.BANDS, 3, wanted)), strict=True):
            got.setdefault(i, []).append(value)
        return {i: sorted(values) for i, values in got.items()}

    with ThreadPoolExecutor(2) as executor:
        made: list[int] = []
        for top in (300, 2**28, 2**33, 2**64 - 1, 2**32):
            keys = source.integers(0, top, 40_000, np.uint64, endpoint=True)
            values = source.integers(0, 2**32 - 1, 40_000, endpoint=True)
            made.append(write((keys, values), made if top == 2**32 else []))
            absent = [301, 5, 5]
            wanted = np.append(source.choice(np.array(sorted(held), np.uint64), 500), np.array(absent, np.uint64))

            assert {i: sorted(held[key]) for i, key in enumerate(wanted.tolist()) if key in held} == found(wanted)

    everything = zip(*(column.tolist() for column in table.entries(database.BANDS, 3)), strict=True)
    assert sorted((key, value) for key, values in held.items() for value in values) == sorted(everything)
    assert [(made[-1], 5)] == db.execute("SELECT id, segments FROM runs").fetchall()
    assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] < 5 * 40_000 / 600 + 60
