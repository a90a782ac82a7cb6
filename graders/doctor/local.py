"""Find what would stop a lab on this computer, before it is created.

Every probe looks at one thing and never raises, so that the others run
whatever it finds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.table import Table

from graders.doctor.engine_checks import (
    ENGINE_CHECKS,
    in_settings,
    is_podman,
    machine_of,
)
from graders.doctor.engine_facts import EngineFacts, TimedDocker, ask_engine
from graders.doctor.findings import Finding, Host, ThisHost, unknown
from graders.doctor.local_checks import (
    ENGINE_MACHINE_PROBES,
    MACHINE_PROBES,
    disk,
    go,
    memory,
    wsl,
)
from graders.errors import KitError, parsing
from graders.providers.docker import Docker, EngineDown, docker
from graders.providers.kind_foreign import foreign_names, names_remedy
from graders.providers.kind_location import (
    foreign_cluster,
    locate,
    plan_from_routes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graders.plan.plan import Plan
    from graders.providers.base import Location

NODE_IMAGE: Final = "metallb-lab/node"
DOCKER_ROOT: Final = "/var/lib/docker"


@dataclass(frozen=True)
class LocalReport:
    """What was found on this computer; see Report."""

    all: list[Finding]
    remedy: str = ""

    def stops(self) -> list[str]:
        """See Report."""
        return [
            f"{one.name}: expected {one.requirement}, not {one.observed};"
            f" {one.remedy}"
            for one in self.all
            if one.fatal and one.ok is False
        ]

    def warnings(self) -> list[str]:
        """See Report; `lab doctor` alone shows what would only be slow."""
        return []

    def table(self) -> Table:
        """See Report."""
        return render(self.all)


def run_doctor(
    plan: Plan,
    host: Host | None = None,
    docker: Docker | None = None,
    locate: Callable[[str, Docker], Location] = locate,
) -> list[Finding]:
    """Look at everything that a lab needs of this computer and its engine.

    Only the student counts of the plan: free networks are looked for again.
    An engine that does not answer is asked once.
    """
    host, docker = host or ThisHost(), docker or TimedDocker()
    answers = engine(host, docker)
    facts = ask_engine(docker) if answers.ok else EngineFacts()
    asked = docker if answers.ok else _no_engine
    located, networks = subnets(
        plan.student, lambda student: locate(student, asked)
    )
    exists = located is not None and located.exists
    build = not has_images(asked)
    return [
        answers,
        *_of_machine(facts, host, exists=exists, build=build),
        *filter(None, (check(facts, host) for check in ENGINE_CHECKS)),
        go(host, build=build),
        networks,
        cluster(located.plan if located else plan, asked),
        names(plan, asked),
    ]


def _of_machine(
    facts: EngineFacts, host: Host, *, exists: bool, build: bool
) -> Iterator[Finding]:
    """Yield findings on this computer, or on the engine's machine."""
    machine = machine_of(facts, host)
    root = facts.info.get("DockerRootDir") or DOCKER_ROOT
    sizes = (
        memory(machine, exists=exists),
        disk(machine, root, build=build),
        *(probe(machine) for probe in ENGINE_MACHINE_PROBES),
    )
    yield from (in_settings(one, facts, host) for one in sizes)
    yield from (probe(host) for probe in MACHINE_PROBES)
    if system := wsl(host):
        yield system


def _no_engine(*args: str) -> str:
    """Take the place of docker once the engine has not answered."""
    raise EngineDown(f"could not docker {args[0]}: no engine")


