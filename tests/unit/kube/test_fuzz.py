"""What comes in place of a kubeconfig, or of the API server's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from graders.kube.client import KubeClient, KubeError
from graders.probes.cluster import Cluster
from tests.fuzzing import FUZZ, damaged, damaged_json, read

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {
    "apiVersion": "v1",
    "clusters": [
        {
            "name": "kind-lab",
            "cluster": {
                "server": "https://127.0.0.1:6443",
                "certificate-authority-data": "eA==",
            },
        }
    ],
    "contexts": [
        {"name": "kind-lab", "context": {"cluster": "kind-lab", "user": "u"}}
    ],
    "users": [
        {
            "name": "u",
            "user": {
                "client-certificate-data": "eA==",
                "client-key-data": "eA==",
            },
        }
    ],
    "current-context": "kind-lab",
}


class _Client(KubeClient):
    """A client whose server answers with any text."""

    def __init__(self, status: int, text: str) -> None:
        self._answer = status, text.encode(errors="surrogateescape")

    def _send_patiently(self, *_: Any) -> tuple[int, bytes]:  # noqa: ANN401 - a request
        return self._answer


@given(
    damaged(json.dumps({"items": [{"metadata": {"name": "x"}}]}), "[]", "7"),
    st.sampled_from([200, 201, 404, 409, 422, 429, 500, 503]),
)
@FUZZ
def test_answers(text: str, status: int) -> None:
    """An answer is an object, nothing, or an error of the API server."""
    client = _Client(status, text)

    for verb in ("GET", "POST", "DELETE"):
        found = read(lambda verb=verb: client.ask(verb, "/api/v1/x", {}))  # type: ignore[misc]
        assert found is None or isinstance(found, dict | KubeError)


@given(
    text=st.one_of(
        damaged_json(CONFIG),
        damaged(yaml.safe_dump(CONFIG), "[" * 60_000, "a: " * 9000),
    )
)
@FUZZ
def test_kubeconfigs(tmp_path: Path, text: str) -> None:
    """A kubeconfig that a person or a full disk has spoilt is words."""
    file = tmp_path / "kubeconfig"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")

    read(lambda: KubeClient(file, "kind-lab"))
    read(lambda: Cluster(file, "kind-lab"))


def test_a_huge_kubeconfig(tmp_path: Path) -> None:
    """One of megabytes is not read."""
    file = tmp_path / "kubeconfig"
    file.write_text("a: " + "x" * (1 << 21), encoding="utf-8")

    assert "empty or damaged" in str(read(lambda: KubeClient(file, "x")))
    assert "larger than 1024 KB" in str(read(lambda: Cluster(file, "x")))
