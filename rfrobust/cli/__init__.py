"""The command line ``rfrobust``: one module a command, errors in one line with exit code 2."""

import importlib
import signal
import sys
import warnings
from contextlib import suppress
from typing import Any

import click

from ..support.errors import Error
from ..support.process import ENDS, drop_unwritable_streams, open_streams, orderly_end
from ..support.version import __version__

#: Command -> (module in this package, one-line help); modules are imported when the command runs.
COMMANDS: dict[str, tuple[str, str]] = {
    "solve": ("solve", "Risks at one point (N/d, n/d, eps, tau)."),
    "curve": ("curve", "Risks against overparametrization, for several eps."),
    "map": ("map", "A phase diagram over any two parameters."),
    "tune": ("tune", "Best training radius, ridge, width or activation."),
    "simulate": ("simulate", "Monte Carlo over finite networks, resumable."),
    "store": ("store", "List or export saved Monte Carlo replicates."),
    "cgro": ("cgro", "Published robust-overfitting settings on your own image files."),
    "memorize": ("memorize", "Robustly overfitted networks by construction, on real data."),
    "linear": ("linear", "Adversarial linear regression at one point."),
    "activations": ("activations", "Built-in activations with their moments."),
    "figure": ("figure", "Compute and draw a figure of the paper kind."),
    "reproduce": ("reproduce", "All figures with an index page, resumable."),
    "wide": ("wide", "Adv-NTK and its baselines on your own arrays."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"{__name__}.{COMMANDS[cmd_name][0]}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Exact high-dimensional asymptotics of adversarial training.

    Random features regression with N features, n samples in dimension d, trained against l2 attacks of radius
    eps, as N/d -> psi1 and n/d -> psi2. Ranges are written START:STOP:COUNT, lists A,B,C.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a failure is one line on standard error and exit code 2."""
    open_streams()
    with orderly_end(signal.SIGINT, *ENDS):
        _run(arguments)


def _run(arguments: list[str] | None) -> None:
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            cli.main(arguments, prog_name="rfrobust", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except MemoryError:
        _fail("not enough memory for this many points", 2)
    except (Error, ValueError, TypeError, OSError, RuntimeError, ArithmeticError) as error:
        _fail(str(error), 2)


def _show_warning(message: Warning | str, *_details: Any, **_more: Any) -> None:
    click.echo(f"rfrobust: warning: {message}", err=True)


def _fail(message: str, code: int) -> None:
    line = message.replace("\n", " ")
    with suppress(OSError):  # standard error itself may be what fails
        click.echo(f"rfrobust: error: {line}", err=True)
    drop_unwritable_streams()
    sys.exit(code)
