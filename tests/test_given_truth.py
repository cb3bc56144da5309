"""Truth in the forms that others write it in, on small made-up data: read right, and counted as its papers count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sklearn.metrics import adjusted_rand_score

from benchmarks import given
from benchmarks.results import MissingDataError, Options, Result
from benchmarks.truth import Case, cluster_pairs, read_cases, read_clusters, read_pairs
from tests.site_factory import Writer


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Six articles: b is a with a word changed, d is c word for word, e has a paragraph of a, f is by itself."""
    writer = Writer(5)
    bodies = {name: [writer.sentence(25) for _ in range(3)] for name in "acef"}
    bodies["b"] = [bodies["a"][0].replace(bodies["a"][0].split()[4], "otherwise"), *bodies["a"][1:]]
    bodies["d"] = bodies["c"]
    bodies["e"] = [*bodies["e"], bodies["a"][1]]
    return {name: "\n\n".join(bodies[name]) for name in sorted(bodies)}


@pytest.fixture(scope="module")
def feed(texts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("given") / "feed.jsonl"
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts.items()))
    return path


def values(result: Result) -> dict[str, float]:
    return {figure.name: round(figure.value, 4) for figure in result.figures}


def options(path: Path) -> Options:
    return Options(jobs=1, truth=path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.jsonl", '{"id1": "a", "id2": "b", "label": 1}\n{"id1": "c", "id2": "f", "label": 0}\n'),
        ("pairs.csv", "left,right,is_duplicate\nb,a,true\nc,f,no\n"),
        ("pairs.tsv", "source\ttarget\tscore\na\tb\t0.9\nf\tc\t0.1\n"),
        ("pairs.json", '[{"a": "a", "b": "b", "jaccard": 3}, {"a": "c", "b": "f", "jaccard": 1}]'),
        ("edges.json", '[["b", "a"]]'),
    ],
)
def test_pairs_are_read_in_all_their_forms(tmp_path: Path, name: str, content: str) -> None:
    """JSON Lines, CSV, TSV and JSON; labels, scores, or neither; either order."""
    path = tmp_path / name
    path.write_text(content)

    truth = read_pairs(path)

    assert {("a", "b")} == truth.positive()
    assert truth.listed == (name in ("pairs.jsonl", "pairs.csv"))


def test_clusters_are_read_as_members_and_as_labels(tmp_path: Path) -> None:
    """A record a cluster, or a record an article."""
    (tmp_path / "one.jsonl").write_text('{"members": ["a", "b"]}\n{"members": ["c"]}\n')
    (tmp_path / "two.csv").write_text("id,cluster\na,7\nb,7\nc,8\n")

    one, two = read_clusters(tmp_path / "one.jsonl"), read_clusters(tmp_path / "two.csv")

    for clusters in (one, two):
        assert (True, False) == (clusters["a"] == clusters["b"], clusters["a"] == clusters["c"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"id": 1}\n', "record 1: no two ids"),
        ("a.jsonl", "<xml>", "neither JSON Lines, JSON, CSV nor TSV"),
        ("a.csv", "id1,id2,label\na,b,perhaps\n", "record 1: label 'perhaps'"),
        ("a.json", "[[1, 2, 3]]", "neither a record nor a list of two ids"),
        ("a.json", "{}", "a list of records or of pairs is wanted, not dict"),
        ("a.csv", "", "there is no pair in it"),
        ("a.csv", "id1,id2,label\n", "there is no pair in it"),
        ("a.csv", "id1,id2,label\na,b,1\nc\n", "record 2: an id is missing"),
        ("a.csv", "id1,id2,score\na,b,high\n", "record 1: score 'high' is no number"),
        ("a.csv", "id1,id2,score\na,b,nan\n", "record 1: score 'nan' is no number"),
        ("a.csv", "id1,id2,label\na,b,1\nb,a,0\n", "record 2: a and b are there before, with 1"),
        ("a.csv", "id1,id2\na,a\n", "record 1: a is paired with itself"),
        ("a.csv", "id1,id2,label\na,b,1\n".encode("utf-16"), "neither JSON Lines, JSON, CSV nor TSV"),
    ],
)
def test_truth_that_is_none_is_refused(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    """With the file, the record and what was wanted."""
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(MissingDataError, match=message):
        read_pairs(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,cluster\n", "there is no cluster in it"),
        ("a.jsonl", '{"members": "ab"}\n', "record 1: members is 'ab'; a list of ids is wanted"),
        ("a.jsonl", '{"members": 5}\n', "record 1: members is 5; a list of ids is wanted"),
        ("a.jsonl", '{"members": ["a", "b"]}\n{"members": ["b"]}\n', "record 2: b is in another cluster before"),
        ("a.jsonl", '{"text": 5}\n', "record 1: neither 'members' nor 'id' and 'cluster'; it has text"),
    ],
)
def test_clusters_that_are_none_are_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    """As pairs are."""
    (tmp_path / name).write_text(content)

    with pytest.raises(MissingDataError, match=message):
        read_clusters(tmp_path / name)


