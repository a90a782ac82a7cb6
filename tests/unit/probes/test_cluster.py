"""The cluster's objects, from a small HTTP server."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck
from graders.kube.names import METALLB_PATH
from graders.probes.cluster import Cluster
from graders.probes.refusal import Refused
from tests.fakes import FakeClock, FakeCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
apiVersion: v1
kind: Config
current-context: another
contexts:
  - {name: kind-metallb-lab, context: {cluster: lab, user: lab}}
clusters:
  - {name: lab, cluster: {server: "http://127.0.0.1:PORT"}}
users:
  - {name: lab, user: {}}
"""
SPACE = "/api/v1/namespaces/lab-1"
WEB = {"metadata": {"uid": "u1"}, "spec": {"type": "LoadBalancer"}}


class Server(ThreadingHTTPServer):
    """Has objects by their paths; all else is not found."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on any port of this host."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, Any] = {}
        self.asked: list[tuple[str, str, str]] = []

    def service(self, name: str, **status: Any) -> None:  # noqa: ANN401 - JSON
        """Add a Service with this status."""
        self.objects[f"{SPACE}/services/{name}"] = WEB | {"status": status}


class Handler(BaseHTTPRequestHandler):
    """Answers as the API server does."""

    server: Server

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        self.server.asked.append((self.command, self.path, body))
        found = self.server.objects.get(self.path)
        code = 404 if found is None else 200
        if isinstance(found, int):
            code, found = found, {"kind": "Status"}
        if isinstance(found, dict):
            code = found.get("code", code)
        text = (
            found
            if isinstance(found, bytes)
            else json.dumps(found or {"kind": "Status"}).encode()
        )
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """Run one server for all tests."""
    with Server() as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(running: Server) -> Server:
    """Empty the server."""
    running.objects.clear()
    running.asked.clear()
    return running


def _cluster(folder: Path, port: int) -> Cluster:
    """Connect to a port of this host."""
    file = folder / "kubeconfig"
    file.write_text(CONFIG.replace("PORT", str(port)), encoding="utf-8")
    return Cluster(file, "kind-metallb-lab")


@pytest.fixture
def connected(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    """Connect to the server with the kit's context."""
    found = _cluster(tmp_path, server.server_port)
    yield found
    found._pool.clear()


@pytest.fixture(params=["real", "fake"])
def cluster(
    request: pytest.FixtureRequest, server: Server, connected: Cluster
) -> Cluster:
    """Have the server's objects over HTTP, and in a FakeCluster."""
    if request.param == "real":
        return connected
    fake = FakeCluster()
    fake.objects = server.objects
    return fake


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    monkeypatch.setattr("graders.polling.time", FakeClock())


def test_get(server: Server, cluster: Cluster) -> None:
    """Objects are not cached."""
    server.objects["/x"] = {"a": [1]}
    assert cluster.get("/x") == {"a": [1]}

    server.objects["/x"] = {"a": [2]}
    assert cluster.get("/x") == {"a": [2]}


def test_not_found(cluster: Cluster) -> None:
    """An object is None, a list has no items."""
    assert cluster.get("/x") is None
    assert cluster.items("/apis/metallb.io/v1beta1/ipaddresspools") == []


def test_post(server: Server, connected: Cluster) -> None:
    """The body is sent as JSON, and the path unchanged."""
    server.objects["/x?a=b"] = {"kind": "Status"}

    connected.ask("POST", "/x?a=b", {"kind": "Service"})

    ((verb, path, body),) = server.asked
    assert (verb, path) == ("POST", "/x?a=b")
    assert json.loads(body) == {"kind": "Service"}


@pytest.mark.parametrize("code", [400, 409, 422, 500, 503])
def test_refused(server: Server, cluster: Cluster, code: int) -> None:
    """The error names the request; it is not the student's failure."""
    server.objects["/x"] = code

    with pytest.raises(
        CannotCheck, match=r"server refused GET /x: .*lab stat"
    ):
        cluster.get("/x")


def test_no_json(server: Server, connected: Cluster) -> None:
    """An answer that is no JSON is not the student's failure."""
    server.objects["/x"] = b"<html>a gateway"

    with pytest.raises(CannotCheck, match="GET /x is no JSON: <html>a gate"):
        connected.get("/x")


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "DELETE"])
def test_forbidden(server: Server, cluster: Cluster, verb: str) -> None:
    """What a rule of the cluster forbids is the student's failure."""
    server.objects[f"{SPACE}/services"] = 403

    with pytest.raises(Refused, match="in namespace lab-1, not Forbidden"):
        cluster.ask(verb, f"{SPACE}/services", {"kind": "Service"})


def test_namespace_is_gone(server: Server, connected: Cluster) -> None:
    """An object without its namespace is not taken for created."""
    del server

    with pytest.raises(Refused, match="create services in namespace lab-1"):
        connected.ask("POST", f"{SPACE}/services", {"kind": "Service"})
    assert connected.ask("DELETE", f"{SPACE}/services/web") is None


