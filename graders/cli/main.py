"""The commands `grade` and `lab`: what a person types."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.cli.common import (
    LabArg,
    Student,
    command_context,
    locate,
    run_app,
)

lab_app = typer.Typer(
    help="MetalLB labs on a real cluster: start, repair, grade, reset.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
grade_app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
images_app = typer.Typer(
    help="The lab's images and tools: pull, load or build; save.",
    no_args_is_help=True,
)
engine_app = typer.Typer(
    help="The container engine, where the kit starts it by hand.",
    no_args_is_help=True,
)
hosts_app = typer.Typer(
    help="Hosts reached over SSH, for labs to come on them.",
    no_args_is_help=True,
)
lab_app.add_typer(images_app, name="images")
lab_app.add_typer(hosts_app, name="hosts")
lab_app.add_typer(engine_app, name="engine")

Variant = Annotated[
    str, typer.Option("--variant", help="A fault other than the plan's.")
]


@grade_app.command()
def grade(
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document.")
    ] = False,
    junit: Annotated[
        str, typer.Option(metavar="FILE", help="Write JUnit XML too.")
    ] = "",
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Measure by cutting a node off, too: a minute."
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Check the lab that stands: what works, which layer is broken, why.

    Ends with 0 solved, 1 not solved, 2 wrong usage, 3 could not check.
    """
    from graders.cli.grade import grade

    with command_context("grade", student, locked=True):
        sys.exit(grade(student, as_json=json, junit=junit, full=full))


@lab_app.command()
def start(
    lab: LabArg, variant: Variant = "", student: Student = "demo"
) -> None:
    """Stand a lab up, broken, and show its brief."""
    from graders.cli.lab import start_lab

    with command_context("lab start", student, locked=True):
        start_lab(lab, variant, student)


@lab_app.command()
def up(student: Student = "demo") -> None:
    """Stand up, or bring back, everything that is missing."""
    from graders.cli.lab import checked_plan
    from graders.lifecycle import lifecycle

    with command_context("lab up", student, locked=True):
        changed = lifecycle.up(checked_plan(student))
        typer.echo(f"the lab stands; {changed} steps changed something")


@lab_app.command()
def reset(student: Student = "demo") -> None:
    """Bring the lab back to its start state, and verify that it is."""
    from graders.cli.lab import reset_lab

    with command_context("lab reset", student, locked=True):
        reset_lab(student)


@lab_app.command()
def down(student: Student = "demo") -> None:
    """Take the student's lab down, and nothing else."""
    from graders.cli.lab import down_lab

    with command_context("lab down", student, locked=True):
        down_lab(student)


@lab_app.command()
def hint(student: Student = "demo") -> None:
    """Show the next hint for what is broken now."""
    from graders.cli.grade import hint

    with command_context("lab hint", student, locked=True):
        hint(student)


@lab_app.command()
def status(student: Student = "demo") -> None:
    """Show what stands, with addresses."""
    from graders.cli.status import show_status

    with command_context("lab status", student):
        show_status(student)


@lab_app.command()
def brief(student: Student = "demo") -> None:
    """Show the brief of the lab that stands."""
    from graders.cli.brief import show_brief
    from graders.state.current import current_lab

    with command_context("lab brief", student):
        plan = locate(student).plan
        show_brief(plan, current_lab(plan)[0])


@lab_app.command()
def shell(
    machine: Annotated[
        str, typer.Argument(help="router, client, lan-client, dhcp or desk.")
    ] = "",
    command: Annotated[
        str, typer.Option("-c", metavar="COMMAND", help="Run this and leave.")
    ] = "",
    student: Student = "demo",
) -> None:
    """Open a shell with the kit's kubectl, helm and kind, or on a machine."""
    from graders.cli.lab import open_shell

    with command_context("lab shell", student):
        open_shell(machine or None, command, student)


@lab_app.command()
def prove(  # noqa: PLR0913, PLR0917 - what may be typed
    lab: Annotated[str, typer.Argument(help="All labs if left out.")] = "",
    variant: Variant = "",
    json: Annotated[bool, typer.Option("--json")] = False,
    full: Annotated[
        bool,
        typer.Option("--full", help="Cut a node off for every right repair."),
    ] = False,
    brief: Annotated[
        bool,
        typer.Option(
            "--brief", help="Other right repairs for a lab's first fault only."
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Prove labs: red as shipped, wrong repairs refused, right ones pass."""
    from graders.cli.prove import prove_labs
    from graders.proof.proof import Depth  # noqa: TC001 - typer reads annotations

    depth: Depth = "full" if full else "brief" if brief else "whole"
    with command_context("lab prove", student, locked=True):
        sys.exit(prove_labs(lab, variant, student, as_json=json, depth=depth))


@lab_app.command()
def doctor(
    student: Student = "demo",
    hosts: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Look at the hosts of this inventory instead, over SSH.",
        ),
    ] = "",
) -> None:
    """Look for what would stop this host, and say the way out of each."""
    from graders.cli.hosts import doctor_hosts
    from graders.cli.lab import doctor

    with command_context("lab doctor", student):
        sys.exit(doctor_hosts(hosts, student) if hosts else doctor(student))


@lab_app.command()
def quiz(
    question: Annotated[
        str, typer.Argument(help="Its id; all questions if left out.")
    ] = "",
) -> None:
    """Answer the module's questions; each choice is explained.

    Ends with 0 if all are right, 1 if not. Answers may come from a pipe.
    """
    from graders.cli.quiz import ask_quiz
    from graders.plan.plan import DEMO

    with command_context("lab quiz", DEMO):
        sys.exit(ask_quiz(question))


@images_app.command("get")
def images_get(student: Student = "demo") -> None:
    """Pull, load or build what is missing (IMAGES, REGISTRY, IMAGES_FILE)."""
    from graders.cli.images import get_images

    with command_context("lab images", student, locked=True):
        get_images(student)


@images_app.command("load")
def images_load(file: str, student: Student = "demo") -> None:
    """Load the archive that `lab images save` wrote."""
    from graders.cli.images import load_images

    with command_context("lab images load", student, locked=True):
        load_images(file, student)


@images_app.command("save")
def images_save(file: str, student: Student = "demo") -> None:
    """Write images and tools to one archive, for machines without network."""
    from graders.cli.images import save_images

    with command_context("lab images save", student, locked=True):
        save_images(file, student)


@hosts_app.command("render")
def hosts_render(
    folder: str,
    key: Annotated[
        str, typer.Option(metavar="FILE.pub", help="Your public key.")
    ],
    one_fabric_host: Annotated[
        bool,
        typer.Option(
            "--one-fabric-host",
            help="Four hosts instead of eight: one for all but the nodes.",
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Write what makes virtual machines: cloud-init, Vagrant, inventory."""
    from graders.cli.hosts import render_hosts

    with command_context("lab hosts render", student):
        render_hosts(folder, key, student, one_fabric_host=one_fabric_host)


@engine_app.command("start")
def engine_start(student: Student = "demo") -> None:
    """Start a container engine, if none answers and the kit may."""
    from graders.cli.lab import run_plain_playbook

    with command_context("lab engine start", student, locked=True):
        run_plain_playbook("engine", student)


@engine_app.command("stop")
def engine_stop(student: Student = "demo") -> None:
    """Stop the container engine, if the kit started it by hand."""
    from graders.cli.lab import run_plain_playbook

    with command_context("lab engine stop", student, locked=True):
        run_plain_playbook("engine_stop", student)


def lab_main() -> None:
    """Run `lab`."""
    run_app(lab_app, "lab")


def grade_main() -> None:
    """Run `grade`."""
    run_app(grade_app, "grade")
