"""The command line: parse, call, write. Nothing heavy is imported until a command runs."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from dedup import __version__
from dedup.errors import DedupError

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it

#: Command -> the module of this package that has a function of that name.
_COMMANDS = {
    name: name for name in ("report", "check", "clean", "rule", "compare", "calibrate", "audit", "index", "config")
}


class _Group(click.Group):
    """The one place where errors become a line and an exit code: 2, or 130 when interrupted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded when it is asked for."""
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"dedup.cli.{_COMMANDS[cmd_name]}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit."""
        try:
            # As they were given: some advice repeats the command.
            extra.setdefault("obj", list(sys.argv[1:] if args is None else args))
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            code = _fail(error.format_message())
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        # Here and not in `main`: Click has its own ways with an interrupt and a closed pipe.
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has seen enough; without this, the interpreter complains when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except DedupError as error:
            ctx.exit(_fail(str(error)))
        except OSError as error:
            # All that has a name gives it; what is left is what was printed.
            told = error.filename or ("standard output cannot be written" if error.errno == errno.ENOSPC else "")
            ctx.exit(_fail(f"{told}: {error.strerror}" if told else str(error)))
        except KeyboardInterrupt:
            click.echo("dedup: interrupted", err=True)
            ctx.exit(_INTERRUPTED)
        return result


def _fail(message: str) -> int:
    from dedup.reports.terminal import escape

    click.echo("dedup: error: " + escape(" ".join(message.split())), err=True)
    return 2


def run_and_leave() -> NoReturn:
    """Run the command line as all that this process does.

    Python takes itself apart at its end, object by object and kernel by kernel, for half a second of a small run and
    for a second of a large one; the system frees all at once. What was registered to be done at the end is done.
    """
    code: object = 1
    gc.set_threshold(100_000, 50, 100)  # importing makes many objects and no garbage
    try:
        main(prog_name="dedup")
    except SystemExit as leaving:
        code = leaving.code
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed by the reader, by the command, or never there
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dedup", message="%(prog)s %(version)s")
def main() -> None:
    """Find what a feed of articles says twice: repeated, reworded and reused passages, with scores and places."""
