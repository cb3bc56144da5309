"""Files with the truth of a data set -> pairs, clusters or spans: what people and other projects write them as."""

from __future__ import annotations

import csv
import json
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
        1 and 0 where the file has labels, 1 where it has neither; ids in order of their names.
    scored : bool
        The file has scores.
    """

    scores: dict[Ids, float]
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
    if path.suffix in (".csv", ".tsv"):
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    try:
        if path.suffix == ".json":
            records = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(records, list):
                return [one if isinstance(one, dict) else dict(enumerate_pair(one, path)) for one in records]
            raise MissingDataError(f"{path}: a list of records or of pairs is wanted, not {type(records).__name__}")
        return read_records(path)
    except (ValueError, UnicodeDecodeError) as error:
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
        A record has no two ids, or a label that is neither yes nor no.
    """
    scores: dict[Ids, float] = {}
    scored = False
    for number, record in enumerate(read_table(path), 1):
        names = next((names for names in _PAIR_NAMES if all(name in record for name in names)), None)
        if names is None:
            wanted = ", ".join("/".join(names) for names in _PAIR_NAMES)
            raise MissingDataError(f"{path}: record {number}: no two ids ({wanted}); it has {', '.join(record)}")
        pair = ordered(*(str(record[name]) for name in names))
        label = next((str(record[name]).lower() for name in _LABELS if record.get(name) is not None), None)
        score = next((record[name] for name in _SCORES if record.get(name) not in (None, "")), None)
        if score is not None:
            scores[pair], scored = float(score), True
        elif label is None or label in _YES + _NO:
            scores[pair] = 0.0 if label in _NO else 1.0
        else:
            raise MissingDataError(f"{path}: record {number}: label {label!r}; allowed: {', '.join(_YES + _NO[:-1])}")
    return PairTruth(scores, scored)


def read_clusters(path: Path) -> dict[str, str]:
    """Return the cluster of each id: records with ``members``, or with ``id`` and ``cluster``.

    Raises
    ------
    MissingDataError
    """
    clusters: dict[str, str] = {}
    for number, record in enumerate(read_table(path), 1):
        if "members" in record:
            clusters |= {str(member): str(number) for member in record["members"]}
        elif "id" in record and ("cluster" in record or "label" in record):
            clusters[str(record["id"])] = f"cluster {record.get('cluster', record.get('label'))}"
        else:
            has = ", ".join(record)
            raise MissingDataError(f"{path}: record {number}: neither 'members' nor 'id' and 'cluster'; it has {has}")
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
            for one in root.iter("feature"):
                if one.get("name") not in _CASES or "source_reference" not in one.attrib:
                    continue
                start, length = int(one.attrib["this_offset"]), int(one.attrib["this_length"])
                other, other_length = int(one.attrib["source_offset"]), int(one.attrib["source_length"])
                source = one.attrib["source_reference"]
                sources.add(source)
                cases.append(Case(document, (start, start + length), source, (other, other + other_length)))
        except (etree.XMLSyntaxError, KeyError, ValueError) as error:
            raise MissingDataError(f"{path}: no PAN text alignment file: {error}") from None
    return cases, documents, sources
