"""Containers and volumes that have names of a lab, and whose they are."""

from __future__ import annotations

import pytest

from graders.plan.plan import make_plan
from graders.providers.kind_foreign import (
    ListedContainer,
    foreign_containers,
    foreign_volumes,
    list_containers,
    names_obstacle,
)

PLAN = make_plan("ada")
VOLUME = f"{PLAN.cluster}-state"


@pytest.mark.parametrize(
    ("cluster", "student", "foreign"),
    [
        ("", "", True),
        ("other", "", True),
        ("", "bob", True),
        ("", "ada", False),
        (PLAN.cluster, "", False),
    ],
)
def test_containers(cluster: str, student: str, *, foreign: bool) -> None:
    """Labels say whose a container is; its name says who wants it."""
    name = PLAN.machine_name("router")
    listed = [
        ListedContainer(name, cluster, student),
        ListedContainer("mine", "", ""),
    ]

    want = [f"container {name}"] if foreign else []
    assert foreign_containers(PLAN, listed) == want


def test_listing() -> None:
    """What has no labels has empty ones."""
    listed = list_containers(lambda *_: "a\t\tada\nb\t\t\nc")

    assert listed == [
        ListedContainer("a", "", "ada"),
        ListedContainer("b", "", ""),
        ListedContainer("c", "", ""),
    ]


@pytest.mark.parametrize(
    ("label", "users", "foreign"),
    [
        ("ada", "", False),
        ("", "4711", False),  # a lab of an earlier version of the kit
        ("", "", True),
        ("bob", "", True),
    ],
)
def test_volumes(label: str, users: str, *, foreign: bool) -> None:
    """A volume is the lab's by its label, or as a machine of it uses it."""

    def docker(*args: str) -> str:
        return users if args[0] == "ps" else f"x\t\n{VOLUME}\t{label}"

    want = [f"volume {VOLUME}"] if foreign else []
    assert foreign_volumes(PLAN, docker) == want


def test_no_obstacle() -> None:
    """Where all names are free, nothing is said."""
    assert names_obstacle(PLAN, []) is None


def test_obstacle() -> None:
    """All of them are named, with the commands that remove them."""
    said = str(names_obstacle(PLAN, ["container a", f"volume {VOLUME}"]))

    assert len(said.splitlines()) == 3
    assert f"(`docker container rm a`, `docker volume rm {VOLUME}`)" in said
