"""``dedup config``."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("inputs", nargs=-1, metavar="[INPUT]...")
@click.option("--config", "config_file", type=click.Path(dir_okay=False, exists=True, path_type=Path), metavar="FILE")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="[default: text]")
@click.option("--schema", is_flag=True, help="Write the JSON Schema of the file instead.")
def config(inputs: tuple[str, ...], config_file: Path | None, form: str, schema: bool) -> None:
    """Show the settings in force for INPUT, and where each comes from.

    They are looked for in dedup.toml or [tool.dedup] of pyproject.toml, from INPUT (or this folder) upward; DEDUP_*
    variables win over the file, and flags over both.
    """
    from dedup.clean.params import clean_params
    from dedup.gate.params import gate_params
    from dedup.settings import Setting, configured, defaults, gate_settings, layers
    from dedup.settings_schema import settings_schema

    if schema:
        click.echo(json.dumps(settings_schema(), indent=2))
        return
    found = layers(inputs, {}, file=config_file)
    configured(found.run)
    gate_params({name: setting.value for name, setting in found.gate.items() if name != "baseline"})
    shown = {name: Setting(value, "default") for name, value in defaults().items()} | found.run
    clean_params({name: setting.value for name, setting in found.clean.items()})
    shown |= {f"clean.{name}": setting for name, setting in found.clean.items()}
    shown |= {f"gate.{name}": setting for name, setting in gate_settings(found).items()}
    if form == "json":
        table = {name: {"value": one.value, "origin": one.origin} for name, one in shown.items()}
        click.echo(json.dumps({"file": str(found.file or ""), "settings": table}, indent=2))
        return
    click.echo(f"# {found.file or 'no file with settings'}")
    for name, one in shown.items():
        click.echo(f"{name} = {json.dumps(one.value)}  # {one.origin}")
