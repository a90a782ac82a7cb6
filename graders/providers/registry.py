"""The provider that the environment chooses, and shortcuts to its machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.providers.machine import Machine
from graders.settings import HOSTS, KIND, provider_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.plan.plan import Plan
    from graders.providers.base import Provider


def provider() -> Provider:
    """Return the provider that `CLUSTER` names.

    Raises:
        UsageError: it names none.

    """
    return _PROVIDERS[provider_name()]()


def machine_of(plan: Plan, role: str) -> Machine:
    """Return a machine or node of the lab by its role.

    Raises:
        UsageError: the provider's own settings are wrong.

    """
    return Machine(role, provider().transport(plan, role))


def exec_prefixes(plan: Plan) -> dict[str, list[str]]:
    """Return, by role, the words before a command that make it run there."""
    at = provider()
    return {
        role: list(at.transport(plan, role).prefix)
        for role in (*plan.nodes, *plan.machines)
    }


def _kind() -> Provider:
    from graders.providers.kind import KindProvider  # noqa: PLC0415 - chosen

    return KindProvider()


def _hosts() -> Provider:
    from graders.providers.hosts import HostsProvider  # noqa: PLC0415 - chosen

    return HostsProvider()


_PROVIDERS: Final[dict[str, Callable[[], Provider]]] = {
    KIND: _kind,
    HOSTS: _hosts,
}
