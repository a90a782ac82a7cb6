"""Start a lab, reset it and verify that, and bring up what labs need.

Playbooks do the work. After a reset, the lab is compared with its recorded
start state; what cannot be reset is recreated.
"""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from operator import not_
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from graders.course.templates import names
from graders.errors import CannotCheck
from graders.kube.client import cluster_client
from graders.kube.kubeconfig import is_usable, set_aside_damaged
from graders.kube.restore import restore_objects
from graders.kube.start_state import is_every_labs
from graders.lifecycle.early_install import install_metallb_early
from graders.lifecycle.image_tag import gateway_images
from graders.lifecycle.playbook import run_playbook
from graders.plan.networks import mac
from graders.polling import until
from graders.providers.registry import exec_prefixes, provider
from graders.settings import cache_dir, confined, installed_dir, state_dir
from graders.state import lab_state
from graders.state.baseline import (
    CLUSTER,
    Baseline,
    Difference,
    damaged_machines,
    diff,
    only_recorded,
    record_cluster,
    snapshot_cluster,
    snapshot_machines,
    workloads_are_ready,
)
from graders.state.cluster_identity import cluster_uid, is_other_cluster
from graders.state.current import current_lab
from graders.state.lab_state import State
from graders.state.readiness import is_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.providers.base import MachineStatus
    from graders.state.baseline import Objects


T = TypeVar("T")

# What a reset has left to do.
Problem: TypeAlias = Difference | CannotCheck

# The commands that change a lab.
START: Final = "lab start"
RESET: Final = "lab reset"
# A new cluster has three minutes to be ready.
_READY_TRIES: Final = 45
_NO_START: Final = "no start state was recorded"


@dataclass(frozen=True)
class LabRun:
    """A lab with one of its faults, and the run that its grades count for."""

    plan: Plan
    lab: Lab
    variant: str
    run: str
    before: State | None = None

    def as_vars(self) -> dict[str, Any]:
        """Return what the playbooks of a lab need to know of it."""
        fault, known = self.lab.variants[self.variant], extra_vars(self.plan)
        about = {
            "id": self.lab.id,
            "namespace": self.lab.namespace,
            "metallb": self.lab.metallb,
            "gateway": self.lab.gateway,
            "storage": "storage" in self.lab.topology,
            "early_deployments": fault.early_deployments,
            "plan_overrides": {
                name: known[it] for name, it in fault.plan_overrides.items()
            },
        }
        return known | {
            "lab": about,
            "lab_dir": str(self.lab.folder),
            "variant": self.variant,
        }

    def as_state(self, cluster: str) -> State:
        """Return what is recorded once it has started on a cluster.

        What is counted goes on after a reset.
        """
        new = State(self.lab.id, self.variant, self.run, attempts=0)
        return replace(self.before or new, cluster=cluster, changing="")


def extra_vars(plan: Plan) -> dict[str, Any]:
    """Return the variables of every playbook: plan, access and folders.

    `exec_prefix` has, by role, the command prefix that runs something there;
    `host_exec_prefix` and `host_addresses` are by host of the inventory;
    `lan_macs` has the MACs that the kit gives machines on the LAN;
    `own_programs` says that machines share none with a host;
    `class_nonce` is that of the class ticket, or empty; `confined` says that
    a stranger's commands will be typed in the lab;
    `provider` is `kind` or `hosts`; `run_id` is different for each playbook.
    """
    return (
        names(plan)
        | provider().extra_vars(plan)
        | {
            "exec_prefix": exec_prefixes(plan),
            "lan_macs": {
                role: mac(one.lan)
                for role, one in plan.machines.items()
                if one.lan
            },
            "run_id": secrets.token_hex(4),
            "owner": os.getuid(),
            "confined": confined(),
            "class_nonce": plan.nonce,
            "cache_dir": str(cache_dir()),
            "state_dir": str(state_dir(plan.student)),
            "installed_dir": str(installed_dir()),
        }
    )


