"""Files with the truth of a data set -> pairs, clusters or spans: what people and other projects write them as."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from lxml import etree

from benchmarks.datasets import read_records
from benchmarks.results import MissingDataError

#: What the two ids of a pair are called, the first that a record has; and what is said of the pair.
_PAIR_NAMES = (("id1", "id2"), ("id_1", "id_2"), ("left", "right"), ("a", "b"), ("source", "target"))
_SCORES = ("score", "jaccard", "similarity")
_LABELS = ("label", "is_duplicate", "duplicate")
_YES, _NO = ("1", "true", "yes", "duplicate"), ("0", "false", "no", "")
#: A feature of a PAN document is a case if its name is one of these.
_CASES = ("plagiarism", "artificial-plagiarism", "detected-plagiarism")

Ids = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PairTruth:
    """Pairs of ids, each with what is known of it.

    Attributes
    ----------
    scores : dict of (str, str) to float
        1 and 0 where the file has labels, else its scores, else 1; ids in order of their names.
    ranks : dict of (str, str) to float
        The scores, of which the order is compared; empty where the file has none.
    scored : bool
        The scores say which pairs are alike, for there is no label.
    """

    scores: dict[Ids, float]
    ranks: dict[Ids, float]
    scored: bool

    @property
    def listed(self) -> bool:
        """Whether pairs that are not alike are listed too: only what is listed is known then."""
        return not self.scored and 0.0 in self.scores.values()

    def positive(self) -> set[Ids]:
        """Return the pairs that are alike: those of label 1, or of half of the highest score and more."""
        least = max(self.scores.values(), default=0.0) / 2 if self.scored else 1.0
        return {pair for pair, score in self.scores.items() if score >= least and score > 0}


@dataclass(frozen=True, slots=True)
class Case:
    """A passage of one document that stands in another one, in characters: half-open spans."""

    document: str
    span: tuple[int, int]
    source: str
    source_span: tuple[int, int]


def ordered(one: str, other: str) -> Ids:
    """Return two ids in order."""
    return (one, other) if one <= other else (other, one)


def read_table(path: Path) -> list[dict[str, Any]]:
    """Return the records of JSON Lines (packed or not), a JSON list, CSV or TSV.

    Raises
    ------
    MissingDataError
        The file is none of these.
    """
    try:
        if path.suffix in (".csv", ".tsv"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
        if path.suffix == ".json":
            records = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(records, list):
                return [one if isinstance(one, dict) else dict(enumerate_pair(one, path)) for one in records]
            raise MissingDataError(f"{path}: a list of records or of pairs is wanted, not {type(records).__name__}")
        return read_records(path)
    except OSError as error:
        raise MissingDataError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, csv.Error) as error:  # not UTF-8 is a ValueError too
        raise MissingDataError(f"{path}: neither JSON Lines, JSON, CSV nor TSV: {error}") from None


def enumerate_pair(pair: object, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a pair that is written as a list of two ids."""
    if not (isinstance(pair, list) and len(pair) == 2):
        raise MissingDataError(f"{path}: {str(pair)[:60]!r} is neither a record nor a list of two ids")
    yield from zip(_PAIR_NAMES[0], pair, strict=True)


def read_pairs(path: Path) -> PairTruth:
    """Return the pairs of a file: two ids a record, with a label, with a score, or with neither.

    Raises
    ------
    MissingDataError
        There is no record; one has no two ids, a label that is neither yes nor no, or a score that is no number; or two
        say different things of a pair.
    """
    labels: dict[Ids, float] = {}
    scores: dict[Ids, float] = {}
    for number, record in enumerate(read_table(path), 1):
        names = next((names for names in _PAIR_NAMES if all(name in record for name in names)), None)
        if names is None:
            wanted = ", ".join("/".join(names) for names in _PAIR_NAMES)
            raise MissingDataError(f"{path}: record {number}: no two ids ({wanted}); it has {', '.join(record)}")
        where = f"{path}: record {number}"
        pair = ordered(*(_id(record[name], where) for name in names))
        if pair[0] == pair[1]:
            raise MissingDataError(f"{where}: {pair[0]} is paired with itself")
        label = next((str(record[name]).lower() for name in _LABELS if record.get(name) is not None), None)
        score = next((record[name] for name in _SCORES if record.get(name) not in (None, "")), None)
        if score is not None:
            _put(scores, pair, _number(score, where), where)
        if label is not None or score is None:
            _put(labels, pair, _label(label, where), where)
    if not labels and not scores:
        raise MissingDataError(f"{path}: there is no pair in it")
    if labels and labels.keys() != scores.keys() | labels.keys():
        raise MissingDataError(f"{path}: some pairs have a label and others only a score; give all of them one")
    return PairTruth(labels or scores, scores, not labels)


