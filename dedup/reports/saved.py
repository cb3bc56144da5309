"""JSON of an earlier report -> its pairs and findings at other thresholds, without the articles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal, TextIO

import msgspec
import numpy as np

from dedup import __version__
from dedup.errors import ConfigError
from dedup.reports import KINDS, Options
from dedup.reports.json import SCHEMA_VERSION, open_sink, write_array
from dedup.reports.pairs import Pair, Segment, make_pairs, make_segments
from dedup.reports.view import Finding, Place, Summary, clean
from dedup.score import KEPT_PRECISION, ScoreParams
from dedup.shingles import ShingleParams
from dedup.tokens import TokenParams, tokenize

#: Scores of places have 4 decimals.
_PLACE_PRECISION = 5e-5


class _Passages(msgspec.Struct, frozen=True):
    min_run: int


class _Findings(msgspec.Struct, frozen=True):
    boilerplate_articles: int


class _Shingle(msgspec.Struct, frozen=True):
    unit: Literal["word", "char"]
    size: int | None


class _Score(msgspec.Struct, frozen=True):
    min_jaccard: float
    min_cosine: float
    sure_shingles: int


class _Config(msgspec.Struct, frozen=True):
    shingle: _Shingle
    score: _Score
    passages: _Passages
    findings: _Findings


class _Search(msgspec.Struct, frozen=True):
    method: str
    recall: float
    thinned_buckets: int


class _Listed(msgspec.Struct, frozen=True):
    findings: int


class SavedArticle(msgspec.Struct, frozen=True, gc=False):
    """What a report's JSON says of an article, as far as it is shown."""

    article: int
    id: str
    path: str
    record: int
    title: str = ""
    source: str = ""
    date: str = ""


class _Segments(msgspec.Struct, frozen=True, gc=False):
    article: list[int]
    part: list[Literal["title", "body"]]
    level: list[str]
    start_byte: list[int]
    end_byte: list[int]
    start_character: list[int]
    end_character: list[int]
    line: list[int]
    column: list[int]
    end_line: list[int]
    end_column: list[int]
    text: list[str]
    text_cut: list[int]
    text_not_kept: list[int] = []


class _Pairs(msgspec.Struct, frozen=True, gc=False):
    left: list[int]
    right: list[int]
    jaccard: list[float]
    containment: list[float]
    cosine: list[float]
    shared: list[int]


class _Head(msgspec.Struct, frozen=True):
    config: _Config
    summary: Summary
    search: _Search
    listed: _Listed
    articles: list[SavedArticle]


class _Document(_Head, frozen=True):
    """The same as it is in the file; see `report.schema.json`."""

    segments: _Segments
    pairs: _Pairs
    findings: list[Finding]


class Saved(_Head, frozen=True):
    """What of a report's JSON other thresholds need."""

    segments: list[Segment]
    pairs: list[Pair]
    findings: list[Finding]

    @property
    def score(self) -> ScoreParams:
        """The thresholds of the run."""
        score = self.config.score
        return ScoreParams(score.min_jaccard, score.min_cosine, score.sure_shingles)


class _Version(msgspec.Struct, frozen=True):
    schema_version: int


@dataclass(frozen=True, slots=True)
class Rethresholded:
    """A report at other thresholds.

    Attributes
    ----------
    saved : Saved
    score : ScoreParams
    pairs : tuple of Pair
        All that the run kept, with `Pair.match` as it is now.
    findings : tuple of Finding
        Those that stay, with the places that stay, heaviest first; their numbers are those of the run.
    added : tuple of int
        Numbers of the pairs that match now and did not.
    """

    saved: Saved
    score: ScoreParams
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...]
    added: tuple[int, ...]

    @property
    def matches(self) -> int:
        """How many pairs match."""
        return sum(pair.match for pair in self.pairs)

    def counts(self) -> dict[str, int]:
        """Return how many findings of each kind there are."""
        counted = Counter(finding.kind for finding in self.findings)
        return {kind: counted[kind] for kind in KINDS}


