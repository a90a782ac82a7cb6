"""Starting a lab, and resetting it until nothing differs."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.course.lab import load_lab
from graders.errors import CannotCheck, UsageError
from graders.lifecycle import lifecycle
from graders.lifecycle.image_tag import gateway_images
from graders.lifecycle.playbook import Outcome
from graders.plan.plan import make_plan
from graders.polling import WAITS, Wait
from graders.providers.base import Location, MachineStatus
from graders.providers.docker import EngineDown
from graders.providers.kind import KindProvider
from graders.state import cluster_identity, lab_state
from graders.state.baseline import CLUSTER, Baseline, Difference
from graders.state.lab_state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.state.baseline import Objects

PLAN = make_plan()
LAB = load_lab("1")
START: Baseline = {
    "router": {"routes": "a"},
    "client": {"routes": "b"},
    "worker": {"addresses": "c"},
    CLUSTER: {"services lab-1/web": "d"},
}
NEW: Baseline = {"router": {"routes": "new"}, CLUSTER: {}}


class Host:
    """What would be docker, the cluster and Ansible."""

    def __init__(self) -> None:
        """Stand, with a lab at its start and a baseline."""
        self.played: list[str] = []
        self.given: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.now: Baseline = dict(START)
        self.kept: Baseline | None = dict(START)
        self.changing = ""
        self.stands = True
        self.recorded: State | None = None
        self.uid = "c1"
        self.restored: list[str] = []
        self.restorable: bool | CannotCheck = False
        self.says_when_it_ends = True
        self.damaged: set[str] = set()
        self.locked: Callable[[], object] = lambda: None
        # By "<playbook>" or "<playbook> <n>": the n-th one of that name.
        self.after: dict[str, Baseline | BaseException] = {}

    def run(  # noqa: PLR0913 - as `run_playbook`
        self,
        name: str,
        given: dict[str, Any],
        *,
        student: str,
        locked: Callable[[], object] = lambda: None,
        ended: Callable[[], object] = lambda: None,
    ) -> Outcome:
        """Play a playbook."""
        self.locked = locked
        assert student == "demo"
        json.dumps(given)
        self.played.append(name)
        self.given.append(given)
        nth = f"{name} {self.played.count(name)}"
        come = self.after.get(nth, self.after.get(name))
        if isinstance(come, BaseException):
            raise come
        if come is not None:
            self.now = dict(come)
        if name == "down":
            self.kept = None
        if self.says_when_it_ends:
            ended()
        return Outcome(5, LAB.folder)

    def is_up(self, *_: object) -> bool:
        """Say whether all runs; `lab up` sees to that."""
        return self.stands or "up" in self.played

    def record(
        self, _: object, state: State, baseline: Baseline, objects: Objects
    ) -> None:
        """Record a lab and its start."""
        assert objects == {"services lab-1/web": {}}
        self.recorded = state
        self.kept = dict(baseline)
        self.changing = ""

    def begin(self, _: object, verb: str) -> None:
        """Note that the lab is changed."""
        self.changing = verb

    def current(self, _: object) -> State:
        """Say which lab stands, and whether it is whole."""
        return State(LAB.id, "no-pool", "ab12", 3, self.changing, "c1")

    def restore(self, _: object, places: list[str], recorded: Objects) -> None:
        """Restore objects."""
        assert recorded == {"services lab-1/web": {}}
        self.restored += places
        if isinstance(self.restorable, CannotCheck):
            raise self.restorable
        if self.restorable:
            self.now[CLUSTER] = dict(START[CLUSTER])

    def machines(self, _: object) -> Baseline:
        """Return the settings of machines."""
        return {role: it for role, it in self.now.items() if role != CLUSTER}

    def cluster(self, _: object) -> Baseline:
        """Return the objects of the cluster."""
        return {CLUSTER: self.now.get(CLUSTER, {})}

    def reset(self) -> list[Difference]:
        """Reset the lab."""
        return lifecycle.reset(PLAN, LAB, self.told.append)


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Put a host in place of the real one; waiting is short."""
    for wait in ("restored", "node-back"):
        monkeypatch.setitem(WAITS, wait, Wait(0, "a test"))
    host = Host()
    for module, name, value in (
        (lifecycle, "run_playbook", host.run),
        (lifecycle, "cluster_client", lambda _: io.StringIO()),
        (lifecycle, "snapshot_cluster", host.cluster),
        (
            lifecycle,
            "record_cluster",
            lambda _: (host.cluster(_), {"services lab-1/web": {}}),
        ),
        (lifecycle, "workloads_are_ready", lambda _: True),
        (lifecycle, "restore_objects", host.restore),
        (lab_state, "read_objects", lambda _: {"services lab-1/web": {}}),
        (lifecycle, "snapshot_machines", host.machines),
        (lifecycle, "damaged_machines", lambda *_: host.damaged),
        (lifecycle, "is_up", host.is_up),
        (lab_state, "read", host.current),
        (lab_state, "mark_changing", host.begin),
        (lab_state, "mark_complete", lambda _: host.begin(_, "")),
        (lab_state, "read_baseline", lambda _: host.kept),
        (lab_state, "record", host.record),
        (lifecycle, "cluster_uid", lambda _: host.uid),
        (cluster_identity, "cluster_uid", lambda _: host.uid),
    ):
        monkeypatch.setattr(module, name, value)
    return host


