"""An archive on a Redis server: bands in the storage of datasketch, everything else in hashes and sets beside them.

What is written of an article is seen when its head is there. Heads are written last, all those of an add in one
transaction, and what a writer that died has left behind belongs to numbers that nobody will have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import numpy as np
import zstandard
from numpy.typing import NDArray

from dedup.config import Config
from dedup.errors import DedupError, IndexFormatError
from dedup.index import sketches
from dedup.index.contents import Described, archive_bands, signatures
from dedup.index.join import take_articles
from dedup.index.packing import pack_texts, unpack_texts
from dedup.index.settings import keeps_of
from dedup.index.store import FORMAT_VERSION, Addition, Counts, Heads, Pairs, Postings, settings_in
from dedup.model import Articles, Strings

if TYPE_CHECKING:
    from redis import Redis

#: How long a writer waits for another one, and after how long a lock of one that died is void.
WAIT_SECONDS = 60.0
_LOCK_SECONDS = 120
#: Segments, or articles, that are written or read at once.
_AT_ONCE = 2_000
_EMPTY = np.empty(0, np.int64)


class RedisStore:
    """An archive on a server.

    Parameters
    ----------
    address : str
        ``redis://HOST:PORT/DB``, with ``?name=NAME`` for one of several archives (``archive`` if none is named).
    executor : concurrent.futures.Executor

    Raises
    ------
    DedupError
        The server does not answer, or there is no archive of this name.
    """

    def __init__(self, address: str, executor: Executor) -> None:
        self.name = address
        self.executor = executor
        self.config: Config | None = None
        self._lsh: Any = None
        self._changes: _Changes | None = None
        with _told(address):
            self._db, self._prefix = _connect(address)
            meta: dict[Any, Any] = self._db.hgetall(self._key("meta"))
        if not meta:
            raise DedupError(f"index {address}: does not exist; make it with `dedup index create`")
        kept = {name.decode(): value.decode("utf-8", "replace") for name, value in meta.items()}
        self._settings = settings_in(address, kept.get("format_version"), kept.get("settings"))

    @classmethod
    def create(cls, address: str, settings: Mapping[str, object]) -> None:
        """Make an empty archive."""
        with _told(address):
            db, prefix = _connect(address)
            # One command, which only one of several can win.
            if not db.hsetnx(f"{prefix}meta", "settings", json.dumps(settings, sort_keys=True)):
                raise DedupError(f"index {address}: exists already; add to it with `dedup index add`")
            db.hset(f"{prefix}meta", "format_version", FORMAT_VERSION)
            db.close()

    def _key(self, *parts: object) -> str:
        return self._prefix + ":".join(map(str, parts))

    def settings(self) -> Mapping[str, object]:
        """Return the settings that the archive was created with."""
        return self._settings

    def configure(self, config: Config) -> None:
        """Open the storage of datasketch for the bands of this configuration."""
        from datasketch import MinHashLSH

        self.config = config
        bands = archive_bands(config)
        with _told(self.name):
            self._lsh = MinHashLSH(
                num_perm=config.minhash.num_perm,
                params=(bands.bands, bands.rows),
                storage_config={
                    "type": "redis",
                    "basename": self._key("lsh").encode(),
                    "redis": {"connection_pool": self._db.connection_pool},
                },
                prepickle=False,
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Return a context in which everything is seen at its end, or nothing if it does not end well."""
        if self._changes is not None:
            yield
            return
        with _told(self.name):
            lock = self._db.lock(self._key("lock"), timeout=_LOCK_SECONDS, blocking_timeout=WAIT_SECONDS)
            if not lock.acquire():
                raise DedupError(
                    f"index {self.name}: another process is writing to it, and was after {WAIT_SECONDS:g} seconds; "
                    "try again"
                )
            self._changes = _Changes(lock)
            try:
                yield
                self._commit(self._changes)
            finally:
                self._changes = None
                if lock.owned():
                    lock.release()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Return a context for reading; an article is there as a whole or not at all."""
        with _told(self.name):
            yield

    def _commit(self, changes: _Changes) -> None:
        with self._db.pipeline(transaction=True) as pipe:
            pipe.watch(self._key("lock"))  # type: ignore[no-untyped-call]
            if not changes.lock.owned():
                raise DedupError(f"index {self.name}: the write took too long and was given up; add less at once")
            pipe.multi()
            for number, head in changes.heads.items():
                pipe.hset(self._key("heads"), str(number), json.dumps(head))
                pipe.sadd(self._key("id", head[2]), number)
            for number, ident in changes.removed.items():
                pipe.hdel(self._key("heads"), str(number))
                pipe.hdel(self._key("articles"), str(number))
                pipe.srem(self._key("id", ident), number)
            for key, is_there in changes.documents.items():
                (pipe.sadd if is_there else pipe.srem)(self._key("documents"), _segment(key))
            for word, change in changes.words.items():
                pipe.hincrby(self._key("words"), _segment(word).decode(), change)
            pipe.execute()
        gone = [word for word in changes.words if changes.words[word] < 0]
        for word, count in zip(gone, self._many("words", gone), strict=True):
            if count == b"0":
                self._db.hdel(self._key("words"), _segment(word).decode())

    def _many(self, table: str, numbers: Sequence[int]) -> list[Any]:
        names = [_segment(number).decode() for number in numbers]
        return self._db.hmget(self._key(table), names) if names else []

    def add(self, addition: Addition) -> None:
        """Take articles in."""
        assert self._changes is not None
        changes = self._changes
        articles = addition.articles
        last = self._db.incrby(self._key("next"), len(articles))
        numbers = last - len(articles) + 1 + np.arange(len(articles))
        self._write_articles(articles, numbers)
        known, _ = self.segments_of(addition.keys)
        new = np.setdiff1d(np.arange(len(addition.keys)), known)
        later = np.flatnonzero(addition.documents)[~self._documents(addition.keys[addition.documents])]
        self._write_segments(addition, new)
        self._write_anchors(addition, np.setdiff1d(later, new))
        values = numbers[addition.places] << 1 | addition.is_document
        self._in_parts(
            len(values),
            lambda pipe, i: pipe.sadd(self._key("places", int(addition.keys[addition.owners[i]])), int(values[i])),
        )
        changes.count(addition, later, 1)
        dates, contents = articles.dates.tolist(), addition.contents.tolist()
        for i, number in enumerate(numbers.tolist()):
            changes.heads[number] = (dates[i], articles.sources[i], articles.ids[i], contents[i])
        changes.lock.reacquire()

    def _in_parts(self, n: int, command: Callable[[Any, int], Any]) -> None:
        for start in range(0, n, _AT_ONCE):
            with self._db.pipeline(transaction=False) as pipe:
                for i in range(start, min(start + _AT_ONCE, n)):
                    command(pipe, i)
                pipe.execute()

    def _write_articles(self, articles: Articles, numbers: NDArray[np.int64]) -> None:
        texts = pack_texts(articles, slice(0, len(articles)))
        articles = replace(articles, hashed=None)  # packed, and not to be taken apart once more
        rows = [take_articles(articles, np.array([i])) for i in range(len(articles))] if len(articles) else []
        files, formats = articles.files, articles.formats or ("",) * len(articles.files)

        def write(pipe: Any, i: int) -> None:
            one = rows[i]
            file = int(one.file_rows[0])
            head = {
                "title": int(one.body_starts[0]), "bytes": len(one.text), "url": one.urls[0], "tags": one.tags[0],
                "language": one.languages[0], "record": int(one.records[0]),
                "line": 0 if len(one.line_marks) else int(one.body_lines[0]),
                "path": files[file].encode("utf-8", "replace").decode(), "format": formats[file],
            }  # fmt: skip
            packed = json.dumps(head).encode() + b"\n" + next(texts)
            pipe.hset(self._key("articles"), str(numbers[i]), packed)

        self._in_parts(len(rows), write)

    def _write_segments(self, addition: Addition, new: NDArray[np.int64]) -> None:
        """Write what segments are found by: of each its bands, anchors and sketch, or nothing."""
        for start in range(0, len(new), _AT_ONCE):
            rows = new[start : start + _AT_ONCE]
            described = addition.describe(rows)
            names = [_segment(key) for key in addition.keys[rows].tolist()]
            with self._db.pipeline(transaction=True) as pipe:
                searched = described.searched
                for row, bands in zip(searched.tolist(), self._bands_of(described), strict=True):
                    self._lsh.keys._insert(pipe, names[row], *bands)
                    for band, table in zip(bands, self._lsh.hashtables, strict=True):
                        table._insert(pipe, band, names[row])
                anchors: list[list[int]] = [[] for _ in names]
                for anchor, row in zip(described.anchors.tolist(), described.anchor_rows.tolist(), strict=True):
                    pipe.sadd(self._key("anchor", anchor), names[row])
                    anchors[row].append(anchor)
                sketch = sketches.pack(addition.keys[rows], described)
                for name, one, own in zip(names, sketch, anchors, strict=True):
                    data = one.tobytes() + np.array(own, "<u4").tobytes()
                    pipe.hset(self._key("sketches"), name.decode(), data)
                pipe.execute()

    def _write_anchors(self, addition: Addition, rows: NDArray[np.int64]) -> None:
        """Write the anchors of segments that were no paragraphs so far."""
        described = addition.describe(rows)
        names = [_segment(key) for key in addition.keys[rows].tolist()]
        pairs = list(zip(described.anchors.tolist(), described.anchor_rows.tolist(), strict=True))
        self._in_parts(len(pairs), lambda pipe, i: pipe.sadd(self._key("anchor", pairs[i][0]), names[pairs[i][1]]))

    def _bands_of(self, described: Described) -> list[list[bytes]]:
        """Return the keys that datasketch gives the bands of searched rows."""
        assert self.config is not None
        bands = archive_bands(self.config)
        table = signatures(described.sets, described.searched, self.config, self.executor)
        swapped = table[:, : bands.bands * bands.rows].byteswap()
        width = bands.rows * swapped.itemsize
        return [
            [data[i : i + width] for i in range(0, len(data), width)] for data in (row.tobytes() for row in swapped)
        ]

    def _documents(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Tell which segments stand in an article as a paragraph or title."""
        found = np.zeros(len(keys), np.bool_)
        for start in range(0, len(keys), _AT_ONCE):
            names = [_segment(key) for key in keys[start : start + _AT_ONCE].tolist()]
            found[start : start + _AT_ONCE] = self._db.smismember(self._key("documents"), names)
        if self._changes is not None:
            for i, key in enumerate(keys.tolist()):
                found[i] = self._changes.documents.get(key, bool(found[i]))
        return found

    def remove(self, numbers: NDArray[np.int64], removal: Addition) -> None:
        """Take articles out; ``removal`` has the segments of their texts."""
        assert self._changes is not None
        heads = self.heads(numbers)
        self._changes.removed |= dict(zip(heads.numbers.tolist(), heads.ids, strict=True))
        documents = np.flatnonzero(removal.documents)
        postings = self.postings(removal.keys[documents])
        kept = np.unique(postings.asked[postings.is_document])
        self._changes.count(removal, np.delete(documents, kept), -1)

    def segments_of(self, keys: NDArray[np.uint64]) -> Pairs:
        """Return the numbers of segments, which here are their keys."""
        found: list[bool] = []
        for start in range(0, len(keys), _AT_ONCE):
            names = [_segment(key).decode() for key in keys[start : start + _AT_ONCE].tolist()]
            with self._db.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.hexists(self._key("sketches"), name)
                found += map(bool, pipe.execute())
        asked = np.flatnonzero(found)
        return asked, keys[asked]

    def keys_of(self, segments: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the keys of segments, which are their numbers."""
        return segments

    def similar(self, described: Described) -> Pairs:
        """Return pairs of a row and a segment that share a band and may reach the least Jaccard."""
        assert self.config is not None
        searched = described.searched.tolist()
        bands = self._bands_of(described)
        pairs: set[tuple[int, int]] = set()
        for number, table in enumerate(self._lsh.hashtables):
            for start in range(0, len(searched), _AT_ONCE):
                wanted = [one[number] for one in bands[start : start + _AT_ONCE]]
                for row, names in zip(searched[start:], table.getmany(*wanted), strict=False):
                    pairs.update((row, int(name, 16)) for name in names)
        ordered = sorted(pairs)
        rows = np.array([row for row, _ in ordered], np.int64)
        segments = np.array([segment for _, segment in ordered], np.uint64)
        distinct, at = np.unique(segments, return_inverse=True)
        found, there = self._sketches(distinct)
        kept = sketches.may_match(described, rows, found, at, self.config.score.min_jaccard) & there[at]
        return rows[kept], segments[kept]

    def _sketches(self, segments: NDArray[np.uint64]) -> tuple[sketches.Sketches, NDArray[np.bool_]]:
        data: list[bytes | None] = []
        for start in range(0, len(segments), _AT_ONCE):
            data += self._many("sketches", segments[start : start + _AT_ONCE].tolist())
        width = sketches.ROW.itemsize
        rows = np.frombuffer(b"".join((one or bytes(width))[:width] for one in data), sketches.ROW)
        return sketches.unpack(rows), np.array([one is not None for one in data], np.bool_)

    def anchored(self, anchors: NDArray[np.uint32]) -> Pairs:
        """Return pairs of an index into ``anchors`` and a segment that has it."""
        return self._members("anchor", anchors.tolist(), lambda name: int(name, 16))

    def _members(self, table: str, names: Sequence[int], read: Callable[[bytes], int]) -> Pairs:
        asked: list[int] = []
        found: list[int] = []
        for start in range(0, len(names), _AT_ONCE):
            with self._db.pipeline(transaction=False) as pipe:
                for name in names[start : start + _AT_ONCE]:
                    pipe.smembers(self._key(table, name))
                for i, members in enumerate(pipe.execute(), start):
                    asked += [i] * len(members)
                    found += sorted(map(read, members))
        return np.array(asked, np.int64), np.array(found, np.uint64)

    def postings(self, segments: NDArray[np.uint64]) -> Postings:
        """Return in which articles segments stand."""
        asked, values = self._members("places", segments.tolist(), int)
        articles = (values >> np.uint64(1)).astype(np.int64)
        alive = np.isin(articles, self.heads(np.unique(articles)).numbers)
        return Postings(asked[alive], articles[alive], (values[alive] & np.uint64(1)) > 0)

    def heads(self, numbers: NDArray[np.int64] | None = None) -> Heads:
        """Return the heads of those of these articles (all, if None) that are there."""
        found: dict[int, Any] = {}
        if numbers is None:
            found = {int(name): json.loads(head) for name, head in self._db.hgetall(self._key("heads")).items()}
        else:
            for start in range(0, len(numbers), _AT_ONCE):
                part = numbers[start : start + _AT_ONCE].tolist()
                heads = self._db.hmget(self._key("heads"), list(map(str, part)))
                found |= {number: json.loads(head) for number, head in zip(part, heads, strict=True) if head}
        if self._changes is not None:
            wanted = self._changes.heads if numbers is None else self._changes.heads.keys() & set(numbers.tolist())
            found |= {number: self._changes.heads[number] for number in wanted}
            found = {number: head for number, head in found.items() if number not in self._changes.removed}
        ordered = sorted(found.items())
        return Heads(
            np.array([number for number, _ in ordered], np.int64),
            np.array([head[0] for _, head in ordered], np.int64),
            Strings.of(head[1] for _, head in ordered),
            Strings.of(head[2] for _, head in ordered),
            np.array([head[3] for _, head in ordered], np.uint64),
        )

    def heads_with(self, ids: Sequence[str]) -> Heads:
        """Return the heads of the articles that have one of these ids."""
        numbers: set[int] = set()
        for start in range(0, len(ids), _AT_ONCE):
            with self._db.pipeline(transaction=False) as pipe:
                for ident in ids[start : start + _AT_ONCE]:
                    pipe.smembers(self._key("id", ident))
                numbers.update(int(member) for members in pipe.execute() for member in members)
        if self._changes is not None:
            wanted = set(ids)
            numbers.update(number for number, head in self._changes.heads.items() if head[2] in wanted)
        return self.heads(np.array(sorted(numbers), np.int64))

    def read(self, numbers: NDArray[np.int64]) -> Articles:
        """Return these articles, in this order."""
        heads = self.heads(numbers)
        at = np.searchsorted(heads.numbers, numbers)
        packed: list[Any] = []
        for start in range(0, len(numbers), _AT_ONCE):
            names = list(map(str, numbers[start : start + _AT_ONCE].tolist()))
            packed += self._db.hmget(self._key("articles"), names)
        if len(heads.numbers) < len(set(numbers.tolist())) or None in packed:
            raise IndexFormatError(f"index {self.name}: articles are missing; `dedup index verify`")
        parts = [one.split(b"\n", 1) for one in packed]
        columns = [json.loads(head) for head, _ in parts]
        sizes = [int(one["bytes"]) for one in columns]
        text, hashed = unpack_texts([data for _, data in parts], sizes, keeps_of(self.name, self._settings), self.name)
        offsets = np.append(0, np.cumsum(sizes)).astype(np.int64)
        files = {key: i for i, key in enumerate(dict.fromkeys((one["path"], one["format"]) for one in columns))}
        return Articles(
            text=text,
            offsets=offsets,
            body_starts=offsets[:-1] + np.array([one["title"] for one in columns], np.int64),
            ids=Strings.of(heads.ids[i] for i in at.tolist()),
            sources=Strings.of(heads.sources[i] for i in at.tolist()),
            urls=Strings.of(one["url"] for one in columns),
            languages=Strings.of(one["language"] for one in columns),
            tags=Strings.of(one["tags"] for one in columns),
            dates=heads.dates[at] if len(at) else _EMPTY,
            files=tuple(path for path, _ in files),
            file_rows=np.array([files[one["path"], one["format"]] for one in columns], np.int32),
            records=np.array([one["record"] for one in columns], np.int64),
            body_lines=np.array([one["line"] for one in columns], np.int64),
            formats=tuple(form for _, form in files),
            hashed=hashed,
        )

    def frequencies(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return in how many documents each word stands."""
        found: list[bytes | None] = []
        for start in range(0, len(words), _AT_ONCE):
            found += self._many("words", words[start : start + _AT_ONCE].tolist())
        counts = np.array([int(one or 0) for one in found], np.int64)
        if self._changes is not None:
            counts += np.array([self._changes.words.get(word, 0) for word in words.tolist()], np.int64)
        return counts

    def counts(self) -> Counts:
        """Return how much there is; the size is that of all the server holds."""
        articles, documents = self.totals()
        segments, words = self._db.hlen(self._key("sketches")), self._db.hlen(self._key("words"))
        return Counts(articles, segments, documents, words, int(self._db.info("memory")["used_memory"]))

    def totals(self) -> tuple[int, int]:
        """Return how many articles and how many documents there are."""
        return self._db.hlen(self._key("heads")), self._db.scard(self._key("documents"))

    def compact(self) -> None:
        """Let go of what removed articles, and writers that died, have left behind."""
        with self.writing():
            assert self._changes is not None
            alive = set(map(str, self.heads().numbers.tolist()))
            for name, _ in self._db.hscan_iter(self._key("articles"), count=_AT_ONCE):
                if name.decode() not in alive:
                    self._db.hdel(self._key("articles"), name)
            for name, sketch in self._db.hscan_iter(self._key("sketches"), count=_AT_ONCE):
                key = int(name, 16)
                places = self._db.smembers(self._key("places", key))
                dead = [place for place in places if str(int(place) >> 1) not in alive]
                with self._db.pipeline(transaction=True) as pipe:
                    if dead:
                        pipe.srem(self._key("places", key), *dead)
                    if len(dead) == len(places):
                        self._drop(pipe, name, sketch)
                    pipe.execute()
                self._changes.lock.reacquire()

    def _drop(self, pipe: Any, name: bytes, sketch: bytes) -> None:
        for band, table in zip(self._lsh.keys.get(name), self._lsh.hashtables, strict=False):
            if table.get(band) <= {name}:
                table._remove(pipe, band)
            else:
                pipe.srem(table.redis_key(band), name)
        self._lsh.keys._remove(pipe, name)
        for anchor in np.frombuffer(sketch[sketches.ROW.itemsize :], "<u4").tolist():
            pipe.srem(self._key("anchor", anchor), name)
        pipe.hdel(self._key("sketches"), name.decode())

    def problems(self) -> Iterator[str]:
        """Yield what is wrong inside, a line each."""
        heads = self.heads()
        lost = 0
        for start in range(0, len(heads.numbers), _AT_ONCE):
            names = list(map(str, heads.numbers[start : start + _AT_ONCE].tolist()))
            lost += self._db.hmget(self._key("articles"), names).count(None) if names else 0
        if lost:
            yield f"{lost} articles have no text"

    def close(self) -> None:
        """Let go of the connections."""
        self._db.connection_pool.disconnect()


class _Changes:
    """What a writer will show when it ends."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.heads: dict[int, tuple[int, str, str, int]] = {}
        self.removed: dict[int, str] = {}
        self.documents: dict[int, bool] = {}
        self.words: dict[int, int] = {}

    def count(self, addition: Addition, rows: NDArray[np.int64], sign: int) -> None:
        """Take documents in (1) or out (-1)."""
        self.documents |= dict.fromkeys(addition.keys[rows].tolist(), sign > 0)
        words, counts = addition.words(rows)
        for word, count in zip(words.tolist(), counts.tolist(), strict=True):
            self.words[word] = self.words.get(word, 0) + sign * count


def _segment(key: int) -> bytes:
    return b"%016x" % key


def _connect(address: str) -> tuple[Redis, str]:
    try:
        import redis
    except ImportError:
        raise DedupError("archives on a server need redis: pip install 'saidtwice[redis]'") from None

    parts = urlsplit(address)
    query = parse_qs(parts.query)
    name = query.pop("name", ["archive"])[0]
    rest = "&".join(f"{key}={value}" for key, values in query.items() for value in values)
    db = redis.Redis.from_url(urlunsplit(parts._replace(query=rest)))
    db.ping()
    return db, f"saidtwice:{name}:"


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say what the server says in a line for the user."""
    try:
        import redis
    except ImportError:
        raise DedupError("archives on a server need redis: pip install 'saidtwice[redis]'") from None
    try:
        yield
    except redis.exceptions.AuthenticationError as error:
        raise DedupError(f"index {_shown(name)}: {error}") from None
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
        raise DedupError(f"index {_shown(name)}: the server does not answer: {error}") from None
    except (redis.exceptions.LockError, redis.exceptions.WatchError):
        raise DedupError(f"index {_shown(name)}: the write took too long and was given up; add less at once") from None
    except redis.exceptions.RedisError as error:
        raise DedupError(f"index {_shown(name)}: {error}") from None
    except zstandard.ZstdError as error:
        raise IndexFormatError(f"index {_shown(name)}: a text is damaged: {error}") from None


def _shown(address: str) -> str:
    """Return an address without its password."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
