"""No reader falls over what it is given; `python -m benchmarks run fuzz` gives them many more files."""

from __future__ import annotations

from math import inf

import pytest

from benchmarks.fuzz import READERS, check, fuzz

#: Files that a reader fell over once, or that are made to.
CORPUS = [
    ("empty.xml", b""),
    ("nothing.rss", b"\0" * 5000),
    ("bomb.xml", b"<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;&b;'>]><rss>&c;</rss>"),
    ("prefix.xml", b'<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><ninat:composite'),
    ("name.xml", b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/"><a:00/></newsItem>'),
    (
        "surrogate.xml",
        b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/"><contentSet><inlineXML &#xD800;><p>a&#55296;b&#x0;</p>'
        b"</inlineXML>&#99999999999;</contentSet></newsItem>",
    ),
    ("deep.xml", b"<rss><channel><item>" + b"<description>" * 20_000),
    ("deep.html", b"<b><i>" * 50_000),
    ("tags.html", b"<p " * 50_000),
    ("comments.html", b"<!--" * 50_000),
    ("attributes.html", b'<a href="' * 20_000),
    ("cdata.xml", b"<rss><channel><item><title><![CDATA[" * 2000),
    ("references.xml", b"<rss><channel><item><title>" + b"&#" * 50_000),
    ("deep.json", b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 50_000),
    ("deep-ninjs.json", b'[{"uri": "a", "bodies": ' + b"[" * 50_000),
    ("numbers.json", b'{"uri": 1e999, "bodies": [{"value": ' + b"9" * 50_000 + b"}]}"),
    ("wide.xml", "<rss><channel><item><title>é".encode("utf-16-le")[:-1]),
    ("address.xml", b"<feed><entry><link href='http://[::1'/><id>http://[</id></entry></feed>"),
    ("addresses.html", b"<link rel=canonical href='http://[a'><base href='//['><h1>x</h1><p>y"),
    ("script.html", b"<script type=application/ld+json>" + b"[" * 5000),
]


@pytest.mark.parametrize(("name", "content"), CORPUS, ids=[name for name, _ in CORPUS])
def test_hostile_files_are_read_or_refused(name, content, tmp_path):
    """In time, and in lines."""
    check(tmp_path / name, content, limit_seconds=inf)


@pytest.mark.parametrize("name", READERS)
def test_broken_files_are_read_or_refused(name):
    fuzz(name, 40, limit_seconds=inf)  # the first file compiles
