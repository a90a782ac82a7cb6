"""The checks of lab 0: right states pass, each wrong one is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import yaml

from graders.checks.answers import KEY
from graders.checks.check import CheckFailed
from graders.settings import state_dir
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.controllers import BROKEN, SYSTEM
from tests.lab_model.labs import take_address
from tests.lab_model.metallb import bare_controller, spare_controller
from tests.lab_model.webhook import (
    webhook_deleted,
    webhook_ignored,
    webhook_of_some_objects,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab_model.model import LabModel


WRONG = WrongStates()
WRONG(
    "metallb_pods", "no Deployment recreates: none, not metallb-system/mine"
)(bare_controller)
WRONG("metallb_pods", "that want no pod: none, not spare$")(spare_controller)
WRONG("webhook", "to be refused, not accepted: new IPAddressPool")(
    webhook_deleted
)
WRONG("webhook", "accepted: failurePolicy is Ignore")(webhook_ignored)
WRONG("webhook", "not at ipaddresspools without its objectSelector")(
    webhook_of_some_objects
)
_KEY = yaml.safe_load(KEY.read_text(encoding="utf-8"))


def _answers_file(model: LabModel) -> Path:
    file = state_dir(model.plan.student) / "answers.yml"
    file.parent.mkdir(exist_ok=True)
    return file


def _answer(model: LabModel, **changes: str | None) -> None:
    """Write right answers, and `changes`."""
    right = {
        question: next(
            letter
            for letter in "abcd"
            if hashlib.sha256(
                f"lab-0:{question}:{letter}".encode()
            ).hexdigest()
            == digest
        )
        for question, digest in _KEY.items()
    }
    file = _answers_file(model)
    text = {name: {"answer": text} for name, text in (right | changes).items()}
    file.write_text(yaml.safe_dump(text), encoding="utf-8")


@WRONG("nodes", "every node to be Ready, not metallb-lab-worker$")
def _not_ready(model: LabModel) -> None:
    node = model.one("Node", "metallb-lab-worker")
    node["status"]["conditions"][0]["status"] = "Unknown"


@WRONG("nodes", "every node to be Ready, not no node")
def _no_nodes(model: LabModel) -> None:
    for node in model.cluster.all("Node"):
        model.cluster.remove(node)


@WRONG("metallb_pods", "not controller ready, speaker not ready on .*control")
def _workers_only(model: LabModel) -> None:
    name = "speaker-metallb-lab-control-plane"
    model.cluster.remove(model.one("Pod", name))


@WRONG("metallb_pods", "not controller ready, speaker not ready on .*worker2")
def _speaker_starting(model: LabModel) -> None:
    pod = model.one("Pod", "speaker-metallb-lab-worker2")
    pod["spec"]["containers"] = [{"image": BROKEN}]


@WRONG("metallb_pods", "not controller not ready, speaker not ready on")
def _not_installed(model: LabModel) -> None:
    for kind in ("Deployment", "DaemonSet", "Pod"):
        for item in model.cluster.all(kind):
            if item["metadata"]["namespace"] == SYSTEM:
                model.cluster.remove(item)


@WRONG("metallb_pods", "not controller not ready, speaker ready")
def _controller_off(model: LabModel) -> None:
    model.one("Deployment", "metallb-controller")["spec"]["replicas"] = 0


@WRONG("metallb_pods", "class: one pod, not metallb-system/.*, default/copy")
def _installed_twice(model: LabModel) -> None:
    deployment = model.one("Deployment", "metallb-controller")
    meta = {"name": "copy", "namespace": "default"}
    model.cluster.add({**deployment, "metadata": meta})


@WRONG("pool", "expected an IPAddressPool, not none")
def _no_pool(model: LabModel) -> None:
    model.cluster.remove(model.one("IPAddressPool"))


@WRONG("pool", "every pool to be inside 172.18.0.0/16, not 10")
def _pool_elsewhere(model: LabModel) -> None:
    model.ranges(str(model.plan.bgp_pool))


@WRONG("pool", "every pool to be free of .*, not addresses of the DHCP server")
def _pool_of_dhcp(model: LabModel) -> None:
    model.ranges(model.plan.pool_in_dhcp)


@WRONG("pool", "not addresses of nodes and other machines")
def _pool_in_node_range(model: LabModel) -> None:
    model.ranges(model.plan.pool, str(model.plan.node_range))


@WRONG("pool", "not addresses of the gateway")
def _pool_on_gateway(model: LabModel) -> None:
    model.ranges(f"{model.plan.lan_gateway}/32")


@WRONG("advertisement", "L2Advertisement for pool kind-pool, not none")
def _no_advertisement(model: LabModel) -> None:
    model.cluster.remove(model.one("L2Advertisement"))


@WRONG("advertisement", "for pool kind-pool, not other")
def _another_pool_advertised(model: LabModel) -> None:
    model.one("L2Advertisement")["spec"]["ipAddressPools"] = ["other"]


@WRONG("advertisement", "for pool kind-pool, not one that selects none")
def _selects_no_pool(model: LabModel) -> None:
    none = [{"matchLabels": {"team": "other"}}]
    model.one("L2Advertisement")["spec"] = {"ipAddressPoolSelectors": none}


@WRONG("advertisement", "an interface of no machine, not worker .eth0 inet 17")
def _address_on_node(model: LabModel) -> None:
    model.one("L2Advertisement")["spec"]["interfaces"] = ["eth1"]
    model.interfaces["worker"]["eth0"].append(model.vip("echo"))


@WRONG("http", "allocated each to, not default/echo-first-aid by externalIPs")
def _external_ips(model: LabModel) -> None:
    take_address(model, "echo", model.vip("echo"))


@WRONG("http", "fixed neighbour entry for .* to be on no machine, not client")
def _neighbour_left(model: LabModel) -> None:
    model.permanent["client"] = {model.vip("echo"): model.mac("worker")}


@WRONG("vip", "the external IP of a LoadBalancer .*, not no such Service")
def _node_port(model: LabModel) -> None:
    model.service("echo")["spec"]["type"] = "NodePort"


@WRONG("vip", "the external IP of echo to be in .*, not <pending>")
def _pending(model: LabModel) -> None:
    notes = {"metallb.io/loadBalancerIPs": "192.0.2.1"}
    model.service("echo")["metadata"]["annotations"] = notes


@WRONG("vip", "the external IP of echo to be in .*, not 192.0.2.1")
def _vip_of_no_pool(model: LabModel) -> None:
    _controller_off(model)
    model.settle()
    model.set_vip("echo", "192.0.2.1")


@WRONG("http", "to be 'hello from MetalLB', not it works")
def _another_page(model: LabModel) -> None:
    spec = model.one("Deployment", "echo")["spec"]["template"]["spec"]
    spec["containers"] = [{"image": "echo", "args": ["-text=it works"]}]


@WRONG("http", "to be 'hello from MetalLB', not no answer")
def _another_interface(model: LabModel) -> None:
    model.one("L2Advertisement")["spec"]["interfaces"] = ["eth9"]


@WRONG("http", "expected one answer to ARP for .*, not none")
def _static_neighbour(model: LabModel) -> None:
    vip = model.vip("echo")
    _another_interface(model)
    model.permanent["lan-client"] = {vip: model.mac("worker")}


@WRONG("http", "to be answered by one node, not .*:99, no node")
def _a_device_answers(model: LabModel) -> None:
    model.strangers[model.vip("echo")] = ["02:00:00:00:00:99"]


@WRONG("answers", "to be right, all .*, not these wrong or missing: pending$")
def _one_wrong_answer(model: LabModel) -> None:
    _answer(model, pending="x")


@WRONG("answers", "not these wrong or missing: pending$")
def _one_missing_answer(model: LabModel) -> None:
    _answer(model, pending=None)


@WRONG("answers", "not these wrong or missing: (\\w+, ){4,}")
def _guessed_answers(model: LabModel) -> None:
    _answer(model, **dict.fromkeys(_KEY, "b"))


@WRONG("answers", r"the answers in answers\.yml, not a missing file")
def _no_answers(_: LabModel) -> None:
    """There are none before a student writes them."""


@pytest.mark.parametrize("check", checks_of("0"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """The module's own exercise, done."""
    _answer(judge.on("0"))
    judge.run(check)


