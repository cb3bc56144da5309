"""Articles -> what goes of them: plans are carried out and the rest is searched again, until there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dedup.clean.cut import Cut, Sentences, apply_cut, cut_sentences
from dedup.clean.params import CleanParams
from dedup.clean.plan import Plan, make_plan
from dedup.clean.remains import why_left
from dedup.clean.repeats import sentence_spans
from dedup.clean.verify import Supply, find_unsupported
from dedup.errors import DedupError
from dedup.model import Articles, Level, Segments
from dedup.result import Report

#: ``scan(articles)``: the report on them.
Scan = Callable[[Articles], Report]

#: Each round takes something away, so they come to an end; so many mean that something goes and comes back.
_MAX_ROUNDS = 100
#: What came back may go again, for another copy; after so many times it stays.
_MAX_RETURNS = 3


@dataclass(frozen=True, slots=True)
class Totals:
    """What articles hold: how many there are, their paragraphs, sentences, and bytes of text."""

    articles: int
    paragraphs: int
    sentences: int
    text_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """One article or sentence that goes.

    Attributes
    ----------
    article : int
    start, end : int
        Its bytes in `Articles.text` as it was read: the whole body of an article.
    whole : bool
        The article goes.
    kind : int
        Of `Kind`.
    share : float
        How much of it stands in what stays.
    kept : tuple of (int, int, int)
        Article, start and end of what stays, as it was read; of a notice there may be several wordings.
    """

    article: int
    start: int
    end: int
    whole: bool
    kind: int
    share: float
    kept: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cleaning:
    """What goes of a feed, and what is left.

    Attributes
    ----------
    articles : Articles
        As they were read.
    removed : tuple of Removed
        In the order of the text.
    dropped : bool[n]
        Articles that go: copies, and those of which nothing is left.
    cut : Cut
        All bytes that go.
    left : Articles
        What is left; articles that go are there without title and text.
    marks : Plan
        What is marked, in `left`.
    report : Report
        On what is left.
    whys : uint8[f]
        Values of `Why`: why each finding of `report` is still there.
    before, after : Totals
    rounds : int
        How often the articles were searched.
    uncut : int64[m]
        Articles that would have been cut and could not be.
    """

    articles: Articles
    removed: tuple[Removed, ...]
    dropped: NDArray[np.bool_]
    cut: Cut
    left: Articles
    marks: Plan
    report: Report
    whys: NDArray[np.uint8]
    before: Totals
    after: Totals
    rounds: int
    uncut: NDArray[np.int64]


def clean_articles(
    articles: Articles,
    params: CleanParams,
    scan: Scan,
    *,
    find_uncut: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
) -> Cleaning:
    r"""Return what goes of the articles: as much as can be had without losing the last copy of anything.

    Parameters
    ----------
    articles : Articles
    params : CleanParams
    scan : callable
        The search, with its settings.
    find_uncut : callable, optional
        ``find_uncut(rows)``: which of these articles cannot be cut, and go as a whole or not at all.

    Notes
    -----
    What is left is searched again after each round: without some of the text, the frequencies of words and the shares
    of articles are others, and so are the repeats. The last round finds nothing, which is why cleaning what is left
    changes nothing. What went because of something that went itself in a later round comes back, unless what is left
    has it too.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> articles = dedup.articles_of([{"text": f"{line}\n\nOther news.\n\n{line}"}])
    >>> found = clean_articles(articles, CleanParams(), dedup.scan)
    >>> found.left.body(0)[-13:], found.after.paragraphs, [one.share for one in found.removed]
    ('\n\nOther news.', 2, [1.0])
    """
    return _Rounds(articles, params, scan, find_uncut).run()


@dataclass(slots=True)
class _State:
    """What is gone so far: for each sentence and article the entry because of which it is, or -1, and the round.

    ``returns`` counts how often a span came back; ``protected`` are those that may not go again.
    """

    sentences: NDArray[np.int64]
    articles: NDArray[np.int64]
    entries: list[Removed] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    returns: dict[tuple[int, int], int] = field(default_factory=dict)
    protected: list[tuple[int, int]] = field(default_factory=list)


class _Rounds:
    def __init__(
        self,
        articles: Articles,
        params: CleanParams,
        scan: Scan,
        find_uncut: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None,
    ) -> None:
        self.articles, self.params, self.scan, self.find_uncut = articles, params, scan, find_uncut
        self.asked, self.uncut = np.empty(0, np.int64), np.empty(0, np.int64)

    def run(self) -> Cleaning:
        articles = self.articles
        report = self.scan(articles)
        before = totals(report)
        rows = sentence_spans(report.segments)
        segments = report.segments
        n = len(articles)
        self.sentences = Sentences.of(segments.starts[rows], segments.ends[rows], segments.articles[rows], n)
        self.state = _State(np.full(len(rows), -1, np.int64), np.full(n, -1, np.int64))
        del segments, rows
        cut, left = Cut.of(np.empty((0, 2), np.int64)), articles
        for number in range(1, _MAX_ROUNDS):
            plan = self._plan(report, cut)
            if not self._carry_out(plan, cut, number) and not self._restore(report):
                break
            del report
            cut, left = self._cut()
            report = self.scan(left)
        else:
            raise DedupError(f"clean: not done after {_MAX_ROUNDS} rounds; please report this with the feed")
        return Cleaning(
            articles,
            self._removed(),
            self._dropped(),
            cut,
            left,
            plan.take(~plan.drops),
            report,
            why_left(report, self.params, self.uncut),
            before,
            totals(report, int(self._dropped().sum())),
            number,
            self.uncut,
        )

    def _plan(self, report: Report, cut: Cut) -> Plan:
        """Return a plan that cuts no article that cannot be cut."""
        while True:
            plan = make_plan(report, self.params, self._protected(cut), self.uncut)
            rows = np.unique(plan.articles[plan.drops & ~plan.whole]).astype(np.int64)
            rows = np.setdiff1d(rows, self.asked)
            if self.find_uncut is None or not len(rows):
                return plan
            found = self.find_uncut(rows)
            self.asked = np.union1d(self.asked, rows)
            if not len(found):
                return plan
            self.uncut = np.union1d(self.uncut, found)

    def _gone(self) -> NDArray[np.bool_]:
        gone: NDArray[np.bool_] = self.state.sentences >= 0
        return gone

    def _dropped(self) -> NDArray[np.bool_]:
        """Tell which articles go: as copies, or because nothing of their text is left."""
        counts = np.diff(self.sentences.offsets)
        gone = np.bincount(self.sentences.articles, self._gone(), len(counts))
        dropped: NDArray[np.bool_] = (self.state.articles >= 0) | ((counts > 0) & (gone == counts))
        return dropped

    def _cut(self) -> tuple[Cut, Articles]:
        cut = cut_sentences(self.articles, self.sentences, self._gone(), self._dropped())
        return cut, apply_cut(self.articles, cut)

    def _protected(self, cut: Cut) -> NDArray[np.int64]:
        spans = np.array(sorted(self.state.protected), np.int64).reshape(-1, 2)
        return np.stack([cut.to_left(spans[:, 0]), cut.to_left(spans[:, 1] - 1) + 1], axis=1)

    def _carry_out(self, plan: Plan, cut: Cut, number: int) -> bool:
        """Note what a plan lets go, in terms of the text as it was read; return whether there was anything."""
        state, sentences = self.state, self.sentences
        rows = np.flatnonzero(plan.drops)
        origin = int(self.articles.offsets[0])
        starts, ends = (
            cut.to_whole(plan.starts[rows] + origin),
            cut.to_whole(np.maximum(plan.ends[rows] - 1, 0) + origin) + 1,
        )
        kept_starts = cut.to_whole(plan.kept_starts + origin)
        kept_ends = cut.to_whole(np.maximum(plan.kept_ends - 1, plan.kept_starts) + origin) + 1
        firsts = np.searchsorted(sentences.starts, starts)
        lasts = np.searchsorted(sentences.ends, ends, "right")
        supplies: dict[int, tuple[tuple[int, int, int], ...]] = {}
        found = False
        for i, row in enumerate(rows.tolist()):
            article, whole = int(plan.articles[row]), bool(plan.whole[row])
            mine = np.arange(firsts[i], lasts[i])
            mine = mine[state.sentences[mine] < 0]
            if not whole and not len(mine):
                continue  # a part of a sentence, as it was read
            kept = int(plan.kept[row])
            if kept not in supplies:
                places = slice(int(plan.kept_offsets[kept]), int(plan.kept_offsets[kept + 1]))
                columns = plan.kept_articles[places], kept_starts[places], kept_ends[places]
                supplies[kept] = tuple(zip(*(column.tolist() for column in columns), strict=True))
            entry = len(state.entries)
            span = (
                (int(self.articles.body_starts[article]), int(self.articles.offsets[article + 1]))
                if whole
                else (int(sentences.starts[mine[0]]), int(sentences.ends[mine[-1]]))
            )
            state.entries.append(
                Removed(article, *span, whole, int(plan.kinds[row]), float(plan.shares[row]), supplies[kept])
            )
            state.rounds.append(number)
            if whole:
                state.articles[article] = entry
            else:
                state.sentences[mine] = entry
            found = True
        return found

    def _restore(self, report: Report) -> bool:
        """Take back what went because of something that went later; return whether there was anything."""
        supply = Supply(self.articles, self.sentences, self.state.sentences, self.state.articles)
        unsupported, changed = find_unsupported(
            supply, self.state.entries, self.state.rounds, self.params, report.config.tokens
        )
        for entry, kept in changed.items():
            old = self.state.entries[entry]
            self.state.entries[entry] = replace(old, kept=kept)
        for entry in unsupported:
            removed = self.state.entries[entry]
            self.state.sentences[self.state.sentences == entry] = -1
            self.state.articles[self.state.articles == entry] = -1
            span = removed.start, removed.end
            returns = self.state.returns[span] = self.state.returns.get(span, 0) + 1
            if returns == _MAX_RETURNS:
                self.state.protected.append(span)
        return bool(unsupported)

    def _removed(self) -> tuple[Removed, ...]:
        used = np.unique(np.concatenate([self.state.sentences, self.state.articles]))
        found = [self.state.entries[entry] for entry in used[used >= 0].tolist()]
        gone = self.state.articles >= 0
        # An article that goes takes with it what had gone of it before, each part with its own share.
        before: dict[int, list[Removed]] = {}
        for one in found:
            if gone[one.article] and not one.whole:
                before.setdefault(one.article, []).append(one)
        found = [_with_parts(one, before.get(one.article, [])) for one in found if one.whole or not gone[one.article]]
        return tuple(sorted(found, key=lambda one: (one.article, one.start)))


def _with_parts(one: Removed, parts: list[Removed]) -> Removed:
    """Return an article that goes with the share of all of it, parts that had gone before counted with theirs."""
    if not parts:
        return one
    size = one.end - one.start
    rest = size - sum(part.end - part.start for part in parts)
    share = (one.share * rest + sum(part.share * (part.end - part.start) for part in parts)) / size
    return replace(one, share=share)


def totals(report: Report, dropped: int = 0) -> Totals:
    """Return what the articles of a report hold, ``dropped`` of them being gone."""
    segments: Segments = report.segments
    paragraphs = (segments.parents < 0) & ((segments.levels & Level.PARAGRAPH) != 0)
    return Totals(
        len(report.articles) - dropped,
        int(paragraphs.sum()),
        len(sentence_spans(segments)),
        int((report.articles.offsets[1:] - report.articles.body_starts).sum()),
    )
