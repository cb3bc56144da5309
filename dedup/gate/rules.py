"""The rules of the gate: their codes, what they look at, and their levels and limits unless set otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Level = Literal["error", "warning", "off"]
LEVELS: tuple[Level, ...] = ("error", "warning", "off")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the gate; its number never changes its meaning.

    Attributes
    ----------
    code : str
    name : str
        For programs that show a name beside the code.
    summary : str
        One line.
    level : {"error", "warning", "off"}
    limit : float
        What is still allowed; `unit` says of what. 0 where the rule has none.
    unit : {"", "words", "share"}
        ``words``: shorter repeats are let through. ``share``: a part, 0 to 1, that may be reached.
    """

    code: str
    name: str
    summary: str
    level: Level
    limit: float = 0.0
    unit: Literal["", "words", "share"] = ""

    @property
    def whole(self) -> bool:
        """Whether it is about an article as a whole, or its title, and not about a place in its text."""
        return self.code in ("D202", "D203", "D204", "D401", "D501")

    @property
    def help(self) -> str:
        """The page of the rule, in Markdown."""
        return files("dedup.gate").joinpath("pages", f"{self.code}.md").read_text("utf-8")


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("D101", "repeated-paragraph", "a paragraph is repeated inside one article", "error", 8, "words"),
        Rule("D102", "repeated-sentence", "a sentence is repeated inside one article", "error", 12, "words"),
        Rule("D201", "reused-passage", "a passage is reused from another article", "error", 25, "words"),
        Rule("D202", "near-duplicate-article", "an article is nearly the same as another one", "error"),
        Rule("D203", "contained-article", "an article stands almost whole in another one", "error"),
        Rule("D204", "repeated-title", "a title is that of another article", "warning", 8, "words"),
        Rule("D301", "boilerplate", "a notice stands in too many articles of the feed", "warning", 0.5, "share"),
        Rule("D401", "article-redundancy", "too much of an article has been said before", "error", 0.5, "share"),
        Rule("D402", "feed-redundancy", "too much of the feed has been said before", "warning", 0.3, "share"),
        Rule("D501", "repeated-id", "two articles with different texts have one id", "error"),
    )
}