@WRONG("answers", r"expected YAML in answers\.yml, not an error in line 1")
def _no_yaml(model: LabModel) -> None:
    _answers_file(model).write_text("a: [", encoding="utf-8")


@WRONG(
    "answers", r"expected YAML in answers\.yml, not an error: too deep a list"
)
def _a_deep_list(model: LabModel) -> None:
    _answers_file(model).write_text("[" * 5000, encoding="utf-8")


@WRONG(
    "answers", r"a readable answers\.yml, not one with an error: Input/output"
)
def _unreadable(model: LabModel) -> None:
    # A file that no user, root neither, can read from its beginning.
    _answers_file(model).symlink_to("/proc/self/mem")


@WRONG("answers", r"expected questions in answers\.yml, not list")
def _a_list(model: LabModel) -> None:
    _answers_file(model).write_text("- a", encoding="utf-8")


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """It is said what is expected, and what there is."""
    judge.refuses("0", wrong)


def test_a_speaker_that_comes_later_counts(judge: Judge) -> None:
    """Pods that start are waited for."""
    model = judge.on("0")
    pod = model.one("Pod", "speaker-metallb-lab-worker")
    pod["spec"]["containers"] = [{"image": BROKEN}]
    looks = iter(range(100))

    def come() -> None:
        if next(looks) == 5:
            pod["spec"]["containers"] = []

    model.adjust = come
    judge.run("metallb_pods")


def test_the_first_of_several_services_counts(judge: Judge) -> None:
    """`echo` is the one of the exercise; without it the next one is."""
    model = judge.on("0")
    service = model.service("echo")
    model.cluster.remove(service)
    service["metadata"]["name"] = "another"
    model.cluster.add(service)

    judge.run("vip", "http")


def _copy_of_echo(model: LabModel, name: str) -> None:
    """Have another Service like echo, with pods of its own."""
    for kind in ("Deployment", "Service"):
        item = model.one(kind, "echo")
        meta = {"name": name, "namespace": "default"}
        spec = {**item["spec"], "selector": {"app": name}}
        if kind == "Deployment":
            labels = {"app": name}
            spec |= {
                "selector": {"matchLabels": labels},
                "template": {
                    **spec["template"],
                    "metadata": {"labels": labels},
                },
            }
        model.cluster.add(
            {**item, "metadata": meta, "spec": spec, "status": {}}
        )


@pytest.mark.parametrize("given_up", [True, False])
def test_any_service_that_answers_passes(
    judge: Judge,
    given_up: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """One that a student has given up may stay, pending or without pods."""
    model = judge.on("0")
    _copy_of_echo(model, "hello")
    if given_up:
        model.one("Deployment", "echo")["spec"]["replicas"] = 0
    else:
        _pending(model)

    judge.run("vip", "http")


def test_none_of_several_services_answers(judge: Judge) -> None:
    """The first is named."""
    model = judge.on("0")
    _copy_of_echo(model, "hello")
    for name in ("echo", "hello"):
        model.one("Deployment", name)["spec"]["replicas"] = 0

    with pytest.raises(CheckFailed, match="'hello from MetalLB', not no a"):
        judge.run("http")
