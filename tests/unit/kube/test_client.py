"""Requests to a real API server over TLS on loopback."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import yaml

from graders.errors import CannotCheck
from graders.kube.client import (
    MERGE,
    NO_GRACE_PERIOD,
    KubeClient,
    KubeError,
    cluster_client,
    playbook_client,
)
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="no openssl to make certificates"
)


# How often /busy asks for another try.
BUSY = iter([1, 2])
# Set while a request to /hang waits for its answer.
HANGING = threading.Event()
# The statuses of answers in plain text, the last first.
PLAIN: list[int] = []


CONTEXT = make_plan().context


def _config(cluster: object, user: object) -> dict[str, object]:
    """Return a kubeconfig in which another cluster is the current one."""
    other = {"server": "https://192.0.2.1"}
    return {
        "current-context": "other",
        "contexts": [
            {"name": "other", "context": {"cluster": "other", "user": "it"}},
            {"name": CONTEXT, "context": {"cluster": "lab", "user": "me"}},
        ],
        "clusters": [
            {"name": "other", "cluster": other},
            {"name": "lab", "cluster": cluster},
        ],
        "users": [{"name": "it", "user": {}}, {"name": "me", "user": user}],
    }


class Api(BaseHTTPRequestHandler):
    """Answers as Kubernetes does, and says what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_any(self) -> None:
        """Answer; /close ends the connection after its answer."""
        size = int(self.headers.get("Content-Length") or 0)
        asked = {
            "verb": self.command,
            "type": self.headers["Content-Type"],
            "accept": self.headers["Accept"],
            "body": self.rfile.read(size).decode(),
            "peer": self.client_address[1],
        }
        if self.path == "/hang":
            HANGING.set()
            self.rfile.read(1)
            return
        status, body = 200, {"asked": asked, "items": [{"metadata": asked}]}
        if self.path.startswith("/refused"):
            status, body = 422, {"message": "spec is wrong"}
        elif self.path.startswith("/busy") and next(BUSY, None):
            status, body = 429, {"message": "storage is (re)initializing"}
        elif self.path.startswith("/none"):
            status, body = 404, {"message": "not found"}
        text = json.dumps(body).encode()
        if self.path.startswith("/plain"):
            status, text = PLAIN.pop(), b"Too many\nrequests"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = self.path == "/close"

    do_GET = do_POST = do_PATCH = do_DELETE = do_any  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run one, whose certificate is its own authority, for its client too."""
    folder = tmp_path_factory.mktemp("kube")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"),
            *("-subj", "/CN=kube", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.load_verify_locations(folder / "cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cert, key = (
        base64.b64encode((folder / f"{name}.pem").read_bytes()).decode()
        for name in ("cert", "key")
    )
    url = f"https://127.0.0.1:{server.server_port}"
    cluster = {"server": url, "certificate-authority-data": cert}
    user = {"client-certificate-data": cert, "client-key-data": key}
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(_config(cluster, user)), encoding="utf-8")
    yield file
    server.shutdown()
    server.server_close()


@pytest.fixture
def kube(kubeconfig: Path) -> Iterator[KubeClient]:
    """Ask it, and end the connections."""
    with closing(KubeClient(kubeconfig, CONTEXT)) as found:
        yield found


@needs_openssl
def test_a_request(kube: KubeClient) -> None:
    """Verb, body and its type arrive, and the answer comes back."""
    found = kube.ask("PATCH", "/x", {"a": 1}, MERGE)

    assert found
    asked = found["asked"]
    assert (asked["verb"], asked["type"]) == ("PATCH", MERGE)
    assert json.loads(asked["body"]) == {"a": 1}


@needs_openssl
def test_a_deletion(kube: KubeClient) -> None:
    """Its options arrive as Kubernetes wants them; nothing is no error."""
    found = kube.delete("/x", NO_GRACE_PERIOD)

    assert found
    assert found["asked"]["verb"] == "DELETE"
    body = json.loads(found["asked"]["body"])
    assert body == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "gracePeriodSeconds": 0,
    }
    assert kube.delete("/none") is None


@needs_openssl
def test_try_again(kube: KubeClient) -> None:
    """A request is sent again while the API server asks for that."""
    assert kube.items("/busy")
    assert next(BUSY, None) is None


@needs_openssl
@pytest.mark.parametrize("status", [429, 503])
def test_plain_text(
    kube: KubeClient, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A busy server in plain text is asked again, then told in words."""
    monkeypatch.setattr("graders.kube.client._TRY_AGAIN_S", 2.0)
    monkeypatch.setattr("graders.kube.client._PAUSE_S", 0.01)
    PLAIN[:] = [status] * 1000

    with pytest.raises(
        KubeError, match=f"POST /plain: status {status}, Too many requests; "
    ):
        kube.ask("POST", "/plain", {})
    assert len(PLAIN) < 1000 - 1


