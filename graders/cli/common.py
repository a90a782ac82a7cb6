"""What commands share: options, the lock, and errors for people."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.completion import complete_labs, complete_variants
from graders.cli.default_student import choose_student
from graders.environment import remove_misleading
from graders.errors import KitError, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from graders.classroom.class_folder import Class

INTERRUPTED = 130
FAULT = 3

Student = Annotated[
    str,
    typer.Option(
        "--student",
        envvar="STUDENT",
        callback=choose_student,
        help="Student name; selects the addresses and the fault. Without it,"
        " who has the class ticket.",
    ),
]
LabArg = Annotated[
    str,
    typer.Argument(
        help="1, lab-1 or the whole id.", autocompletion=complete_labs
    ),
]
AnyLabArg = Annotated[
    str,
    typer.Argument(
        help="1, lab-1 or the whole id; all if left out.",
        autocompletion=complete_labs,
    ),
]
Variant = Annotated[
    str,
    typer.Option(
        "--variant",
        help="Use this fault instead of the student's own.",
        autocompletion=complete_variants,
    ),
]
ClassFolder = Annotated[
    str,
    typer.Option(
        "--class",
        metavar="FOLDER",
        help="The folder that `lab class new` made; by default this one.",
    ),
]
AnyClassFolder = Annotated[
    str,
    typer.Option(
        "--class",
        metavar="FOLDER",
        help="The folder that `lab class new` made; by default this one,"
        " if it is one.",
    ),
]
Submissions = Annotated[
    list[str],
    typer.Argument(metavar="FILE", help="Submissions, or folders of them."),
]


def echo(text: str) -> None:
    """Print what a machine may have written to standard error."""
    typer.echo(printable(text, keep="\n"), err=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines in which there may be what a machine has written."""
    typer.echo(printable("\n".join(lines), keep="\n"))


@contextlib.contextmanager
def command_context(
    verb: str, student: str, *, locked: bool = False
) -> Iterator[None]:
    """Run a command's body; turn every error into words and an exit code.

    With `locked`, no other command of this student runs at the same time.
    Ends the program with the error's own exit code; with 130 after Ctrl-C;
    with 3 for what the machine refuses, and for a fault of the kit itself,
    which leaves a report in a file.
    """
    name = verb.split(maxsplit=1)[0]
    remove_misleading(os.environ)
    try:
        with _locked(student, verb, locked=locked):
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
        # The reader has gone, and Python flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAULT)
    except Exception as error:  # noqa: BLE001 - no traceback on a terminal
        typer.echo(f"{name}: {_explain(error, student)}", err=True)
        sys.exit(FAULT)


@contextlib.contextmanager
def class_context(verb: str, folder: str) -> Iterator[Class]:
    """Open a class in the context of a verb of `lab class`.

    Raises:
        UsageError: there is none in the folder, or it is damaged.

    """
    from pathlib import Path

    from graders.classroom.class_folder import open_class

    with command_context(f"lab class {verb}", "demo"):
        yield open_class(Path(folder).expanduser())


def _explain(error: Exception, student: str) -> str:
    """Return in one line what the machine refuses, or that the kit failed."""
    from graders.cli.fault_report import save_fault_report
    from graders.cli.machine_errors import explain

    if refused := explain(error, student):
        return printable(str(refused))
    fault = printable(one_line(f"{type(error).__name__}: {error}"))
    return f"a fault of the kit itself: {fault}; {save_fault_report(student)}"


def tell_on_stderr(name: str) -> Callable[[str], None]:
    """Return what prints a message of command `name`."""
    return lambda text: typer.echo(f"{name}: {text}", err=True)


@contextlib.contextmanager
def _locked(student: str, verb: str, *, locked: bool) -> Iterator[None]:
    from graders.plan.networks import check_student

    check_student(student)
    _treat_signals_as_interrupt()
    if not locked:
        yield
        return
    from graders.lifecycle.lock import lock

    with lock(student, verb):
        yield


def _treat_signals_as_interrupt() -> None:
    """Clean up after a closed terminal or a kill as after Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup has it ignored: keep it so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
