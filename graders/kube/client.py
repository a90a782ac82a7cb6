"""A minimal Kubernetes API client for starting and resetting labs.

A call of kubectl takes 0.1 s of processor time, a request here 0.005 s, and a
reset sends some sixty. Importing the official client takes a second, and
urllib3 alone 0.1 s, in each process that Ansible starts.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from graders.errors import MALFORMED, CannotCheck, one_line
from graders.kube.kubeconfig import KubeconfigError, read_access
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.plan.plan import Plan

Object = dict[str, Any]

# What reading a missing or damaged kubeconfig raises.
_READ_ERRORS: Final = (*MALFORMED, OSError, KubeconfigError)
_TIMEOUT_S: Final = 20.0
# For playbooks: a start waits for a slow machine rather than end half-way.
_PLAYBOOK_TIMEOUT_S: Final = 60.0
_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400
# The API server asks for another try: it is busy, it is starting, or the
# storage of a kind that has just been defined is not ready, which takes a
# second or two.
_TRY_AGAIN: Final = frozenset({429, 503})
_TRY_AGAIN_S: Final = 10.0
_PAUSE_S: Final = 0.25
# Bytes of an answer: a list of all Secrets of a lab's cluster has 1 MB.
ANSWER_LIMIT: Final = 64_000_000
JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
# JSON is YAML, so objects are sent as JSON.
APPLY: Final = "application/apply-patch+yaml"
# An option of deletions.
NO_GRACE_PERIOD: Final[Object] = {"gracePeriodSeconds": 0}
_METADATA: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class KubeError(CannotCheck):
    """The API server did not answer, or refused; the message says why."""

    def __init__(
        self, message: str, *, unavailable: bool = False, status: int = 0
    ) -> None:
        """Keep the message, and what to do if there is no API server.

        `status` is that of a refusal, 0 if there was no answer.
        """
        self.status = status
        remedy = "`lab up` brings the cluster back" if unavailable else ""
        super().__init__(message, remedy=remedy)


@dataclass(frozen=True)
class _Endpoint:
    """API server endpoint and TLS settings."""

    host: str
    port: int
    context: ssl.SSLContext


class KubeClient:
    """Requests to one API server; each thread has its own connection."""

    def __init__(
        self, kubeconfig: Path, context: str, seconds: float = _TIMEOUT_S
    ) -> None:
        """Read a context of a kubeconfig, as kind writes it.

        A request may take `seconds`.

        Raises:
            KubeError: the file is missing, damaged or without that context.

        """
        try:
            self._endpoint = _endpoint(kubeconfig, context)
        except _READ_ERRORS as error:
            raise KubeError(
                f"could not read {kubeconfig}: {error}", unavailable=True
            ) from error
        self._seconds = seconds
        self._thread = threading.local()
        self._connections: list[http.client.HTTPSConnection] = []

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def get(self, path: str, accept: str = JSON) -> Object | None:
        """Return the object or list at `path`, None if there is none.

        Raises:
            KubeError: the API server does not answer, or refuses.

        """
        return self._request("GET", path, None, {"Accept": accept})

    def items(self, path: str) -> list[Object]:
        """Return the objects of a list; an unknown kind has none.

        Raises:
            KubeError: as `get`.

        """
        answer = self.get(path) or {}
        return list(answer.get("items") or [])

    def metadata(self, path: str) -> list[Object]:
        """Return the metadata of a list's objects, a tenth of the bytes.

        Raises:
            KubeError: as `get`.

        """
        answer = self.get(path, _METADATA) or {}
        return [item["metadata"] for item in answer.get("items") or []]

    def delete(
        self, path: str, options: Object | None = None
    ) -> Object | None:
        """Delete the object or list at `path`; return as `ask` does.

        `options` are those of Kubernetes' DeleteOptions.

        Raises:
            KubeError: as `get`.

        """
        body = {"kind": "DeleteOptions", "apiVersion": "v1"}
        return self.ask("DELETE", path, body | (options or {}))

    def ask(
        self,
        verb: str,
        path: str,
        body: Object | None = None,
        content: str = JSON,
    ) -> Object | None:
        """Send one request; return the answer, None if nothing is there.

        Raises:
            KubeError: as `get`.

        """
        text = None if body is None else json.dumps(body)
        headers = {"Accept": JSON, "Content-Type": content}
        return self._request(verb, path, text, headers)

    def lines(self, path: str, accept: str, seconds: float) -> Iterator[bytes]:
        """Yield the lines of an answer that comes bit by bit, as watches do.

        It has a connection to itself, and `seconds` for each line. Where
        nothing is, there are no lines.

        Raises:
            KubeError: the API server does not answer, refuses, or stops.

        """
        connection = self._connect(seconds)
        try:
            connection.request("GET", path, None, {"Accept": accept})
            response = connection.getresponse()
            if response.status == _NOT_FOUND:
                return
            if response.status >= _BAD_REQUEST:
                raise KubeError(f"GET {path}: status {response.status}")
            while line := response.readline(ANSWER_LIMIT):
                yield line
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise KubeError(f"GET {path}: {error}", unavailable=True) from None
        finally:
            connection.close()
            self._connections.remove(connection)

    def interrupt(self) -> None:
        """End what other threads are reading."""
        for connection in [*self._connections]:
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _request(
        self, verb: str, path: str, body: str | None, headers: dict[str, str]
    ) -> Object | None:
        try:
            status, text = self._send_patiently(verb, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise KubeError(
                f"{verb} {path}: {error}", unavailable=True
            ) from error
        if status == _NOT_FOUND:
            return None
        answer = _object(text)
        if answer is None or status >= _BAD_REQUEST:
            raise KubeError(
                f"{verb} {path}: {_message(status, answer, text)}",
                unavailable=verb == "GET" or answer is None,
                status=status,
            )
        return answer

    def _send_patiently(self, *request: Any) -> tuple[int, bytes]:  # noqa: ANN401 - arguments of `_exchange`
        """Send a request again while the API server asks for that."""
        deadline = time.monotonic() + _TRY_AGAIN_S
        while True:
            status, text = self._send(*request)
            if status not in _TRY_AGAIN or time.monotonic() > deadline:
                return status, text
            time.sleep(_PAUSE_S)

    def _send(self, *request: Any) -> tuple[int, bytes]:  # noqa: ANN401 - arguments of `_exchange`
        """Send a request; the server may have closed a kept connection."""
        connection = getattr(self._thread, "connection", None)
        if connection:
            try:
                return _exchange(connection, *request)
            except (ConnectionError, http.client.HTTPException):
                connection.close()
        self._thread.connection = self._connect(self._seconds)
        return _exchange(self._thread.connection, *request)

    def _connect(self, seconds: float) -> http.client.HTTPSConnection:
        endpoint = self._endpoint
        connection = http.client.HTTPSConnection(
            endpoint.host,
            endpoint.port,
            timeout=seconds,
            context=endpoint.context,
        )
        self._connections.append(connection)
        return connection


def cluster_client(plan: Plan, seconds: float = _TIMEOUT_S) -> KubeClient:
    """Return a client for the cluster of a student's lab.

    A request may take `seconds`.

    Raises:
        KubeError: the kubeconfig is missing, damaged or without the lab.

    """
    file = state_dir(plan.student) / "kubeconfig"
    return KubeClient(file, plan.context, seconds)


def playbook_client(variables: Mapping[str, Any]) -> KubeClient:
    """Return a client by a playbook's variables; a request may take 60 s.

    Raises:
        KubeError: as `cluster_client`.

    """
    file = Path(variables["state_dir"]) / "kubeconfig"
    return KubeClient(file, variables["context"], _PLAYBOOK_TIMEOUT_S)


def _exchange(
    connection: http.client.HTTPSConnection,
    *request: Any,  # noqa: ANN401 - arguments of its `request`
) -> tuple[int, bytes]:
    connection.request(*request)
    response = connection.getresponse()
    text = response.read(ANSWER_LIMIT + 1)
    if len(text) > ANSWER_LIMIT:
        raise KubeError(too_large(*request[:2]))
    return response.status, text


def too_large(verb: str, path: str) -> str:
    """Return what to say of an answer that is longer than the limit."""
    return (
        f"{verb} {path}: the answer is larger than"
        f" {ANSWER_LIMIT // 1_000_000} MB"
    )


def _object(text: bytes) -> Object | None:
    """Return an answer, None if it is not an object as JSON."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _message(status: int, answer: Object | None, text: bytes) -> str:
    """Return why; an overloaded server answers in plain text."""
    if answer is not None:
        return str(answer.get("message"))
    return f"status {status}, {one_line(text.decode('utf-8', 'replace'), 100)}"


def _endpoint(kubeconfig: Path, context: str) -> _Endpoint:
    """Read the cluster and the user of a context."""
    access = read_access(kubeconfig, context)
    cluster, user = access.cluster, access.user
    authority = base64.b64decode(cluster["certificate-authority-data"])
    tls = ssl.create_default_context(cadata=authority.decode())
    # The ssl module reads client certificates only from files.
    with tempfile.NamedTemporaryFile() as file:
        for part in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[part]))
        file.flush()
        tls.load_cert_chain(file.name)
    url = urlsplit(cluster["server"])
    return _Endpoint(str(url.hostname), url.port or 443, tls)
