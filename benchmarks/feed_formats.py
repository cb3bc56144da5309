"""Feeds with known repeats, made from a seed, in every format that is read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

SOURCE = "The Quay & Harbour Post"
_WORDS = [
    "harbour", "council", "bridge", "winter", "ferry", "library", "garden", "mill", "signal", "orchard",
    "teacher", "market", "engine", "letter", "river", "lantern", "season", "ticket", "window", "planner",
    "copper", "village", "station", "island", "baker", "ledger", "quarry", "pilot", "meadow", "engine", "café",
    "naïve", "straße", "São", "42", "3.1%", "U.S.", "Mr.", "O'Hara", "rock-and-roll", "§7", "«quoted»", "“so”",
    "a<b", "R&D",
]  # fmt: skip
_FIRST = datetime(2026, 1, 5, 6, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Article:
    """An article of a made feed: its paragraphs have no line breaks."""

    id: str
    title: str
    paragraphs: tuple[str, ...]
    date: datetime
    url: str

    @property
    def text(self) -> str:
        """The paragraphs, a blank line between."""
        return "\n\n".join(self.paragraphs)


def make_articles(seed: int) -> list[Article]:
    """Return three to seven articles: some repeat a paragraph, exactly or with a word changed, or one of another's."""
    rng = random.Random(seed)
    bodies = [[_paragraph(rng) for _ in range(rng.randint(2, 6))] for _ in range(rng.randint(3, 7))]
    for _ in range(rng.randint(1, 4)):
        paragraph = rng.choice(rng.choice(bodies))
        if rng.random() < 0.5:
            words = paragraph.split()
            words[rng.randrange(len(words))] = rng.choice(_WORDS)
            paragraph = " ".join(words)
        target = rng.choice(bodies)
        target.insert(rng.randint(0, len(target)), paragraph)
    return [
        Article(
            f"article-{seed}-{number}",
            f"{number}: {' '.join(rng.choices(_WORDS, k=4))}",
            tuple(body),
            datetime.fromtimestamp(_FIRST.timestamp() + 3600 * number, UTC),
            f"https://example.com/{seed}/{number}?a=1&b=2",
        )
        for number, body in enumerate(bodies, 1)
    ]


def _paragraph(rng: random.Random) -> str:
    sentences = (" ".join(rng.choices(_WORDS, k=rng.randint(6, 16))).capitalize() for _ in range(rng.randint(1, 3)))
    return ". ".join(sentences) + "."


def _html(article: Article) -> str:
    """Return the text as HTML: some words emphasised or linked, some characters as references."""
    rng = random.Random(article.id)
    return "\n".join(f"<p>{' '.join(_word(word, rng) for word in one.split(' '))}</p>" for one in article.paragraphs)


def _word(word: str, rng: random.Random) -> str:
    kind = rng.random()
    written = "".join(f"&#{ord(c)};" for c in word) if kind < 0.05 else escape(word)
    if kind > 0.95:
        return f"<em>{written}</em>"
    return f'<a href="https://example.com/?x=1&amp;y=2">{written}</a>' if kind > 0.9 else written


def _rss(articles: Sequence[Article], *, full: bool) -> str:
    space = ' xmlns:content="http://purl.org/rss/1.0/modules/content/"' if full else ""
    entries = []
    for one in articles:
        text = f"<content:encoded><![CDATA[{_html(one)}]]></content:encoded>" if full else ""
        summary = "A summary that is not the text." if full else escape(_html(one))
        entries.append(
            f"<item><title>{escape(one.title)}</title><link>{escape(one.url)}</link><guid>{one.id}</guid>"
            f"<pubDate>{format_datetime(one.date)}</pubDate><description>{summary}</description>{text}</item>"
        )
    version = "2.0" if full else "0.92"
    channel = f"<title>{escape(SOURCE)}</title><link>https://example.com/</link>{''.join(entries)}"
    return f'<?xml version="1.0"?>\n<rss version="{version}"{space}><channel>{channel}</channel></rss>'


