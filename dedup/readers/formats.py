"""The formats that are read: how each is recognised, and which module reads it.

A format's module has ``tasks(file: OpenFile) -> Iterator[Task]``: what is read from the file in order, as calls that
give `Rows` and may run in any thread. It is imported when a file of the format is met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath

from dedup.readers.buffer import Rows
from dedup.readers.fields import FieldTable, ReadParams
from dedup.readers.streams import ByteStream
from dedup.readers.xmlguard import FEED_ROOTS, root_name

Task = Callable[[], Rows]

#: Names end so where a file is packed; what it is packed with is told by its content.
PACKED = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd")

_SPACE = b" \t\r\n"
_OBJECT = re.compile(rb'\s*\{\s*"')
_ARRAY = re.compile(rb"\s*\[\s*\{")


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table.

    Attributes
    ----------
    title : str
        What it is called in messages.
    suffixes : tuple of str
        Of names, in lower case, the dot included.
    module : str
        In this package; empty for text and Markdown, many files of which are read as one task.
    recognise : callable, optional
        Tells from the first bytes of a file (unpacked, UTF-8 where it was UTF-16) and the fields that are looked for
        whether it is one. Formats are asked in the order of the table, so the narrower stands first.
    """

    title: str
    suffixes: tuple[str, ...] = ()
    module: str = ""
    recognise: Callable[[bytes, FieldTable], bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile:
    """A file whose format is known, opened: what the module of the format reads.

    Attributes
    ----------
    path : str
        As in `Articles.files`; ``-`` is standard input.
    file_row : int
        Its index in `Articles.files`.
    format : str
        The key of `FORMATS` that was found.
    named : str
        The key that the name alone speaks for, or nothing: a ``feed.xml`` that is a page is to be told so.
    stream : ByteStream
        Its ``losses`` are complete, and to be passed on as skips, when ``chunks`` has been read.
    head : bytes
        The first 64 KiB, or all that there is.
    chunks : iterator of bytes
        The content, ``head`` included.
    table : FieldTable
    params : ReadParams
    """

    path: str
    file_row: int
    format: str
    named: str
    stream: ByteStream
    head: bytes
    chunks: Iterator[bytes]
    table: FieldTable
    params: ReadParams


def _is_json(head: bytes, _table: FieldTable) -> bool:
    return bool(_OBJECT.match(head) or _ARRAY.match(head))


def _is_table(head: bytes, table: FieldTable) -> bool:
    from dedup.readers.delimited import is_table  # which knows this module

    return is_table(head, table)


def _begins(*marks: bytes) -> Callable[[bytes, FieldTable], bool]:
    return lambda head, _table: head.startswith(marks)


_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org')
#: A feed that something has put into a page, which happens; in a page about feeds, it is escaped.
_WRAPPED_FEED = re.compile(rb"<(?:feed\s[^<>]*http://www\.w3\.org/2005/Atom|rss\s[^<>]*\bversion\s*=|rdf:RDF\s)")
_NINJS = re.compile(rb'"(?:body_(?:xhtml|text|main|richtext)|bodies|headline_main|headlines|version[cC]reated)"\s*:')
#: The elements that documents of NewsML-G2 begin with (version 2.34, section "NAR"), in lower case.
_NEWSML = frozenset(
    ("newsitem", "newsmessage", "packageitem", "conceptitem", "knowledgeitem", "planningitem", "catalogitem")
)


def _is_page(head: bytes, _table: FieldTable) -> bool:
    return root_name(head) in ("html", "head", "body") and not _WRAPPED_FEED.search(head)


def _is_newsml(head: bytes, _table: FieldTable) -> bool:
    return root_name(head) in _NEWSML


def _is_feed(head: bytes, _table: FieldTable) -> bool:
    # XML that is neither is told so by the reader of feeds, with its root.
    is_xml = head.lstrip(_SPACE).startswith((b"<?xml", b"<\0?\0", b"\0<\0?"))
    return (
        is_xml or root_name(head) in FEED_ROOTS or bool(head.lstrip(_SPACE)[:1] == b"<" and _WRAPPED_FEED.search(head))
    )


def _is_json_feed(head: bytes, _table: FieldTable) -> bool:
    return head.lstrip(_SPACE).startswith(b"{") and bool(_JSON_FEED.search(head))


def _is_ninjs(head: bytes, table: FieldTable) -> bool:
    return _is_json(head, table) and b'"uri"' in head and bool(_NINJS.search(head))


#: Name -> format, in the order in which content is asked.
FORMATS: dict[str, Format] = {
    "parquet": Format("Parquet", (".parquet", ".pq"), "columnar", _begins(b"PAR1")),
    "arrow": Format(
        "Arrow IPC", (".arrow", ".feather", ".ipc", ".arrows"), "columnar", _begins(b"ARROW1\0\0", b"\xff\xff\xff\xff")
    ),
    "warc": Format("WARC", (".warc",), "warc", _begins(b"WARC/")),
    "zip": Format("a ZIP archive", (".zip",), "unread", _begins(b"PK\x03\x04", b"PK\x05\x06")),
    "tar": Format("a tar archive", (".tar", ".tgz"), "unread", lambda head, _table: head[257:262] == b"ustar"),
    "7z": Format("a 7-Zip archive", (".7z",), "unread", _begins(b"7z\xbc\xaf\x27\x1c")),
    "rar": Format("a RAR archive", (".rar",), "unread", _begins(b"Rar!\x1a\x07")),
    "pdf": Format("a PDF file", (".pdf",), "unread", _begins(b"%PDF-")),
    "html": Format("HTML", (".html", ".htm", ".xhtml"), "pages", _is_page),
    "newsml": Format("NewsML-G2", (), "newsml", _is_newsml),
    "feed": Format("RSS or Atom", (".xml", ".rss", ".atom", ".rdf"), "syndication", _is_feed),
    "jsonfeed": Format("JSON Feed", (), "syndication", _is_json_feed),
    "ninjs": Format("ninjs", (), "ninjs", _is_ninjs),
    "json": Format("JSON Lines or JSON", (".jsonl", ".ndjson", ".json-lines", ".json"), "jsonlines", _is_json),
    "csv": Format("CSV", (".csv", ".tsv", ".tab", ".psv"), "delimited", _is_table),
    "markdown": Format("Markdown", (".md", ".markdown")),
    "text": Format("text", (".txt", ".text")),
}


#: Those that are read: what ``--input-format`` takes.
READ = tuple(name for name, form in FORMATS.items() if form.module != "unread")


def name_format(path: str) -> str:
    """Return the format that a name speaks for, or an empty string.

    Examples
    --------
    >>> name_format("feed.JSONL.gz"), name_format("feed")
    ('json', '')
    """
    name = PurePath(path)
    suffix = (name.with_suffix("") if name.suffix.lower() in PACKED else name).suffix.lower()
    return next((key for key, form in FORMATS.items() if suffix in form.suffixes), "")


def find_format(path: str, head: bytes, table: FieldTable) -> str:
    """Return the format of a file: that of its content, else that of its name, else text.

    A Markdown file may begin with anything (front matter in JSON, a piece of HTML), so there the name decides.
    """
    named = name_format(path)
    if named == "markdown":
        return named
    for key, form in FORMATS.items():
        if form.recognise and form.recognise(head, table):
            return key
    if path == "-" and head.lstrip(_SPACE).startswith(b"{"):
        return "json"
    return named or "text"


def format_tasks(file: OpenFile) -> Iterator[Task]:
    """Return what the module of a file's format makes of it."""
    tasks: Iterator[Task] = import_module(f"dedup.readers.{FORMATS[file.format].module}").tasks(file)
    return tasks
