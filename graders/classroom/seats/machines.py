"""The machines of a class: machines.yml, an Ansible inventory.

Its group `machines` has a name for each machine, and what Ansible needs to
reach it. Variables of any name are Ansible's; those that begin with `seat_`
are the kit's: `seat_cores`, `seat_memory_mib` and `seat_disk_mib` say what
seats may use of a machine, where that is not what Ansible finds there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from graders.errors import CannotCheck, UsageError
from graders.yamlfile import line_of, read_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from graders.classroom.class_folder import Class

MACHINES_FILE: Final = "machines.yml"
GROUP: Final = "machines"
NAME: Final = "^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"
_ADDRESS: Final = "^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$"
PATTERNS: Final = {
    NAME: "of a-z, 0-9, . and -, with no . or - at either end",
    _ADDRESS: "an IP address or a name of DNS",
}
_EXAMPLE: Final = (
    "write one with the group machines: docs/seats.md has an example"
)
_OWN: Final = ("cores", "memory_mib", "disk_mib")

_Name: TypeAlias = Annotated[str, StringConstraints(pattern=NAME)]
_Address: TypeAlias = Annotated[str, StringConstraints(pattern=_ADDRESS)]
_Cores: TypeAlias = Annotated[float, Field(gt=0, le=10_000)]
_Mib: TypeAlias = Annotated[int, Field(gt=0, le=2**40)]
_Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]


@dataclass(frozen=True)
class Capacity:
    """Resources of a machine, or those a seat needs; sizes are in MiB."""

    cores: float
    memory_mib: int
    disk_mib: int


@dataclass(frozen=True)
class Machine:
    """A machine of the class and Ansible's variables about it.

    Of `stated`, the values that machines.yml states replace those that
    Ansible finds.
    """

    name: str
    address: str
    variables: Mapping[str, Any]
    stated: Mapping[str, Any]

    @property
    def stated_capacity(self) -> Capacity | None:
        """The capacity in machines.yml, None unless it is complete."""
        if set(self.stated) != set(_OWN):
            return None
        return self.capacity(Capacity(0, 0, 0))

    def capacity(self, actual: Capacity) -> Capacity:
        """Return what seats may use of a machine that has `actual`."""
        return replace(actual, **self.stated)


def _or_nothing(value: object) -> object:
    """Read a key without a value as Ansible does."""
    return {} if value is None else value


class _Variables(BaseModel):
    """Variables of a machine or of all; others are Ansible's."""

    model_config = ConfigDict(strict=True, extra="allow")

    ansible_host: _Address | None = None
    ansible_port: _Port | None = None
    seat_cores: _Cores | None = None
    seat_memory_mib: _Mib | None = None
    seat_disk_mib: _Mib | None = None


_Given: TypeAlias = Annotated[_Variables, BeforeValidator(_or_nothing)]


class _Group(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    vars: _Given = _Variables()
    hosts: Annotated[dict[_Name, _Given], Field(min_length=1)]


class _MachinesFile(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    machines: _Group


def machines_file(course: Class) -> Path:
    """Return the inventory of a class's machines."""
    return course.folder / MACHINES_FILE


def read_machines(course: Class) -> dict[str, Machine]:
    """Return the machines of a class by name, in the file's order.

    Raises:
        UsageError: there is no file, or all that is wrong with it, by line.

    """
    file = machines_file(course)
    if not file.is_file():
        raise UsageError(
            f"{course.course} has no machines: {file} is not there",
            remedy=_EXAMPLE,
        )
    group = read_model(file, _MachinesFile, PATTERNS).machines
    machines = {
        name: _machine(name, group.vars, host)
        for name, host in group.hosts.items()
    }
    _expect_different(file, machines)
    return machines


def capacities(
    machines: Mapping[str, Machine],
    ask: Callable[[list[str]], Mapping[str, Capacity]],
) -> dict[str, Capacity]:
    """Return what seats may use of each machine.

    `ask` asks machines, given by name, for what they have; those that do not
    answer are left out of its result.

    Raises:
        CannotCheck: some did not answer.

    """
    unknown = [it for it in machines if not machines[it].stated_capacity]
    actual = ask(unknown) if unknown else {}
    if silent := [it for it in unknown if it not in actual]:
        raise CannotCheck(
            f"could not ask what these machines have: {', '.join(silent)}",
            remedy="remove them from machines.yml for now, or state"
            " seat_cores, seat_memory_mib and seat_disk_mib there",
        )
    return {
        name: machine.stated_capacity or machine.capacity(actual[name])
        for name, machine in machines.items()
    }


def _machine(name: str, common: _Variables, host: _Variables) -> Machine:
    values = common.model_dump(exclude_none=True) | host.model_dump(
        exclude_none=True
    )
    stated = {
        it: values.pop(f"seat_{it}") for it in _OWN if f"seat_{it}" in values
    }
    return Machine(name, values.get("ansible_host", name), values, stated)


def _expect_different(file: Path, machines: Mapping[str, Machine]) -> None:
    """Expect no machine to be there under two names."""
    names = defaultdict(list)
    for name, machine in machines.items():
        port = machine.variables.get("ansible_port", 22)
        names[machine.address, port].append(name)
    problems = [
        f"{file}:{line_of(file, (GROUP, 'hosts', same[-1]))}:"
        f" {' and '.join(same)} are the same machine, {address}"
        for (address, _), same in names.items()
        if len(same) > 1
    ]
    if problems:
        raise UsageError(
            *problems, remedy="each machine must have one name only"
        )
