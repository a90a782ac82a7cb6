"""All kinds of mishaps, by subject."""

from tests.chaos.mishaps import (
    api,
    deeds,
    engine,
    environment,
    foreign,
    interrupts,
    kubeconfig,
    machines,
    state,
)

__all__ = [
    "api",
    "deeds",
    "engine",
    "environment",
    "foreign",
    "interrupts",
    "kubeconfig",
    "machines",
    "state",
]
