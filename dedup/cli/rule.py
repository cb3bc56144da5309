"""``dedup rule``."""

from __future__ import annotations

import click


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
def rule(codes: tuple[str, ...]) -> None:
    """Explain rules of the gate, or list them all.

    CODE is a code such as D101.
    """
    from dedup.gate.params import check_codes
    from dedup.gate.rules import RULES

    check_codes(codes, "rule")
    if not codes:
        for one in RULES.values():
            limit = {"words": f"{one.limit:.0f} words", "share": f"{one.limit:.0%}", "": ""}[one.unit]
            click.echo(f"{one.code}  {one.level:7}  {limit:8}  {one.name}: {one.summary}")
        return
    for one in RULES.values():
        if one.code.startswith(codes):
            click.echo(one.help)
