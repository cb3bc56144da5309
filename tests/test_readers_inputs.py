"""What is named to be read (files, folders, patterns, pipes), packed or not; and what is said of trouble."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import zstandard

from dedup.errors import FeedError
from dedup.model import Skip
from dedup.readers import ReadParams, articles_of, iter_batches, read_feeds
from dedup.readers.inputs import find_sources
from tests.reading import (
    notes,
    read_bytes,
    rows,
)

PACKERS = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "two.gz": lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:]) + b"\0" * 50,
    "two.zst": lambda data: (
        zstandard.compress(data[:100]) + b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(data[100:])
    ),
    "unmarked": gzip.compress,
}


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_packed_files(tmp_path, params, packed, jobs):
    """Packed files of one or several members read like the plain file, whatever their name says."""
    content = b"".join(b'{"id": %d, "text": "%s"}\n' % (i, b"packed " * 50) for i in range(1000))
    plain = read_bytes(tmp_path, content, params)

    small = ReadParams(compiled_bytes=params.compiled_bytes, block_bytes=10_000)
    unpacked = read_bytes(tmp_path, PACKERS[packed](content), small, f"feed.jsonl.{packed}", jobs)

    assert len(unpacked) == 1000
    assert rows(plain) == rows(unpacked)
    assert notes(unpacked) == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_files_that_grow_much(tmp_path, pack):
    """A packed file may be a thousandth of what it holds, and more than the buffer was laid out for."""
    rng = np.random.default_rng(1)
    content = b"".join(rng.bytes(30).hex().encode() + b"x" * 5_000 for _ in range(3000))

    articles = read_bytes(tmp_path, pack(content), ReadParams(), "a.txt.x")

    assert articles.text.tobytes() == content


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (zstandard.compress, "zstd")], ids=["gzip", "zstd"]
)
def test_truncated_packed_files_keep_what_was_read(tmp_path, pack, name):
    """Of a packed file that breaks off, what can be read is kept; the note names the loss."""
    rng = np.random.default_rng(1)
    content = b"".join(b'{"text": "%d %s"}\n' % (i, rng.bytes(40).hex().encode()) for i in range(20_000))
    packed = pack(content)

    articles = read_bytes(tmp_path, packed[: len(packed) // 2], ReadParams(), "feed.jsonl.x")

    assert 5000 < len(articles) < 15_000
    assert [json.loads(line)["text"] for line in content.splitlines()[: len(articles)]] == [
        row[0][1] for row in rows(articles)
    ]
    assert (0, f"{name} data end too early, read up to there") == notes(articles)[-1]


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (zstandard.compress, "zstd")], ids=["gzip", "zstd"]
)
def test_damaged_packed_files_are_noted(tmp_path, pack, name):
    """Bytes after a packed file that are none of it are a loss with a name."""
    articles = read_bytes(tmp_path, pack(b"Some text.") + b"garbage", ReadParams(), "a.txt.x")

    assert articles.body(0) == "Some text."
    assert [(0, f"damaged {name} data, read up to there")] == notes(articles)


@pytest.mark.parametrize("wrong", ["sum", "middle"])
def test_gzip_damaged_inside_keeps_what_was_read(tmp_path, wrong):
    """All before a wrong byte is read; where only the checksum is wrong, all is, and that is said."""
    rng = np.random.default_rng(1)
    lines = [b'{"text": "%d %s"}\n' % (i, rng.bytes(40).hex().encode()) for i in range(120)]
    packed = bytearray(gzip.compress(b"".join(lines)))
    at = len(packed) - 8 if wrong == "sum" else len(packed) // 2
    packed[at : at + 4] = b"\xff" * 4 if wrong == "sum" else bytes(byte ^ 0xFF for byte in packed[at : at + 4])
    cut = read_bytes(tmp_path, bytes(packed[:at]), ReadParams(), "cut.jsonl.gz")

    articles = read_bytes(tmp_path, bytes(packed), ReadParams(), "feed.jsonl.gz")

    least = len(lines) if wrong == "sum" else len(cut)
    assert [json.loads(line)["text"] for line in lines[:least]] == [row[0][1] for row in rows(articles)][:least]
    assert least > 50
    said = "the checksum of the gzip data is wrong, what was read may be damaged"
    # Behind a wrong byte it often goes on, with wrong text, up to the checksum.
    allowed = [said] if wrong == "sum" else [said, "damaged gzip data, read up to there"]
    assert notes(articles)[-1] in [(0, one) for one in allowed]


def test_folders_are_read_by_name(tmp_path, monkeypatch):
    """A folder gives its files in order of their names, nested ones in place; hidden ones are left out."""
    monkeypatch.chdir(tmp_path)
    for name in ["b.txt", "a/z.md", "a/y/x.txt", ".hidden/h.txt", "a/.h.txt", "c.jsonl", "B.txt"]:
        path = tmp_path / "feed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"text": "c1"}\n{"text": "c2"}' if name == "c.jsonl" else f"# {name}")
    (tmp_path / "feed" / "image").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "feed" / "gone").symlink_to("nowhere")
    (tmp_path / "feed" / "a" / "loop").symlink_to("..")

    articles = read_feeds(["feed"])

    order = ["feed/B.txt", "feed/a/y/x.txt", "feed/a/z.md", "feed/b.txt", "feed/c.jsonl"]
    assert order == list(dict.fromkeys(articles.files[row] for row in articles.file_rows))
    assert [*order[:4], "feed/c.jsonl:1", "feed/c.jsonl:2"] == list(articles.ids)
    assert {
        Skip("feed/image", 0, "binary file"),
        Skip("feed/gone", 0, f"cannot be read: {os.strerror(2)}"),
        Skip("feed/a/loop", 0, "same folder as feed"),
    } == set(articles.skips)


def test_globs(tmp_path, monkeypatch):
    """A pattern that the shell left alone is expanded, ** included; a file with such a name is itself."""
    monkeypatch.chdir(tmp_path)
    for name in ["a/1.txt", "a/b/2.txt", "a/b/3.md", "[x].txt"]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)

    assert read_feeds(["a/**/*.txt"]).files == ("a/1.txt", "a/b/2.txt")
    assert read_feeds(["[x].txt"]).files == ("[x].txt",)
    assert read_feeds("a*").files == ("a/1.txt", "a/b/2.txt", "a/b/3.md")


def test_the_same_file_is_read_once(tmp_path):
    """A file or folder given twice, by any name, is read once and noted."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link.txt").symlink_to("a.txt")
    (tmp_path / "hard.txt").hardlink_to(tmp_path / "a.txt")
    a, link = str(tmp_path / "a.txt"), str(tmp_path / "link.txt")

    articles = read_feeds([a, link, tmp_path, str(tmp_path) + "/."])

    assert len(articles) == 1
    reason = f"same file as {a}"
    expected = [Skip(p, 0, reason) for p in (link, a, str(tmp_path / "hard.txt"), link)]
    assert [*expected, Skip(str(tmp_path) + "/.", 0, f"same folder as {tmp_path}")] == list(articles.skips)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.jsonl", "no such file or folder; check the name"),
        ("*.nothing", "no file matches this pattern"),
        ("folder", "no file in this folder"),
        ("nested", "no file in this folder"),
        ("loop", "cannot be read: "),
        ("a\0b", "cannot be read: "),
    ],
)
def test_unusable_inputs_are_errors(tmp_path, monkeypatch, name, reason):
    """An input that the user named and that gives nothing to read is an error at once, with its name and the remedy."""
    monkeypatch.chdir(tmp_path)
    Path("good.txt").write_text("good")
    Path("folder").mkdir()
    Path("folder/.hidden").write_text("hidden")
    Path("nested/inner").mkdir(parents=True)
    Path("loop").symlink_to("loop")

    with pytest.raises(FeedError) as caught:
        iter_batches(["good.txt", name])

    assert name == caught.value.path
    assert str(caught.value).startswith(f"{name}: {reason}")


