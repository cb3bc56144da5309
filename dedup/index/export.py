"""Articles -> JSON Lines that the readers read as the same articles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import msgspec

from dedup.model import NO_DATE, Articles
from dedup.reports.view import clean, iso_dates


def write_articles(tables: Iterable[Articles], stream: TextIO) -> None:
    """Write a record a line: id, title, text, date, source, url, language and tags, where they are known."""
    encoder = msgspec.json.Encoder()
    for articles in tables:
        dates = iso_dates(articles.dates)
        for i in range(len(articles)):
            record: dict[str, object] = {"id": clean(articles.ids[i])}
            if title := articles.title(i):
                record["title"] = title
            record["text"] = articles.body(i)
            if articles.dates[i] != NO_DATE:
                record["date"] = dates[i]
            for name, column in (("source", "sources"), ("url", "urls"), ("language", "languages")):
                if value := getattr(articles, column)[i]:
                    record[name] = value
            if tags := articles.tags[i]:
                record["tags"] = tags.split("\x1f")
            stream.write(encoder.encode(record).decode() + "\n")