def test_an_article_without_a_cluster_is_alone(tmp_path: Path) -> None:
    """A table of a spreadsheet, with a byte order mark and empty fields."""
    (tmp_path / "a.csv").write_text("\ufeffid,cluster\na,7\nb,7\nc,\nd,\n", encoding="utf-8")

    clusters = read_clusters(tmp_path / "a.csv")

    assert cluster_pairs(clusters) == {("a", "b")}
    assert set(clusters) == {"a", "b", "c", "d"}


def test_labels_decide_and_scores_rank(feed: Path, tmp_path: Path) -> None:
    """Of a file that has both: a low score of a pair that is alike, as pandas writes it."""
    path = tmp_path / "pairs.csv"
    path.write_text("id1,id2,label,score\na,b,1.0,.1\na,f,0.0,.2\nc,d,1.0,.9\n")

    found = values(given.measure_pairs(feed, options(path)))

    assert (1.0, 1.0) == (found["pairs: precision"], found["pairs: recall"])
    assert found["rank correlation of scores (Spearman)"] < 0.9


def test_pairs_of_labels_count_only_what_is_listed(feed: Path, tmp_path: Path) -> None:
    """Of four listed pairs two are alike and both are found; c and d, found too, are not listed and do not count."""
    path = tmp_path / "pairs.csv"
    path.write_text("id1,id2,label\na,b,1\na,f,0\nb,f,0\ne,f,1\n")

    result = given.measure_pairs(feed, options(path))

    assert {"pairs: precision": 1.0, "pairs: recall": 0.5, "pairs: F1": 0.6667} == values(result)
    points = result.data["curve"]["points"]
    recalls = [point["recall"] for point in points]
    assert recalls == sorted(recalls, reverse=True)
    assert result.data["curve"]["here"] in [point["threshold"] for point in points]


def test_pairs_of_scores_are_ranked(feed: Path, tmp_path: Path) -> None:
    """All found pairs count, and the order of the scores is compared."""
    path = tmp_path / "pairs.csv"
    path.write_text("id1,id2,score\nc,d,1.0\na,b,.9\na,e,.3\na,f,0\n")

    found = values(given.measure_pairs(feed, options(path)))

    assert (1.0, 1.0) == (found["pairs: precision"], found["pairs: recall"])
    assert found["rank correlation of scores (Spearman)"] > 0.9


def test_clusters_are_compared(feed: Path, tmp_path: Path) -> None:
    """One article of a cluster is not found: ARI as scikit-learn has it, B-cubed by hand."""
    path = tmp_path / "clusters.jsonl"
    path.write_text('{"members": ["a", "b"]}\n{"members": ["c", "d", "f"]}\n{"members": ["e"]}\n')

    found = values(given.measure_clusters(feed, options(path)))

    assert (
        found["joined by relations: ARI"]
        == found["clusters of whole articles: ARI"]
        == round(adjusted_rand_score([1, 1, 2, 2, 2, 3], [1, 1, 2, 2, 4, 3]), 4)
    )
    assert (1.0, round((2 + 2 * 2 / 3 + 1 / 3 + 1) / 6, 4)) == (
        found["joined by relations: B-cubed precision"], found["joined by relations: B-cubed recall"],
    )  # fmt: skip


def test_ids_that_the_feed_does_not_have_are_named(feed: Path, tmp_path: Path) -> None:
    """Instead of a recall of nought."""
    path = tmp_path / "pairs.csv"
    path.write_text("id1,id2\na,zz\n")

    with pytest.raises(MissingDataError, match="1 articles that the feed does not have, the first: zz"):
        given.measure_pairs(feed, options(path))


def pan_file(reference: str, cases: list[Case], space: str = "") -> str:
    features = "".join(
        f'<feature name="plagiarism" obfuscation="none" this_offset="{one.span[0]}" '
        f'this_length="{one.span[1] - one.span[0]}" source_reference="{one.source}" '
        f'source_offset="{one.source_span[0]}" source_length="{one.source_span[1] - one.source_span[0]}"/>'
        for one in cases
    )
    return f'<?xml version="1.0" encoding="utf-8"?><document{space} reference="{reference}">{features}</document>'


