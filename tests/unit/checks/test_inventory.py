"""Who holds a pool's addresses, and what a student writes about it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.checks.inventory import expect_held, expect_inventory, vips_in
from graders.errors import CheckFailed
from graders.plan.plan import make_plan
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAN = make_plan()
POOL = "192.0.2.0/29"


pytestmark = pytest.mark.usefixtures("base")


def _lab(services: Mapping[str, str]) -> Any:  # noqa: ANN401 - a stand-in
    """Return a lab with these VIPs, by namespace and name of the Service."""
    items = []
    for place, vip in services.items():
        namespace, _, name = place.partition("/")
        status = {"loadBalancer": {"ingress": [{"ip": vip}]} if vip else {}}
        meta = {"namespace": namespace, "name": name}
        items.append({"metadata": meta, "status": status})
    cluster = SimpleNamespace(items=lambda _: items)
    return SimpleNamespace(plan=PLAN, cluster=cluster)


def _write(**rows: object) -> None:
    file = state_dir(PLAN.student) / "answers.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(rows), encoding="utf-8")


def test_holders() -> None:
    """Addresses of other pools do not count, nor do pending Services."""
    lab = _lab({"a/x": "192.0.2.1", "a/y": "198.51.100.1", "b/z": ""})

    assert vips_in(lab, POOL) == {("a", "x"): "192.0.2.1"}


def test_many_lost() -> None:
    """Three of them are named."""
    names = {f"s{number}": False for number in range(5)}

    with pytest.raises(CheckFailed, match="not s0, s1, s2 and 2 more without"):
        expect_held(_lab({}), POOL, "a", names)


@pytest.mark.parametrize("left", ["6", "6 addresses", "6 of 8", "still 6"])
@pytest.mark.parametrize(
    "holders",
    [
        *("a 2, b 1", "a: 2; b: 1", "a=2 b=1", "b - 1, a - 2"),
        *("2 in a, 1 in b", "2 a; 1 b", {"a": "2", "b": "1"}),
        *([{"a": "2"}, {"b": "1"}], ["a 2", "b 1"]),
        *("A: 2, B: 1", "a holds 2 and b has 1"),
        *("2 addresses in a, 1 address in b", "2 held by a, 1 held by b"),
        *("a (x 1, y 1) 2, b (z) 1", "a have 2, b have 1 VIP"),
    ],
)
def test_forms_of_the_answer(holders: object, left: str) -> None:
    """What is between a namespace and its number does not matter.

    Two Services may share an address.
    """
    _write(left=left, holders=holders)
    services = {"a/x": "192.0.2.1", "a/y": "192.0.2.1", "b/z": "192.0.2.2"}

    expect_inventory(_lab(services), POOL)


@pytest.mark.parametrize("left", ["", "some", "16", "60", "none of 6"])
def test_wrong_numbers(left: str) -> None:
    """The first number counts, and all of it."""
    _write(left=left, holders="a 1, b 1")
    services = {"a/x": "192.0.2.1", "b/z": "192.0.2.2"}

    with pytest.raises(CheckFailed, match="that are left, by"):
        expect_inventory(_lab(services | {"b/y": "192.0.2.3"}), POOL)


@pytest.mark.parametrize(
    "holders",
    [
        "",
        "two",
        "a two",
        "a 1, b 1, c 1",
        "1 in a, 1 in b, 1 in c",
        "1 a",
        "(a 2, b 1)",
    ],
)
def test_wrong_answers(holders: str) -> None:
    """A namespace that holds none is as wrong as one that is missing."""
    _write(left="6", holders=holders)
    services = {"a/x": "192.0.2.1", "b/z": "192.0.2.2"}

    with pytest.raises(CheckFailed, match="wrong or missing for"):
        expect_inventory(_lab(services), POOL)
