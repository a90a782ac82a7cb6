"""The labs as they should be, each made of its own manifests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import jinja2
import yaml

from graders.course.lab import load_lab
from graders.plan.plan import make_plan
from tests.lab_model.controllers import EXCLUDE, SYSTEM
from tests.lab_model.gateway import install as install_gateway
from tests.lab_model.model import LabModel
from tests.lab_model.webhook import configuration as webhook_configuration

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan

CONTROLLER: Final = "quay.io/metallb/controller:v0.16.1"
_ECHO: Final = """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {{name: {plan.pool_name}, namespace: metallb-system}}
spec: {{addresses: ["{plan.pool}"]}}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {{name: {plan.advertisement_name}, namespace: metallb-system}}
spec: {{ipAddressPools: ["{plan.pool_name}"]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: echo, namespace: default}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: echo}}}}
  template:
    metadata: {{labels: {{app: echo}}}}
    spec:
      containers:
        - {{name: echo, image: echo, args: ["-text=hello from MetalLB"]}}
---
apiVersion: v1
kind: Service
metadata: {{name: echo, namespace: default}}
spec:
  type: LoadBalancer
  selector: {{app: echo}}
  ports: [{{port: 80, targetPort: 5678}}]
"""


def healthy(number: str, variant: str = "", student: str = "demo") -> LabModel:
    """Return lab `number` as its manifests have it, before any fault."""
    plan, lab = make_plan(student), lab_of(number)
    model = LabModel(plan, lab, variant or next(iter(lab.variants)))
    for node in plan.nodes.values():
        model.cluster.add(_node(plan, node.name))
        model.cluster.add(_lease(node.name))
    for name in ("default", SYSTEM):
        model.cluster.add(_object("v1", "Namespace", name))
    _install_metallb(model)
    if lab.gateway:
        install_gateway(model)
    for body in _objects(number, student):
        model.cluster.add(body)
    if "storage" in lab.topology:
        for role, address in plan.storage_addresses.items():
            model.interfaces[role]["eth1"] = [str(address)]
    model.settle()
    if lab.gateway:
        # Its controller runs by now.
        model.settle()
    _repair(model)
    return model


def _repair(model: LabModel) -> None:
    """Have what a fault brings, and what stays when it is repaired."""
    if model.variant == "shared-address":
        share(model)
    if model.variant == "exhaustion":
        for number in range(1, 50):
            if number % 4:
                _preview(model, number)
        model.settle()
    if model.variant == "pool-selector":
        fence = {"namespaces": ["lab-1", "neighbours"]}
        model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence
    if model.variant == "password":
        model.router.password = dict.fromkeys(model.plan.nodes, "orchid")
        model.one("BGPPeer")["spec"] |= {"password": "orchid"}
        model.baseline = {"router": {"configuration": model.router.config()}}


def share(model: LabModel) -> None:
    """Add a Service for UDP that shares web's address."""
    web = model.service("web")
    web["metadata"]["annotations"]["metallb.io/allow-shared-ip"] = "counter"
    port = {"port": 80, "targetPort": 8081, "protocol": "UDP"}
    meta = {**web["metadata"], "name": "web-udp"}
    spec = {**web["spec"], "ports": [port]}
    model.cluster.add({**web, "metadata": meta, "spec": spec, "status": {}})
    model.settle()


def take_address(model: LabModel, name: str, address: str) -> None:
    """Add a Service for the same pods, with an address in `externalIPs`."""
    meta = model.service(name)["metadata"]
    meta = {"name": f"{name}-first-aid", "namespace": meta["namespace"]}
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "type": "ClusterIP",
                "selector": model.service(name)["spec"]["selector"],
                "ports": [{"port": 80, "targetPort": 8080}],
                "externalIPs": [address],
            },
        }
    )


def add_bare_speaker(model: LabModel) -> None:
    """Add a pod that runs MetalLB's speaker, and that no DaemonSet has."""
    image = {"name": "speaker", "image": "quay.io/metallb/speaker:v0.16.1"}
    meta = {"name": "speaker-1", "namespace": "metallb-system"}
    spec = {"containers": [image], "nodeName": "metallb-lab-worker"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    model.cluster.add(pod)


def _preview(model: LabModel, number: int) -> None:
    """Add a Service of tenants that holds an address for a while."""
    service = _object("v1", "Service", f"preview-{number}", "tenants")
    pool = {"metallb.io/address-pool": model.plan.app_pool_name}
    service["metadata"]["annotations"] = pool
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    model.cluster.add(service | {"spec": spec, "status": {}})


@cache
def lab_of(number: str) -> Lab:
    """Read a lab once for all tests."""
    return load_lab(number)


@cache
def _objects(number: str, student: str) -> list[dict[str, Any]]:
    """Return the objects of a lab's manifests."""
    plan, lab = make_plan(student), lab_of(number)
    environment = jinja2.Environment(  # noqa: S701 - this is no HTML
        undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    files = sorted(lab.folder.glob("manifests/*.j2"))
    texts = [
        environment.from_string(file.read_text(encoding="utf-8")).render(
            plan.as_vars()
        )
        for file in files
    ] or [_ECHO.format(plan=plan)]
    found = [body for text in texts for body in yaml.safe_load_all(text)]
    return [body for body in found if body]


def _install_metallb(model: LabModel) -> None:
    labels = {"app": "controller"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [{"name": "controller", "image": CONTROLLER}]
            },
        },
    }
    controller = _object("apps/v1", "Deployment", "metallb-controller", SYSTEM)
    model.cluster.add(controller | {"spec": spec})
    model.cluster.add(webhook_configuration())
    speaker = _object("apps/v1", "DaemonSet", "metallb-speaker", SYSTEM)
    part = {"name": "speaker", "image": "speaker"}
    template = {"spec": {"containers": [part]}}
    model.cluster.add(speaker | {"spec": {"template": template}})
    owner = {"kind": "DaemonSet", "name": "metallb-speaker"}
    for node in model.plan.node_names():
        pod = _object("v1", "Pod", f"speaker-{node}", SYSTEM)
        pod["metadata"] |= {"ownerReferences": [owner], "labels": {}}
        model.cluster.add(pod | {"spec": {"nodeName": node}})


def _node(plan: Plan, name: str) -> dict[str, Any]:
    control = name == plan.machine_name("control-plane")
    labels = {"kubernetes.io/hostname": name}
    node = _object("v1", "Node", name)
    node["metadata"]["labels"] = labels | ({EXCLUDE: ""} if control else {})
    ready = {"type": "Ready", "status": "True"}
    return node | {
        "spec": {"taints": ["control-plane"] if control else []},
        "status": {"conditions": [ready]},
    }


def _lease(node: str) -> dict[str, Any]:
    version = "coordination.k8s.io/v1"
    lease = _object(version, "Lease", node, "kube-node-lease")
    return lease | {"spec": {"renewTime": "never"}}


def _object(
    version: str, kind: str, name: str, namespace: str = ""
) -> dict[str, Any]:
    space = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **space},
    }
