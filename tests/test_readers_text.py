"""Reading text and Markdown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import ConfigError
from dedup.model import NO_DATE
from dedup.readers import ReadParams, read_feeds
from tests.reading import (
    notes,
    quick,
    read_bytes,
    rows,
)


@given(content=st.binary(max_size=300))
@quick
def test_text_is_kept_byte_for_byte(tmp_path, content):
    """A text file's bytes stand in the buffer as they are if they are UTF-8; its id is its path, it has no title."""
    content = b"x\xc3" + content
    articles = read_bytes(tmp_path, content, ReadParams(), "a.txt")

    if notes(articles) == [(0, "binary file")]:
        assert rows(articles) == []
        assert b"\0" in content
        return
    path = str(tmp_path / "a.txt")
    assert [(path, "", NO_DATE, 1, 1)] == [(r[1], r[0][0], r[4], r[6], r[7]) for r in rows(articles)]
    marks = content.decode("utf-8", "replace").count("\ufffd") - content.count("\ufffd".encode())
    ((_, note),) = notes(articles) or [(0, "")]
    assert {
        "": content,
        f"invalid UTF-8 in {marks} places, read as U+FFFD": content.decode("utf-8", "replace").encode(),
        "not UTF-8, read as windows-1252; --encoding for another": content.decode("cp1252", "replace").encode(),
    }[note] == articles.text.tobytes()
    assert (note == "") == (marks == 0)


def test_a_stray_nul_does_not_make_a_file_binary(tmp_path):
    """Of a file with a NUL the share of control characters decides."""
    (tmp_path / "a.txt").write_bytes(b"One word \0 and another.")
    (tmp_path / "b.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\2\0")
    (tmp_path / "c.html").write_bytes(b"<html><p>One word \0 and another.</p></html>")
    (tmp_path / "d.xml").write_bytes(b"<rss>" + b"\0" * 9999)

    articles = read_feeds([tmp_path])

    assert ["One word \0 and another.", "One word and another."] == [articles.body(0), articles.body(1)]
    assert [(0, "binary file")] * 2 == notes(articles)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_byte_order_marks(tmp_path, params, encoding, name):
    """A byte order mark says what the file is, and is not part of the text."""
    text = "Žluťoučký 😀\nkůň\n" if name == "a.txt" else '{"text": "kůň 😀"}\n'
    mark = "\ufeff" if encoding[-3:] in ("-le", "-be") else ""

    articles = read_bytes(tmp_path, (mark + text).encode(encoding), params, name)

    assert [text if name == "a.txt" else "kůň 😀"] == [articles.body(i) for i in range(len(articles))]
    assert notes(articles) == []


def test_broken_utf16_is_noted(tmp_path):
    """Half a surrogate pair in UTF-16 is replaced and noted."""
    articles = read_bytes(tmp_path, b"\xff\xfea\0\x00\xd8b\0", ReadParams(), "a.txt")

    assert articles.body(0) == "a\ufffdb"
    assert notes(articles) == [(0, "invalid UTF-16 read as U+FFFD")]


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.jsonl", "a"])
def test_empty_files_are_named(tmp_path, content, name):
    """A file with nothing in it gives no article and a note."""
    articles = read_bytes(tmp_path, content, ReadParams(), name)

    assert (rows(articles), notes(articles)) == ([], [(0, "empty")])


YAML = '---\ntitle: "A: title"\nslug: 007\ndate: 1970-01-02\nsource:\n  name: Post\nurl: http://a.example\n---\n'
TOML = '+++\r\ntitle = "A: title"\r\nid = "007"\r\ndate = 1970-01-02\r\nsource = "Post"\r\nurl = "http://a.example"\r\n+++\r\n'


@pytest.mark.parametrize("matter", [YAML, TOML], ids=["yaml", "toml"])
def test_front_matter(tmp_path, matter):
    """Front matter gives the fields; the body is what stands after it, with the line it starts in."""
    articles = read_bytes(tmp_path, (matter + "# Heading\n\nBody.\n").encode(), ReadParams(), "a.md")

    line = matter.count("\n") + 1
    assert [(("A: title", "# Heading\n\nBody.\n"), "007", "Post", "http://a.example", 86400, 0, 1, line)] == rows(
        articles
    )
    assert notes(articles) == []