@needs_openssl
def test_one_connection(kube: KubeClient) -> None:
    """It is kept for the next request, and made anew when it has ended."""
    first, second, _, third = (
        kube.items(path)[0]["metadata"]["peer"]
        for path in ("/x", "/x", "/close", "/x")
    )

    assert first == second != third


@needs_openssl
def test_no_server(kubeconfig: Path, tmp_path: Path) -> None:
    """The error names the request and the remedy."""
    told = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    told["clusters"][1]["cluster"]["server"] = "https://127.0.0.1:1"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(told), encoding="utf-8")

    with pytest.raises(KubeError, match=r"GET /x: .*refused.*; `lab up`"):
        KubeClient(file, CONTEXT).get("/x")


@pytest.mark.parametrize("text", [None, "", "a: [", "clusters: []", "users"])
def test_no_kubeconfig(tmp_path: Path, text: str | None) -> None:
    """A missing or damaged file is named."""
    file = tmp_path / "kubeconfig"
    if text is not None:
        file.write_text(text, encoding="utf-8")

    with pytest.raises(KubeError, match="could not read"):
        KubeClient(file, CONTEXT)


@pytest.mark.usefixtures("base")
def test_cluster_client() -> None:
    """A student's cluster has its kubeconfig in the student's folder."""
    with pytest.raises(CannotCheck, match=r"/ada/kubeconfig.*; `lab up`"):
        cluster_client(make_plan("ada"))


def test_playbook_client(tmp_path: Path) -> None:
    """A playbook's cluster has the kubeconfig of the playbook's folder."""
    variables = {"state_dir": str(tmp_path), "context": CONTEXT}

    with pytest.raises(KubeError, match=str(tmp_path)):
        playbook_client(variables)


@needs_openssl
def test_lines(kube: KubeClient) -> None:
    """An answer is read line by line, on a connection to itself."""
    peer = kube.items("/x")[0]["metadata"]["peer"]

    (line,) = kube.lines("/x", "application/json", 5)

    asked = json.loads(line)["asked"]
    assert (asked["verb"], asked["accept"]) == ("GET", "application/json")
    assert asked["peer"] != peer
    assert kube.items("/x")[0]["metadata"]["peer"] == peer


@needs_openssl
def test_no_lines(kube: KubeClient) -> None:
    """Where nothing is, there are none; a refusal is told."""
    assert [*kube.lines("/none", "", 5)] == []
    with pytest.raises(KubeError, match="GET /refused: status 422"):
        next(kube.lines("/refused", "", 5))


@needs_openssl
def test_interrupted_lines(kube: KubeClient) -> None:
    """Whoever waits for a line can be interrupted from another thread."""
    HANGING.clear()
    ended: list[str] = []

    def read() -> None:
        try:
            list(kube.lines("/hang", "", 30))
        except KubeError as error:
            ended.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    assert HANGING.wait(10)

    kube.interrupt()
    thread.join(10)

    assert not thread.is_alive()
    assert len(ended) == 1
