"""Look whether MetalLB is as it was left, or wait for it and note that.

    kit_metallb:
      kubeconfig: /where/it/is
      left: /where/that/is/noted
      recipe: what-it-was-made-by
      note: true                       # else it is looked at: `same` says

What cannot be looked at is not as it was.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from graders.kube import Kube, KubeError
from graders.metallb_look import answers, look
from graders.metallb_ready import await_ready

# Seconds in which pods whose images are there are ready.
_READY = 120.0


class ActionModule(ActionBase):
    """The action; see above."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's own signature
        task_vars: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Look and compare, or wait and note."""
        text = {"type": "str", "required": True}
        _, given = self.validate_argument_spec(
            argument_spec={
                "kubeconfig": text,
                "left": text,
                "recipe": text,
                "note": {"type": "bool", "default": False},
            },
        )
        left = Path(given["left"])
        try:
            with closing(Kube(Path(given["kubeconfig"]))) as kube:
                late = await_ready(kube, _READY) if given["note"] else []
                if late:
                    return {"failed": True, "msg": "; ".join(late)}
                found = "\n".join([given["recipe"], *look(kube)])
                if given["note"]:
                    left.write_text(found, encoding="utf-8")
                    return {"changed": False}
                same = left.is_file() and left.read_text("utf-8") == found
                return {"changed": False, "same": same and answers(kube)}
        except KubeError as error:
            return {"changed": False, "same": False, "msg": str(error)}
