"""The word-level comparison of the page, run by the Node that comes with Playwright, against plain Python."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from dedup.reports import html
from dedup.reports.words import split_words

pytest.importorskip("playwright", reason="Playwright is not installed")

_RUN = """
import {{ changes, compare, split }} from {module};
let given = "";
for await (const part of process.stdin) given += part;
console.log(JSON.stringify(JSON.parse(given).map(([left, right]) => {{
    const words = [split(left), split(right)];
    const stretches = compare(...words);
    const [texts, keys] = ["text", "key"].map(name => words.map(all => all.map(one => one[name])));
    return {{words: texts, keys, stretches, changes: changes(...words, stretches)}};
}})));
"""


def compared(folder: Path, pairs: list[tuple[str, str]]) -> list[dict]:
    """Return what the page makes of pairs of texts."""
    import playwright

    module = folder / "words.mjs"
    shutil.copy(Path(html.__file__).parent / "assets" / "words.js", module)
    node = Path(playwright.__file__).parent / "driver" / "node"
    script = folder / "run.mjs"
    script.write_text(_RUN.format(module=json.dumps(module.as_uri())), encoding="utf-8")
    run = subprocess.run([node, script], input=json.dumps(pairs), capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def common_words(left: list[str], right: list[str]) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(right) + 1)
    for word in left:
        before = 0
        for j, other in enumerate(right):
            row[j + 1], before = (before + 1 if word == other else max(row[j], row[j + 1])), row[j + 1]
    return row[-1]


def test_the_comparison_is_right_and_the_shortest(tmp_path):
    """The stretches make up both texts, equal ones are equal, and of short texts no more words could be equal."""
    rng = random.Random(11)
    pairs = []
    for n in [0, 1, 5, 20, 50] * 12 + [150, 400, 3000]:
        left = [rng.choice(["alpha", "beta", "gamma", "delta", "3.1", "9.7", ",", ".", "Kim"]) for _ in range(n)]
        if n >= 150:
            left = [f"{word}{rng.randrange(n)}" for word in left]
        right = [word for word in left if rng.random() > 0.1]
        for _ in range(rng.randint(0, 6)):
            right.insert(rng.randint(0, len(right)), rng.choice(["beta", "new", "7"]))
        pairs.append((" ".join(left), " ".join(right)))
    pairs.append((" ".join(f"a{i}" for i in range(5000)), " ".join(f"b{i}" for i in range(5000))))

    for (left, right), found in zip(pairs, compared(tmp_path, pairs), strict=True):
        at = [0, 0]
        equal = 0
        for one in found["stretches"]:
            assert at == [one["left"][0], one["right"][0]]
            at = [one["left"][1], one["right"][1]]
            if one["equal"]:
                keys = [found["keys"][i][slice(*one[side])] for i, side in enumerate(("left", "right"))]
                assert keys[0] == keys[1]
                equal += len(keys[0])
        assert at == [len(words) for words in found["words"]]
        assert [[word.text for word in split_words(text)] for text in (left, right)] == found["words"]
        if len(found["keys"][0]) <= 50:
            assert common_words(*found["keys"]) == equal


def test_changed_numbers_and_names_are_set_apart(tmp_path):
    """Numbers stand against numbers and names against names; a capital at the start of a sentence is no name."""
    left = "Kim pledged 3.1 tons on Monday. Prices rose in Tarn."
    right = "North Korean leader Kim pledged 9.7 tons on Tuesday. Costs rose in Tarn."

    (found,) = compared(tmp_path, [(left, right)])

    assert {"numbers": [["3.1", "9.7"]], "names": [["", "North Korean"], ["Monday", "Tuesday"]]} == found["changes"]
