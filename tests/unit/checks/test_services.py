"""VIPs, endpoints and answers of Services."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.check import CheckFailed
from graders.checks.objects import new_name
from graders.checks.services import (
    allocation_decided,
    expect_http,
    expect_vip,
    expect_vip_in,
)
from graders.polling import WAITS, Wait
from graders.probes.client import Client
from tests.fakes import says


def _lab(vip: str = "", events: str = "no events") -> Any:  # noqa: ANN401 - a stand-in
    cluster = SimpleNamespace(
        vip=lambda *_: vip,
        events=lambda *_: events,
        describe_missing_vip=lambda *_: "<pending>",
    )
    return SimpleNamespace(cluster=cluster)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe once."""
    for name in ("allocation", "new-service", "http"):
        monkeypatch.setitem(WAITS, name, Wait(0, "a test"))


TEMPORARY = new_name()


@pytest.mark.parametrize("name", ["web", TEMPORARY], ids=["web", "own"])
def test_a_vip_is_returned(name: str) -> None:
    """A lab's Service and a temporary one are treated alike."""
    assert expect_vip(_lab("192.0.2.1"), name, "lab-1") == "192.0.2.1"


def test_a_missing_vip() -> None:
    """A student can look up the lab's Service, not the temporary one."""
    with pytest.raises(CheckFailed, match="not <pending>") as caught:
        expect_vip(_lab(), "web", "lab-1")
    assert caught.value.seen_by == "kubectl describe svc web -n lab-1"

    with pytest.raises(CheckFailed, match="a VIP within 8 s, not <pen") as own:
        expect_vip(_lab(), TEMPORARY, "lab-1")
    assert own.value.seen_by == "kubectl get events -n lab-1"


def test_another_vip() -> None:
    """A Service must have the address that is expected."""
    lab = _lab("192.0.2.1")

    assert expect_vip(lab, "web", "lab-1", "192.0.2.1") == "192.0.2.1"
    with pytest.raises(CheckFailed, match=r"192\.0\.2\.2, not 192\.0\.2\.1"):
        expect_vip(lab, "web", "lab-1", "192.0.2.2")


def test_a_vip_outside_its_range() -> None:
    """The VIP is compared with the range, not with the pool's name."""
    expect_vip_in(_lab("192.0.2.1"), "web", "lab-1", "192.0.2.0/30")

    with pytest.raises(CheckFailed, match=r"to be in 192\.0\.2\.0/30, not"):
        expect_vip_in(_lab("192.0.2.9"), "web", "lab-1", "192.0.2.0/30")


def test_decisions_of_the_controller() -> None:
    """It has allocated or refused; without either it is undecided."""
    assert allocation_decided(_lab("192.0.2.1"), "web", "lab-1")
    assert allocation_decided(
        _lab(events="AllocationFailed: x"), "web", "lab-1"
    )
    assert not allocation_decided(_lab(), "web", "lab-1")


def test_the_text_of_an_answer() -> None:
    """An answer of another application is refused."""
    expect_http(Client(says("hello from web\n200")), "192.0.2.1", "from web")

    with pytest.raises(CheckFailed, match="'from web', not hello from shop"):
        expect_http(
            Client(says("hello from shop\n200")), "192.0.2.1", "from web"
        )
