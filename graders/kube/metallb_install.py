"""MetalLB begun where there is none of it, before its turn comes.

Its containers need three seconds to be ready, and nobody to look at them:
what else a lab needs is done meanwhile.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from graders.kube.apply import apply
from graders.kube.client import KubeError
from graders.kube.metallb_fingerprint import SPACE

if TYPE_CHECKING:
    from pathlib import Path

    from graders.kube.client import KubeClient, Object

_NAME: Final = SPACE.rpartition("/")[2]
# Seconds in which an object is applied again that was refused at first.
_PATIENCE: Final = 5.0
# What MetalLB's controller would make: memberlist's key, 128 bytes in
# base64, of which memberlist takes a digest.
_KEY_BYTES: Final = 128


@dataclass(frozen=True)
class InstallMarker:
    """Where is noted how MetalLB was left, and what counts there.

    `recipe` is what it is made by, `turn` the command that makes it: what an
    earlier one has begun may have been changed since.
    """

    file: Path
    recipe: str
    turn: str

    def begun(self) -> bool:
        """Tell whether all of it was applied in this turn."""
        return self.text() == self._begun()

    def begin(self) -> None:
        """Note that all of it was applied."""
        self.file.write_text(self._begun(), encoding="utf-8")

    def text(self) -> str:
        """Return what is noted, "" for nothing."""
        return self.file.read_text("utf-8") if self.file.is_file() else ""

    def _begun(self) -> str:
        return f"{self.recipe}\nbegun {self.turn}"


def install(kube: KubeClient, manifest: Path, note: InstallMarker) -> bool:
    """Apply all of MetalLB if its namespace is not there, and note it.

    Returns whether that was done. False is no failure: a namespace that is
    there, be it on its way out, has more to be looked at.

    Raises:
        KubeError: the API server did not answer, or refused.
        OSError, yaml.YAMLError: the manifest cannot be read.

    """
    if kube.get(f"/api/v1/{SPACE}"):
        return False
    with manifest.open(encoding="utf-8") as file:
        objects = [*filter(None, yaml.load_all(file, yaml.CSafeLoader))]
    try:
        kube.ask("POST", "/api/v1/namespaces", _namespace())
    except KubeError:
        return False  # somebody else's, of this moment
    # A speaker without it cannot start, and is tried again seconds later.
    kube.ask("POST", f"/api/v1/{SPACE}/secrets", _memberlist())
    apply(kube, objects, _PATIENCE)
    note.begin()
    return True


def _namespace() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": _NAME},
    }


def _memberlist() -> Object:
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "metallb-memberlist", "namespace": _NAME},
        "stringData": {"secretkey": key},
    }
