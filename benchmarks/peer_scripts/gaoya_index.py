"""gaoya: its own parallel tokeniser, sketches and index; its bulk query takes text, which it sketches again."""

from __future__ import annotations

from gaoya.minhash import MinHashStringIndex  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import BANDS, MIN_JACCARD, ROWS, Clock, Found, flag_groups, group_equal, run


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag distinct paragraphs that share a band with another and agree with it in enough cells."""
    with clock("tokens"):
        groups = group_equal(paragraphs)
        distinct = list(groups)
    with clock("sketch"):
        index = MinHashStringIndex(
            hash_size=32,
            jaccard_threshold=MIN_JACCARD,
            num_bands=BANDS,
            band_size=ROWS,
            analyzer="word",
            lowercase=True,
            ngram_range=(3, 3),
            id_container="smallvec",  # its docs: for few near-duplicates; measured the quickest of the three
        )
        index.par_bulk_insert_docs(list(range(len(distinct))), distinct)
    with clock("query"):
        answers = index.par_bulk_query(distinct)
        sizes = [len(answer) for answer in answers]  # each answer has the paragraph itself
        flagged = flag_groups(groups, [size > 1 for size in sizes])
    settings = (
        f"distinct paragraphs, word 3-grams, {BANDS * ROWS} cells of 32 bits, {BANDS} bands of {ROWS}, "
        f"estimate >= {MIN_JACCARD}; 2 threads"
    )
    return Found(flagged, settings, (sum(sizes) - len(sizes)) // 2)


if __name__ == "__main__":
    run("gaoya", find)
