"""How well the main text of a page is found: by the two extractors that can be chosen, and by others beside them.

``python -m benchmarks run pages`` reads the pages of ``benchmarks/web``, written for this, in which the attribute
``data-main`` marks what a reader would call the article. The attribute is taken out before anybody reads the page.
Each extractor chooses among the same paragraphs (`dedup.readers.pages.main_paragraphs`), so the figures say which
paragraphs it takes for the main text, and nothing of how it writes them. Extractors that are not installed are left
out: ``pip install trafilatura resiliparse justext`` for all of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.results import Options, Result
from dedup.readers.markup import html_text, paragraphs_of, parse_html
from dedup.readers.pages import EXTRACTORS, main_paragraphs

PAGES = Path(__file__).parent / "web"
_MARK = " data-main"


class Score(NamedTuple):
    """How much of what was chosen is main text, how much of it was chosen, and both; for a page, or the mean of all."""

    precision: float
    recall: float
    f1: float


def resiliparse(html: str) -> str:
    """Return the main text as resiliparse finds it."""
    from resiliparse.extract.html2text import extract_plain_text

    text: str = extract_plain_text(html, main_content=True, alt_texts=False, list_bullets=False)
    return text


def justext(html: str) -> str:
    """Return the main text as jusText finds it; it has to know the language, and is told English."""
    import justext as library

    paragraphs = library.justext(html.encode(), library.get_stoplist("English"))
    return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


#: Name -> what it needs, and what finds the main text. The first takes everything.
PEERS: dict[str, tuple[str, Callable[[str], str]]] = {
    "everything": ("lxml", html_text),
    "readability": ("readability", EXTRACTORS["readability"]),
    "trafilatura": ("trafilatura", EXTRACTORS["trafilatura"]),
    "resiliparse": ("resiliparse", resiliparse),
    "jusText": ("justext", justext),
}


def truth(html: str) -> list[str]:
    """Return the marked paragraphs of a page, without white space."""
    root = parse_html(html)
    assert root is not None
    return [_folded("".join(one.itertext())) for one in root.iter() if _MARK.strip() in one.attrib]


def score_page(html: str, extract: Callable[[str], str]) -> Score:
    """Return how an extractor does on an annotated page."""
    expected = truth(html)
    html = html.replace(_MARK, "")
    root = parse_html(html)
    assert root is not None
    # The two that can be chosen are asked as a reader asks them, the others in the same way.
    found = paragraphs_of(root) if extract is html_text else main_paragraphs(root, extract(html))
    right = sum(_folded(paragraph.text) in expected for paragraph in found)
    precision, recall = right / max(len(found), 1), right / len(expected)
    return Score(precision, recall, 2 * precision * recall / max(precision + recall, 1e-9))


def milliseconds(pages: Sequence[str], extract: Callable[[str], str], repeats: int = 5) -> float:
    """Return the time of a page, the best of some runs over all."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        for page in pages:
            extract(page)
        seconds.append(time.perf_counter() - started)
    return 1000 * min(seconds) / len(pages)


def _folded(text: str) -> str:
    return "".join(text.split())


def measure_pages(path: Path, options: Options) -> Result:
    """Measure each extractor that is installed: right paragraphs, and time."""
    result = Result()
    pages = [one.read_text(encoding="utf-8") for one in sorted(PAGES.glob("*.html"))]
    plain = [page.replace(_MARK, "") for page in pages]
    # Short pages flatter; a long one is what a site serves: much script, style and menu around the same text.
    long = [page.replace("</body>", f"<div>{'<script>var a = 1;</script>' * 4000}</div></body>") for page in plain]
    for name, (package, extract) in PEERS.items():
        if find_spec(package) is None:
            result.notes.append(f"{name}: not installed")
            continue
        scores = [score_page(page, extract) for page in pages]
        precision, recall, f1 = (statistics.mean(values) for values in zip(*scores, strict=True))
        row = {"extractor": name, "precision": precision, "recall": recall, "F1": f1}
        row |= {"ms a page": milliseconds(plain, extract), "ms at 100 kB": milliseconds(long, extract)}
        result.rows.append(row)
    result.notes.append(f"{len(pages)} pages; mean of the pages")
    return result