@pytest.mark.parametrize(
    ("content", "title", "body_line", "note"),
    [
        ("Text\n\n#  The *title* ##\n\nMore\n# Second\n", "The *title*", 1, None),
        ("```\n# no\n~~~\n# no\n```\n# yes\n", "yes", 1, None),
        ("Under\nlined\n===\n", "lined", 1, None),
        ("## Two\n#tag\n    # code\n", "", 1, None),
        ("---\nprose, no mapping\n---\n# T\n", "T", 1, None),
        ("---\n---\n# T\n", "T", 3, None),
        ("---\ntitle: X\n# T\n", "T", 1, None),
        ("---\ntitle: [x\n---\n# T\n", "T", 1, "front matter is not YAML, read as part of the body"),
        ("+++\ntitle = x\n+++\n# T\n", "T", 1, "front matter is not TOML, read as part of the body"),
        ("---\ndate: never\n---\nx", "", 4, "date not understood, article kept without one"),
        ("---\ntitle: No\n...\nx", "No", 4, None),
    ],
)
def test_markdown_titles(tmp_path, content, title, body_line, note):
    """The title is that of the front matter, else the first heading of level 1; the body loses only front matter."""
    articles = read_bytes(tmp_path, content.encode(), ReadParams(), "a.markdown")

    assert [(title, body_line)] == [(row[0][0], row[7]) for row in rows(articles)]
    assert "".join(content.splitlines(keepends=True)[body_line - 1 :]) == articles.body(0)
    assert ([(1, note)] if note else []) == notes(articles)


def test_large_text_file(tmp_path):
    """A text file of 100 MB is one article."""
    line = b"Line of a very long text, without end.\n"
    content = line * (100_000_000 // len(line) + 1)

    articles = read_bytes(tmp_path, content, ReadParams(), "a.txt", jobs=2)

    assert len(articles) == 1
    assert np.array_equal(np.frombuffer(content, np.uint8), articles.text)


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "Shift_JIS", "euc-kr", "gb18030", "big5"])
@pytest.mark.parametrize("form", ["a.txt", "a.md", "a.jsonl", "a.json", "a.csv", "a.xml", "a.html", "a.parquet"])
def test_named_encoding(tmp_path, encoding, form):
    """What is not UTF-8 and declares nothing is in the encoding that was named, in every format, without a note."""
    text = {
        "Shift_JIS": "表示は十時半に出る。",
        "euc-kr": "서울의 배",
        "gb18030": "渡轮保留到春天",
        "big5": "許功蓋",
    }.get(encoding, "Паром остаётся до весны")
    name = "Текст" if encoding in ("windows-1251", "koi8-r", "Shift_JIS") else "text"
    content = {
        ".jsonl": f'{{"text": "{text}"}}\n{{"text": "plain"}}\n',
        ".json": f'[\n{{"text": "{text}"}},\n{{"text": "plain"}}]',
        ".csv": f'id;{name}\n1;"{text}"\n2;plain\n',
        ".xml": f"<rss version='2.0'><channel><item><description>{text}</description></item></channel></rss>",
        ".html": f"<html><body><p>{text}</p></body></html>",
    }.get(Path(form).suffix, text)
    path = tmp_path / form
    if form == "a.parquet":
        pa = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(pa.table({"text": [text.encode(encoding)]}), path)
    else:
        path.write_bytes(content.encode(encoding))
    (tmp_path / "b.txt").write_text("déjà vu")
    (tmp_path / "c.html").write_bytes("<meta charset=iso-8859-2><p>Zażółć".encode("iso-8859-2"))

    articles = read_feeds([tmp_path], ReadParams(encoding=encoding, fields={"text": ("text", name)}))

    plain = ["plain"] if form[1:] in (".jsonl", ".json", ".csv") else []
    assert [text, *plain, "déjà vu", "Zażółć"] == [articles.body(i) for i in range(len(articles))]
    assert () == articles.skips


def test_named_encoding_is_named_where_a_declaration_is_wrong_and_refused_where_it_is_none(tmp_path):
    """A wrong declaration is noted, bytes that are no such text are U+FFFD, and nonsense is refused by name."""
    (tmp_path / "a.html").write_bytes("<meta charset=utf-8><p>Паром до весны".encode("cp1251"))
    (tmp_path / "b.txt").write_bytes(b"\x95\x5c\x8e\xa6 \x81\xff")

    articles = read_feeds([tmp_path], ReadParams(encoding="shift_jis"))

    assert ["declared utf-8, read as cp932", "invalid cp932 read as U+FFFD"] == [one.reason for one in articles.skips]
    for nonsense in ("windows-9", "utf-16", "iso-2022-jp", "hex", "cp037", "a\0b", "é"):
        with pytest.raises(ConfigError, match=r"read: encoding: .* is not known, or is none that contains ASCII"):
            ReadParams(encoding=nonsense)