@pytest.mark.parametrize("space", ["", ' xmlns="urn:pan"'])
def test_spans_of_pan_are_counted_in_characters(texts: dict[str, str], tmp_path: Path, space: str) -> None:
    """Offsets count line ends, leading blanks and wide characters; a document without a case is one of the texts."""
    copied = texts["a"].split("\n\n")[1]
    suspicious = "\n  Ünder the heading\r\n\r\n" + texts["e"]
    source = "Čitať ďalej.\r\n\r\n" + texts["a"]
    for folder, name, text in (("susp", "1", suspicious), ("src", "1", source), ("src", "2", texts["f"])):
        (tmp_path / folder).mkdir(exist_ok=True)
        full = {"susp": "suspicious-document", "src": "source-document"}[folder] + f"0000{name}.txt"
        (tmp_path / folder / full).write_bytes(text.encode())
    start, other = suspicious.index(copied), source.index(copied)
    case = Case("suspicious-document00001.txt", (start, start + len(copied)), "source-document00001.txt",
                (other, other + len(copied)))  # fmt: skip
    truth = tmp_path / "truth"
    truth.mkdir()
    for n, cases in ((1, [case]), (2, [])):
        name = f"suspicious-document00001-source-document0000{n}.xml"
        (truth / name).write_text(pan_file(case.document, cases, space))

    with pytest.raises(MissingDataError, match="of 1 files none has a case"):
        given.measure_spans(tmp_path, options(truth / name))
    result = given.measure_spans(tmp_path, options(truth))

    assert ([case], {case.document}, {case.source, "source-document00002.txt"}) == read_cases(sorted(truth.iterdir()))
    assert {"characters: precision": 1.0, "characters: recall": 1.0, "characters: F1": 1.0, "granularity": 1.0,
            "plagdet": 1.0} == {name: round(value, 2) for name, value in values(result).items()}  # fmt: skip


def test_news_copy_is_measured_day_by_day(texts: dict[str, str], tmp_path: Path) -> None:
    """Edges and ARI; d is c of another day, which the set does not compare."""
    days = dict.fromkeys("abcef", "04-01-1955") | {"d": "05-02-1955"}
    names = {name: f"x-{days[name]}-p-{name}" for name in texts}
    articles = {names[name]: {"article": text, "byline": "", "headline": ""} for name, text in texts.items()}
    (tmp_path / "articles.json").write_text(json.dumps(articles))
    (tmp_path / "edges.json").write_text(json.dumps([[names["a"], names["b"]], [names["e"], names["f"]]]))

    found = values(given.measure_news_copy(tmp_path / "articles.json", options(tmp_path / "edges.json")))

    assert (1.0, 0.5, 0.6667) == tuple(found[f"words, edges: {name}"] for name in ("precision", "recall", "F1"))
    assert found["words, ARI"] == round(adjusted_rand_score([1, 1, 2, 3, 4, 4], [1, 1, 2, 3, 4, 5]), 4)


def test_core_is_counted_by_document() -> None:
    """Right, too few, too many, and nothing found, as the set's own counting has it."""
    labels = {"1": {"2"}, "2": {"1"}, "3": {"4", "5"}, "4": set(), "5": set(), "6": {"1"}}
    found = {"1": {"2"}, "2": {"1", "9"}, "3": {"4"}, "4": {"3"}, "5": set(), "6": set()}
    result = Result()

    given.add_core_figures(result, labels, found)

    # True: 1, 2; false: 3 (incomplete), 4; missed: 6; rightly alone: 5.
    assert {
        "duplicates: precision": 0.5, "duplicates: recall": 0.6667, "others: precision": 0.5,
        "others: recall": 0.3333, "macro F1": 0.4857, "mean precision of both": 0.5, "accuracy": 0.3333,
    } == values(result)  # fmt: skip


def test_core_records_are_read(texts: dict[str, str], tmp_path: Path) -> None:
    """Titles and abstracts become articles; what is no such file is said to be none."""
    records = [
        {
            "core_id": i,
            "processed_title": f"title {i}",
            "processed_abstract": texts[name],
            "labelled_duplicates": others,
        }
        for i, name, others in ((1, "c", ["2"]), (2, "d", ["1"]), (3, "f", []))
    ]
    (tmp_path / "core.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    (tmp_path / "other.jsonl").write_text('{"id": 1}\n')

    assert values(given.measure_core(tmp_path / "core.jsonl", Options(jobs=1)))["accuracy"] == 1
    with pytest.raises(MissingDataError, match="no CORE deduplication records: 'core_id' is missing"):
        given.measure_core(tmp_path / "other.jsonl", Options(jobs=1))
