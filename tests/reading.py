"""What the tests of the readers share: feeds drawn at random, and what was read of them as Python objects."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from dedup.model import Articles
from dedup.readers import FIELDS, ReadParams, read_feeds

NEVER = 1 << 60  # compiled_bytes that no block has
quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows(articles: Articles) -> list[tuple[object, ...]]:
    """All that is said of each article, as Python objects."""
    texts = [(articles.title(i), articles.body(i)) for i in range(len(articles))]
    columns = (articles.dates, articles.file_rows, articles.records, articles.body_lines)
    strings = (articles.ids, articles.sources, articles.urls)
    assert len(articles.tags) == len(articles.languages) == len(articles)
    return list(zip(texts, *strings, *(column.tolist() for column in columns), strict=True))


def notes(articles: Articles) -> list[tuple[int, str]]:
    return [(skip.record, skip.reason) for skip in articles.skips]


def read_bytes(folder: Path, content: bytes, params: ReadParams, name: str = "feed.jsonl", jobs: int = 1) -> Articles:
    path = folder / name
    path.write_bytes(content)
    return read_feeds([path], params, jobs=jobs)


strings = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["", 'a "quoted" \\ line\n\ttab', "é😀\0"]
)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | strings
values = st.recursive(
    scalars, lambda of: st.lists(of, max_size=3) | st.dictionaries(strings, of, max_size=3), max_leaves=6
)
names = st.sampled_from([name for known in FIELDS.values() for name in known] + ["other", "te\\xt"])
texts = st.fixed_dictionaries(
    {"text": strings}, optional={"id": strings | st.integers(), "title": strings, "url": strings}
)
odd_records = st.dictionaries(names, values, max_size=5)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Draw a line of JSON, mostly; some with a byte changed, put in or taken out."""
    record = draw(texts | odd_records | values)
    line = json.dumps(record, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    line = draw(st.sampled_from([b"", b" ", b"\t"])) + line + draw(st.sampled_from([b"", b"\r", b" x", b"{}", b" \t"]))
    change = draw(st.sampled_from(["", "", "set", "add", "cut"]))
    at = draw(st.integers(0, len(line) - 1))
    byte = draw(st.sampled_from([b'"', b"\\", b"{", b"}", b",", b"\0", b"\xff", b"\xc3", b"1", b"n", b"\xed\xa0\x80"]))
    return {"": line, "set": line[:at] + byte + line[at + 1 :], "add": line[:at] + byte + line[at:], "cut": line[:at]}[
        change
    ].replace(b"\n", b" ")
