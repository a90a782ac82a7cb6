"""Whether speakers can reach each other, at their port."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.memberlist import can_meet, expect_gossip
from graders.errors import CheckFailed
from graders.plan.plan import make_plan
from graders.providers.machine import Output
from tests.fakes import machine

PLAN = make_plan()


def _lab(codes: dict[str, int], *env: dict[str, str]) -> Any:  # noqa: ANN401 - a stand-in
    """Return a lab whose workers' connections end with these codes."""

    def connect(role: str, argv: tuple[str, ...]) -> Output:
        return Output(" ".join(argv), codes.get(role, 0), "", "")

    spec = {"template": {"spec": {"containers": [{"env": [*env]}, {}]}}}
    return SimpleNamespace(
        plan=PLAN,
        cluster=SimpleNamespace(items=lambda _: [{"spec": spec}]),
        machine=lambda role: machine(lambda argv: connect(role, argv), role),
    )


def test_both_ways_are_open() -> None:
    """Each worker reaches the other's speaker."""
    assert can_meet(_lab({}))
    expect_gossip(_lab({}))


@pytest.mark.parametrize(
    ("role", "code", "words"),
    [
        ("worker", 124, "worker to the speaker on .*2 .* without an answer"),
        ("worker2", 1, "worker2 to the speaker on .*worker .* not refused"),
    ],
)
def test_one_way_is_closed(role: str, code: int, words: str) -> None:
    """A filter of one node is enough, and so is a speaker that is deaf."""
    assert not can_meet(_lab({role: code}))
    with pytest.raises(CheckFailed, match=words) as failed:
        expect_gossip(_lab({role: code}))

    assert failed.value.seen_by.endswith(f"/7946 on {role}")


@pytest.mark.parametrize(("value", "port"), [("7950", "7950"), ("$X", "7946")])
def test_the_port_is_that_of_the_chart(value: str, port: str) -> None:
    """The speakers' variable counts, if it is a number."""
    variable = {"name": "METALLB_ML_BIND_PORT", "value": value}
    other = {"name": "METALLB_HOST"}

    with pytest.raises(CheckFailed) as failed:
        expect_gossip(_lab({"worker": 124}, other, variable))

    assert f"/{port} on" in failed.value.seen_by
