"""Make the lab's context the current one of the kit's kubeconfig.

    lab_kubeconfig:
      namespace: lab-1                 # of the context; "" keeps what it has

kubectl as a student types it then asks the lab's cluster. What was the current
context before is told.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from graders.kube.kubeconfig import (
    KubeconfigError,
    current_context,
    select_namespace,
)
from graders.lifecycle.action import LabAction, Values


class ActionModule(LabAction):
    """The action; it reports a change only where there is one."""

    ARGUMENTS: ClassVar[Values] = {
        "namespace": {"type": "str", "required": True}
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Select it."""
        file = Path(variables["state_dir"]) / "kubeconfig"
        context = str(variables["context"])
        try:
            former = current_context(file)
            # YAML knows no text with Ansible's tags.
            namespace = str(args["namespace"])
            changed = select_namespace(file, context, namespace)
        except (KubeconfigError, OSError) as error:
            return {"failed": True, "msg": f"{file}: {error}"}
        told = f"the kubeconfig's current context was {former}, now {context}"
        reports = [] if former in {"", context} else [{"tell": told}]
        return {"changed": changed, "reports": reports}
