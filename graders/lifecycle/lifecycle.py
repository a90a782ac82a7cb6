"""The verbs that change a lab: start, reset with verification, down.

Playbooks do the work; what they come to is compared with the recorded start
state here, and a lab that a reset cannot mend is built anew.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from graders.course.templates import names
from graders.errors import CannotCheck
from graders.kube.client import cluster_client
from graders.lifecycle.early_install import install_metallb_early
from graders.lifecycle.playbook import run_playbook
from graders.polling import until
from graders.providers.registry import exec_prefixes, provider
from graders.settings import cache_dir, state_dir
from graders.state import lab_state
from graders.state.baseline import (
    Baseline,
    diff,
    snapshot_cluster,
    snapshot_machines,
)
from graders.state.readiness import is_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.providers.base import MachineStatus
    from graders.state.lab_state import State


T = TypeVar("T")

# What changes a lab, as one types it.
START: Final = "lab start"
RESET: Final = "lab reset"


def extra_vars(plan: Plan) -> dict[str, Any]:
    """Return what every playbook gets: the plan, ways in, the kit's folders.

    `exec_prefix` has, by role, the command prefix that runs something there;
    `host_exec_prefix` and `host_addresses` are by host of the inventory;
    `provider` is `kind` or `hosts`; `run_id` is different for each playbook.
    """
    return (
        names(plan)
        | provider().extra_vars(plan)
        | {
            "exec_prefix": exec_prefixes(plan),
            "run_id": secrets.token_hex(4),
            "cache_dir": str(cache_dir()),
            "state_dir": str(state_dir(plan.student)),
        }
    )


def up(plan: Plan, *, metallb: bool = True) -> int:
    """Stand everything but a lab up; return how many tasks changed things.

    Raises:
        KitError: a step failed; the message names it and its log.

    """
    return run_playbook(
        "up",
        extra_vars(plan) | {"metallb_wanted": metallb},
        student=plan.student,
    ).changed


def start(  # noqa: PLR0913, PLR0917 - what to start, and what is known
    plan: Plan,
    lab: Lab,
    variant: str,
    kept: dict[str, Any] | None = None,
    machines: Mapping[str, MachineStatus] | None = None,
) -> None:
    """Start `lab`, broken by `variant`, and record its start state.

    `kept` is the run and its attempts, where the lab is built once more;
    `machines` is what the provider has just said of them.

    Raises:
        KitError: as `up`.

    """
    if not is_up(plan, machines):
        up(plan, metallb=lab.metallb)
    # Interrupted from here on, a reset must not take another lab's start
    # state for this one's, and no grade what is half made for the student's.
    lab_state.mark_changing(plan, START)
    kept = kept or {"run": secrets.token_hex(4)}
    settled = partial(_settled, plan)
    lab_state.write_baseline(
        plan, _play("lab", plan, lab, variant, kept, settled)
    )


def reset(plan: Plan, lab: Lab, tell: Callable[[str], None]) -> list[str]:
    """Bring the lab back to its start; return what is still different.

    First in place; what differs then is made anew: machines by themselves,
    and everything when that was not enough. `tell` hears of each.

    Raises:
        CannotCheck: no lab stands.
        KitError: as `up`.

    """
    now = lab_state.read(plan)
    if now is None:
        raise CannotCheck("no lab is standing", way_out="run `make lab-1`")
    wanted = None if now.changing == START else lab_state.read_baseline(plan)
    if not wanted:
        tell("no start state was recorded; starting the lab again")
        kept = {"run": now.run, "attempts": now.attempts}
        start(plan, lab, now.variant, kept)
        return []
    lab_state.mark_changing(plan, RESET)
    left = _mend(plan, lab, now, wanted, tell)
    if left:
        # Nobody is to be graded on it; building it anew has cleared the note.
        lab_state.mark_changing(plan, RESET)
    else:
        lab_state.mark_complete(plan)
    return left


def _mend(  # noqa: PLR0913, PLR0917 - all that a reset is about
    plan: Plan,
    lab: Lab,
    now: State,
    wanted: Baseline,
    tell: Callable[[str], None],
) -> list[str]:
    """Reset the lab by as little as will do; return what still differs."""
    kept: dict[str, Any] = {"run": now.run, "attempts": now.attempts}

    def mend() -> tuple[list[str], str]:  # and what is said before each
        try:
            differ = partial(_left, plan, wanted)
            left = _play("reset", plan, lab, now.variant, kept, differ)
        except CannotCheck as error:
            return [str(error)], ""
        return left, "could not restore "

    left, said = mend()
    machines = _machines(plan, left)
    if machines:
        tell(f"making anew: {', '.join(machines)}")
        kept["recreate_machines"] = [
            plan.machine_name(name) for name in machines
        ]
        left, said = mend()
    if left:
        for line in left:
            tell(f"{said}{line}")
        tell("building the lab anew")
        run_playbook("down", extra_vars(plan), student=plan.student)
        start(plan, lab, now.variant, kept)
        left = _left(plan, wanted)
    return left


def _play(  # noqa: PLR0913, PLR0917 - which playbook, and all that it is about
    name: str,
    plan: Plan,
    lab: Lab,
    variant: str,
    more: dict[str, Any],
    look: Callable[[], T],
) -> T:
    """Run a playbook that is about one lab; return what is seen after it.

    To `look` is begun when its last step is done, while Ansible ends.
    """
    fault, known = lab.variants[variant], extra_vars(plan)
    about = {
        "id": lab.id,
        "namespace": lab.namespace,
        "metallb": lab.metallb,
        "storage": "storage" in lab.topology,
        "early_deployments": fault.early_deployments,
        "plan_overrides": {
            name: known[it] for name, it in fault.plan_overrides.items()
        },
    }
    extra = {"lab": about, "lab_dir": str(lab.folder), "variant": variant}
    given = known | extra | more
    seen: list[Future[T]] = []
    with (
        install_metallb_early(plan, given["run_id"], wanted=lab.metallb),
        ThreadPoolExecutor(1) as pool,
    ):
        run_playbook(
            name,
            given,
            student=plan.student,
            ended=lambda: seen.append(pool.submit(look)),
        )
    return seen[0].result() if seen else look()


def _settled(plan: Plan) -> Baseline:
    """Return the lab's state once two looks at the cluster agree.

    The machines are looked at between the two, which takes longest.
    """
    with closing(cluster_client(plan)) as cluster:
        seen = [snapshot_cluster(cluster)]
        machines = snapshot_machines(plan)

        def look() -> bool:
            seen.append(snapshot_cluster(cluster))
            return seen[-1] == seen[-2]

        until("settled", look, bool)
    return machines | seen[-1]


def _left(plan: Plan, wanted: Baseline | None) -> list[str]:
    """Return what differs from the recorded start, given time to settle."""
    if not wanted:
        return ["the recorded start state: expected one, not none"]
    objects = {
        place: text
        for place, text in wanted.items()
        if not place.startswith(_places(plan))
    }
    machines = {
        place: text for place, text in wanted.items() if place not in objects
    }
    with (
        closing(cluster_client(plan)) as cluster,
        ThreadPoolExecutor() as pool,
    ):
        looks: list[Callable[[], list[str]]] = [
            lambda: diff(objects, snapshot_cluster(cluster)),
            lambda: diff(machines, snapshot_machines(plan)),
        ]
        left = pool.map(lambda look: until("settled", look, _none), looks)
        return [line for lines in left for line in lines]


def _none(lines: list[str]) -> bool:
    return not lines


def _places(plan: Plan) -> tuple[str, ...]:
    """Return how the places of nodes and machines begin."""
    return tuple(f"{role} " for role in (*plan.nodes, *plan.machines))


def _machines(plan: Plan, left: list[str]) -> list[str]:
    """Return the machines that alone differ; [] if anything else does."""
    roles = {line.split(maxsplit=1)[0] for line in left}
    return sorted(roles) if roles <= set(plan.machines) else []
