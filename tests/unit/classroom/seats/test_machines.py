"""Machines of a class: an ordinary inventory is read, and typos are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from graders.classroom.seats.machines import (
    Capacity,
    machines_file,
    read_machines,
)
from graders.errors import UsageError
from tests.classes import a_class
from tests.fuzzing import FUZZ, damaged, read

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.class_folder import Class
    from graders.classroom.seats.machines import Machine

USUAL = """\
machines:
  vars:
    ansible_user: ops
    ansible_become: true
    seat_cores: 8
  hosts:
    room-1:
      ansible_host: 192.0.2.11
    room-2:
      ansible_host: 2001:db8::2
      ansible_port: 2222
      seat_cores: 3.5
      seat_memory_mib: 30000
      seat_disk_mib: 90000
    server.example.org:
"""


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Return a class without machines."""
    return a_class(tmp_path / "class")


def _read(course: Class, text: str) -> dict[str, Machine]:
    machines_file(course).write_text(text, encoding="utf-8")
    return read_machines(course)


def test_usual_inventory(course: Class) -> None:
    """Variables of all machines are defaults; a name may be the address."""
    found = _read(course, USUAL)

    assert [(it.name, it.address) for it in found.values()] == [
        ("room-1", "192.0.2.11"),
        ("room-2", "2001:db8::2"),
        ("server.example.org", "server.example.org"),
    ]
    assert found["room-2"].variables == {
        "ansible_user": "ops",
        "ansible_become": True,
        "ansible_host": "2001:db8::2",
        "ansible_port": 2222,
    }


def test_stated_capacity(course: Class) -> None:
    """What the file states replaces what is there, and may be all."""
    found = _read(course, USUAL)
    actual = Capacity(16, 64000, 500_000)

    assert found["room-1"].capacity(actual) == Capacity(8, 64000, 500_000)
    assert found["room-1"].stated_capacity is None
    assert found["room-2"].stated_capacity == Capacity(3.5, 30000, 90000)


def test_no_file(course: Class) -> None:
    """Where an example is, is said."""
    with pytest.raises(UsageError, match=r"docs/seats\.md has an example"):
        read_machines(course)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("machines:\n", 1, "machines must be keys with values"),
        ("all:\n  hosts: {}\n", 1, "all is not a key"),
        ("machines:\n  hosts: {}\n", 2, "must have 1 or more entries"),
        ("machines:\n  hosts:\n    Room_1:\n", 3, "must be of a-z, 0-9"),
        (
            "machines:\n  hosts:\n    a: {ansible_host: -oProxyCommand=x}\n",
            3,
            "must be an IP address",
        ),
        ("machines:\n  hosts:\n    a: {seat_cores: 0}\n", 3, "more than 0"),
        (
            "machines:\n  hosts:\n    a:\n      seat_disk_mib: 9 GiB\n",
            4,
            "must be a whole number",
        ),
        ("machines:\n  children: {}\n  hosts:\n    a:\n", 2, "not a key"),
    ],
)
def test_mistakes(course: Class, text: str, line: int, problem: str) -> None:
    """Each has its line."""
    with pytest.raises(UsageError) as caught:
        _read(course, text)

    told = [it for it in caught.value.problems if problem in it]
    assert told
    assert told[0].startswith(f"{machines_file(course)}:{line}: ")


def test_one_machine_twice(course: Class) -> None:
    """Its memory would be counted twice."""
    with pytest.raises(UsageError, match="a and b are the same machine, c"):
        _read(
            course,
            "machines:\n  hosts:\n"
            "    a: {ansible_host: c}\n    b: {ansible_host: c}\n",
        )


def test_same_address_other_port(course: Class) -> None:
    """Machines behind one address have ports, and are several."""
    found = _read(
        course,
        "machines:\n  hosts:\n    a: {ansible_host: c, ansible_port: 1}\n"
        "    b: {ansible_host: c, ansible_port: 2}\n",
    )
    assert [*found] == ["a", "b"]


@FUZZ
@given(text=damaged(USUAL))
def test_anything(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """A damaged file is read, or refused in words."""
    course = a_class(tmp_path_factory.mktemp("c"))
    machines_file(course).write_text(text, "utf-8", "surrogatepass")
    read(lambda: read_machines(course))
