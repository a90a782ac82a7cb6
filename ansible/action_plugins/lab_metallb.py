"""Install MetalLB, or uninstall it.

    lab_metallb:
      state: present                   # or absent
      wait: true                       # false only starts it if it is missing
      api_timeout: 30                  # seconds until a new cluster answers
      manifest: metallb.yaml
      recipe: "{{ recipe }}"           # what the manifest is made from
      fingerprint_file: metallb.seen
      run_id: "{{ run_id }}"           # the command that this is part of

With `wait`, MetalLB whose fingerprint is as the last installation left it, and
whose webhook answers, is not touched. What the same command has started
already is only waited for. Without `wait`, a failure is not one yet: the task
that waits installs MetalLB then.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

from graders.files import write_atomically
from graders.kube.client import KubeClient, KubeError, playbook_client
from graders.kube.metallb import (
    InstallMarker,
    install,
    repair,
    uninstall,
    wait_for_api,
    wait_uninstalled,
)
from graders.kube.metallb_status import (
    fingerprint,
    wait_ready,
    webhook_error,
)

# Seconds in which pods whose images are present become ready, and in which a
# namespace is deleted.
_READY_TIMEOUT_S = 120.0
_GONE_TIMEOUT_S = 60.0


class ActionModule(ActionBase):
    """The action; see above."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Install or uninstall it."""
        text = {"type": "str", "default": ""}
        _, args = self.validate_argument_spec(
            argument_spec={
                "state": {
                    "type": "str",
                    "choices": ["present", "absent"],
                    "default": "present",
                },
                "wait": {"type": "bool", "default": True},
                "api_timeout": {"type": "int", "default": 0},
                "manifest": text,
                "recipe": text,
                "fingerprint_file": text,
                "run_id": text,
            },
        )
        try:
            with closing(playbook_client(task_vars or {})) as kube:
                if args["state"] == "absent":
                    changed, late = _uninstall(kube)
                else:
                    changed, late = _install(kube, args)
        except (KubeError, OSError, yaml.YAMLError) as error:
            failed = args["wait"] or args["state"] == "absent"
            return {"changed": False, "failed": failed, "msg": str(error)}
        return {
            "changed": changed,
            "failed": bool(late),
            "msg": "; ".join(late),
        }


def _uninstall(kube: KubeClient) -> tuple[bool, list[str]]:
    """Uninstall it; return whether it was there, and what is not gone."""
    return uninstall(kube), wait_uninstalled(kube, _GONE_TIMEOUT_S)


def _install(kube: KubeClient, args: dict[str, Any]) -> tuple[bool, list[str]]:
    """Install it; return whether that changed it, and what is not ready."""
    manifest = Path(args["manifest"])
    file = Path(args["fingerprint_file"])
    marker = InstallMarker(file, args["recipe"], args["run_id"])
    if args["api_timeout"] and not wait_for_api(kube, args["api_timeout"]):
        return False, []
    if not args["wait"]:
        return install(kube, manifest, marker), []
    changed = False
    if not marker.begun():
        if _is_unchanged(kube, marker):
            return False, []
        changed = install(kube, manifest, marker) or repair(kube, manifest)
    late = wait_ready(kube, _READY_TIMEOUT_S)
    if not late:
        write_atomically(file, _fingerprint(kube, marker))
    return changed, late


def _is_unchanged(kube: KubeClient, marker: InstallMarker) -> bool:
    """Tell whether MetalLB is as it was left, and its webhook answers."""
    try:
        same = marker.text() == _fingerprint(kube, marker)
        return same and not webhook_error(kube)
    except KubeError:
        return False


def _fingerprint(kube: KubeClient, marker: InstallMarker) -> str:
    return "\n".join([marker.recipe, *fingerprint(kube)])