@pytest.mark.usefixtures("host")
def test_variables_are_the_plan_s_and_the_folders(tmp_path: Path) -> None:
    """Playbooks get plain data, and where to put things."""
    found = lifecycle.extra_vars(PLAN)

    assert found["pool"] == PLAN.pool
    assert found["state_dir"] == str(tmp_path / "state" / "demo")
    assert found["cache_dir"] == str(tmp_path / "cache")
    assert found["exec_prefix"]["dhcp"][-1] == "metallb-lab-dhcp"
    json.dumps(found)


@pytest.mark.usefixtures("host")
def test_where_a_lab_stands() -> None:
    """Playbooks are told that it is kind, or else how hosts are reached."""
    assert lifecycle.extra_vars(PLAN)["provider"] == "kind"
    assert lifecycle.extra_vars(PLAN)["host_addresses"] == {}


@pytest.mark.usefixtures("host", "hosts_file")
def test_where_a_lab_stands_on_hosts() -> None:
    """Each role has its host's address, and the way there."""
    found = lifecycle.extra_vars(PLAN)

    assert found["provider"] == "hosts"
    assert found["host_addresses"]["desk"] == "127.0.0.16"
    assert "127.0.0.16" in found["exec_prefix"]["desk"]
    json.dumps(found)


def test_up(host: Host) -> None:
    """It tells how many tasks changed something."""
    assert lifecycle.up(PLAN, metallb=False) == 5
    assert host.given[0]["metallb_wanted"] is False


