"""What the writers say about the rules of a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from dedup.gate.model import Verdict


class RuleText(Protocol):
    """What a writer shows of a rule; `dedup.gate.rules.RULES` holds such."""

    @property
    def code(self) -> str:
        """Such as ``D201``."""

    @property
    def name(self) -> str:
        """Words joined by hyphens."""

    @property
    def summary(self) -> str:
        """One sentence."""

    @property
    def help(self) -> str:
        """Markdown: why it matters and what to do."""


class _Unlisted(NamedTuple):
    code: str
    name: str
    summary: str
    help: str


def rules_of(verdict: Verdict, rules: Mapping[str, RuleText] | None = None) -> dict[str, RuleText]:
    """Return the rules that the violations name, by code, sorted.

    Parameters
    ----------
    verdict : Verdict
    rules : mapping of str to RuleText, optional
        By code; `dedup.gate.rules.RULES` if not given. A code that it does not hold is described by its code.
    """
    if rules is None:
        from dedup.gate.rules import RULES

        rules = RULES
    found = {}
    for code in sorted({violation.code for violation in verdict.violations}):
        found[code] = rules.get(code) or _Unlisted(code, code, f"Rule {code}", f"Rule {code} of dedup.")
    return found
