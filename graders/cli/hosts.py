"""`lab hosts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.cli.common import Student, command_context

hosts_app = typer.Typer(
    help="Prepare hosts for labs over SSH.",
    no_args_is_help=True,
)


@hosts_app.command()
def render(
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
    """Write files for virtual machines: cloud-init, Vagrant, inventory."""
    from graders.plan.plan import make_plan
    from graders.plan.ticket import installed_nonce
    from graders.providers.vm_files import host_files, read_key, write_files

    with command_context("lab hosts render", student):
        public = Path(key).expanduser().absolute()
        files = host_files(
            make_plan(student, nonce=installed_nonce(student)),
            read_key(public),
            str(public.with_suffix("")),
            one_fabric_host=one_fabric_host,
        )
        write_files(Path(folder), files)
        typer.echo(f"wrote {len(files)} files to {folder}; see docs/hosts.md")
