"""Install Envoy Gateway, or wait for it.

    lab_gateway:
      manifest: gateway.yaml           # of the role gateway
      crds: crds.json

    lab_gateway:
      wait: true

With `wait` it waits for the controller, and for the proxies of all Gateways.
A Gateway whose proxies are late is listed in `stdout` and is no failure: a
lab may be broken like that.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

from graders.kube.client import KubeError, playbook_client
from graders.kube.gateway import install, wait_controller, wait_proxies

# Seconds in which pods whose images are there become ready.
_CONTROLLER_TIMEOUT_S = 120.0
_PROXIES_TIMEOUT_S = 60.0


class ActionModule(ActionBase):
    """The action; see above."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Install it, or wait."""
        _, args = self.validate_argument_spec(
            argument_spec={
                "manifest": {"type": "str"},
                "crds": {"type": "str"},
                "wait": {"type": "bool", "default": False},
            },
            required_together=[("manifest", "crds")],
        )
        try:
            with closing(playbook_client(task_vars or {})) as kube:
                if args["manifest"]:
                    install(kube, Path(args["manifest"]), Path(args["crds"]))
                if not args["wait"]:
                    return {"changed": True}
                late = wait_controller(kube, _CONTROLLER_TIMEOUT_S)
                waiting = late or wait_proxies(kube, _PROXIES_TIMEOUT_S)
        except (KubeError, OSError, ValueError, yaml.YAMLError) as error:
            return {"changed": False, "failed": True, "msg": str(error)}
        return {
            "changed": bool(args["manifest"]),
            "failed": bool(late),
            "msg": "; ".join(late),
            "stdout": "\n".join(waiting),
        }
