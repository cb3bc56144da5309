"""The archive: articles that new ones are checked against without being read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.errors import ConfigError, DedupError
from dedup.hashed import without_text
from dedup.index.contents import Contents, contents_of, describe, words_of
from dedup.index.file import FileStore
from dedup.index.join import join_articles, take_articles
from dedup.index.kinds import is_server
from dedup.index.packing import Keeps
from dedup.index.retrieve import retrieve
from dedup.index.settings import config_of, keeps_of, refuse_characters, settings_of
from dedup.index.store import Addition, Counts, Pairs, Store
from dedup.known import Known
from dedup.model import Articles
from dedup.pipeline import refuse_empty, scan_known
from dedup.result import Report
from dedup.stages import Progress

#: Text that is added at once, in one transaction with all the rest.
BATCH_BYTES = 128 << 20
#: Of that, where hashes are kept: they take several times the memory of the text that they are made of.
_HASHED_SHARE = 4


@dataclass(frozen=True, slots=True)
class Added:
    """How many articles were taken in, and how many were there already with this id and text."""

    added: int
    known: int


class Index:
    r"""An archive of articles.

    Parameters
    ----------
    store : Store
    config : Config
    executor : concurrent.futures.Executor
    jobs : int

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> path = getfixture("tmp_path") / "archive.db"
    >>> with dedup.Index.create(path) as index:
    ...     index.add([{"id": "a", "source": "North", "text": line + "\n\nOther news.", "date": "2026-03-01"}])
    Added(added=1, known=0)
    >>> with dedup.Index.open(path) as index:
    ...     report = index.check([{"id": "b", "source": "South", "text": line, "date": "2026-03-02"}])
    >>> [report.articles.ids[article] for article in report.findings.articles], report.archive.articles.tolist()
    (['a', 'b'], [True, False])
    """

    def __init__(self, store: Store, config: Config, executor: Executor, jobs: int) -> None:
        self.store, self.config = store, config
        self._executor, self._jobs = executor, jobs

    @classmethod
    def create(
        cls, path: str | Path, config: Config | None = None, *, store: Keeps = "text", jobs: int | None = None
    ) -> Index:
        """Make an empty archive, and open it.

        Parameters
        ----------
        path : str or Path
            A file that does not exist, or ``redis://HOST:PORT/DB`` (extra ``redis``), with ``?name=NAME`` for one of
            several archives on a server.
        config : Config, optional
            What decides how segments are found is kept with the archive; the rest are its defaults.
        store : {"text", "hashes"}
            What is kept of titles and texts: all, or hashes of their words and where these stood. Findings and scores
            are the same; of hashes no text can be shown or exported. They are no secret to one who has a list of words.

        Raises
        ------
        ConfigError
            Shingles of characters cannot be made of hashes.
        """
        config = config or Config()
        settings = {**settings_of(config), "store": store}
        refuse_characters(config, keeps_of(str(path), settings))
        if is_server(path):
            from dedup.index.server import RedisStore

            RedisStore.create(str(path), settings)
        else:
            FileStore.create(Path(path), settings)
        return cls.open(path, jobs=jobs)

    @classmethod
    def open(
        cls,
        path: str | Path,
        settings: Mapping[str, object] | None = None,
        *,
        writable: bool = True,
        jobs: int | None = None,
    ) -> Index:
        """Open an archive.

        Parameters
        ----------
        path : str or Path
        settings : mapping, optional
            Settings other than the archive's own, by the names of `dedup.load_config`.
        writable : bool
            Whether articles are to be added or removed.
        jobs : int, optional
            Threads; by default as many as there are cores.

        Raises
        ------
        IndexFormatError
            It is not an archive of this version, or damaged.
        IncompatibleError
            A setting that decides what is kept is not that of the archive.
        """
        jobs = jobs or os.cpu_count() or 1
        if jobs < 1:
            raise ConfigError(f"jobs is {jobs}; at least 1 is needed")
        executor = ThreadPoolExecutor(jobs)
        try:
            store = _open_store(path, executor, writable)
            try:
                kept = store.settings()
                keeps_of(store.name, kept)
                store.configure(config_of(store.name, kept))
                config = replace(config_of(store.name, kept, settings), candidates="lsh")
            except BaseException:
                store.close()
                raise
        except BaseException:
            executor.shutdown()
            raise
        return cls(store, config, executor, jobs)

    @property
    def keeps(self) -> Keeps:
        """What the archive keeps of titles and texts: ``text`` or ``hashes``."""
        return keeps_of(self.store.name, self.store.settings())

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the archive."""
        self._executor.shutdown()
        self.store.close()

    def add(self, articles: Articles | Sequence[Mapping[str, object] | str], progress: Progress | None = None) -> Added:
        """Take articles in, all or none. Those that are there already, with this id and text, are counted.

        Parameters
        ----------
        articles : Articles, or sequence of records
            As of `dedup.read_feeds`, or as `dedup.articles_of` takes them.
        progress : callable, optional
            ``progress(stage, done, total)``, in bytes of text.
        """
        table = _articles(articles)
        contents = content_keys(table)
        with self.store.writing():
            new = ~self._known(table, contents)[1]
            n_new = int(new.sum())
            rows = np.flatnonzero(new)
            total = len(table.text)
            size = BATCH_BYTES if self.keeps == "text" else BATCH_BYTES // _HASHED_SHARE
            for part in _batches(table, rows, size):
                batch = take_articles(table, part)
                if self.keeps == "hashes":
                    batch = without_text(batch, self.config.segment, self.config.tokens, self._executor)
                self.store.add(self._addition(batch, contents[part]))
                if progress:
                    progress("add", int(table.offsets[part[-1] + 1]), total)
        return Added(n_new, len(table) - n_new)

    def _known(self, articles: Articles, contents: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the numbers of articles that have id and text of one of these; and which of these come again."""
        ids = list(articles.ids)
        heads = self.store.heads_with(sorted(set(ids)))
        pairs = list(zip(heads.ids, heads.contents.tolist(), strict=True))
        seen = set(pairs)
        again = np.zeros(len(ids), np.bool_)
        given = set()
        for i, pair in enumerate(zip(ids, contents.tolist(), strict=True)):
            again[i] = pair in seen
            seen.add(pair)
            given.add(pair)
        return heads.numbers[np.array([pair in given for pair in pairs], np.bool_)], again

    def _addition(self, articles: Articles, contents: NDArray[np.uint64], cut: Contents | None = None) -> Addition:
        table = cut or contents_of(articles, self.config, self._executor)
        return Addition(
            articles,
            contents,
            table.keys,
            table.documents,
            table.owners,
            table.places,
            table.is_document,
            lambda rows: describe(table, rows, self._executor),
            lambda rows: words_of(table, rows, self._executor),
        )

    def check(
        self,
        articles: Articles | Sequence[Mapping[str, object] | str],
        *,
        add: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Return what new articles repeat of the archive, of each other, and of themselves.

        The report is that of one run over the archive and them, as far as it is about them, with ``candidates="lsh"``.

        Parameters
        ----------
        add : bool
            Take them in as well, in the same transaction.
        """
        table = _articles(articles)
        refuse_empty(table)
        contents = content_keys(table)
        with self.store.writing() if add else self.store.reading():
            report = self._check(table, contents, progress)
            if add:
                self.add(table)
        return report

    def _check(self, table: Articles, contents: NDArray[np.uint64], progress: Progress | None) -> Report:
        there, _ = self._known(table, contents)
        new = contents_of(table, self.config, self._executor)
        held = self.store.segments_of(new.keys)
        found = retrieve(self.store, new, held, self.config, self._executor, there)
        n_articles, n_documents = self.store.totals()
        joined = join_articles(self.store.read(found.numbers), table)
        archived = np.arange(len(joined)) < len(found.numbers)
        known = Known(
            self.store.name,
            n_articles,
            archived,
            self._frequencies(new, held, n_documents),
            found.keys,
            found.offsets,
            found.more_articles,
            found.more_sources,
            keeps_text=self.keeps == "text",
        )
        report = scan_known(joined, known, self.config, self._executor, jobs=self._jobs, progress=progress)
        if not found.thinned:
            return report
        search = report.search
        return replace(
            report,
            search=replace(
                search,
                thinned_buckets=search.thinned_buckets + found.thinned,
                thinned_rows=search.thinned_rows + found.thinned,
            ),
        )

    def _frequencies(
        self, new: Contents, held: Pairs, n_documents: int
    ) -> Callable[[NDArray[np.uint64]], tuple[NDArray[np.int64], int]]:
        """Return the document frequencies of archive and new articles together."""
        documents = new.documents
        wanted = documents[held[0]]
        postings = self.store.postings(held[1][wanted])
        there = held[0][wanted][postings.asked[postings.is_document]]
        fresh = np.setdiff1d(np.flatnonzero(documents), there)
        words, counts = words_of(new, fresh, self._executor)

        def frequencies(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], int]:
            found = self.store.frequencies(keys)
            at = np.searchsorted(keys, words)
            # Every word of the new articles is among those of the run.
            found[at] += counts
            return found, n_documents + len(fresh)

        return frequencies

    def remove(self, ids: Sequence[str]) -> int:
        """Take the articles with these ids out, all or none, and return how many these were."""
        with self.store.writing():
            return self._remove(self.store.heads_with(ids).numbers)

    def expire(self, before: int) -> int:
        """Take out the articles dated before a time (seconds since 1970 UTC), and return how many these were."""
        from dedup.model import NO_DATE

        with self.store.writing():
            heads = self.store.heads()
            return self._remove(heads.numbers[(heads.dates < before) & (heads.dates != NO_DATE)])

    def _remove(self, numbers: NDArray[np.int64]) -> int:
        for start in range(0, len(numbers), 5_000):
            part = numbers[start : start + 5_000]
            articles = self.store.read(part)
            self.store.remove(part, self._addition(articles, np.zeros(len(part), np.uint64)))
        return len(numbers)

    def articles(self) -> Generator[Articles, None, None]:
        """Yield the articles of the archive, some at a time, in the order in which they were added.

        Raises
        ------
        DedupError
            It keeps hashes, from which no text can be made.
        """
        if self.keeps == "hashes":
            raise DedupError(
                f"index {self.store.name}: keeps hashes and no text, so that there is nothing to export; to make it "
                "anew, add the feeds themselves to a new archive"
            )
        with self.store.reading():
            numbers = self.store.heads().numbers
            for start in range(0, len(numbers), 1_000):
                yield self.store.read(numbers[start : start + 1_000])

    def counts(self) -> Counts:
        """Return how much there is."""
        with self.store.reading():
            return self.store.counts()

    def verify(self) -> list[str]:
        """Return what is wrong inside, a line each.

        Postings, band keys and frequencies are made once more from the texts, or from their hashes.
        """
        from dedup.index.verify import problems

        with self.store.reading():
            return list(problems(self.store, self.config, self._executor))

    def compact(self) -> None:
        """Let go of what removed articles have left behind, and make it quick to read."""
        self.store.compact()


def _open_store(path: str | Path, executor: Executor, writable: bool) -> Store:
    if is_server(path):
        from dedup.index.server import RedisStore

        return RedisStore(str(path), executor)
    return FileStore(Path(path), executor, writable=writable)


def _articles(articles: Articles | Sequence[Mapping[str, object] | str]) -> Articles:
    if isinstance(articles, Articles):
        return articles
    from dedup.readers import articles_of

    return articles_of(articles)


def _batches(articles: Articles, rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    sizes = np.diff(articles.offsets)[rows]
    numbers = np.cumsum(sizes) // size
    for start in np.unique(numbers).tolist():
        yield rows[numbers == start]


def content_keys(articles: Articles) -> NDArray[np.uint64]:
    """Return a number for the title and text of each article: uint64[n], equal where they are equal."""
    data, offsets = articles.text.data, articles.offsets.tolist()
    titles = (articles.body_starts - articles.offsets[:-1]).tolist()
    keys = np.empty(len(articles), np.uint64)
    for i, title in enumerate(titles):
        digest = hashlib.blake2b(data[offsets[i] : offsets[i + 1]], digest_size=8, salt=title.to_bytes(8, "little"))
        keys[i] = int.from_bytes(digest.digest(), "little")
    return keys
