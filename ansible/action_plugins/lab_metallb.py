"""MetalLB: begun, looked at, waited for, removed.

    lab_metallb:
      step: begin                      # where there is none of it
      kubeconfig: /where/it/is
      manifest: /where/its/objects/are # for `begin`
      left: /where/is/noted/how/it/was
      recipe: what-it-was-made-by
      run_id: "{{ run_id }}"           # the command that all this is part of

`look` says whether it is the `same` as it was left, and waits for what this
command has begun of it. `await` waits in any case; both note how it was left.
`remove` removes it, and waits for that. What cannot be begun or looked at is
no failure.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

from graders.kube.client import KubeClient, KubeError
from graders.kube.metallb_fingerprint import fingerprint, webhook_error
from graders.kube.metallb_install import InstallMarker, install
from graders.kube.metallb_ready import wait_ready
from graders.kube.metallb_uninstall import uninstall, wait_uninstalled

# Seconds in which pods whose images are there are ready, and in which a
# namespace is gone.
_READY = 120.0
_GONE = 60.0
# What must be done by now.
_DUE = ("await", "remove")


class ActionModule(ActionBase):
    """The action; see above."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's own signature
        task_vars: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Do one step."""
        text = {"type": "str", "default": ""}
        _, given = self.validate_argument_spec(
            argument_spec={
                "step": {
                    "type": "str",
                    "required": True,
                    "choices": ["begin", "look", *_DUE],
                },
                "kubeconfig": {"type": "str", "required": True},
                "manifest": text,
                "left": text,
                "recipe": text,
                "run_id": text,
            },
        )
        try:
            with closing(KubeClient(Path(given["kubeconfig"]))) as kube:
                return {"changed": False, **_step(kube, given)}
        except (KubeError, OSError, yaml.YAMLError) as error:
            failed = given["step"] in _DUE
            no = {"changed": False, "same": False, "failed": failed}
            return {**no, "msg": str(error)}


def _step(kube: KubeClient, given: dict[str, Any]) -> dict[str, Any]:
    """Do it and return what it came to."""
    note = InstallMarker(Path(given["left"]), given["recipe"], given["run_id"])
    match given["step"]:
        case "begin":
            return {"changed": install(kube, Path(given["manifest"]), note)}
        case "look" if not note.begun():
            same = note.text() == _found(kube, note) and not webhook_error(
                kube
            )
            return {"same": same}
        case "remove":
            removed, late = uninstall(kube), wait_uninstalled(kube, _GONE)
        case _:
            removed, late = False, wait_ready(kube, _READY)
            if not late:
                note.file.write_text(_found(kube, note), encoding="utf-8")
    return {
        "changed": removed,
        "same": not late,
        "failed": bool(late),
        "msg": "; ".join(late),
    }


def _found(kube: KubeClient, note: InstallMarker) -> str:
    return "\n".join([note.recipe, *fingerprint(kube)])