def _rss10(articles: Sequence[Article]) -> str:
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    )
    entries = "".join(
        f'<item rdf:about="{one.id}"><title>{escape(one.title)}</title><link>{escape(one.url)}</link>'
        f"<dc:date>{one.date.isoformat()}</dc:date><content:encoded>{escape(_html(one))}</content:encoded></item>"
        for one in articles
    )
    channel = f'<channel rdf:about="https://example.com/"><title>{escape(SOURCE)}</title></channel>'
    return f'<?xml version="1.0"?>\n<rdf:RDF {spaces}>{channel}{entries}</rdf:RDF>'


def _atom(articles: Sequence[Article]) -> str:
    entries = "".join(
        f'<entry><title>{escape(one.title)}</title><link href="{escape(one.url)}"/><id>{one.id}</id>'
        f"<published>{one.date.isoformat()}</published><summary>Not the text.</summary>"
        f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{_html(one)}</div></content></entry>'
        for one in articles
    )
    title = f"<title>{escape(SOURCE)}</title>"
    return f'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">{title}{entries}</feed>'


def _json_feed(articles: Sequence[Article]) -> str:
    entries = [
        {"id": one.id, "url": one.url, "title": one.title, "content_html": _html(one), "summary": "Not the text.",
         "date_published": one.date.isoformat()}
        for one in articles
    ]  # fmt: skip
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": SOURCE, "items": entries})


def _ninjs1(articles: Sequence[Article]) -> str:
    return json.dumps([
        {"uri": one.id, "type": "text", "headline": one.title, "body_text": one.text, "body_xhtml": _html(one),
         "versioncreated": one.date.isoformat(), "infosource": [{"name": SOURCE}]}
        for one in articles
    ])  # fmt: skip


def _ninjs3(articles: Sequence[Article]) -> str:
    return "\n".join(
        json.dumps({
            "uri": one.id, "headlines": [{"role": "main", "value": one.title}], "infosources": [{"name": SOURCE}],
            "bodies": [{"role": "main", "contentType": "text/html", "value": _html(one)}],
            "versionCreated": one.date.isoformat(),
        })
        for one in articles
    )  # fmt: skip


def _newsml(articles: Sequence[Article]) -> str:
    items = "".join(
        f'<newsItem guid="{one.id}" version="1" standard="NewsML-G2" standardversion="2.34" conformance="power">'
        f'<itemMeta><itemClass qcode="ninat:text"/><provider><name>{escape(SOURCE)}</name></provider>'
        f"<versionCreated>{one.date.isoformat()}</versionCreated></itemMeta>"
        f"<contentMeta><headline>{escape(one.title)}</headline></contentMeta><contentSet>"
        f'<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<body>{_html(one)}</body></html></inlineXML></contentSet></newsItem>"
        for one in articles
    )
    package = '<packageItem guid="p"><itemMeta><itemClass qcode="ninat:composite"/></itemMeta></packageItem>'
    space = 'xmlns="http://iptc.org/std/nar/2006-10-01/"'
    return f'<?xml version="1.0"?>\n<newsMessage {space}><itemSet>{package}{items}</itemSet></newsMessage>'


def _json_lines(articles: Sequence[Article], text: Callable[[Article], str] = lambda one: one.text) -> str:
    return "\n".join(
        json.dumps({"id": one.id, "title": one.title, "text": text(one), "date": one.date.isoformat(),
                    "source": SOURCE, "url": one.url})
        for one in articles
    )  # fmt: skip


def _page(article: Article) -> str:
    site = f'<meta property="og:site_name" content="{escape(SOURCE)}">'
    date = f'<meta property="article:published_time" content="{article.date.isoformat()}">'
    link = f'<link rel="canonical" href="{escape(article.url)}">'
    head = f"<head><meta charset=utf-8><title>{escape(article.title)}</title>{site}{date}{link}</head>"
    body = f"<body><article><h1>{escape(article.title)}</h1>\n{_html(article)}\n</article></body>"
    return f"<!DOCTYPE html>\n<html lang=en>{head}\n{body}</html>\n"


