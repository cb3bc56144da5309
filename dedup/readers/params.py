"""How feeds are read: the settings, and the names that fields usually have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dedup.errors import ConfigError
from dedup.readers.encodings import find_encoding
from dedup.readers.formats import READ

#: What a record is read for, in the order of the columns of `dedup.kernels.jsonlines`, and the names that feeds
#: have for it; the first that is there and not empty is taken.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "guid", "_id", "uid", "nid"),
    "title": ("title", "headline"),
    "text": (
        *("text", "content", "body", "article", "body_text", "full_text", "articleBody", "maintext"),
        *("body_html", "content_html", "html", "plaintext"),
    ),
    "date": (
        *(
            "date_gmt",
            "date",
            "published",
            "published_at",
            "publishedAt",
            "pubDate",
            "datePublished",
            "date_published",
            "date_publish",
        ),
        *("created", "created_at", "createdAt", "timestamp", "versioncreated"),
    ),
    "source": ("source", "publisher", "site", "outlet", "domain", "source_domain"),
    "url": ("url", "link", "permalink"),
    "language": ("language", "lang", "inLanguage", "langcode"),
    "tags": ("tags", "keywords", "categories", "category", "topics"),
}

#: Settings of `ReadParams` that are one of a few words.
CHOICES = {
    "html": ("auto", "always", "never"),
    "page_text": ("main", "all"),
    "page_extractor": ("readability", "trafilatura"),
    "same_id": ("keep", "latest"),
}


@dataclass(frozen=True, slots=True)
class ReadParams:
    """How feeds are read.

    Attributes
    ----------
    fields : mapping of str to str or sequence of str
        For each key of `FIELDS`, the names to look for instead of the usual ones; ``a.b`` is ``b`` inside ``a`` where
        no field is called so.
    block_bytes : int
        How much of a file is read and parsed at once; a longer line makes a longer block.
    compiled_bytes : int
        What is beyond so many bytes of a JSON Lines file, by whole blocks, is parsed by the compiled scan; to load it
        takes as long as to parse 20 MB without. The answer is the same.
    input_format : str
        What the files are, a key of `dedup.readers.formats.FORMATS`, instead of what their content and names say.
    max_unpacked : int
        A packed file may be so many times its size when it is unpacked, or 64 MB; what is beyond is not read.
    same_id : {"keep", "latest"}
        Whether articles with one id are all kept, or are versions of one of which the latest is kept. Of all files
        together: an id is sure to be unique only inside its own feed (two exports both count from 1), so that
        leaving out is not the default.
    html : {"auto", "always", "never"}
        Whether the text of a record is HTML, and is turned into paragraphs: where it has tags that end or break
        something (``</p>``, ``<br>``; see `dedup.readers.markup.is_html`), everywhere, or nowhere.
    page_text : {"main", "all"}
        Of a page, its main text, or also what stands around it (menus, notices, comments).
    page_extractor : {"readability", "trafilatura"}
        What finds the main text; trafilatura finds it better and has to be installed.
    exclude : tuple of str
        Patterns (`dedup.patterns`) of files and folders that are not read, such as what a build has made.
    encoding : str
        What is neither UTF-8 nor says what it is in is in this, as ``windows-1251`` or ``shift_jis``, file by file (or
        record by record); not given, it is read as windows-1252, with a note. No guess is made: those who guess take
        some Western texts for Eastern ones.
    max_document_bytes : int
        A text, a feed, a page and other files that are read as a whole are read up to here, and so is a line of JSON. A
        larger array of JSON is read some elements at a time. Of one title or text in a packed file an eighth of it is
        read, or as much as the file is large.
    """

    fields: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    block_bytes: int = 1 << 22
    compiled_bytes: int = 1 << 22
    input_format: str = ""
    max_unpacked: int = 200
    same_id: str = "keep"
    html: str = "auto"
    page_text: str = "main"
    page_extractor: str = "readability"
    exclude: tuple[str, ...] = ()
    max_document_bytes: int = 1 << 27
    encoding: str = ""

    def __post_init__(self) -> None:
        for role, names in self.fields.items():
            if role not in FIELDS:
                raise ConfigError(f"read: fields: {role!r} is none of {', '.join(FIELDS)}")
            named = [names] if isinstance(names, str) else list(names)
            if not named or not all(isinstance(name, str) and name.isprintable() and name for name in named):
                raise ConfigError(f"read: fields: {role}: {names!r} is not the name of a field, or a list of names")
            if any(c in name for name in named for c in '"\\'):  # keys with escapes are not looked into
                raise ConfigError(f"read: fields: {role}: {names!r} has a quote or a backslash, which no name may have")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"read: {name}: {getattr(self, name)!r} is none of {', '.join(allowed)}")
        if self.max_document_bytes < 1:
            raise ConfigError(f"read: max_document_bytes: {self.max_document_bytes} is not positive")
        if self.block_bytes < 1:
            raise ConfigError(f"read: block_bytes: {self.block_bytes} is not positive")
        if self.input_format and self.input_format not in READ:
            raise ConfigError(f"read: input_format: {self.input_format!r} is none of {', '.join(READ)}")
        if self.encoding and not find_encoding(self.encoding):
            raise ConfigError(
                f"read: encoding: {self.encoding!r} is not known, or is none that contains ASCII; allowed are "
                "windows-1251, koi8-r, iso-8859-2, shift_jis, euc-kr, gb18030, big5 and others; UTF-16 is found without"
            )
        if self.max_unpacked < 1:
            raise ConfigError(f"read: max_unpacked: {self.max_unpacked} is not positive")

    @property
    def max_text_bytes(self) -> int:
        """What of one title or text in a small packed file is read: an eighth of a document, but for small ones."""
        return min(self.max_document_bytes, max(self.max_document_bytes >> 3, 1 << 20))
