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
from typing import ClassVar

import yaml

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
from graders.lifecycle.action import STATE, LabAction, Values

# Seconds in which pods whose images are present become ready, and in which a
# namespace is deleted.
_READY_TIMEOUT_S = 120.0
_GONE_TIMEOUT_S = 60.0
_TEXT = {"type": "str", "default": ""}


class ActionModule(LabAction):
    """The action; see above."""

    ARGUMENTS: ClassVar[Values] = {
        "state": STATE,
        "wait": {"type": "bool", "default": True},
        "api_timeout": {"type": "int", "default": 0},
        "manifest": _TEXT,
        "recipe": _TEXT,
        "fingerprint_file": _TEXT,
        "run_id": _TEXT,
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Install or uninstall it."""
        try:
            with closing(playbook_client(variables)) as kube:
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


def _install(kube: KubeClient, args: Values) -> tuple[bool, list[str]]:
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