def _table(articles: Sequence[Article], delimiter: str) -> str:
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=delimiter)
    rows.writerow(["id", "title", "text", "date", "source", "url"])
    rows.writerows([one.id, one.title, one.text, one.date.isoformat(), SOURCE, one.url] for one in articles)
    return out.getvalue()


def _arrow(articles: Sequence[Article]) -> Any:
    import pyarrow as pa

    columns: dict[str, list[object]] = {
        "id": [one.id for one in articles],
        "title": [one.title for one in articles],
        "text": [one.text for one in articles],
        "date": [one.date for one in articles],
        "source": [SOURCE] * len(articles),
        "url": [one.url for one in articles],
        "views": list(range(len(articles))),
    }
    return pa.table({**columns, "source": pa.array(columns["source"]).dictionary_encode()})


def _parquet(articles: Sequence[Article]) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(_arrow(articles), out, row_group_size=2)
    return out.getvalue()


def _arrow_file(articles: Sequence[Article]) -> bytes:
    import pyarrow as pa

    out, table = io.BytesIO(), _arrow(articles)
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


def _warc(articles: Sequence[Article]) -> bytes:
    records = []
    for one in articles:
        body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + _page(one).encode()
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {one.url}\r\nWARC-Date: 2026-02-01T00:00:00Z\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        records.append(head.encode() + body + b"\r\n\r\n")
    return b"".join(records)


def _markdown(article: Article) -> str:
    fields = {"title": article.title, "id": article.id, "source": SOURCE, "link": article.url}
    matter = "".join(f"{name}: {json.dumps(value)}\n" for name, value in fields.items())  # which is YAML too
    return f"---\n{matter}date: {article.date.isoformat()}\n---\n\n{article.text}\n"


#: Those that are a folder with a file an article: the ending of the files, and what makes one.
_FOLDERS: dict[str, tuple[str, Callable[[Article], str]]] = {"pages": (".html", _page), "markdown": (".md", _markdown)}
#: Name -> the ending of its file, and what makes its content of articles.
FORMATS: dict[str, tuple[str, Callable[[Sequence[Article]], str | bytes]]] = {
    "rss20": (".xml", lambda articles: _rss(articles, full=True)),
    "rss092": (".rss", lambda articles: _rss(articles, full=False)),
    "rss10": (".rdf", _rss10),
    "atom": (".atom", _atom),
    "jsonfeed": (".json", _json_feed),
    "ninjs1": (".json", _ninjs1),
    "ninjs3": (".json", _ninjs3),
    "newsml": (".xml", _newsml),
    "html field": (".jsonl", lambda articles: _json_lines(articles, _html)),
    "json array": (".json", lambda articles: "[" + _json_lines(articles).replace("\n", ",\n") + "]\n"),
    "csv": (".csv", lambda articles: _table(articles, ",")),
    "tsv": (".tsv", lambda articles: _table(articles, "\t")),
    "parquet": (".parquet", _parquet),
    "arrow": (".arrow", _arrow_file),
    "warc": (".warc", _warc),
    "jsonl.gz": (".jsonl.gz", lambda articles: gzip.compress(_json_lines(articles).encode())),
    "pages": ("", lambda articles: ""),
    "markdown": ("", lambda articles: ""),
}


def write_feed(folder: Path, form: str, articles: Sequence[Article]) -> Path:
    """Write a feed in one of `FORMATS`, or as ``jsonl``, and return its path; some are a folder."""
    if form in _FOLDERS:
        suffix, write_article = _FOLDERS[form]
        path = folder / form
        path.mkdir(exist_ok=True)
        for old in path.iterdir():
            old.unlink()
        for number, article in enumerate(articles):
            (path / f"{number:02}{suffix}").write_text(write_article(article), encoding="utf-8")
        return path
    suffix, write = FORMATS.get(form, (".jsonl", _json_lines))
    path = folder / f"feed{suffix}"
    content = write(articles)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
