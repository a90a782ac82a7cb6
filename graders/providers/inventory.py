"""The inventory of a lab on hosts: their names and how to reach them.

It has the form of an Ansible inventory, of which the kit accepts a part. The
names of hosts are the roles of the plan. `HOSTS=FILE` replaces
ansible/inventory/hosts.yml.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from graders.errors import UsageError, explaining, printable
from graders.plan.plan import EDGE_HOSTS, LAN_HOSTS, NODE_HOSTS
from graders.providers.ssh import SshTarget, SshTransport
from graders.settings import HOSTS, INVENTORY, inventory_file
from graders.yamlfile import cut, line_of, read_model

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
_NONCE: Final = "^([0-9a-f]{16})?$"
_PATTERNS: Final = {
    _ADDRESS: "an IP address or a name of DNS",
    _NONCE: "16 of 0-9 and a-f, as `lab ticket` shows them",
    _USER: "a user's name: of a-z, 0-9, _ and -, with a letter first",
}

Address: TypeAlias = Annotated[str, StringConstraints(pattern=_ADDRESS)]
User: TypeAlias = Annotated[str, StringConstraints(pattern=_USER)]
Nonce: TypeAlias = Annotated[str, StringConstraints(pattern=_NONCE)]
File: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]
Problem: TypeAlias = tuple[tuple[str, ...], str]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HostVars(_Strict):
    """How one host is reached; CommonVars has what it lacks."""

    ansible_host: Address
    ansible_port: Port | None = None
    ansible_user: User | None = None
    ansible_ssh_private_key_file: File | None = None


class CommonVars(_Strict):
    """How hosts are reached by default.

    `class_nonce` is that of the class ticket whose numbers they have.
    """

    ansible_ssh_private_key_file: File
    ansible_user: User = "root"
    ansible_port: Port = 22
    known_hosts: File = "known_hosts"
    class_nonce: Nonce = ""


class _Group(_Strict):
    hosts: dict[str, HostVars]


class _Children(_Strict):
    cluster: _Group
    fabric: _Group


class _All(_Strict):
    vars: CommonVars
    children: _Children


class Inventory(_Strict):
    """The content of hosts.yml."""

    all: _All


@dataclass(frozen=True)
class Hosts:
    """The hosts of a lab by name, and how commands get onto each.

    `nonce` is that of the class ticket that they were made with, or "".
    """

    cluster: dict[str, SshTransport]
    fabric: dict[str, SshTransport]
    nonce: str = ""

    @property
    def hosts(self) -> dict[str, SshTransport]:
        """All of them, control plane first."""
        return self.cluster | self.fabric

    @property
    def transports(self) -> dict[str, SshTransport]:
        """How commands get onto each node and machine, by role.

        Machines inside one host have a connection each: sshd allows ten
        commands at a time on one.
        """
        host = self.fabric.get(FABRIC_HOST)
        if not host:
            return self.hosts
        return self.cluster | {
            role: replace(host, pool_key=role, machine=role) for role in FABRIC
        }


def inventory() -> Hosts:
    """Return the hosts that labs run on.

    Raises:
        UsageError: there is no inventory, or all that is wrong with it.

    """
    file = inventory_file()
    with explaining(
        f"CLUSTER={HOSTS} needs an inventory, and {file} cannot be read",
        f"copy {INVENTORY / 'hosts.example.yml'} there and write"
        " in how each host is reached, or name another file: HOSTS=FILE",
    ):
        changed = file.stat().st_mtime_ns
    return _read(file.absolute(), changed)


def parallelism() -> int:
    """Return how many hosts to work on in parallel, 0 for all.

    Raises:
        UsageError: HOSTS_AT_ONCE is no such number.

    """
    number = os.environ.get("HOSTS_AT_ONCE")
    if not number:
        return 0
    if not re.fullmatch("[1-9][0-9]{0,3}", number):
        raise UsageError(
            "HOSTS_AT_ONCE must be a whole number from 1 to 9999, not"
            f" {number!r}",
            remedy="1 is one host after the other; without it all are"
            " worked on in parallel",
        )
    return int(number)


# Every command on a host asks for its transport.
@lru_cache(maxsize=4)
def _read(file: Path, _changed: int) -> Hosts:
    return read_hosts(file)


def read_hosts(file: Path) -> Hosts:
    """Return the hosts that an inventory names.

    Paths in it are relative to its folder.

    Raises:
        UsageError: all that is wrong with it, each with its line.

    """
    content = read_model(file, Inventory, _PATTERNS).all
    if problems := list(_problems(content, file.parent)):
        raise UsageError(
            *(
                printable(f"{file}:{line_of(file, ('all', *at))}: {problem}")
                for at, problem in problems
            )
        )
    return Hosts(
        _transports(content.vars, content.children.cluster, file.parent),
        _transports(content.vars, content.children.fabric, file.parent),
        content.vars.class_nonce,
    )


def _transports(
    common: CommonVars, group: _Group, folder: Path
) -> dict[str, SshTransport]:
    """Return each host of a group, control plane first."""
    hosts = {
        name: _transport(common, host, folder)
        for name, host in group.hosts.items()
    }
    return dict(
        sorted(hosts.items(), key=lambda item: item[0] != CONTROL_PLANE)
    )


def _transport(
    common: CommonVars, host: HostVars, folder: Path
) -> SshTransport:
    user = host.ansible_user or common.ansible_user
    key = (
        host.ansible_ssh_private_key_file
        or common.ansible_ssh_private_key_file
    )
    target = SshTarget(
        host.ansible_host,
        user,
        _path(key, folder),
        _path(common.known_hosts, folder),
        host.ansible_port or common.ansible_port,
    )
    return SshTransport(target, sudo=user != "root")


def _path(name: str, folder: Path) -> Path:
    """Return a file's absolute path; `~` is the user's home."""
    return folder.absolute() / Path(name).expanduser()


def _problems(content: _All, folder: Path) -> Iterator[Problem]:
    """Yield inconsistencies, each with its place below `all`."""
    yield from _cluster_problems(content.children.cluster)
    yield from _fabric_problems(content.children.fabric)
    yield from _address_problems(content)
    yield from _key_problems(content, folder)


def _cluster_problems(group: _Group) -> Iterator[Problem]:
    at = ("children", "cluster", "hosts")
    for name in CLUSTER:
        if name not in group.hosts:
            yield at, f"a host {name} must be given"
    for name in group.hosts:
        if name in CLUSTER:
            continue
        rule = f"must be one of {', '.join(CLUSTER)}, not {cut(name)}"
        if _WORKER.fullmatch(name):
            rule += ": a lab has two workers"
        yield (*at, name), f"a host of the cluster {rule}"


def _fabric_problems(group: _Group) -> Iterator[Problem]:
    at = ("children", "fabric", "hosts")
    if FABRIC_HOST in group.hosts:
        for name in group.hosts:
            if name != FABRIC_HOST:
                rule = f"{cut(name)} must be left out: {FABRIC_HOST} has all"
                yield (*at, name), f"{rule} machines of the fabric"
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


def _address_problems(content: _All) -> Iterator[Problem]:
    """Yield hosts that have the address and port of another one."""
    names: dict[tuple[str, int], str] = {}
    for at, name, host in _each(content):
        port = host.ansible_port or content.vars.ansible_port
        other = names.setdefault((host.ansible_host, port), name)
        if other != name:
            yield (
                (*at, "ansible_host"),
                (
                    f"ansible_host of {name} must be its own, not"
                    f" {host.ansible_host}, which is {other}'s"
                ),
            )


def _key_problems(content: _All, folder: Path) -> Iterator[Problem]:
    """Yield keys whose file does not exist."""
    key = "ansible_ssh_private_key_file"
    keys: list[Problem] = [
        (("vars", key), content.vars.ansible_ssh_private_key_file)
    ]
    keys += [
        ((*at, key), host.ansible_ssh_private_key_file)
        for at, _, host in _each(content)
        if host.ansible_ssh_private_key_file
    ]
    for at, name in keys:
        if not _path(name, folder).is_file():
            yield at, f"{key} must be an existing file, not {cut(name)}"


def _each(
    content: _All,
) -> Iterator[tuple[tuple[str, ...], str, HostVars]]:
    """Yield each host with its place below `all` and its name."""
    groups = {"cluster": content.children.cluster}
    groups["fabric"] = content.children.fabric
    for group, members in groups.items():
        for name, host in members.hosts.items():
            yield ("children", group, "hosts", name), name, host