def up(
    plan: Plan,
    *,
    metallb: bool = True,
    tries: int = _READY_TRIES,
    recreate: Sequence[str] = (),
) -> int:
    """Bring up cluster and machines; return how many tasks changed something.

    Nodes have some `tries` of 4 s to become ready. `recreate` are roles of
    machines that lose what they have.

    Raises:
        PlanMoved: another lab has taken its networks.
        KitError: a step failed; the message names it and its log.

    """
    kubeconfig = state_dir(plan.student) / "kubeconfig"
    set_aside_damaged(kubeconfig)
    variables = {
        "metallb_wanted": metallb,
        "lab_namespace": _running_namespace(plan),
        "kubeconfig_usable": is_usable(kubeconfig, plan.context),
        "ready_tries": tries,
        "recreate_machines": [plan.machine_name(role) for role in recreate],
    }
    return run_playbook(
        "up",
        extra_vars(plan) | variables,
        student=plan.student,
        locked=lambda: _expect_still_free(plan),
    ).changed


class PlanMoved(CannotCheck):
    """While a command waited, another lab took the networks of its plan."""


def _expect_still_free(plan: Plan) -> None:
    """Look again where the lab can be: others may have been faster."""
    try:
        location = provider().locate(plan.student, nonce=plan.nonce)
    except CannotCheck:
        return  # the playbook starts the engine
    if location.plan != plan:
        raise PlanMoved(
            f"{plan.lan} is taken by now"
            f" ({location.moved_because or 'by another lab'})",
            remedy="run it again",
        )


def _running_namespace(plan: Plan) -> str:
    """Return the running lab's namespace, "" if none is known to run."""
    try:
        return current_lab(plan)[0].namespace
    except CannotCheck:
        return ""


def start(
    plan: Plan,
    lab: Lab,
    variant: str,
    machines: Mapping[str, MachineStatus] | None = None,
) -> None:
    """Start `lab`, broken by `variant`, and record its start state.

    `machines` is the status that the provider has just given, if it has.

    Raises:
        KitError: as `up`.

    """
    _start(LabRun(plan, lab, variant, run=secrets.token_hex(4)), machines)


def _start(
    run: LabRun, machines: Mapping[str, MachineStatus] | None = None
) -> None:
    """Start a lab: these steps, and those of the role `lab`.

    Once the lab is marked as changing, an interrupted start blocks grading,
    and a reset does not use the start state of the lab before.
    """
    if not is_up(run.plan, machines):
        _repair(run.plan, metallb=run.lab.metallb)
    if run.lab.gateway and not gateway_images().is_file():
        variables = extra_vars(run.plan) | {"all_images": True}
        run_playbook("images", variables, student=run.plan.student)
    recorded = _start_before(run.plan)
    lab_state.mark_changing(run.plan, START)
    try:
        baseline, objects = _start_in_place(run)
    except CannotCheck:
        if not (damaged := damaged_machines(run.plan, recorded)):
            raise
        _replace(run, damaged)
        # After all was replaced, there is no lab before.
        recorded = _start_before(run.plan)
        lab_state.mark_changing(run.plan, START)
        baseline, objects = _start_in_place(run)
    if leftovers := _leftovers(recorded, baseline):
        with closing(cluster_client(run.plan)) as cluster:
            found = lab_state.read_objects(run.plan)
            restore_objects(cluster, leftovers, found)
        # What they did to the lab is undone as anything else.
        baseline, objects = _start_in_place(run)
    state = run.as_state(cluster_uid(run.plan))
    lab_state.record(run.plan, state, baseline, objects)


def _start_before(plan: Plan) -> Baseline:
    """Return the recorded start of the lab before, on the same cluster."""
    try:
        state = lab_state.read(plan)
        if state is None or is_other_cluster(plan, state):
            return {}
    except CannotCheck:
        return {}
    return lab_state.read_baseline(plan) or {}


