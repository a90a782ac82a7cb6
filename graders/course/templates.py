"""The names in a lab's texts: the plan's numbers, the provider's words.

Briefs, hints and walkthroughs are templates, written once for all providers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.course.vocabulary import vocabulary
from graders.settings import provider_name

if TYPE_CHECKING:
    from graders.plan.plan import Plan


def names(plan: Plan, provider: str | None = None) -> dict[str, Any]:
    """Return what a template may name.

    `provider` is KIND or HOSTS; by default it is the environment's.

    Raises:
        UsageError: the environment's CLUSTER is neither.

    """
    values = plan.as_vars()
    return values | vocabulary(provider or provider_name(), values)
