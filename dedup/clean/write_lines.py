"""Articles of any format, written as JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from dedup.clean.edits import MARKS, RemovedWriter, edit_of
from dedup.clean.packing import packed_output
from dedup.clean.rounds import Cleaning
from dedup.model import Articles
from dedup.readers.fields import TAG_SEPARATOR
from dedup.reports.view import clean, iso_dates


def write_articles(cleaning: Cleaning, out: Path, name: str, removed: RemovedWriter) -> None:
    """Write what is left of all articles, one a line."""
    articles = cleaning.articles
    touched = cleaning.dropped.copy()
    touched[np.searchsorted(articles.offsets, cleaning.cut.spans[:, 0], "right") - 1] = True
    touched[cleaning.marks.articles] = True
    dates = iso_dates(articles.dates)
    with packed_output(out, name) as stream:
        for article in range(len(articles)):
            line = article_line(articles, article, dates[article])
            if touched[article]:
                edit = edit_of(cleaning, article)
                removed.write(edit, line if edit.drop else None)
                if edit.drop:
                    continue
                line["text"] = edit.new.decode("utf-8", "replace")
                line |= {MARKS: edit.marks} if edit.marks else {}
            stream.write((json.dumps(line, ensure_ascii=False) + "\n").encode())


def article_line(articles: Articles, article: int, date: str) -> dict[str, Any]:
    """Return an article as a JSON object; what it has not, the object has not."""
    fields: dict[str, Any] = {
        "id": articles.ids[article],
        "title": articles.title(article),
        "text": articles.body(article),
        "date": date,
        "source": articles.sources[article],
        "url": articles.urls[article],
        "language": articles.languages[article],
        "tags": [tag for tag in articles.tags[article].split(TAG_SEPARATOR) if tag],
    }
    line = {name: value for name, value in fields.items() if value or name == "text"}
    return {name: clean(value) if isinstance(value, str) else value for name, value in line.items()}
