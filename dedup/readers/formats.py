"""The formats that are read: what each is called, how its files are named, and which module reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from dedup.readers.own import TITLE

#: Names end so where a file is packed; what it is packed with is told by its content.
PACKED = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd")
#: What stands beside articles in a saved page, a repository or an export, and is none.
_CODE = (
    ".css", ".scss", ".sass", ".less", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".map", ".vue", ".py", ".pyi",
    ".rb", ".php", ".java", ".kt", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".go", ".rs", ".swift", ".lua", ".pl",
    ".r", ".sh", ".bash", ".zsh", ".bat", ".cmd", ".ps1", ".sql", ".yml", ".yaml", ".toml", ".ini", ".cfg", ".conf",
    ".lock",
)  # fmt: skip
_OFFICE = (
    *(".doc", ".docx", ".rtf", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".odp", ".pages", ".numbers", ".epub"),
)


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
    """

    title: str
    suffixes: tuple[str, ...] = ()
    module: str = ""


#: Name -> format; how its content looks is in `dedup.readers.recognise`.
FORMATS: dict[str, Format] = {
    "parquet": Format("Parquet", (".parquet", ".pq"), "columnar"),
    "arrow": Format("Arrow IPC", (".arrow", ".feather", ".ipc", ".arrows"), "columnar"),
    "warc": Format("WARC", (".warc",), "warc"),
    "zip": Format("a ZIP archive", (".zip",), "unread"),
    "tar": Format("a tar archive", (".tar", ".tgz"), "unread"),
    "7z": Format("a 7-Zip archive", (".7z",), "unread"),
    "rar": Format("a RAR archive", (".rar",), "unread"),
    "pdf": Format("a PDF file", (".pdf",), "unread"),
    "office": Format("an office document", _OFFICE, "unread"),
    "binary": Format("a binary file", (), "unread"),
    "html": Format("HTML", (".html", ".htm", ".xhtml"), "pages"),
    "newsml": Format("NewsML-G2", (), "newsml"),
    "feed": Format("RSS or Atom", (".xml", ".rss", ".atom", ".rdf"), "syndication"),
    "jsonfeed": Format("JSON Feed", (), "syndication"),
    "ninjs": Format("ninjs", (), "ninjs"),
    "json": Format("JSON Lines or JSON", (".jsonl", ".ndjson", ".json-lines", ".json"), "jsonlines"),
    "csv": Format("CSV", (".csv", ".tsv", ".tab", ".psv"), "delimited"),
    "markdown": Format("Markdown", (".md", ".markdown", ".mdx", ".qmd", ".rmd")),
    "text": Format("text", (".txt", ".text")),
    "own": Format(TITLE, (), "unread"),
    "code": Format("code or settings", _CODE, "unread"),
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