@pytest.mark.usefixtures("_no_waiting")
def test_webhook_is_asked_again(server: Server, connected: Cluster) -> None:
    """A controller that restarts is waited for; one that is gone is not."""
    server.objects["/x"] = {
        "code": 500,
        "message": 'failed calling webhook "pools.metallb.io": refused',
    }

    with pytest.raises(Refused, match="failed calling webhook"):
        connected.ask("POST", "/x", {"kind": "IPAddressPool"})
    assert len(server.asked) > 1


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "http_proxy"])
def test_proxies_are_ignored(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The API server is on this computer, or on the lab's network."""
    monkeypatch.setenv(name, "http://192.0.2.1:3128")
    server.objects["/x"] = {"a": 1}

    cluster = _cluster(tmp_path, server.server_port)

    assert cluster.get("/x") == {"a": 1}


def test_refusal_is_final(server: Server, connected: Cluster) -> None:
    """A refused request is not sent again."""
    server.objects["/x"] = 503

    with pytest.raises(CannotCheck):
        connected.get("/x")
    assert len(server.asked) == 1


def test_no_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The error comes at once, and without urllib3's warnings."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as gone:
        port = gone.server_port

    with pytest.raises(CannotCheck, match="API server does not answer; `lab"):
        _cluster(tmp_path, port).get("/x")
    assert not caplog.records


def test_no_kubeconfig(tmp_path: Path) -> None:
    """The error says which command writes it."""
    with pytest.raises(CannotCheck, match=r"kubeconfig: .*; `lab up` writes"):
        Cluster(tmp_path / "none", "kind-metallb-lab")


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "- 1", "words", "contexts: 3", "\0", "kind: Config", CONFIG],
)
def test_damaged_kubeconfig(tmp_path: Path, text: str) -> None:
    """Another file, or another context, is not the student's failure."""
    file = tmp_path / "kubeconfig"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(CannotCheck, match=r"kubeconfig: .*; `lab up` writes"):
        Cluster(file, "kind-other")


def test_vip(server: Server, cluster: Cluster) -> None:
    """The address in the status is the VIP."""
    server.service("web", loadBalancer={"ingress": [{"ip": "192.0.2.1"}]})

    assert cluster.vip("web", "lab-1") == "192.0.2.1"


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"loadBalancer": {}},
        {"loadBalancer": {"ingress": None}},
        {"loadBalancer": {"ingress": []}},
        {"loadBalancer": {"ingress": [{"hostname": "x"}]}},
    ],
)
def test_pending(
    server: Server, cluster: Cluster, status: dict[str, Any]
) -> None:
    """A Service without an address has no VIP."""
    server.service("web", **status)

    assert cluster.vip("web", "lab-1") == ""


def test_vip_of_no_load_balancer(server: Server, cluster: Cluster) -> None:
    """No Service, and one of another type, have no VIP."""
    assert cluster.vip("web", "lab-1") == ""

    server.service("web", loadBalancer={"ingress": [{"ip": "192.0.2.1"}]})
    server.objects[f"{SPACE}/services/web"]["spec"] = {"type": "ClusterIP"}
    assert cluster.vip("web", "lab-1") == ""


def test_describe_missing_vip(server: Server, cluster: Cluster) -> None:
    """The Service is pending, of another type or missing."""
    assert cluster.describe_missing_vip("web", "lab-1") == "no namespace lab-1"

    server.objects[SPACE] = {"kind": "Namespace"}
    assert cluster.describe_missing_vip("web", "lab-1") == "no such Service"

    server.service("web")
    assert cluster.describe_missing_vip("web", "lab-1") == "<pending>"

    server.objects[f"{SPACE}/services/web"]["spec"] = {"type": "ClusterIP"}
    said = cluster.describe_missing_vip("web", "lab-1")
    assert said == "a Service of type ClusterIP"


def test_events(server: Server, cluster: Cluster) -> None:
    """The last three events of a Service are returned, the newest last."""
    server.service("web")
    times = ["2026-01-01T00:00:03Z", None, "2026-01-01T00:00:01Z"]
    path = f"{SPACE}/events?fieldSelector=involvedObject.uid=u1"
    events = [
        {"reason": f"R{at}", "message": "why", "lastTimestamp": at}
        for at in [*times, "2026-01-01T00:00:02Z"]
    ]
    server.objects[path] = {"items": events}

    assert cluster.events("web", "lab-1").splitlines() == [
        f"R2026-01-01T00:00:0{second}Z: why" for second in (1, 2, 3)
    ]


def test_no_events(cluster: Cluster) -> None:
    """There is still a text to show."""
    assert cluster.events("web", "lab-1") == "no events"


def test_l2_announcers(server: Server, cluster: Cluster) -> None:
    """Nodes have the interfaces on which they announce the Service."""
    one = {"node": "a", "serviceName": "web", "serviceNamespace": "lab-2"}
    ends = {"interfaces": [{"name": "eth0"}, {"name": "eth1"}]}
    server.objects[f"{METALLB_PATH}/servicel2statuses"] = {
        "items": [
            {"status": one | ends},
            {"status": one | {"node": "b"}},
            {"status": one | {"node": "c", "serviceName": "ledger"}},
            {},
        ]
    }

    found = cluster.l2_announcers("web", "lab-2")

    assert found == {"a": {"eth0", "eth1"}, "b": set()}


