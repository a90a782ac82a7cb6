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
from typing import ClassVar

import yaml

from graders.kube.client import KubeError, playbook_client
from graders.kube.gateway import install, wait_controller, wait_proxies
from graders.lifecycle.action import LabAction, Values

# Seconds in which pods whose images are there become ready.
_CONTROLLER_TIMEOUT_S = 120.0
_PROXIES_TIMEOUT_S = 60.0


class ActionModule(LabAction):
    """The action; see above."""

    ARGUMENTS: ClassVar[Values] = {
        "manifest": {"type": "str"},
        "crds": {"type": "str"},
        "wait": {"type": "bool", "default": False},
    }
    RULES: ClassVar[Values] = {"required_together": [("manifest", "crds")]}

    def act(self, args: Values, variables: Values) -> Values:
        """Install it, or wait."""
        try:
            with closing(playbook_client(variables)) as kube:
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
