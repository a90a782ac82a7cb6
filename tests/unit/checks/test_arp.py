"""How long speakers are waited for that do not know of each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from graders.checks import arp
from graders.plan.plan import make_plan
from tests.says import says

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = make_plan()
VIP = str(PLAN.l2_vip)
ONE, TWO, OTHER = (f"02:00:00:00:00:0{last}" for last in "123")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each wait by its name; its probe is asked once."""
    asked: list[str] = []

    def until(
        wait: str, probe: Callable[[], int], _: Callable[[int], object]
    ) -> int:
        asked.append(wait)
        return probe()

    monkeypatch.setattr(arp, "until", until)
    return asked


def _found(values: list[int], *, apart: bool) -> int:
    left = iter(values)
    return arp.until_converged(
        "arp", lambda: next(left), (1).__eq__, lambda: apart
    )


def test_what_is_right_is_not_waited_for(waits: list[str]) -> None:
    """Whatever the speakers do."""
    assert _found([1], apart=True) == 1
    assert waits == ["arp"]


def test_speakers_that_have_not_met(waits: list[str]) -> None:
    """In a minute it is right, or it is not."""
    found = [_found([2, last], apart=True) for last in (1, 2)]

    assert found == [1, 2]
    assert waits == ["arp", "parted"] * 2


def test_what_is_wrong_for_good(waits: list[str]) -> None:
    """It would be so in a minute, too."""
    assert _found([2], apart=False) != 1
    assert waits == ["arp"]


def _lab(macs: tuple[str, ...], carried: str = "") -> Any:  # noqa: ANN401 - a stand-in
    """Return a lab where these answer, and a node has an address."""
    answer = SimpleNamespace(macs=macs)
    return SimpleNamespace(
        plan=PLAN,
        node_macs={ONE: "worker", TWO: "worker2"},
        lan_client=SimpleNamespace(arping=lambda _: answer),
        machine=lambda role: says(carried if role == "worker" else ""),
    )


def test_speakers_are_apart() -> None:
    """Two nodes answer, and neither has the address: their speakers do."""
    assert arp.speakers_diverged(_lab((ONE, TWO)), VIP)


@pytest.mark.parametrize(
    ("macs", "carried"),
    [
        ((), ""),
        ((ONE,), ""),
        ((ONE, OTHER), ""),
        ((ONE, TWO), f"1: lo inet {VIP}/32 scope global lo"),
    ],
)
def test_others_who_answer(macs: tuple[str, ...], carried: str) -> None:
    """One node, somebody who is none, or a node that has the address."""
    assert not arp.speakers_diverged(_lab(macs, carried), VIP)