def read_saved(path: Path) -> Saved:
    """Return what a report's JSON holds.

    Raises
    ------
    ConfigError
        The file cannot be read, is no report, or one of another version: with the command that makes it.
    """
    remedy = f"make it with: dedup report INPUT --format json -o {path}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; {remedy}") from None
    try:
        version = msgspec.json.decode(content, type=_Version).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not the JSON of a report: {error}; {remedy}") from None
    if version != SCHEMA_VERSION:
        raise ConfigError(f"{path}: a report of version {version}, this is version {SCHEMA_VERSION}; {remedy}")
    try:
        document = msgspec.json.decode(content, type=_Document)
        saved = _saved(document)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{path}: not the JSON of a report: {error}; {remedy}") from None
    if any(not 0 <= number < len(saved.segments) for pair in saved.pairs for number in (pair.left, pair.right)):
        raise ConfigError(f"{path}: a pair names a segment that is not there; {remedy}")
    return saved


def _saved(document: _Document) -> Saved:
    """Return the document with its columns as objects; ValueError where they do not fit each other."""
    found = document.segments
    for name, table in (("segments", found), ("pairs", document.pairs)):
        columns = msgspec.structs.asdict(table)
        if len({len(column) for key, column in columns.items() if key not in ("text_cut", "text_not_kept")}) > 1:
            raise ValueError(f"the columns of {name} are not equally long")
    named = {one.article: (one.id, one.path, one.record) for one in document.articles}
    missing = set(found.article) - named.keys()
    if missing:
        raise ValueError(f"a segment is of article {min(missing)}, which is not there")
    numbers = np.arange(len(found.text))
    cut, kept = np.isin(numbers, found.text_cut).tolist(), (~np.isin(numbers, found.text_not_kept)).tolist()
    texts = zip(found.text, cut, kept, strict=True)
    segments = make_segments(msgspec.structs.asdict(found), map(named.__getitem__, found.article), texts)
    pairs = make_pairs(msgspec.structs.astuple(document.pairs), document.summary.matches)
    head = (document.config, document.summary, document.search, document.listed, document.articles)
    return Saved(*head, segments, pairs, document.findings)