def _start_in_place(run: LabRun) -> tuple[Baseline, Objects]:
    """Run the playbook of a start; return the lab's state after it."""
    snapshot = partial(_settled_snapshot, run.plan)
    return _run_lab_playbook("lab", run.as_vars(), run, snapshot)


def _replace(run: LabRun, damaged: set[str]) -> None:
    """Recreate machines, or all if nodes are among them."""
    if damaged <= set(run.plan.machines):
        up(run.plan, metallb=run.lab.metallb, recreate=sorted(damaged))
    else:
        run_playbook("down", extra_vars(run.plan), student=run.plan.student)
        _repair(run.plan, metallb=run.lab.metallb)


def _leftovers(recorded: Baseline, now: Baseline) -> list[str]:
    """Return the places of objects that a lab before has left changed.

    These are the cluster's own, which are the same in every lab, and which
    no step of a start restores. Without this they would be recorded.
    """
    if CLUSTER not in recorded:
        return []
    places = [one.what for one in diff(recorded, now) if not one.machine]
    return [place for place in places if is_every_labs(place)]


def _repair(plan: Plan, *, metallb: bool, tries: int = _READY_TRIES) -> None:
    """Bring up what does not run, and wait for nodes that are starting.

    A machine without its network is recreated: the lab is about to be reset.
    """
    up(plan, metallb=metallb, tries=tries, recreate=_displaced_machines(plan))
    until("node-back", lambda: is_up(plan), bool)


def reset(
    plan: Plan,
    lab: Lab,
    tell: Callable[[str], None],
    machines: Mapping[str, MachineStatus] | None = None,
) -> list[Difference]:
    """Reset the lab to its start state; return what is still different.

    `tell` gets a line for each step beyond a reset in place. `machines` is
    as in `start`.

    Raises:
        CannotCheck: no lab is running.
        KitError: as `up`.

    """
    state = lab_state.read(plan)
    if state is None:
        raise CannotCheck("no lab is running", remedy="run `make lab-1`")
    run = LabRun(plan, lab, state.variant, state.run, state)
    # Any other interrupted command may not have got as far as a start state.
    started = state.changing in {"", RESET}
    recorded = lab_state.read_baseline(plan) if started else None
    up_or_repaired = (
        not recorded or is_up(plan, machines) or _try_to_repair(run, tell)
    )
    if not recorded or is_other_cluster(plan, state):
        reason = "the cluster is another one" if recorded else _NO_START
        tell(f"{reason}; starting the lab again")
        _start(run)
        return []
    lab_state.mark_changing(plan, RESET)
    left = _reset_or_rebuild(run, recorded, tell, again=up_or_repaired)
    if left:
        # A rebuilt lab is marked as complete, but must not be graded.
        lab_state.mark_changing(plan, RESET)
    else:
        lab_state.mark_complete(plan)
    return left


def _displaced_machines(plan: Plan) -> list[str]:
    """Return the machines that run, but not at their addresses."""
    try:
        found = provider().machines(plan)
    except CannotCheck:
        return []  # the playbook starts the engine
    return [role for role in plan.machines if found[role].displaced]


