"""Reports for the tests of the page, each from a run on articles made here, and what a page holds."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from io import StringIO
from typing import Any

import dedup
from dedup.readers import ReadParams
from dedup.reports import Options, html

_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
)
_NAMES = random.Random(2)
#: As many words as a text of some length has.
WORDS = ["".join(_NAMES.choices(_SYLLABLES, k=_NAMES.randint(1, 4))) for _ in range(4000)]

#: What is to stay text, wherever it stands.
HOSTILE = (
    "<script>window.hacked=(window.hacked||0)+1</script>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror='window.hacked=1'>",
    "\"' onmouseover=window.hacked=1 x='",
    "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1} <%= 1 %>",
    "nul \x00 and \u202e override \u2066 isolate",
    "-->]]></style><svg onload=window.hacked=1>",
    "#x .y > [z] ~1 % é/\\?&=",
)


def sentence(rng: random.Random, words: int = 24) -> str:
    """Return a sentence like no other, but for chance."""
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def many_repeats(n: int, seed: int = 5) -> Any:
    """Return a report of ``n`` articles, each with a paragraph that it repeats, and a notice under all of them."""
    rng = random.Random(seed)
    notice = "Write to the editors of this paper by noon and never miss a story from your own town again."
    records = []
    for i in range(n):
        line = sentence(rng, rng.randint(12, 60))
        parts = [line, *(sentence(rng) for _ in range(6)), line, notice]
        day = f"2026-{1 + i % 12:02}-{1 + i % 28:02}"
        records.append(
            {"id": f"a{i}", "title": f"Story {i}", "text": "\n\n".join(parts), "source": "Post", "date": day}
        )
    return dedup.scan(dedup.articles_of(records))


def hostile_report() -> Any:
    """Return a report in which everything that comes from articles is hostile."""
    rng = random.Random(7)
    records = []
    for i, evil in enumerate(HOSTILE):
        line = f"{sentence(rng)} {evil} {sentence(rng)}"
        records += [
            {
                "id": f"{evil}{copy}",
                "title": f"{evil} {i}",
                "text": f"{line}\n\n{evil}\n\n{sentence(rng)}\n\n{line}",
                "source": evil,
                "url": ("javascript:window.hacked=1", "https://example.org/" + evil)[copy],
                "date": f"2026-03-0{1 + copy}",
            }
            for copy in range(2)
        ]
    return dedup.scan(dedup.articles_of(records, ReadParams(html="never")))


def scripts_report() -> Any:
    """Return a report with right-to-left, Chinese and astral text, each repeated with a word changed."""
    hebrew = "המועצה הודיעה ביום שישי כי הגשר החדש מעל הנהר ייפתח באביב הקרוב לאחר שנתיים של עבודה"
    chinese = "理事会星期五表示，横跨塔恩河的新桥将于明年春天开放，届时城里的渡船将停止运营。"
    astral = "The 🎻 orchestra of 𝒯arn plays 🎺 on the new bridge on Friday evening before the mayor opens it to all."
    texts = [
        (hebrew, hebrew.replace("שישי", "שבת")),
        (chinese, chinese.replace("星期五", "星期六")),
        (astral, astral.replace("Friday", "Sunday")),
    ]
    bodies = [f"{first}\n\n🎻 {first[:9]} 🎻\n\n{second}" for first, second in texts]
    return dedup.scan(dedup.articles_of([{"id": str(i), "text": body} for i, body in enumerate(bodies)]))


def page_of(report: Any, judgement: Any = None, **options: Any) -> str:
    """Return a report as a page."""
    stream = StringIO()
    html.write(report, stream, Options(**options), judgement)
    return stream.getvalue()


def blocks(page: str, kind: str) -> list[Any]:
    """Return all entries of a kind that a page holds."""
    found = re.findall(rf'<script type="application/octet-stream" id="{kind}-(\d+)">([A-Za-z0-9+/=]*)</script>', page)
    assert [int(number) for number, _ in found] == list(range(len(found)))
    return [entry for _, data in found for entry in json.loads(gzip.decompress(base64.b64decode(data)))]
