"""An archive -> what is wrong in it: everything that is kept is made once more from the texts, or their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.index.archive import content_keys
from dedup.index.contents import Contents, contents_of, describe, words_of
from dedup.index.store import Store

_AT_ONCE = 2_000


def problems(store: Store, config: Config, executor: Executor) -> Iterator[str]:
    """Yield what is wrong, a line each.

    Articles are read some at a time and cut anew: each segment has to be there under its key, to be found by its bands
    and anchors, and to stand in the article; the words of all documents have to add up to the frequencies. Of an
    archive of hashes, whether these are those of the texts that were added is not known any more.
    """
    inside = list(store.problems())
    yield from inside
    if inside:
        return  # what is below would stumble over it
    heads = store.heads()
    seen: set[int] = set()
    words: dict[int, int] = {}
    for start in range(0, len(heads.numbers), _AT_ONCE):
        numbers = heads.numbers[start : start + _AT_ONCE]
        articles = store.read(numbers)
        wrong = content_keys(articles) != heads.contents[start : start + _AT_ONCE]
        if articles.hashed is None and wrong.any():
            yield f"{int(wrong.sum())} texts are not what was added, the first of {articles.ids[int(wrong.argmax())]!r}"
        contents = contents_of(articles, config, executor)
        yield from _misplaced(store, contents, numbers)
        rows = np.flatnonzero(contents.searched())
        described = describe(contents, rows, executor)
        asked, segments = store.similar(described)
        keys = store.keys_of(segments)
        found = np.zeros(len(rows), np.bool_)
        found[asked[keys == contents.keys[rows[asked]]]] = True
        if not found[described.searched].all():
            yield f"{int((~found[described.searched]).sum())} segments are not found by their bands"
        asked, segments = store.anchored(described.anchors)
        keys = store.keys_of(segments)
        held = np.zeros(len(described.anchors), np.bool_)
        held[asked[keys == contents.keys[rows[described.anchor_rows[asked]]]]] = True
        if not held.all():
            yield f"{int((~held).sum())} anchors of paragraphs are missing"
        documents = np.flatnonzero(contents.documents)
        fresh = documents[[key not in seen for key in contents.keys[documents].tolist()]]
        seen.update(contents.keys[documents].tolist())
        for word, count in zip(*(column.tolist() for column in words_of(contents, fresh, executor)), strict=True):
            words[word] = words.get(word, 0) + count
    ordered = np.array(sorted(words), np.uint64)
    kept = store.frequencies(ordered)
    other = kept != np.array([words[word] for word in ordered.tolist()], np.int64)
    if other.any():
        yield f"{int(other.sum())} of {len(ordered)} words have another frequency than the texts"
    if len(seen) != store.totals()[1]:
        yield f"{store.totals()[1]} documents are counted, {len(seen)} are there"


def _misplaced(store: Store, contents: Contents, numbers: NDArray[np.int64]) -> Iterator[str]:
    asked, segments = store.segments_of(contents.keys)
    if len(np.unique(asked)) != len(contents.keys):
        yield f"{len(contents.keys) - len(np.unique(asked))} segments are missing"
        return
    rows = np.full(len(contents.keys), 0, np.uint64)
    rows[asked] = segments
    postings = store.postings(rows)
    n = len(contents.keys)
    wanted = set(
        zip(contents.owners.tolist(), numbers[contents.places].tolist(), contents.is_document.tolist(), strict=True)
    )
    there = set(zip(postings.asked.tolist(), postings.articles.tolist(), postings.is_document.tolist(), strict=True))
    lost = len(wanted - there)
    if lost:
        yield f"{lost} places of {n} segments are missing"
