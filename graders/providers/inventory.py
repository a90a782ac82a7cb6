"""The inventory of a lab on hosts: which there are, and how one gets in.

It is an inventory of Ansible's own form, of which the kit knows a part and
refuses the rest. The names of hosts are the roles of the plan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from graders.errors import UsageError, printable
from graders.plan.plan import EDGE_HOSTS, LAN_HOSTS, NODE_HOSTS
from graders.providers.ssh import SshTarget, SshTransport
from graders.yamlfile import cut, line_of, model_problem, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROL_PLANE: Final = "control-plane"
# The only host of a fabric: all machines are inside it.
FABRIC_HOST: Final = "fabric-host"
FABRIC: Final = tuple(dict.fromkeys((*LAN_HOSTS, *EDGE_HOSTS)))
CLUSTER: Final = tuple(NODE_HOSTS)

_WORKER: Final = re.compile(r"worker([3-9]|[1-9][0-9]+)")
_ADDRESS: Final = "^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$"
_USER: Final = "^[a-z_][a-z0-9_-]*$"
_PATTERNS: Final = {
    _ADDRESS: "an IP address or a name of DNS",
    _USER: "a user's name: of a-z, 0-9, _ and -, with a letter first",
}

Address: TypeAlias = Annotated[str, StringConstraints(pattern=_ADDRESS)]
User: TypeAlias = Annotated[str, StringConstraints(pattern=_USER)]
File: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]
Problem: TypeAlias = tuple[tuple[str, ...], str]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HostVars(_Strict):
    """How one host is reached; what is missing is that of all."""

    ansible_host: Address
    ansible_port: Port | None = None
    ansible_user: User | None = None
    ansible_ssh_private_key_file: File | None = None


class CommonVars(_Strict):
    """How every host is reached that does not say otherwise."""

    ansible_ssh_private_key_file: File
    ansible_user: User = "root"
    ansible_port: Port = 22
    known_hosts: File = "known_hosts"


class _Group(_Strict):
    hosts: dict[str, HostVars]


class _Children(_Strict):
    cluster: _Group
    fabric: _Group


class _All(_Strict):
    vars: CommonVars
    children: _Children


class Inventory(_Strict):
    """What stands in hosts.yml."""

    all: _All


@dataclass(frozen=True)
class Hosts:
    """The hosts of a lab by name, and the way onto each."""

    cluster: dict[str, SshTransport]
    fabric: dict[str, SshTransport]

    @property
    def hosts(self) -> dict[str, SshTransport]:
        """All of them, control plane first."""
        return self.cluster | self.fabric

    @property
    def ways(self) -> dict[str, SshTransport]:
        """The way onto each node and machine, by role.

        Machines inside one host have a connection each: sshd allows ten
        commands at once on one.
        """
        host = self.fabric.get(FABRIC_HOST)
        if not host:
            return self.hosts
        return self.cluster | {
            role: replace(host, label=role, inside=role) for role in FABRIC
        }


def read_hosts(file: Path) -> Hosts:
    """Return the hosts that an inventory names.

    Files that it names are sought beside it.

    Raises:
        UsageError: all that is wrong with it, each with its line.

    """
    raw = read_yaml(file, str(file))
    try:
        found = Inventory.model_validate(raw).all
    except ValidationError as error:
        raise UsageError(
            *(
                f"{file}:{line_of(file, one['loc'])}:"
                f" {model_problem(one, file.name, _PATTERNS)}"
                for one in error.errors(include_url=False)
            )
        ) from None
    if problems := list(_problems(found, file.parent)):
        raise UsageError(
            *(
                printable(f"{file}:{line_of(file, ('all', *at))}: {told}")
                for at, told in problems
            )
        )
    return Hosts(
        _ways(found.vars, found.children.cluster, file.parent),
        _ways(found.vars, found.children.fabric, file.parent),
    )


def _ways(
    common: CommonVars, group: _Group, folder: Path
) -> dict[str, SshTransport]:
    """Return the way onto each host of a group, control plane first."""
    ways = {
        name: _way(common, host, folder) for name, host in group.hosts.items()
    }
    return dict(sorted(ways.items(), key=lambda one: one[0] != CONTROL_PLANE))


def _way(common: CommonVars, host: HostVars, folder: Path) -> SshTransport:
    user = host.ansible_user or common.ansible_user
    key = (
        host.ansible_ssh_private_key_file
        or common.ansible_ssh_private_key_file
    )
    login = SshTarget(
        host.ansible_host,
        user,
        _path(key, folder),
        _path(common.known_hosts, folder),
        host.ansible_port or common.ansible_port,
    )
    return SshTransport(login, sudo=user != "root")


def _path(name: str, folder: Path) -> Path:
    """Return a file's place; `~` is the person's own folder."""
    return folder.absolute() / Path(name).expanduser()


def _problems(found: _All, folder: Path) -> Iterator[Problem]:
    """Yield what does not fit together, by where it stands below `all`."""
    yield from _cluster_problems(found.children.cluster)
    yield from _fabric_problems(found.children.fabric)
    yield from _address_problems(found)
    yield from _key_problems(found, folder)


def _cluster_problems(group: _Group) -> Iterator[Problem]:
    at = ("children", "cluster", "hosts")
    for name in CLUSTER:
        if name not in group.hosts:
            yield at, f"a host {name} must be given"
    for name in group.hosts:
        if name in CLUSTER:
            continue
        told = f"must be one of {', '.join(CLUSTER)}, not {cut(name)}"
        if _WORKER.fullmatch(name):
            told += ": a lab has two workers"
        yield (*at, name), f"a host of the cluster {told}"


def _fabric_problems(group: _Group) -> Iterator[Problem]:
    at = ("children", "fabric", "hosts")
    if FABRIC_HOST in group.hosts:
        for name in group.hosts:
            if name != FABRIC_HOST:
                told = f"{cut(name)} must be left out: {FABRIC_HOST} has all"
                yield (*at, name), f"{told} machines of the fabric"
        return
    for name in FABRIC:
        if name not in group.hosts:
            yield at, f"a host {name} must be given"
    for name in group.hosts:
        if name not in FABRIC:
            known = ", ".join(FABRIC)
            yield (
                (*at, name),
                (
                    f"a host of the fabric must be one of {known}, or"
                    f" {FABRIC_HOST} for all of them, not {cut(name)}"
                ),
            )


def _address_problems(found: _All) -> Iterator[Problem]:
    """Yield hosts that are reached as another one is."""
    seen: dict[tuple[str, int], str] = {}
    for at, name, host in _each(found):
        port = host.ansible_port or found.vars.ansible_port
        other = seen.setdefault((host.ansible_host, port), name)
        if other != name:
            yield (
                (*at, "ansible_host"),
                (
                    f"ansible_host of {name} must be its own, not"
                    f" {host.ansible_host}, which is {other}'s"
                ),
            )


def _key_problems(found: _All, folder: Path) -> Iterator[Problem]:
    """Yield keys that are not there."""
    key = "ansible_ssh_private_key_file"
    given: list[Problem] = [
        (("vars", key), found.vars.ansible_ssh_private_key_file)
    ]
    given += [
        ((*at, key), host.ansible_ssh_private_key_file)
        for at, _, host in _each(found)
        if host.ansible_ssh_private_key_file
    ]
    for at, name in given:
        if not _path(name, folder).is_file():
            yield at, f"{key} must be a file that is there, not {cut(name)}"


def _each(
    found: _All,
) -> Iterator[tuple[tuple[str, ...], str, HostVars]]:
    """Yield each host with where it stands and its name."""
    groups = {"cluster": found.children.cluster}
    groups["fabric"] = found.children.fabric
    for group, members in groups.items():
        for name, host in members.hosts.items():
            yield ("children", group, "hosts", name), name, host