def _try_to_repair(run: LabRun, tell: Callable[[str], None]) -> bool:
    """Repair as `start` does; what that cannot mend, the reset rebuilds.

    Return whether it could.
    """
    try:
        # What keeps nodes from being ready may be what is reset.
        _repair(run.plan, metallb=run.lab.metallb, tries=_READY_TRIES // 3)
    except CannotCheck as error:
        tell(str(error))
        return False
    return True


def _reset_or_rebuild(
    run: LabRun,
    recorded: Baseline,
    tell: Callable[[str], None],
    *,
    again: bool,
) -> list[Difference]:
    """Reset in place, then recreate machines, then rebuild everything.

    With `again`, what has broken since the reset began is repaired.
    """
    problems = _restore_cluster(
        run.plan, recorded, _reset_in_place(run, recorded)
    )
    if again and problems and not is_up(run.plan):
        _try_to_repair(run, tell)
        problems = _reset_in_place(run, recorded)
    if machines := _machines_to_recreate(run.plan, problems):
        tell(f"recreating {', '.join(machines)}")
        problems = _reset_in_place(run, recorded, machines)
    if not problems:
        return []
    for problem in problems:
        tell(str(problem))
    tell("rebuilding cluster and machines")
    run_playbook("down", extra_vars(run.plan), student=run.plan.student)
    _start(run)
    return _remaining_differences(run.plan, recorded)


def _reset_in_place(
    run: LabRun, recorded: Baseline, recreate: Sequence[str] = ()
) -> Sequence[Problem]:
    """Run the playbook; return what differs after it, or why it failed."""
    variables = run.as_vars()
    if recreate:
        variables["recreate_machines"] = [
            run.plan.machine_name(role) for role in recreate
        ]
    differences = partial(_remaining_differences, run.plan, recorded)
    try:
        return _run_lab_playbook("reset", variables, run, differences)
    except CannotCheck as error:
        return [error]


def _restore_cluster(
    plan: Plan, recorded: Baseline, problems: Sequence[Problem]
) -> Sequence[Problem]:
    """Restore objects that differ, one by one; return what differs then."""
    places = [
        problem.what
        for problem in problems
        if isinstance(problem, Difference) and problem.machine == CLUSTER
    ]
    if not places:
        return problems
    try:
        with closing(cluster_client(plan)) as cluster:
            restore_objects(cluster, places, lab_state.read_objects(plan))
        return _remaining_differences(plan, recorded)
    except CannotCheck as error:
        return [error]


def _machines_to_recreate(
    plan: Plan, problems: Sequence[Problem]
) -> list[str]:
    """Return the machines with problems; [] if there are others as well."""
    roles = {problem.machine for problem in problems}
    return sorted(roles) if roles <= set(plan.machines) else []


def _run_lab_playbook(
    name: str, variables: dict[str, Any], run: LabRun, look: Callable[[], T]
) -> T:
    """Run a playbook of one lab; return what `look` returns after it.

    `look` starts after the last task, while Ansible ends. MetalLB is installed
    or uninstalled while Ansible starts.
    """
    result: list[Future[T]] = []
    with (
        install_metallb_early(
            run.plan, variables["run_id"], wanted=run.lab.metallb
        ),
        ThreadPoolExecutor(1) as pool,
    ):
        run_playbook(
            name,
            variables,
            student=run.plan.student,
            ended=lambda: result.append(pool.submit(look)),
        )
    return result[0].result() if result else look()


def _settled_snapshot(plan: Plan) -> tuple[Baseline, Objects]:
    """Return the lab's state once two snapshots of the cluster agree.

    Machines are read between the two, which takes longest. Two also agree
    while a pod that a fault has deleted starts again.
    """
    with closing(cluster_client(plan)) as cluster:
        snapshots = [record_cluster(cluster)]
        machines = snapshot_machines(plan)

        def unchanged() -> bool:
            snapshots.append(record_cluster(cluster))
            agree = snapshots[-1][0] == snapshots[-2][0]
            return agree and workloads_are_ready(cluster)

        until("restored", unchanged, bool)
    baseline, objects = snapshots[-1]
    return machines | baseline, objects


def _remaining_differences(plan: Plan, recorded: Baseline) -> list[Difference]:
    """Return what differs from the recorded start, after time to settle."""
    cluster_part = {CLUSTER: recorded.get(CLUSTER, {})}
    machines_part = {
        machine: settings
        for machine, settings in recorded.items()
        if machine != CLUSTER
    }
    with (
        closing(cluster_client(plan)) as cluster,
        ThreadPoolExecutor() as pool,
    ):
        looks: list[Callable[[], list[Difference]]] = [
            lambda: diff(cluster_part, snapshot_cluster(cluster)),
            lambda: diff(
                machines_part,
                only_recorded(snapshot_machines(plan), machines_part),
            ),
        ]
        settled = pool.map(lambda look: until("restored", look, not_), looks)
        return [difference for found in settled for difference in found]
