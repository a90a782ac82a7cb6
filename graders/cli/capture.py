"""`lab capture`."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import typer

from graders.cli.common import Student, command_context, echo
from graders.cli.completion import complete_machines
from graders.errors import UsageError, explaining

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEGABYTE: Final = 1_000_000


def capture(  # noqa: PLR0913, PLR0917 - options of a command
    machine: Annotated[
        str,
        typer.Argument(
            help="router, client, lan-client, dhcp or desk.",
            autocompletion=complete_machines,
        ),
    ],
    file: Annotated[
        str,
        typer.Argument(help="A new file; standard output if left out."),
    ] = "",
    expression: Annotated[
        str,
        typer.Option(
            "--filter", metavar="TEXT", help="As in `tcpdump`: 'arp or icmp'."
        ),
    ] = "",
    seconds: Annotated[
        int, typer.Option(min=1, max=600, help="End after this time.")
    ] = 30,
    megabytes: Annotated[
        int, typer.Option(min=1, max=1000, help="End after this size.")
    ] = 10,
    student: Student = "demo",
) -> None:
    """Capture packets of a machine as pcap, which Wireshark opens.

    Into a pipe, `lab capture router | wireshark -k -i -` shows them live.
    Ctrl-C ends it; packets until then are complete.
    """
    from graders.lifecycle.shell import shell_places
    from graders.providers.packet_capture import Capture
    from graders.providers.registry import provider

    with command_context("lab capture", student):
        plan = provider().locate(student).plan
        _check(machine, shell_places(plan))
        provider().check_access(plan, machine)
        run = Capture(machine, seconds, megabytes * _MEGABYTE)
        with _output(file) as out:
            echo(
                f"lab: capturing on {machine}, at most {seconds} s and"
                f" {megabytes} MB; Ctrl-C ends it"
            )
            with suppress(KeyboardInterrupt):
                prefix = provider().transport(plan, machine).prefix
                run.run(prefix, expression.split(), out)
        echo(f"lab: packets: {run.packets}, bytes: {run.size}")


def _check(machine: str, places: list[str]) -> None:
    if machine not in places:
        raise UsageError(
            f"machine must be one of {', '.join(places)}, not {machine!r}"
        )


@contextmanager
def _output(name: str) -> Iterator[IO[bytes]]:
    """Open a new file, which is removed again if nothing gets into it."""
    if not name:
        if sys.stdout.isatty():
            raise UsageError(
                "packets are no text for a terminal",
                remedy="name a file, or use a pipe: `lab capture router |"
                " wireshark -k -i -`",
            )
        yield sys.stdout.buffer
        return
    path = Path(name)
    with explaining(
        f"could not create {name}", "name a new file that you may write"
    ):
        opened = path.open("xb")
    try:
        with opened:
            yield opened
    finally:
        if not path.stat().st_size:
            path.unlink()
