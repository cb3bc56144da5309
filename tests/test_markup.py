"""HTML becomes the paragraphs that it shows, and each knows its lines; encodings and entities are seen through."""

from __future__ import annotations

import html as stdlib_html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.readers.encodings import decode_markup
from dedup.readers.markup import html_line, html_text, is_html, paragraphs_of, parse_html
from dedup.readers.xmlguard import refuse_entities, root_name

quick = settings(deadline=None)
words = st.text(st.characters(categories=["L", "N"], exclude_characters="\x00"), min_size=1, max_size=6)
escaped_words = words | st.sampled_from(["R&D", "a<b", '"so"', "x>y"])
paragraphs = st.lists(st.lists(escaped_words, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6)
block_tags = st.sampled_from(["p", "div", "h2", "blockquote", "li", "section"])


@quick
@given(
    texts=paragraphs, tags=st.lists(block_tags, min_size=6, max_size=6), gap=st.sampled_from(["", " ", "\n", "\t\n "])
)
def test_blocks_are_the_paragraphs_that_were_written(texts, tags, gap):
    """Whatever block element they stand in and whatever white space is between; escapes are undone."""
    html = gap.join(f"<{tag}>{stdlib_html.escape(text)}</{tag}>" for tag, text in zip(tags, texts, strict=False))

    assert "\n\n".join(texts) == html_text(html)


@quick
@given(texts=paragraphs, data=st.data())
def test_a_paragraph_knows_the_line_of_each_of_its_words(texts, data):
    """Words on lines of their own, in emphasis, after comments and tags that span lines."""
    gaps = st.sampled_from([" ", "\n", "\n\n  ", " <b>", "</b> ", "\n<!-- a\nb -->", " <i\n class='x'>"])
    html, expected = "<body>\n", []
    for text in texts:
        html += data.draw(st.sampled_from(["<p>", "\n<p\n id=x>", "<div>\n"]))
        lines = []
        for word in text.split():
            html += data.draw(gaps)
            lines.append(html.count("\n") + 1)
            html += stdlib_html.escape(word)
        expected.append(lines)
        html += "</p></div>\n"
    root = parse_html(html)
    assert root is not None

    found = paragraphs_of(root)

    assert [text.split() for text in texts] == [paragraph.text.split() for paragraph in found]
    assert expected == [lines_of_words(paragraph.text, paragraph.lines) for paragraph in found]


def lines_of_words(text: str, lines: tuple[tuple[int, int], ...]) -> list[int]:
    starts = [i for i in range(len(text)) if not text[i].isspace() and (i == 0 or text[i - 1].isspace())]
    return [max(entry for entry in lines if entry[0] <= start)[1] for start in starts]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<p>a<script>b()</script>c<style>d</style></p>e", "ac\n\ne"),
        ("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n\n3"),
        ("<ul><li>a<li>b</ul>", "a\n\nb"),
        ("<p>caf&eacute; &#8212; x&nbsp;y</p>", "café — x y"),
        ("<p hidden>no</p><div>yes</div>", "yes"),
        ("<pre>a\n  b</pre>", "a b"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("", ""),
        ("<!-- only -->", ""),
        ("plain", "plain"),
    ],
)
def test_what_a_reader_sees_is_the_text(html, text):
    assert text == html_text(html)


@pytest.mark.parametrize("text", ["a < b", "mail <jo@example.com>", "x<y and y>z", "<3", "no tag & no end", "<p", ""])
def test_prose_is_no_html(text):
    """Nor is it changed."""
    assert not is_html(text)
    assert text == html_line(text)


@pytest.mark.parametrize("text", ["<p>a</p>", "a<br/>b", "A<BR>b", "a <b>c</b>", 'x <img src="y">', "<ul><li>a</ul>"])
def test_tags_that_end_or_break_something_are_html(text):
    assert is_html(text)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16-le", "utf-16-be", "shift_jis", "iso2022_jp"])
def test_what_is_declared_is_read(encoding):
    """A wide encoding without a mark is seen by its zero bytes."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><p>' + ("café" if "13" not in encoding else "")
    text = text.replace("café", "日本") if "jis" in encoding or "jp" in encoding else text

    assert (text, "") == decode_markup(text.encode(encoding))


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        ("<meta charset=latin-1><p>né".encode(), "né", ""),
        (
            "<meta charset=utf-8><p>né".encode("latin-1"),
            "né",
            "declared utf-8, read as windows-1252; --encoding for another",
        ),
        ("<p>né “x”".encode("cp1252"), "né “x”", "no encoding declared, read as windows-1252; --encoding for another"),
        ("<p>né né né né ".encode() + b"\xff", "né né né né \ufffd", "invalid UTF-8 in 1 places, read as U+FFFD"),
        ("<meta charset=nonsense><p>né".encode(), "né", ""),
        ("<meta charset=hex><p>né".encode(), "né", ""),
        (b"<p>a\0b\x1fc", "a b c", ""),
    ],
)
def test_a_wrong_or_missing_declaration_is_seen_through(content, text, note):
    decoded = decode_markup(content)

    assert (text, note) == (decoded.text.partition("<p>")[2], decoded.note)


@quick
@given(content=st.binary(max_size=200))
def test_any_bytes_are_decoded(content):
    assert "\0" not in decode_markup(content).text


BOMB = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    ("declarations", "word"),
    [
        (f'<!ENTITY a0 "ha">{BOMB}', "nested or long"),
        (f'<!ENTITY a "{"x" * 100_000}">', "nested or long"),
        ('<!ENTITY a SYSTEM "file:///etc/passwd">', "external"),
        ('<!ENTITY a PUBLIC "-//x" "http://example.com/x">', "external"),
        ('<!ENTITY % a SYSTEM "http://example.com/x.dtd"> %a;', "external"),
        ("<!ENTITY % a \"<!ENTITY b SYSTEM 'x'>\">", "nested or long"),
        ('<!ENTITY a "b" <!ENTITY', "broken DOCTYPE"),
    ],
)
def test_entities_that_grow_or_fetch_are_refused(declarations, word):
    text = f"<?xml version='1.0'?>\n<!DOCTYPE rss [{declarations}]><rss>&a;</rss>"

    assert word in refuse_entities(text)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE rss [<!ENTITY nbsp "&#160;"><!ENTITY who "Jo">]><rss/>',
        '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://example.com/rss-0.91.dtd"><rss/>',
        "<rss><item><![CDATA[<!DOCTYPE x [<!ENTITY y SYSTEM 'z'>]>]]></item></rss>",
        "<rss/>",
    ],
)
def test_plain_entities_and_articles_about_entities_are_not(text):
    assert refuse_entities(text) == ""


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\n <?xml version='1.0'?><!-- <rss> --><feed xmlns='x'>", "feed"),
        (b'<!DOCTYPE rss [<!ENTITY a ">">]><rss>', "rss"),
        (b"<!doctype HTML><title>", "html"),
        (b"<!DOCTYPE html><feed>", "feed"),
        ("<a:RDF>".encode("utf-16-le"), "rdf"),
        (b"<?" * 5000, ""),
        (b"text <rss>", ""),
        (b"", ""),
    ],
)
def test_the_first_element_is_found(head, name):
    assert name == root_name(head)
