"""What the writers say about the rules of a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

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


def rules_of(verdict: Verdict, rules: Mapping[str, RuleText] | None = None) -> dict[str, RuleText]:
    """Return the rules that the violations name, by code, sorted.

    Parameters
    ----------
    verdict : Verdict
    rules : mapping of str to RuleText, optional
        By code; `dedup.gate.rules.RULES` if not given.
    """
    if rules is None:
        from dedup.gate.rules import RULES

        rules = RULES
    return {code: rules[code] for code in sorted({violation.code for violation in verdict.violations})}
