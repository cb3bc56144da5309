"""SemHash: paragraphs as embeddings of its default model, which it gets from a hub of models on first use."""

from __future__ import annotations

from semhash import SemHash  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peer_scripts.task import Clock, Found, flag_groups, group_equal, run


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag distinct paragraphs that it calls duplicates, and those that they are duplicates of."""
    with clock("query"):
        groups = group_equal(paragraphs)
        texts = list(groups)
        result = SemHash.from_records(records=texts).self_deduplicate()
        row_of = {text: row for row, text in enumerate(texts)}
        matched = [False] * len(texts)
        for one in result.filtered:
            matched[row_of[one.record]] = True
            for other, _ in one.duplicates:
                matched[row_of[other]] = True
    return Found(flag_groups(groups, matched), "distinct paragraphs, its default model and threshold")


if __name__ == "__main__":
    run("semhash", find)
