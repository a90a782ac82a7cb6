"""Checks of several machines, Services or clients at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graders.checks.session import Session

T = TypeVar("T")
R = TypeVar("R")


def run_parallel(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call `function` with all `items` at the same time; return the results.

    If calls fail, the first of them in the order of `items` is raised.

    Example:
        run_parallel(partial(expect_one_responder, lab), vips)

    """
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, items))


def outputs_by_machine(
    lab: Session, roles: Iterable[str], *command: str
) -> dict[str, str]:
    """Return what a command prints on each machine, without empty outputs.

    Example:
        outputs_by_machine(lab, ["router"], "ip", "route", "show", vip)

    Raises:
        CannotCheck: a machine does not answer.

    """
    machines = [*roles]
    texts = run_parallel(
        lambda role: lab.machine(role).run(*command).out.strip(), machines
    )
    return {
        role: text for role, text in zip(machines, texts, strict=True) if text
    }
