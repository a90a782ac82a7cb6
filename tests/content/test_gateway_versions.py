"""The versions of Envoy Gateway and Envoy, and what pins their contents."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from graders.kube.names import GATEWAY_LABEL
from graders.settings import ANSIBLE

ROLE: Final = ANSIBLE / "roles" / "gateway"
IMAGE: Final = ROLE / "files" / "image"
SET: Final[dict[str, Any]] = yaml.safe_load(
    (ROLE / "vars" / "main" / "versions.yml").read_text(encoding="utf-8")
)
VERSIONS: Final[dict[str, str]] = SET["gateway_versions"]
DIGESTS: Final[dict[str, str]] = yaml.safe_load(
    (ROLE / "vars" / "main" / "digests.yml").read_text(encoding="utf-8")
)["gateway_digests"]
OPTIONAL: Final[list[str]] = yaml.safe_load(
    (ANSIBLE / "roles" / "images" / "defaults" / "main.yml").read_text(
        encoding="utf-8"
    )
)["images_optional"]
MODULE: Final = "github.com/envoyproxy/gateway"


def _text(name: str) -> str:
    return (IMAGE / name).read_text(encoding="utf-8")


def test_module() -> None:
    """The compiled module has the listed version and a pinned checksum."""
    version = VERSIONS["envoy_gateway"]

    assert f"{MODULE} {version} // indirect\n" in _text("go.mod")
    assert f"{MODULE} {version} h1:" in _text("go.sum")
    assert f"\ntool {MODULE}/cmd/envoy-gateway\n" in _text("go.mod")


def test_wheel() -> None:
    """So is Envoy, for both kinds of processors."""
    text = _text("requirements.txt")

    assert f"\nenvoy-server=={VERSIONS['envoy']} " in text
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", text)) == 2


def test_digests() -> None:
    """Both images have one, and a mirror's file may name both."""
    assert DIGESTS.keys() == SET["gateway_upstream"].keys()
    assert sorted(OPTIONAL) == sorted(DIGESTS)
    for digest in DIGESTS.values():
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)


def test_envoy_is_the_one_that_envoy_gateway_was_tested_with() -> None:
    """Its image is in Envoy Gateway's own module, which go.sum pins."""
    module = Path(
        os.environ.get("GOMODCACHE") or Path.home() / "go" / "pkg" / "mod",
        f"{MODULE}@{VERSIONS['envoy_gateway']}",
    )
    file = module / "api" / "v1alpha1" / "shared_types.go"
    if not file.is_file():
        pytest.skip("Envoy Gateway's module has not been downloaded here")

    wanted = f"envoy:distroless-v{VERSIONS['envoy']}@{DIGESTS['envoy']}"
    assert f'"docker.io/envoyproxy/{wanted}"' in file.read_text("utf-8")


def test_a_reset_knows_the_certificates_job() -> None:
    """Its pod would be deleted while it makes certificates."""
    job = SET["gateway_values"]["certgen"]["job"]

    assert job["pod"]["labels"] == GATEWAY_LABEL
