"""Few words to an API server: what start and reset of a lab ask of it.

A call of kubectl takes 0.1 s of processor time, a request here 0.005 s, and
a reset has some sixty. It is not the official client because Ansible would
load that for each playbook, which takes half a second; graders use that.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]

# What reading a file comes to that is no kubeconfig.
_DAMAGE: Final = (OSError, LookupError, TypeError, ValueError)
_SECONDS: Final = 20.0
_NOT_FOUND: Final = 404
_REFUSED: Final = 400
JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
# JSON is YAML: an object is sent as it is.
APPLY: Final = "application/apply-patch+yaml"
# Of a deletion: without the object's own time to end.
NO_GRACE_PERIOD: Final[Object] = {"gracePeriodSeconds": 0}
_METADATA: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class KubeError(Exception):
    """The API server did not answer, or refused; its message says why."""


@dataclass(frozen=True)
class _Access:
    """Where an API server is, and what it is shown and must show."""

    host: str
    port: int
    context: ssl.SSLContext


class KubeClient:
    """Requests to one API server; each thread has a connection of its own."""

    def __init__(self, kubeconfig: Path) -> None:
        """Read a kubeconfig of one cluster and one user, as kind writes it.

        Raises:
            KubeError: it is not there, or not as kind writes it.

        """
        try:
            self._access = _access(kubeconfig)
        except (*_DAMAGE, yaml.YAMLError) as error:
            raise KubeError(f"could not read {kubeconfig}: {error}") from error
        self._own = threading.local()
        self._lines: list[http.client.HTTPSConnection] = []

    def close(self) -> None:
        """End all connections."""
        for line in self._lines:
            line.close()

    def get(self, path: str) -> Object | None:
        """Return what is at `path`, None where there is nothing.

        Raises:
            KubeError: no answer, or a refusal.

        """
        return self.ask("GET", path)

    def items(self, path: str) -> list[Object]:
        """Return the objects of a list, none of a kind that is not known.

        Raises:
            KubeError: as `get`.

        """
        found = (self.get(path) or {}).get("items") or []
        return list(found)

    def metadata(self, path: str) -> list[Object]:
        """Return the metadata of a list's objects: a tenth to read.

        Raises:
            KubeError: as `get`.

        """
        found = self._ask("GET", path, None, {"Accept": _METADATA}) or {}
        return [item["metadata"] for item in found.get("items") or []]

    def delete(
        self, path: str, options: Object | None = None
    ) -> Object | None:
        """Delete what is at `path`, object or list; return as `ask` does.

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
        """Send one request; return the answer, None where there is nothing.

        Raises:
            KubeError: as `get`.

        """
        text = None if body is None else json.dumps(body)
        headers = {"Accept": JSON, "Content-Type": content}
        return self._ask(verb, path, text, headers)

    def _ask(
        self, verb: str, path: str, body: str | None, headers: dict[str, str]
    ) -> Object | None:
        try:
            status, said = self._send(verb, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise KubeError(f"{verb} {path}: {error}") from error
        if status == _NOT_FOUND:
            return None
        found: Object = json.loads(said)
        if status >= _REFUSED:
            raise KubeError(f"{verb} {path}: {found.get('message')}")
        return found

    def _send(
        self, verb: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Send it; a connection that was kept may have ended meanwhile."""
        kept = getattr(self._own, "line", None)
        if kept:
            try:
                return _exchange(kept, verb, path, body, headers)
            except (ConnectionError, http.client.HTTPException):
                kept.close()
        self._own.line = self._line()
        return _exchange(self._own.line, verb, path, body, headers)

    def _line(self) -> http.client.HTTPSConnection:
        at = self._access
        line = http.client.HTTPSConnection(
            at.host, at.port, timeout=_SECONDS, context=at.context
        )
        self._lines.append(line)
        return line


def _exchange(
    line: http.client.HTTPSConnection,
    *request: Any,  # noqa: ANN401 - what its request() takes
) -> tuple[int, bytes]:
    line.request(*request)
    answer = line.getresponse()
    return answer.status, answer.read()


def _access(kubeconfig: Path) -> _Access:
    """Read the kubeconfig's first cluster and user."""
    with kubeconfig.open(encoding="utf-8") as file:
        told = yaml.load(file, yaml.CSafeLoader)
    cluster = told["clusters"][0]["cluster"]
    user = told["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"])
    context = ssl.create_default_context(cadata=authority.decode())
    # The ssl module reads a client's certificate from files alone.
    with tempfile.NamedTemporaryFile() as file:
        for part in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[part]))
        file.flush()
        context.load_cert_chain(file.name)
    url = urlsplit(cluster["server"])
    return _Access(str(url.hostname), url.port or 443, context)
