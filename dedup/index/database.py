"""The file of an archive: an embedded database that is made, opened, and whose errors are told in a line."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import zstandard

from dedup.errors import DedupError, IndexFormatError
from dedup.index.kinds import APPLICATION_ID, MAGIC
from dedup.index.store import FORMAT_VERSION

_PAGE_BYTES = 8_192

#: Kinds of maps from keys to numbers (`dedup.index.postings`).
SEGMENTS, BANDS, ANCHORS, POSTINGS, WORDS = range(5)

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL, format TEXT NOT NULL, UNIQUE (path, format));
CREATE TABLE articles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is given once
    ident TEXT NOT NULL, content INTEGER NOT NULL, source TEXT NOT NULL, url TEXT NOT NULL, language TEXT NOT NULL,
    tags TEXT NOT NULL, date INTEGER, file INTEGER NOT NULL REFERENCES files, record INTEGER NOT NULL,
    body_line INTEGER NOT NULL, title_bytes INTEGER NOT NULL, bytes INTEGER NOT NULL
);
CREATE INDEX articles_ident ON articles (ident);
CREATE INDEX articles_date ON articles (date);
CREATE TABLE texts (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, segments INTEGER NOT NULL);
CREATE TABLE blocks (kind INTEGER, part INTEGER, run INTEGER, data BLOB NOT NULL, PRIMARY KEY (kind, part, run));
CREATE TABLE blobs (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE sketches (first INTEGER PRIMARY KEY, n INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX sketches_n ON sketches (first, n);
"""


def create(path: Path, settings: Mapping[str, object]) -> None:
    """Make an empty archive.

    Raises
    ------
    DedupError
        Something has that name already, or it cannot be written.
    """
    if path.exists():
        raise DedupError(f"index {path}: exists already; remove it, or add to it with `dedup index add`")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with told(str(path), 0):
            db = sqlite3.connect(partial, isolation_level=None)
            try:
                db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
                meta = {"format_version": FORMAT_VERSION, "settings": json.dumps(settings, sort_keys=True)}
                meta |= {"segments": 0, "documents": 0}
                db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in meta.items()])
            finally:
                db.close()
        # A link and not a rename: whoever was quicker keeps what he made.
        os.link(partial, path)
    except FileExistsError:
        raise DedupError(f"index {path}: exists already") from None
    except OSError as error:
        raise DedupError(f"index {path}: cannot be written: {error.strerror}") from None
    finally:
        for suffix in ("", "-wal", "-shm"):
            partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def check_head(path: Path) -> None:
    """Refuse a file that is no archive, or not whole."""
    try:
        with path.open("rb") as stream:
            head = stream.read(100)
            size = os.fstat(stream.fileno()).st_size
    except FileNotFoundError:
        raise DedupError(f"index {path}: does not exist; make it with `dedup index create`") from None
    except OSError as error:
        raise DedupError(f"index {path}: cannot be read: {error.strerror}") from None
    if not head.startswith(MAGIC):
        raise IndexFormatError(f"index {path}: not an archive of dedup")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise IndexFormatError(f"index {path}: a database of another program")
    page_bytes, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    wal = path.with_name(path.name + "-wal")
    if size < page_bytes * pages and not (wal.exists() and wal.stat().st_size):
        raise IndexFormatError(
            f"index {path}: cut off, {size:,} of {page_bytes * pages:,} bytes are there; take it from a backup"
        )


def connect(path: Path, *, writable: bool, wait_seconds: float) -> sqlite3.Connection:
    """Open an archive, to be read or to be written."""
    if writable and not os.access(path, os.W_OK):
        raise DedupError(f"index {path}: may only be read, not written")
    address = path.resolve().as_uri()
    wal = path.with_name(path.name + "-wal")
    # Beside a file in WAL mode others are made, which a folder that may only be read does not allow.
    if not writable and not os.access(path.resolve().parent, os.W_OK) and not wal.exists():
        address += "?immutable=1"
    else:
        address += "?mode=rw" if os.access(path, os.W_OK) else "?mode=ro"
    db = sqlite3.connect(address, uri=True, timeout=wait_seconds, isolation_level=None, check_same_thread=False)
    # Who reads a band reads it once: the less of it is kept, the less memory is gone through (kB).
    db.execute(f"PRAGMA cache_size = {-16000 if writable else -2000}")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")  # what is removed is gone
    if writable:
        db.execute("PRAGMA wal_autocheckpoint = 0")
    else:
        db.execute("PRAGMA query_only = ON")
    return db


@contextmanager
def told(name: str, wait_seconds: float) -> Iterator[None]:
    """Say what SQLite says in a line for the user."""
    try:
        yield
    except zstandard.ZstdError as error:
        raise IndexFormatError(f"index {name}: a text is damaged: {error}") from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DedupError(
                f"index {name}: another process is writing to it, and was after {wait_seconds:g} seconds; try again"
            ) from None
        if code == sqlite3.SQLITE_FULL:
            raise DedupError(f"index {name}: no room on the disk; nothing was changed") from None
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise DedupError(f"index {name}: cannot be opened or written: {error}") from None
        if code == sqlite3.SQLITE_IOERR:
            raise DedupError(f"index {name}: cannot be read or written: {error}; nothing was changed") from None
        raise IndexFormatError(f"index {name}: damaged: {error}; take it from a backup") from None