def rethreshold(
    saved: Saved, min_jaccard: float | None = None, min_cosine: float | None = None, *, path: str = "the report"
) -> Rethresholded:
    """Return what a report has at other thresholds; ``None`` leaves one as it was.

    Raises
    ------
    ConfigError
        A threshold is not allowed, or lower than what was searched for.

    Notes
    -----
    The pairs are exactly those that a run at these thresholds finds, if the run of the report searched exactly and no
    bucket was over-full. Of findings, a place stays if its scores with the first place are over the thresholds, if
    they were under those of the run already, or if it has a run of equal tokens that is a passage by itself. Its edges
    are those of the run of the report, where another run might cut them elsewhere, and relations of whole articles
    stay, since what they go by (the share of the article in passages) is not in the report.
    ``benchmarks/rethreshold.py`` counts what this comes to.
    """
    before = saved.score
    if min_jaccard is not None and min_jaccard < before.min_jaccard - KEPT_PRECISION:
        raise ConfigError(
            f"{path}: holds all pairs from Jaccard {before.min_jaccard:g} on; for those from {min_jaccard:g} run "
            f"again: dedup report INPUT --min-jaccard {min_jaccard:g} --format json -o {path}"
        )
    try:
        score = ScoreParams(
            before.min_jaccard if min_jaccard is None else min_jaccard,
            before.min_cosine if min_cosine is None else min_cosine,
            before.sure_shingles,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
    columns = ([getattr(pair, name) for pair in saved.pairs] for name in ("jaccard", "cosine", "shared"))
    jaccard, cosine, shared = (np.array(column, np.float64) for column in columns)
    accepted = score.accepts(jaccard + KEPT_PRECISION, cosine + KEPT_PRECISION, shared.astype(np.int64)).tolist()
    pairs = tuple(msgspec.structs.replace(pair, match=match) for pair, match in zip(saved.pairs, accepted, strict=True))
    added = tuple(number for number, pair in enumerate(pairs) if pair.match and not saved.pairs[number].match)
    kept = (_kept(finding, saved, score) for finding in saved.findings)
    findings = sorted((one for one in kept if one is not None), key=lambda one: (-one.weight, one.number))
    return Rethresholded(saved, score, pairs, tuple(findings), added)


def _kept(finding: Finding, saved: Saved, score: ScoreParams) -> Finding | None:
    """Return a finding with the places that stay, None if none but the first does."""
    if finding.level == "article":
        return finding
    first, *others = finding.places
    places = [first, *(place for place in others if _stays(first, place, saved, score))]
    if len(places) < 2:
        return None
    kind = finding.kind
    n_articles = len({place.article for place in places})
    if kind == "boilerplate" and n_articles < saved.config.findings.boilerplate_articles:
        kind = "reuse" if n_articles > 1 else "self"
    return msgspec.structs.replace(
        finding,
        kind=kind,
        places=tuple(places),
        weight=sum(place.tokens for place in places[1:]),
        exact=finding.exact or all(place.text is None and place.text_kept for place in places[1:]),
    )


def _stays(first: Place, place: Place, saved: Saved, score: ScoreParams) -> bool:
    untold = not (first.text_kept and place.text_kept)
    # A text that is not given is that of the first place, to the byte.
    if not untold and (place.text is None or first.text is None):
        return True
    config, shingle = saved.config, ShingleParams(saved.config.shingle.unit, saved.config.shingle.size)
    by_word = shingle.unit == "word"
    sizes = first.tokens, place.tokens
    if not by_word and first.text is not None and place.text is not None:
        sizes = len(first.text), len(place.text)
    shared = np.array([round(place.containment * max(min(sizes) - shingle.k + 1, 1))])
    jaccard, cosine = np.array([[place.jaccard], [place.cosine]]) + _PLACE_PRECISION
    # What was under the thresholds of the run is there for some other reason, such as a part of it.
    was, stays = (one.accepts(jaccard, cosine, shared)[0] for one in (saved.score, score))
    if stays or not was or first.text is None or place.text is None:
        return bool(stays or not was)
    return 0 < config.passages.min_run <= _longest_run(first.text, place.text)


def _longest_run(left: str, right: str) -> int:
    """Return the most tokens that stand in both texts one after the other.

    Examples
    --------
    >>> _longest_run("The bridge over the Tarn will open.", "A bridge over the TARN opens.")
    4
    """
    one, other = (_tokens(text) for text in (left, right))
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def _tokens(text: str) -> list[int]:
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    values: list[int] = tokenize(data, np.array([0]), np.array([len(data)]), TokenParams()).values.tolist()
    return values


def write(found: Rethresholded, path: str, stream: TextIO, options: Options) -> None:
    """Write what `rethreshold.schema.json` describes: an entry of segments, pairs and findings a line."""
    before, now = found.saved.score, found.score
    findings = [finding for finding in found.findings if finding.kind in (options.kinds or KINDS)]
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "saidtwice", "version": __version__},
        "from": {"path": clean(path), "min_jaccard": before.min_jaccard, "min_cosine": before.min_cosine},
        "min_jaccard": now.min_jaccard,
        "min_cosine": now.min_cosine,
        "summary": {
            "matches": found.matches,
            "borderline": len(found.pairs) - found.matches,
            "findings": found.counts(),
        },
    }
    sink = open_sink(stream)
    sink.write(b"{")
    for key, value in head.items():
        sink.write(msgspec.json.encode(key) + b":" + msgspec.json.encode(value) + b",\n")
    write_array(sink, b"segments", found.saved.segments)
    write_array(sink, b"pairs", found.pairs)
    write_array(sink, b"findings", findings[: options.top or len(findings)], last=True)