def render(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table for the terminal."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "what", "found", "needed"):
        table.add_column(name, overflow="fold")
    for item in findings:
        observed = escape(item.observed)
        table.add_row(
            _mark(item), item.name, observed, escape(item.requirement)
        )
        if not item.ok and item.remedy:
            table.add_row("", "", f"[bold]{escape(item.remedy)}[/]", "")
    return table


def engine(host: Host, docker: Docker = docker) -> Finding:
    """Look for an engine that this user may use, or that can be installed."""
    requirement = "a Docker engine that you may use"
    try:
        version = _version(docker)
    except EngineDown as error:
        if not can_install_engine(host):
            return _stop("engine", requirement, error, _install(host))
        return Finding(
            "engine",
            ok=None,
            observed="not running",
            requirement=requirement,
            remedy="`lab up` installs and starts it",
        )
    except KitError as error:
        return _stop("engine", requirement, error)
    podman = is_podman(version)
    number = (version.get("Server") or {}).get("Version", "")
    return Finding(
        "engine",
        ok=not podman,
        observed="podman" if podman else f"Docker {number}".rstrip(),
        requirement=requirement,
        remedy="install Docker Engine (docs.docker.com/engine/install), and"
        " remove podman-docker or unset DOCKER_HOST",
        fatal=True,
    )


def _version(docker: Docker) -> dict[str, Any]:
    """Return what `docker version` says."""
    try:
        found = json.loads(docker("version", "--format", "{{json .}}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def can_install_engine(host: Host) -> bool:
    """Tell whether the kit can install and start the engine."""
    lines = host.read("/etc/os-release").splitlines()
    values = [
        value.strip('"')
        for key, _, value in (line.partition("=") for line in lines)
        if key in {"ID", "ID_LIKE"}
    ]
    debian = {"debian", "ubuntu"} & set(" ".join(values).split())
    return bool(debian) and (host.root or host.which("sudo"))


def subnets(
    student: str, locate: Callable[[str], Location] = locate
) -> tuple[Location | None, Finding]:
    """Look for the networks of the lab; a plan that moves is a warning."""
    requirement = "networks that nothing else uses"
    try:
        located = _located(student, locate)
    except KitError as error:
        return None, _stop("subnets", requirement, error)
    moved = bool(located.moved_from) and not located.exists
    observed = f"{located.plan.lan} and {located.plan.edge}"
    if located.exists:
        observed += ", the lab's own"
    if moved:
        observed = (
            f"{located.moved_from} is taken ({located.moved_because}), the"
            f" lab will use {observed}"
        )
    return located, Finding(
        "subnets",
        ok=not moved,
        observed=observed,
        requirement=requirement,
        remedy="nothing to do: briefs and graders use the new numbers",
    )


def cluster(plan: Plan, docker: Docker = docker) -> Finding:
    """Look for a cluster of the lab's name that is not the lab's."""
    requirement = f"no other cluster called {plan.cluster}"
    try:
        foreign = foreign_cluster(plan, docker)
    except KitError as error:
        return unknown("cluster", error.problems[0], requirement)
    return Finding(
        "cluster",
        ok=foreign is None,
        observed=f"container {foreign}" if foreign else "none",
        requirement=requirement,
        remedy=f"`kind delete cluster --name {plan.cluster}` if it is yours"
        " to remove, or use another --student",
        fatal=True,
    )


def names(plan: Plan, docker: Docker = docker) -> Finding:
    """Look for containers and volumes that have the lab's names."""
    requirement = (
        f"no foreign container or volume with a name of {plan.cluster}"
    )
    try:
        foreign = foreign_names(plan, docker)
    except KitError as error:
        return unknown("names", error.problems[0], requirement)
    return Finding(
        "names",
        ok=not foreign,
        observed=", ".join(foreign) or "none",
        requirement=requirement,
        remedy=names_remedy(foreign),
        fatal=True,
    )


def has_images(docker: Docker = docker) -> bool:
    """Tell whether the engine has the kit's node image."""
    try:
        return bool(docker("image", "ls", "-q", NODE_IMAGE))
    except KitError:
        return False


def docker_root(docker: Docker = docker) -> str:
    """Return the folder of the engine's images, even if not installed yet."""
    try:
        with parsing("docker info", ""):
            info = json.loads(docker("info", "--format", "{{json .}}"))
            return str(info.get("DockerRootDir") or DOCKER_ROOT)
    except KitError:
        return DOCKER_ROOT


def _located(student: str, locate: Callable[[str], Location]) -> Location:
    try:
        return locate(student)
    except EngineDown:
        return plan_from_routes(student)


def _install(host: Host) -> str:
    if host.platform == "linux":
        return (
            "install and start Docker (docs.docker.com/engine/install), as"
            " root or with sudo"
        )
    return "install Docker Desktop and start it"


def _stop(
    name: str, requirement: str, error: KitError, remedy: str = ""
) -> Finding:
    """Return a finding of what an error says."""
    return Finding(
        name,
        ok=False,
        observed=error.problems[0],
        requirement=requirement,
        remedy=remedy or error.remedy,
        fatal=True,
    )


def _mark(item: Finding) -> str:
    if item.ok:
        return "[green]ok[/]"
    if item.ok is None:
        return "[dim]--[/]"
    return "[red]STOP[/]" if item.fatal else "[yellow]warn[/]"
