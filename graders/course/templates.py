"""What a lab's texts may name: the plan's numbers, and where it stands.

Briefs, hints and walkthroughs are templates. Most of them are the same
everywhere; what a container engine answers on this computer is asked
otherwise on hosts: `{% if where == 'hosts' %}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.settings import provider_name

if TYPE_CHECKING:
    from graders.plan.plan import Plan


def names(plan: Plan, place: str | None = None) -> dict[str, Any]:
    """Return them; `place` is KIND or HOSTS, by default as `where` says.

    Raises:
        UsageError: the environment's CLUSTER is neither.

    """
    return plan.as_vars() | {"where": place or provider_name()}
