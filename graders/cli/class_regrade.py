"""`lab class regrade`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.class_fleet import AT_ONCE, AtOnce, Images
from graders.cli.common import (
    AnyClassFolder,
    Submissions,
    command_context,
    echo,
)
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.classroom.place import PlaceName
    from graders.classroom.prepare import Prepared
    from graders.classroom.regraded import Regraded
    from graders.classroom.regrading import Settings

_CHOOSE = (
    "submissions are strangers' commands, so say where they may run: --sandbox"
    " or --here"
)


def regrade(  # noqa: PLR0913, PLR0917 - options of a command
    files: Submissions,
    results: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Where each result is written, one file."
        ),
    ] = Path("results"),
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Type the commands in a container without the engine.",
        ),
    ] = False,
    here: Annotated[
        bool,
        typer.Option(
            "--here",
            help="Type them here, which must be a throw-away machine.",
        ),
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Clusters at a time, with --machines on each; by default as"
            " memory and cores allow.",
        ),
    ] = 0,
    minutes: Annotated[
        float,
        typer.Option(min=0.1, help="Time for the commands of a submission."),
    ] = 10,
    class_: AnyClassFolder = "",
    any_fault: Annotated[
        bool,
        typer.Option(
            "--any-fault",
            help="Regrade faults that are not the student's own, too.",
        ),
    ] = False,
    machines: Annotated[
        bool,
        typer.Option(
            "--machines",
            help="Spread them over the machines of the class, machines.yml.",
        ),
    ] = False,
    images: Images = "",
    at_once: AtOnce = AT_ONCE,
) -> None:
    """Play submissions on fresh labs, grade them, and compare.

    Ends with 0 if all are as claimed, 1 if one is not, 2 wrong usage, 3 if one
    could not be regraded. Run it again: what has a result is left out.
    """
    from graders.classroom.regrading import Settings

    with command_context("lab class regrade", "demo"):
        place = _place(here=here, sandbox=sandbox)
        settings = Settings(results, place, jobs, minutes)
        items = _prepared(files, class_, any_fault=any_fault)
        if machines:
            from graders.classroom.seats.spread import Spread
            from graders.cli.class_room import class_room

            with class_room(class_, images, at_once) as room:
                found = Spread(settings, items, _tell, room).run()
        else:
            found = _regraded_here(items, settings)
        _tell_sum(found, results)
        sys.exit(_exit_code(found))


def _place(*, here: bool, sandbox: bool) -> PlaceName:
    from graders.settings import KIND, provider_name

    if here == sandbox:
        raise UsageError(
            _CHOOSE, remedy="docs/class.md says which is safe for what"
        )
    if provider_name() != KIND:
        raise UsageError(
            "submissions are regraded in containers of this computer",
            remedy="unset CLUSTER",
        )
    return "here" if here else "sandbox"


def _prepared(
    names: Sequence[str], folder: str, *, any_fault: bool
) -> list[Prepared]:
    """Verify submissions; those that are refused will not be played."""
    from graders.classroom.prepare import prepare
    from graders.classroom.submission_files import submission_files
    from graders.classroom.verify import verify
    from graders.cli.class_verify import find_class

    rows = verify(submission_files(names), find_class(folder))
    return [
        prepare(
            row.path,
            [str(one) for one in row.reasons],
            refused=any(
                one.kind == "refused"
                and not (any_fault and one.about == "fault")
                for one in row.reasons
            ),
            any_fault=any_fault,
        )
        for row in rows
    ]


def _expect_machine(items: Sequence[Prepared]) -> None:
    """Start the engine, and refuse a computer that cannot have a lab."""
    from graders.cli.plans import run_plain_playbook
    from graders.doctor.doctor import examine, raise_for_findings
    from graders.providers.base import ProviderDown
    from graders.providers.registry import provider

    plans = [item.plan for item in items if item.plan]
    if not plans:
        return
    try:
        provider().status(plans[0].student)
    except ProviderDown:
        run_plain_playbook("engine", plans[0].student)
    raise_for_findings(examine(plans[0]))


def _regraded_here(
    items: Sequence[Prepared], settings: Settings
) -> list[Regraded]:
    from dataclasses import replace

    from graders.classroom.capacity import default_jobs
    from graders.classroom.regrading import Regrading

    _expect_machine(items)
    jobs = settings.jobs or default_jobs()
    return Regrading(replace(settings, jobs=jobs), items, _tell).run()


def _tell_sum(found: Sequence[Regraded], results: Path) -> None:
    """Print how many submissions have which status."""
    counts = Counter(one.status for one in found)
    shown = ", ".join(f"{count} {word}" for word, count in counts.items())
    typer.echo(f"{len(found)} submissions: {shown}; results in {results}")


def _tell(one: Regraded) -> None:
    """Print one result as soon as it is there."""
    points = ""
    if one.verified and one.claimed:
        points = (
            f", {one.verified.points} of {one.verified.total} points"
            f" (claimed {one.claimed.points})"
        )
    echo(f"{one.file}: {one.status}{points}, {one.seconds:.0f} s")
    for reason in one.reasons:
        echo(f"  {reason}")


def _exit_code(found: Sequence[Regraded]) -> int:
    statuses = {one.status for one in found}
    if "error" in statuses:
        return 3
    return 0 if statuses <= {"confirmed"} else 1
