"""A made-up site of Markdown articles with repeats in known places."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "or")]


@dataclass
class Page:
    """An article: front matter, then paragraphs with a blank line between, a sentence a line of none."""

    title: str
    paragraphs: list[list[str]]
    id: str = ""

    def text(self) -> str:
        matter = f"---\ntitle: {self.title}\n" + (f"id: {self.id}\n" if self.id else "") + "---\n\n"
        return matter + "\n\n".join(" ".join(sentences) for sentences in self.paragraphs) + "\n"

    def line(self, paragraph: int) -> int:
        """Return the line of a paragraph."""
        return (5 if self.id else 4) + 1 + 2 * paragraph


@dataclass
class Site:
    """Pages by file name, and the violations that they must give, each (code, file, line)."""

    pages: dict[str, Page] = field(default_factory=dict)
    expected: set[tuple[str, str, int]] = field(default_factory=set)

    def write(self, folder: Path) -> None:
        """Write all pages and remove every other."""
        for old in folder.rglob("*.md"):
            old.unlink()
        for name, page in self.pages.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page.text(), "utf-8")


class Writer:
    """Writes sentences of words that no other sentence has in this order."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self._words = ["".join(self.source.choices(_SYLLABLES, k=self.source.choice([2, 3]))) for _ in range(6000)]

    def sentence(self, words: int = 16) -> str:
        return " ".join(self.source.choices(self._words, k=words)).capitalize() + "."

    def paragraph(self) -> list[str]:
        return [self.sentence() for _ in range(3)]

    def page(self, n_paragraphs: int = 6) -> Page:
        return Page(self.sentence(10).rstrip("."), [self.paragraph() for _ in range(n_paragraphs)])

    def reworded(self, sentence: str) -> str:
        words = sentence.rstrip(".").split()
        words[self.source.randrange(2, len(words))] = self.source.choice(self._words)
        return " ".join(words) + "."


#: Pages that a notice stands under: enough to be one.
NOTICE_PAGES = 12


def make_site(seed: int, n_pages: int, n_each: int) -> Site:
    """Return a site with ``n_each`` repeats for each rule, D402 of the feed as a whole left out.

    Later file names have the copies. Fifteen pages are needed for one of each.
    """
    writer, site = Writer(seed), Site()
    pages = [writer.page() for _ in range(n_pages)]
    names = [f"{i // 50}/{i:04}.md" for i in range(n_pages)]
    free = list(range(n_pages))
    writer.source.shuffle(free)

    def take(n: int) -> list[int]:
        return sorted(free.pop() for _ in range(n))

    for number in range(n_each):
        (a,) = take(1)
        pages[a].paragraphs.append([writer.reworded(one) if number % 2 else one for one in pages[a].paragraphs[1]])
        site.expected.add(("D101", names[a], pages[a].line(6)))
        (a,) = take(1)
        pages[a].paragraphs[5].append(pages[a].paragraphs[0][1])
        site.expected.add(("D102", names[a], pages[a].line(5)))
        a, b = take(2)
        pages[b].paragraphs[3] = [writer.reworded(one) if number % 2 else one for one in pages[a].paragraphs[2]]
        site.expected.add(("D201", names[b], pages[b].line(3)))
        a, b = take(2)
        pages[b].paragraphs = [[*one] for one in pages[a].paragraphs]
        pages[b].paragraphs[1][1] = writer.reworded(pages[b].paragraphs[1][1])
        site.expected.add(("D202", names[b], 1))
        a, b = take(2)
        pages[b].paragraphs = [[*one] for one in pages[a].paragraphs] + [writer.paragraph() for _ in range(12)]
        site.expected.add(("D203", names[b], 1))
        a, b = take(2)
        pages[b].title = pages[a].title
        site.expected.add(("D204", names[b], 1))
        a, b = take(2)
        pages[a].id = pages[b].id = f"same-{number}"
        site.expected.add(("D501", names[b], 1))
        # Single sentences, each too short for D201: four of one page, two of another.
        a, b, c = take(3)
        sources = [pages[a].paragraphs[at][1] for at in (5, 3, 1, 0)] + [pages[b].paragraphs[at][1] for at in (4, 2)]
        pages[c].paragraphs = [[one, writer.sentence(8)] for one in sources]
        site.expected.add(("D401", names[c], 1))
    under = list(range(n_pages))
    writer.source.shuffle(under)
    for number in range(n_each):
        notice = [writer.sentence(), writer.sentence()]
        rows = sorted(under[number * NOTICE_PAGES : (number + 1) * NOTICE_PAGES])
        for row in rows:
            pages[row].paragraphs.append([*notice])
        site.expected.add(("D301", names[rows[0]], pages[rows[0]].line(len(pages[rows[0]].paragraphs) - 1)))
    site.pages = dict(zip(names, pages, strict=True))
    return site
