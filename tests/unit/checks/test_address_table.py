"""A student's table of the site's address plan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks.address_table import wrong_rows
from graders.plan.plan import make_plan

PLAN = make_plan()
RIGHT = {
    "ingress-vips": PLAN.ingress_pool,
    "app-services": PLAN.pool,
    "dhcp": f"{PLAN.dhcp_first}-{PLAN.dhcp_last}",
    "nodes": str(PLAN.node_range),
    "free": f"{PLAN.free_first}-{PLAN.free_last}, "
    f"{PLAN.rest_first}-{PLAN.rest_last}",
}


def test_the_plan_is_right() -> None:
    """What is written as the plan has it has no wrong row."""
    assert wrong_rows(RIGHT, PLAN) == []


def test_an_empty_table_is_wrong_in_every_row() -> None:
    """As shipped nothing is right."""
    assert wrong_rows({}, PLAN) == list(RIGHT)
    assert wrong_rows(dict.fromkeys(RIGHT, ""), PLAN) == list(RIGHT)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("ingress-vips", f"{PLAN.ingress_first}/31"),
        ("nodes", f"['{PLAN.node_range[0]}-{PLAN.node_range[-1]}']"),
        (
            "dhcp",
            f"{PLAN.dhcp_first}-{PLAN.ingress_first - 1},"
            f"{PLAN.ingress_last + 1} - {PLAN.dhcp_last}".replace(" ", ""),
        ),
        ("dhcp", f"{PLAN.dhcp_first} \u2013 {PLAN.dhcp_last}"),
        ("app-services", f"{PLAN.pool_first}\u2013{PLAN.pool_last}"),
        (
            "free",
            (
                f"{PLAN.free_first} - {PLAN.free_last}, "
                f"{PLAN.rest_first} -{PLAN.rest_last}"
            ),
        ),
        (
            "free",
            (
                f"{PLAN.service_range[0]}-{PLAN.free_last}; "
                f"{PLAN.rest_first}-{PLAN.service_range[-1]}"
            ),
        ),
    ],
)
def test_a_row_may_be_written_otherwise(row: str, text: str) -> None:
    """It is the addresses that count."""
    assert wrong_rows({**RIGHT, row: text}, PLAN) == []


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("ingress-vips", str(PLAN.ingress_first)),
        ("app-services", PLAN.small_pool),
        ("dhcp", f"{PLAN.dhcp_first}-{PLAN.pool_last}"),
        ("dhcp", f"{PLAN.dhcp_first}-{PLAN.dhcp_last + 1}"),
        ("nodes", str(PLAN.lan)),
        ("nodes", "10.0.0.0/8"),
        ("dhcp", f"{PLAN.dhcp_first} - "),
        ("dhcp", f"{PLAN.dhcp_first} {PLAN.dhcp_last}"),
        ("free", str(PLAN.service_range)),
        ("free", f"{PLAN.free_first}-{PLAN.free_last}"),
    ],
)
def test_a_wrong_row_is_named(row: str, text: str) -> None:
    """It is that one, and the others stay right."""
    assert wrong_rows({**RIGHT, row: text}, PLAN) == [row]


@given(st.sampled_from(list(RIGHT)), st.text())
def test_whatever_is_written_is_judged(row: str, text: str) -> None:
    """No text ends in anything but a verdict about its own row."""
    assert set(wrong_rows({**RIGHT, row: text}, PLAN)) <= {row}
