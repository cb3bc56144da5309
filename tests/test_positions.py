"""Lines, columns and characters are those of Python strings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.kernels import positions as kernels
from dedup.reports.positions import positions
from tests.report_factory import Article, make_articles


def oracle_position(part: bytes, offset: int, first_line: int) -> tuple[int, int, int]:
    before = part[:offset].decode("utf-8", "replace")
    line_start = before.rfind("\n") + 1
    return first_line + before.count("\n"), len(before) - line_start + 1, len(before)


valid_texts = st.text(st.sampled_from("ab é\n\r\n\t橋́🜚\u2028"), max_size=600)


@pytest.mark.parametrize("compiled", [True, False])
@settings(deadline=None, max_examples=60)
@given(
    data=st.data(),
    bodies=st.lists(st.tuples(valid_texts, valid_texts, st.sampled_from([0, 1, 7])), min_size=1, max_size=3),
)
def test_positions_are_those_of_python_strings(monkeypatch_module, compiled, data, bodies):
    """Lines, columns and characters are what slicing and counting the decoded text gives, in any order of asking."""
    articles = make_articles([Article(body, title, body_line=line) for body, title, line in bodies])
    asked, expected = [], []
    for row, (body, title, first_line) in enumerate(bodies):
        for in_title, part in ((True, title), (False, body)):
            for cut in data.draw(st.lists(st.integers(0, len(part)), max_size=5)):
                offset = len(part[:cut].encode())
                line, column, character = oracle_position(part.encode(), offset, max(first_line, 1))
                base = (articles.offsets if in_title else articles.body_starts)[row]
                asked.append((row, int(base) + offset, in_title))
                expected.append((0 if in_title else line, column, character))
    order = data.draw(st.permutations(range(len(asked))))
    rows, at, in_title = (
        np.array([asked[i][column] for i in order], dtype)
        for column, dtype in enumerate((np.int64, np.int64, np.bool_))
    )

    monkeypatch_module.setattr("dedup.reports.positions.locate", kernels.locate if compiled else kernels.locate.py_func)
    found = positions(articles, rows, at, in_title)

    assert [expected[i] for i in order] == list(zip(*(column.tolist() for column in found), strict=True))


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


invalid_bytes = st.binary(max_size=40) | st.lists(
    st.sampled_from(
        [
            b"a",
            b"\xc3\xa9",
            b"\xe2\x82",
            b"\xe2",
            b"\x82",
            b"\xed\xa0\x80",
            b"\xf0\x9f\x9c\x9a",
            b"\xf0\x9f",
            b"\xff",
            b"\xc0\x80",
            b"\xe0\x80",
            b"\n",
        ]
    )
).map(b"".join)


@settings(deadline=None, max_examples=300)
@given(prefix=st.integers(0, 300), body=invalid_bytes)
@example(prefix=0, body=b"\x82\x82\x82\x82")
@example(prefix=254, body=b"\xf0\x9f\x9c\x9a\xf4\x90\x80\x80")
def test_invalid_bytes_count_as_their_replacements(prefix, body):
    """The end of any bytes is as many characters away as ``errors="replace"`` makes of them."""
    body = b"x" * prefix + body
    articles = make_articles([Article(b"", b"\xf0"), Article(body, b"\xe2\x82")])

    found = positions(articles, np.array([1]), articles.offsets[2:])

    expected = oracle_position(body, len(body), 1)
    assert expected == (int(found.lines[0]), int(found.columns[0]), int(found.characters[0]))


def test_crlf_is_one_line_break_and_positions_may_be_asked_of_read_only_text():
    r"""``\r\n`` ends a line once, and its ``\r`` is the last character of that line."""
    articles = make_articles([Article("one\r\ntwo\r\n", body_line=4)])
    articles.text.setflags(write=False)

    found = positions(articles, np.zeros(4, np.int64), np.array([3, 4, 5, 10]))

    assert [column.tolist() for column in found] == [[4, 4, 5, 6], [4, 5, 1, 1], [3, 4, 5, 10]]


def test_every_lead_and_second_byte_count_as_python_counts_them():
    """Of all 65,536 pairs of bytes, with continuation bytes after them, and far from the start too."""
    pairs = [bytes([lead, second]) for lead in range(256) for second in range(256)]
    for before, after in ((b"", b"\x80\x80"), (b"abc", b"\xbf")):
        bodies = [before + pair + after for pair in pairs]
        articles = make_articles([Article(b"".join(body + b"\n" for body in bodies))])
        ends = np.cumsum([len(body) + 1 for body in bodies])

        found = positions(articles, np.zeros(len(ends), np.int64), ends)

        expected = np.cumsum([len((body + b"\n").decode("utf-8", "replace")) for body in bodies])
        assert found.characters.tolist() == expected.tolist()


@pytest.mark.parametrize("length", [254, 255, 256, 258, 259, 1000])
def test_many_line_breaks_and_many_long_characters_are_all_counted(length):
    """No counter overflows: text of nothing but line breaks, and of nothing but four-byte characters."""
    articles = make_articles([Article("\n" * length), Article("🜚" * length)])

    found = positions(articles, np.array([0, 1]), articles.offsets[1:])

    assert [found.lines.tolist(), found.characters.tolist()] == [[length + 1, 1], [length, length]]