def _id(value: object, where: str) -> str:
    if value is None or value == "":
        raise MissingDataError(f"{where}: an id is missing")
    return str(value)


def _label(label: str | None, where: str) -> float:
    plain = "1" if label is None else label.removesuffix(".0")  # as pandas writes a column with gaps
    if plain not in _YES + _NO:
        raise MissingDataError(f"{where}: label {label!r}; allowed: {', '.join(_YES + _NO[:-1])}")
    return 0.0 if plain in _NO else 1.0


def _number(score: Any, where: str) -> float:
    try:
        number = float(score)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise MissingDataError(f"{where}: score {score!r} is no number")
    return number


def _put(known: dict[Ids, float], pair: Ids, value: float, where: str) -> None:
    if known.setdefault(pair, value) != value:
        raise MissingDataError(f"{where}: {pair[0]} and {pair[1]} are there before, with {known[pair]:g}")


def read_clusters(path: Path) -> dict[str, str]:
    """Return the cluster of each id: records with ``members``, or with ``id`` and ``cluster``.

    Raises
    ------
    MissingDataError
        There is no record, one has neither, or an article is in two clusters.

    Notes
    -----
    An article whose cluster is empty is in none with another one.
    """
    clusters: dict[str, str] = {}
    for number, record in enumerate(read_table(path), 1):
        where = f"{path}: record {number}"
        if "members" in record:
            members = record["members"]
            if not isinstance(members, list):
                raise MissingDataError(f"{where}: members is {members!r}; a list of ids is wanted")
            found = {_id(member, where): f"record {number}" for member in members}
        elif "id" in record and ("cluster" in record or "label" in record):
            cluster = record.get("cluster", record.get("label"))
            name = _id(record["id"], where)
            found = {name: f"alone {number}" if cluster in (None, "") else f"cluster {cluster}"}
        else:
            has = ", ".join(record)
            raise MissingDataError(f"{where}: neither 'members' nor 'id' and 'cluster'; it has {has}")
        twice = [name for name in found if clusters.get(name, found[name]) != found[name]]
        if twice:
            raise MissingDataError(f"{where}: {twice[0]} is in another cluster before")
        clusters |= found
    if not clusters:
        raise MissingDataError(f"{path}: there is no cluster in it")
    return clusters


def cluster_pairs(clusters: Mapping[str, str]) -> set[Ids]:
    """Return all pairs of ids of one cluster."""
    members: dict[str, list[str]] = {}
    for name, cluster in clusters.items():
        members.setdefault(cluster, []).append(name)
    return {ordered(a, b) for names in members.values() for a, b in combinations(names, 2)}


def read_cases(paths: Sequence[Path]) -> tuple[list[Case], set[str], set[str]]:
    """Return the cases of PAN text alignment files, the documents they are about, and their sources.

    A file is ``<document reference="..."><feature name="plagiarism" this_offset this_length source_reference
    source_offset source_length/></document>``; one without a feature says that nothing is shared, and names the source
    in its own name (``suspicious-document00001-source-document00002.xml``).

    Raises
    ------
    MissingDataError
        A file is no such XML.
    """
    cases: list[Case] = []
    documents: set[str] = set()
    sources: set[str] = set()
    for path in paths:
        try:
            root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
            document = root.attrib["reference"]
            documents.add(document)
            _, dash, source = path.stem.partition("-source-")
            sources |= {f"source-{source}.txt"} if dash else set()
            for one in root.iter("{*}feature"):
                if one.get("name") not in _CASES or "source_reference" not in one.attrib:
                    continue
                start, length = int(one.attrib["this_offset"]), int(one.attrib["this_length"])
                other, other_length = int(one.attrib["source_offset"]), int(one.attrib["source_length"])
                if min(start, other) < 0 or min(length, other_length) < 1:
                    raise ValueError(f"a case of {length} and {other_length} characters at {start} and {other}")
                source = one.attrib["source_reference"]
                sources.add(source)
                cases.append(Case(document, (start, start + length), source, (other, other + other_length)))
        except (etree.XMLSyntaxError, KeyError, ValueError) as error:
            raise MissingDataError(f"{path}: no PAN text alignment file: {error}") from None
    return cases, documents, sources