def test_status_without_contents(server: Server, cluster: Cluster) -> None:
    """Its labels say what the speaker that created it will write into it."""
    labels = {
        "metallb.io/node": "a",
        "metallb.io/service-name": "web",
        "metallb.io/service-namespace": "lab-2",
    }
    others = labels | {"metallb.io/service-name": "ledger"}
    items = [{"metadata": {"labels": one}} for one in (labels, others)]
    for kind in ("servicel2statuses", "servicebgpstatuses"):
        server.objects[f"{METALLB_PATH}/{kind}"] = {"items": items}

    assert cluster.l2_announcers("web", "lab-2") == {"a": set()}
    assert cluster.bgp_reporters("web", "lab-2") == {"a"}


def test_bgp_reporters(server: Server, cluster: Cluster) -> None:
    """Other Services and speakers without peers do not count."""
    one = {
        "node": "a",
        "serviceName": "web",
        "serviceNamespace": "lab-3",
        "peers": ["tor-router"],
    }
    server.objects[f"{METALLB_PATH}/servicebgpstatuses"] = {
        "items": [
            {"status": one},
            {"status": one | {"node": "b", "peers": []}},
            {"status": one | {"node": "c", "serviceName": "ledger"}},
            {"status": one | {"node": "d", "serviceNamespace": "lab-4"}},
            {},
        ]
    }

    assert cluster.bgp_reporters("web", "lab-3") == {"a"}


def test_pools(server: Server, cluster: Cluster) -> None:
    """Ranges are returned as they are written."""
    pool = {
        "metadata": {"name": "kind-pool"},
        "spec": {"addresses": ["192.0.2.0/28", "192.0.2.32-192.0.2.40"]},
    }
    server.objects[f"{METALLB_PATH}/ipaddresspools"] = {"items": [pool]}

    assert cluster.pools() == {
        "kind-pool": ["192.0.2.0/28", "192.0.2.32-192.0.2.40"]
    }


def test_vips(server: Server, cluster: Cluster) -> None:
    """Addresses that Services have or request are in use."""
    ingress = [{"ip": "192.0.2.1"}, {"hostname": "x"}]
    wish = {"metallb.io/loadBalancerIPs": "192.0.2.2, 192.0.2.3"}
    server.objects["/api/v1/services"] = {
        "items": [
            {"metadata": {}, "status": {"loadBalancer": {"ingress": ingress}}},
            {"metadata": {"annotations": wish}, "status": {}},
        ]
    }

    assert cluster.vips() - {""} == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    assert cluster.allocated() - {""} == {"192.0.2.1"}


def test_auto_assign_pools(server: Server, cluster: Cluster) -> None:
    """`autoAssign` is true by default."""
    server.objects[f"{METALLB_PATH}/ipaddresspools"] = {
        "items": [
            {"metadata": {"name": name}, "spec": spec}
            for name, spec in (
                ("plain", {}),
                ("said", {"autoAssign": True}),
                ("asked", {"autoAssign": False}),
            )
        ]
    }

    assert cluster.auto_assign_pools() == ["plain", "said"]


@pytest.mark.parametrize("available", [0, 1])
@pytest.mark.parametrize("pod", [{}, {"deletionTimestamp": "2026-01-01"}])
def test_is_settled(
    server: Server, cluster: Cluster, pod: dict[str, str], available: int
) -> None:
    """No pod is being created or deleted."""
    counts = ("observedGeneration", "updatedReplicas", "replicas")
    status = dict.fromkeys(counts, 1) | {"availableReplicas": available}
    server.objects[f"{SPACE}/pods"] = {"items": [{"metadata": pod}]}
    server.objects["/apis/apps/v1/namespaces/lab-1/deployments"] = {
        "items": [
            {"metadata": {"generation": 1}, "spec": {}, "status": status}
        ]
    }

    assert cluster.is_settled("lab-1") == (available == 1 and not pod)


def test_orphans(server: Server, cluster: Cluster) -> None:
    """A pod of the Service without a controller is an orphan."""
    slices = (
        "/apis/discovery.k8s.io/v1/namespaces/lab-1/endpointslices"
        "?labelSelector=kubernetes.io/service-name=web"
    )
    ready = {"conditions": {"ready": True}}
    server.objects[slices] = {
        "items": [
            {
                "endpoints": [
                    ready | {"targetRef": {"name": name}}
                    for name in ("owned", "let-go")
                ]
                + [ready]
            },
            {"endpoints": None},
        ]
    }
    owner = {"kind": "ReplicaSet", "controller": True}
    server.objects[f"{SPACE}/pods"] = {
        "items": [
            {"metadata": {"name": "owned", "ownerReferences": [owner]}},
            {"metadata": {"name": "let-go"}},
            {"metadata": {"name": "elsewhere"}},
        ]
    }

    assert cluster.orphans("lab-1", "web") == ["let-go"]
