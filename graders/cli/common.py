"""What all commands share: options, the lock, and errors for people."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from graders.errors import KitError, one_line
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.providers.kind import Location

INTERRUPTED = 130
FAULT = 3

Student = Annotated[
    str,
    typer.Option(
        "--student",
        envvar="STUDENT",
        help="Whose lab: decides every number and the fault.",
    ),
]
LabArg = Annotated[str, typer.Argument(help="1, lab-1 or the whole id.")]


@contextlib.contextmanager
def command_context(
    verb: str, student: str, *, locked: bool = False
) -> Iterator[None]:
    """Run a command's body; whatever goes wrong ends in words.

    With `locked`, no other command of this student runs meanwhile. Ends
    the program with the error's own exit code; 130 after Ctrl-C; 3, with
    the traceback in a file, for a fault of the kit itself.
    """
    name = verb.split(maxsplit=1)[0]
    try:
        with _held(student, verb, locked=locked):
            yield
    except KitError as error:
        for line in str(error).splitlines():
            typer.echo(f"{name}: {line}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo(
            f"\n{name}: interrupted; run `{verb}` again, it recovers",
            err=True,
        )
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read has gone: nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAULT)
    except Exception as error:  # noqa: BLE001 - no traceback on a terminal
        fault = one_line(f"{type(error).__name__}: {error}")
        typer.echo(
            f"{name}: a fault of the kit itself: {fault}; {_keep(student)}",
            err=True,
        )
        sys.exit(FAULT)


@contextlib.contextmanager
def _held(student: str, verb: str, *, locked: bool) -> Iterator[None]:
    from graders.lifecycle.lock import lock
    from graders.plan.plan import check_student

    check_student(student)
    _end_as_by_ctrl_c()
    with lock(student, verb) if locked else contextlib.nullcontext():
        yield


def _end_as_by_ctrl_c() -> None:
    """Have a closed terminal, or a kill, clean up as a Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As nohup has it ignored, it stays.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _keep(student: str) -> str:
    """Write the traceback down; say where, or why not."""
    folder = state_dir(student) / "logs"
    log = folder / f"fault-{time.strftime('%Y%m%d-%H%M%S')}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError as error:
        return f"its traceback could not be kept: {error}"
    return f"the traceback is in {log}"


def locate(student: str) -> Location:
    """Return the student's plan as it is on this host.

    Raises:
        KitError: docker does not answer, or something is in the way.

    """
    from graders.providers.kind import locate

    return locate(student)


def run_app(app: typer.Typer, name: str) -> None:
    """Run a command line; wrong usage ends with 2."""
    app(prog_name=name)