def test_up_after_another_lab(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not begin on networks that were taken while it waited."""
    moved = make_plan("demo", slot=1)
    location = Location(moved, exists=False, moved_because="network x")
    lifecycle.up(PLAN)
    monkeypatch.setattr(KindProvider, "locate", lambda *_, **__: location)

    rule = f"{PLAN.lan} is taken by now .network x.; run it again"
    with pytest.raises(lifecycle.PlanMoved, match=rule):
        host.locked()


def test_up_on_its_networks(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks that are still free, or an engine to start, stop nothing."""
    lifecycle.up(PLAN)
    answers: list[Callable[..., Location]] = [
        lambda *_, **__: Location(PLAN, exists=False),
        _no_engine,
    ]
    for answer in answers:
        monkeypatch.setattr(KindProvider, "locate", answer)
        host.locked()


def _no_engine(*_: object, **__: object) -> Location:
    raise EngineDown("no answer")


def test_start_where_all_stands(host: Host) -> None:
    """Only the lab is made, and its state is recorded."""
    host.after["lab"] = NEW

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.played == ["lab"]
    assert host.kept == NEW
    given = host.given[0]
    assert given["variant"] == "no-pool"
    assert given["lab"]["id"] == LAB.id
    assert host.recorded
    assert len(host.recorded.run) == 8
    assert host.recorded.attempts == 0
    assert host.recorded.cluster == "c1"


def test_start_after_a_lab_that_left_something(host: Host) -> None:
    """The cluster's own objects are as they were; a lab's are other ones."""
    system = {"daemonsets.apps kube-system/mine": "x", "nodes worker": "x"}
    theirs = {"services lab-2/web": "x", "runtimeclasses.node.k8s.io a": "x"}
    host.after["lab 1"] = {CLUSTER: system | theirs}
    host.after["lab 2"] = NEW

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.played == ["lab", "lab"]
    assert "daemonsets.apps kube-system/mine" in host.restored
    assert not {"nodes worker", "services lab-2/web"} & {*host.restored}
    assert host.kept == NEW


def test_start_on_another_cluster(host: Host) -> None:
    """It has other objects, and nothing of them is a leftover."""
    host.uid = "c2"
    left = {"daemonsets.apps kube-system/mine": "x"}
    host.after["lab"] = {CLUSTER: left}

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.played == ["lab"]
    assert not host.restored


def test_start_where_nothing_stands(host: Host) -> None:
    """Everything is stood up before."""
    host.stands = False

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.played == ["up", "lab"]


def test_start_that_fails_leaves_no_start_state(host: Host) -> None:
    """Another lab's start state is not taken for this one's."""
    host.after["lab"] = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        lifecycle.start(PLAN, LAB, "no-pool")

    assert host.changing == "lab start"
    host.after = {"lab": NEW}
    assert host.reset() == []
    assert host.played == ["lab", "lab"]
    assert (host.kept, host.changing) == (NEW, "")


def test_start_on_a_machine_without_its_programs(host: Host) -> None:
    """What a student has moved there is back, and the lab starts."""
    host.after["lab 1"] = CannotCheck("client stopped while it was looked at")
    host.after["lab 2"] = NEW
    host.damaged = {"client"}

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.played == ["lab", "up", "lab"]
    assert host.given[1]["recreate_machines"] == ["metallb-lab-client"]
    assert (host.kept, host.changing) == (NEW, "")


def test_start_on_a_node_without_its_programs(host: Host) -> None:
    """A node is replaced with its cluster."""
    host.after["lab 1"] = CannotCheck("worker stopped while it was looked at")
    host.damaged = {"client", "worker"}

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.played == ["lab", "down", "up", "lab"]
    assert host.given[2]["recreate_machines"] == []
    assert (host.kept, host.changing) == (START, "")


@pytest.mark.parametrize("damaged", [set(), {"client"}])
def test_start_that_fails_for_another_reason(
    host: Host, damaged: set[str]
) -> None:
    """It is tried once more where that may help, and then says why not."""
    host.after["lab"] = CannotCheck("no image")
    host.damaged = damaged

    with pytest.raises(CannotCheck, match="no image"):
        lifecycle.start(PLAN, LAB, "no-pool")

    assert host.changing == "lab start"


def test_reset_in_place(host: Host) -> None:
    """When nothing differs any more, that was all."""
    host.now = {}
    host.after["reset"] = START

    assert host.reset() == []
    assert host.played == ["reset"]
    assert host.recorded is None
    assert host.given[0]["variant"] == "no-pool"
    assert "recreate_machines" not in host.given[0]
    assert host.told == []
    assert not host.changing


def test_reset_that_is_cut_off(host: Host) -> None:
    """What it leaves is half a lab, which the next reset finishes."""
    host.after["reset 1"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        host.reset()

    assert host.changing == "lab reset"
    assert host.reset() == []
    assert host.played == ["reset", "reset"]
    assert not host.changing


def test_machines_are_recreated(host: Host) -> None:
    """Where machines alone differ, only those are recreated."""
    host.after["reset 1"] = START | {
        "router": {"routes": "x"},
        "client": {"routes": "y"},
    }
    host.after["reset 2"] = START

    assert host.reset() == []
    assert host.played == ["reset", "reset"]
    names = ["metallb-lab-client", "metallb-lab-router"]
    assert host.given[1]["recreate_machines"] == names
    assert host.told == ["recreating client, router"]


@pytest.mark.parametrize(
    "astray",
    [
        {"worker": {"addresses": "x"}},
        {"router": {"routes": "x"}, "worker": {"addresses": "x"}},
        {"router": {"routes": "x"}, CLUSTER: {}},
        {CLUSTER: {"services lab-1/web": "x"}},
        {CLUSTER: START[CLUSTER] | {"nodes worker": "x"}},
    ],
)
def test_everything_is_rebuilt(host: Host, astray: Baseline) -> None:
    """Where a node or the cluster differs, recreating machines is no use."""
    host.after = {"reset": START | astray, "lab": START}

    assert host.reset() == []
    assert host.played == ["reset", "down", "lab"]
    assert host.told[:-1]
    assert host.told[-1] == "rebuilding cluster and machines"
    assert host.recorded
    assert (host.recorded.run, host.recorded.attempts) == ("ab12", 3)


def test_objects_are_restored(host: Host) -> None:
    """An object that differs is restored alone, with a machine as well."""
    host.restorable = True
    host.after["reset 1"] = START | {
        "router": {"routes": "x"},
        CLUSTER: {"services lab-1/web": "x", "quotas a/b": "y"},
    }
    host.after["reset 2"] = START

    assert host.reset() == []
    assert host.restored == ["quotas a/b", "services lab-1/web"]
    assert host.played == ["reset", "reset"]
    assert host.told == ["recreating router"]


def test_objects_that_cannot_be_restored(host: Host) -> None:
    """When the API server does not answer, everything is rebuilt."""
    host.restorable = CannotCheck("no answer")
    host.after = {"reset": START | {CLUSTER: {}}, "lab": START}

    assert host.reset() == []
    assert host.played == ["reset", "down", "lab"]
    assert host.told[0] == "no answer"


def test_recreating_machines_may_not_be_enough(host: Host) -> None:
    """If the lab still differs after that, everything is rebuilt."""
    host.after = {"reset": START | {"router": {"routes": "x"}}, "lab": START}

    assert host.reset() == []
    assert host.played == ["reset", "reset", "down", "lab"]


def test_reset_that_fails(host: Host) -> None:
    """After a playbook that fails everything is rebuilt."""
    host.after = {"reset": CannotCheck("could not reset: x"), "lab": START}

    assert host.reset() == []
    assert host.played == ["reset", "down", "lab"]
    assert host.told[0] == "could not reset: x"


def test_machine_that_does_not_answer(host: Host) -> None:
    """It is recreated, and everything is rebuilt if that fails as well."""
    host.after = {
        "reset 1": CannotCheck("did not answer", machine="desk"),
        "reset 2": CannotCheck("could not reset: x"),
        "lab": START,
    }

    assert host.reset() == []
    assert host.played == ["reset", "reset", "down", "lab"]
    assert host.given[1]["recreate_machines"] == ["metallb-lab-desk"]


@pytest.mark.parametrize("kept", [None, {}])
def test_start_that_was_interrupted(host: Host, kept: Baseline | None) -> None:
    """Without a start state the lab is started again, which records one."""
    host.kept = kept

    assert host.reset() == []
    assert host.played == ["lab"]
    assert host.kept == START


def test_another_cluster(host: Host) -> None:
    """A lab whose cluster was replaced is started again, on the new one."""
    host.uid = "c2"

    assert host.reset() == []
    assert host.played == ["lab"]
    assert host.told == ["the cluster is another one; starting the lab again"]
    assert host.recorded
    assert host.recorded == State(LAB.id, "no-pool", "ab12", 3, cluster="c2")


def test_a_cluster_that_does_not_answer(host: Host) -> None:
    """It may be the right one, so the reset goes on."""
    host.uid = ""

    assert host.reset() == []
    assert host.played == ["reset"]


@pytest.mark.parametrize("out_of_reach", [False, True])
def test_up_knows_of_a_lab(
    host: Host, monkeypatch: pytest.MonkeyPatch, *, out_of_reach: bool
) -> None:
    """MetalLB of a running lab is left alone, and so is its namespace."""

    def read(_: object) -> State:
        raise CannotCheck("no way")

    if out_of_reach:
        monkeypatch.setattr(lab_state, "read", read)

    lifecycle.up(PLAN)

    expected = "" if out_of_reach else "lab-1"
    assert host.given[0]["lab_namespace"] == expected


@pytest.mark.parametrize("text", ["", "{", "users"])
def test_up_with_a_damaged_kubeconfig(
    host: Host, tmp_path: Path, text: str
) -> None:
    """It is set aside, so that kind can write one."""
    folder = tmp_path / "state" / "demo"
    folder.mkdir(parents=True)
    (folder / "kubeconfig").write_text(text, encoding="utf-8")

    lifecycle.up(PLAN)

    assert not (folder / "kubeconfig").exists()
    (aside,) = folder.glob("kubeconfig.damaged-*")
    assert aside.read_text() == text
    assert host.given[0]["kubeconfig_usable"] is False


def test_reset_repairs_first(host: Host) -> None:
    """What `lab up` can mend is no reason to rebuild anything."""
    host.stands = False
    host.after["reset"] = START

    assert host.reset() == []
    assert host.played == ["up", "reset"]
    assert host.told == []


def test_a_machine_without_its_network_is_recreated(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, and nothing that it has leads there."""
    host.stands = False
    host.after["reset"] = START
    fine = MachineStatus("10.1.0.3", "running", running=True)
    lost = MachineStatus("", "running", running=False)
    gone = MachineStatus("", "exited", running=False)
    found = dict.fromkeys(PLAN.machines, fine) | {"client": lost, "desk": gone}
    monkeypatch.setattr(KindProvider, "machines", lambda *_: found)

    assert host.reset() == []
    assert host.given[0]["recreate_machines"] == [PLAN.machine_name("client")]


def test_reset_of_what_cannot_be_repaired(host: Host) -> None:
    """A cluster that does not answer is rebuilt, and that is told."""
    host.stands = False
    host.after["up 1"] = CannotCheck("the API server does not answer")
    host.after["reset"] = CannotCheck("no answer")
    host.after["lab"] = START

    assert host.reset() == []
    assert host.played[:3] == ["up", "reset", "down"]
    assert host.given[0]["ready_tries"] == 15
    assert host.told[0] == "the API server does not answer"
    assert "rebuilding cluster and machines" in host.told


def test_what_goes_during_a_reset_is_repaired(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kubeconfig that was emptied meanwhile costs no cluster."""
    answers = iter([True, False, True])
    monkeypatch.setattr(lifecycle, "is_up", lambda *_: next(answers))
    host.after["reset 1"] = CannotCheck("could not read the kubeconfig")
    host.after["reset 2"] = START

    assert host.reset() == []
    assert host.played == ["reset", "up", "reset"]


def test_a_cluster_that_was_created_again_by_it(host: Host) -> None:
    """The repair may create one, on which the lab starts again."""
    host.stands = False
    host.uid = "c2"
    host.after["lab"] = START

    assert host.reset() == []
    assert host.played == ["up", "lab"]
    assert host.told == ["the cluster is another one; starting the lab again"]


def test_remaining_differences(host: Host) -> None:
    """What differs in the end is returned, and the lab stays marked."""
    host.after["lab"] = START | {"router": {"routes": "x"}}
    host.now = {}

    assert host.reset() == [Difference("router", "routes", "a", "x")]
    assert host.changing == "lab reset"


def test_wrong_usage_ends_a_reset(host: Host) -> None:
    """What the person has to mend is told at once."""
    host.after["reset"] = UsageError("IMAGES must be ...")

    with pytest.raises(UsageError):
        host.reset()
    assert host.played == ["reset"]


@pytest.mark.usefixtures("host")
def test_reset_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no lab stands, it says how to get one."""
    monkeypatch.setattr(lab_state, "read", lambda _: None)

    with pytest.raises(CannotCheck, match="no lab is running; run `make"):
        lifecycle.reset(PLAN, LAB, print)


def test_start_waits_until_the_cluster_settled(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded is what two looks at the cluster agree on."""
    place = "services lab-1/web"
    looks = iter([{CLUSTER: {place: text}} for text in "2334"])
    objects: Objects = {"services lab-1/web": {}}
    host.now = {"router": {"m": "x"}}
    monkeypatch.setitem(WAITS, "restored", Wait(5, "a test"))
    monkeypatch.setattr(
        lifecycle, "record_cluster", lambda _: (next(looks), objects)
    )

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.kept == {CLUSTER: {place: "3"}, "router": {"m": "x"}}


def test_start_waits_until_workloads_are_ready(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two looks may agree while a deleted pod starts again."""
    place = "daemonsets.apps metallb-system/metallb-speaker"
    looks = iter([{CLUSTER: {place: text}} for text in "00111"])
    objects: Objects = {"services lab-1/web": {}}
    ready = iter([False, True])
    host.now = {}
    monkeypatch.setitem(WAITS, "restored", Wait(5, "a test"))
    monkeypatch.setattr(
        lifecycle, "record_cluster", lambda _: (next(looks), objects)
    )
    monkeypatch.setattr(
        lifecycle, "workloads_are_ready", lambda _: next(ready)
    )

    lifecycle.start(PLAN, LAB, "no-pool")

    assert host.kept == {CLUSTER: {place: "1"}}


def test_a_playbook_that_does_not_say_when_its_steps_are_done(
    host: Host,
) -> None:
    """What is to be looked at is then looked at when it has ended."""
    host.says_when_it_ends = False
    host.now = {}
    host.after = {"reset": START, "lab": START}

    assert host.reset() == []
    lifecycle.start(PLAN, LAB, "no-pool")
    assert host.kept == START


def test_images_of_gateways_are_got_once(host: Host) -> None:
    """When a lab with a Gateway is first started, and no other."""
    lab = LAB.model_copy(update={"gateway": True})
    lifecycle.start(PLAN, LAB, "no-pool")
    lifecycle.start(PLAN, lab, "no-pool")
    file = gateway_images()
    file.parent.mkdir(parents=True)
    file.touch()
    lifecycle.start(PLAN, lab, "no-pool")

    assert host.played == ["lab", "images", "lab", "lab"]
    assert host.given[1]["all_images"] is True
    gateways = [
        given["lab"]["gateway"] for given in host.given if "lab" in given
    ]
    assert gateways == [False, True, True]
