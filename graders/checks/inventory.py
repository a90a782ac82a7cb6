"""Checks of which Services hold a pool's addresses, and how many are free."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from graders.checks.answers import answers_file, read_answers
from graders.checks.check import expect
from graders.checks.objects import is_temporary
from graders.plan.ip_ranges import covered, holds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.checks.session import Session

_SERVICES: Final = "/api/v1/services"
_SEE_SERVICES: Final = "kubectl get svc -A"
_SEE_ANSWERS: Final = 'cat "$LAB_ANSWERS"'
# A namespace and a number, whatever is between them; or the number first.
_HELD: Final = re.compile(r"([a-z][a-z0-9-]{0,62})[^a-z0-9]{1,5}([0-9]{1,6})")
_HELD_BY: Final = re.compile(
    r"\b([0-9]{1,6})[^a-z0-9]{1,5}(?:(?:in|by|of|for) )?([a-z][a-z0-9-]{0,62})"
)
# What may be written around them: remarks, and words that name nothing.
_AROUND: Final = re.compile(
    r"\([^()]{0,200}\)"
    r"|(?<![a-z0-9-])(?:address(?:es)?|v?ips?|has|have|holds?|held|namespace)"
    r"(?![a-z0-9-]) ?"
)
_NUMBER: Final = re.compile(r"[^0-9]{0,20}([0-9]{1,6})\b")
_SHOWN: Final = 3


def vips_in(lab: Session, pool: str) -> dict[tuple[str, str], str]:
    """Return the VIPs of a range by their Services' namespaces and names.

    Example:
        holders = vips_in(lab, lab.plan.pool)

    Raises:
        CannotCheck: the API server does not answer.

    """
    found = {}
    for item in lab.cluster.items(_SERVICES):
        meta = item["metadata"]
        vip = _vip(item)
        if holds([pool], vip) and not is_temporary(meta["name"]):
            found[(meta["namespace"], meta["name"])] = vip
    return found


def expect_held(
    lab: Session, pool: str, namespace: str, is_over: Mapping[str, bool]
) -> None:
    """Fail unless Services hold VIPs of a range until their time is over.

    Example:
        expect_held(lab, lab.plan.pool, "tenants", {"preview-1": False})

    Raises:
        CheckFailed: a Service lacks its VIP, or another one still has one.
        CannotCheck: the API server does not answer.

    """
    names = {name for space, name in vips_in(lab, pool) if space == namespace}
    lost = [
        name for name in is_over if not is_over[name] and name not in names
    ]
    expect(
        f"the Services of {namespace} that may stay to hold VIPs of {pool},",
        expected="all of them",
        actual=f"{_some(lost)} without",
        ok=not lost,
        seen_by=f"kubectl get svc -n {namespace} --show-labels",
    )
    overdue = [name for name in is_over if is_over[name] and name in names]
    expect(
        f"the Services of {namespace} whose time is over to hold",
        expected="no VIP",
        actual=f"that of {_some(overdue)}",
        ok=not overdue,
        seen_by=f"kubectl get svc -n {namespace} --show-labels",
    )


def expect_inventory(lab: Session, pool: str) -> None:
    """Fail unless the answers say who holds a range, and how much is left.

    Example:
        expect_inventory(lab, lab.plan.pool)

    Raises:
        CheckFailed: an answer is wrong or missing.
        CannotCheck: the API server does not answer.

    """
    vips = vips_in(lab, pool)
    held = Counter(namespace for namespace, _ in vips)
    left = sum(net.num_addresses for net in covered(pool)) - len(
        {*vips.values()}
    )
    answers = read_answers(answers_file(lab))
    told = answers.get("left", "").strip()[:100]
    number = _NUMBER.match(told)
    is_right = number is not None and int(number[1]) == left
    expect(
        f"the addresses of {pool} that are left, by $LAB_ANSWERS, to be",
        expected="as many as no Service holds",
        actual=told or "not written down",
        ok=is_right,
        seen_by=f"{_SEE_SERVICES}; {_SEE_ANSWERS}",
    )
    holders = _holders(answers.get("holders", "")[:1000].lower())
    wrong = [
        name
        for name in sorted({*held, *holders})
        if held[name] != holders.get(name, 0)
    ]
    expect(
        f"the holders of addresses of {pool}, by $LAB_ANSWERS, to be",
        expected="right",
        actual=f"wrong or missing for {', '.join(wrong)}",
        ok=not wrong,
        seen_by=f"{_SEE_SERVICES}; {_SEE_ANSWERS}",
    )


def _holders(text: str) -> dict[str, int]:
    """Return how many addresses each namespace holds, as a person wrote it."""
    text = _AROUND.sub("", text)
    if text.strip()[:1].isdecimal():
        return {name: int(count) for count, name in _HELD_BY.findall(text)}
    return {name: int(count) for name, count in _HELD.findall(text)}


def _vip(service: dict[str, Any]) -> str:
    status = service.get("status", {}).get("loadBalancer", {})
    ingress = status.get("ingress") or [{}]
    return str(ingress[0].get("ip", ""))


def _some(names: list[str]) -> str:
    """Return some names, and how many more there are."""
    more = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