@pytest.mark.parametrize("is_named", [True, False])
def test_files_that_cannot_be_opened(tmp_path, monkeypatch, is_named):
    """A named file that cannot be read is an error; one found in a folder is passed over with a note."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    real = Path.open

    def refusing(path, *args):
        if path.name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return real(path, *args)

    monkeypatch.setattr(Path, "open", refusing)

    if is_named:
        with pytest.raises(FeedError, match=r"a\.txt: cannot be read: Permission denied; see its permissions"):
            read_feeds([tmp_path / "a.txt"])
    else:
        articles = read_feeds([tmp_path])
        assert [articles.body(i) for i in range(len(articles))] == ["b"]
        assert (Skip(str(tmp_path / "a.txt"), 0, "cannot be read: Permission denied"),) == articles.skips


def test_folders_that_cannot_be_listed(tmp_path, monkeypatch):
    """A named folder that cannot be listed is an error; one inside a folder is passed over with a note."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.txt").write_text("a")
    real = os.scandir

    def refusing(path):
        if str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)

    with pytest.raises(FeedError, match="inner: cannot be read: Permission denied"):
        find_sources([tmp_path / "inner"])
    assert [Skip(str(tmp_path / "inner"), 0, "cannot be read: Permission denied")] == find_sources([tmp_path])[1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b' \n{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        (b'[{"text": "a"}]', ["a"]),
        (b"Plain text.\n", ["Plain text.\n"]),
        (b"[Reuters] Plain text.", ["[Reuters] Plain text."]),
        (gzip.compress(b'{"text": "a"}', mtime=0), ["a"]),
        (zstandard.compress(b"Plain text."), ["Plain text."]),
        (b"", []),
    ],
)
def test_standard_input(monkeypatch, content, expected):
    """Standard input is JSON Lines, a JSON array, or one text, by how it begins; packed or not."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    articles = read_feeds(["-", "-"])

    assert expected == [articles.body(i) for i in range(len(articles))]
    assert articles.files == ("-",)
    assert Skip("-", 0, "same file as -") == articles.skips[0]
    assert ([] if expected else [Skip("-", 0, "empty")]) == list(articles.skips[1:])


def test_no_standard_input(monkeypatch):
    """A process without standard input says so."""
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(FeedError, match="there is no standard input; name a file"):
        read_feeds(["-"])


def test_pipes_are_read(tmp_path):
    """A named pipe, as of a process substitution, is read to its end; in a folder it is passed over."""
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=pipe.write_bytes, args=(b'{"text": "a"}\n',))
    thread.start()
    articles = read_feeds([pipe])
    thread.join()

    assert [articles.body(i) for i in range(len(articles))] == ["a"]
    assert ([], [Skip(str(pipe), 0, "not a regular file")]) == find_sources([tmp_path])


def test_no_inputs_and_no_articles(tmp_path):
    """No input, or none that holds an article, gives an empty table."""
    assert len(read_feeds([])) == 0
    assert len(articles_of([])) == 0
    assert len(read_bytes(tmp_path, b"nonsense\n", ReadParams())) == 0
    with pytest.raises(ValueError, match="jobs must be at least 1"):
        read_feeds([], jobs=0)


def test_many_small_files(tmp_path):
    """Files of several kinds keep their order when they are read in groups by several threads."""
    for i in range(600):
        content = f'{{"text": "{i}"}}' if i % 3 == 2 else f"text {i}"
        (tmp_path / f"{i:04}.{['txt', 'md', 'jsonl'][i % 3]}").write_text(content)

    articles = read_feeds([tmp_path], jobs=2)

    expected = [str(i) if i % 3 == 2 else f"text {i}" for i in range(600)]
    assert expected == [articles.body(i) for i in range(len(articles))]
