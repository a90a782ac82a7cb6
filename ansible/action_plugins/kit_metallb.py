"""MetalLB: begun, looked at, waited for, removed.

    kit_metallb:
      step: begin                      # where there is none of it
      kubeconfig: /where/it/is
      manifest: /where/its/objects/are # for `begin`
      left: /where/is/noted/how/it/was
      recipe: what-it-was-made-by
      turn: "{{ turn }}"               # the command that all this is part of

`look` says whether it is the `same` as it was left, and whether all that is
still to be done is to wait for it (`begun`). `await` waits, and notes how it
was left. `remove` begins to remove it, and `await_gone` waits for that. What
cannot be begun, looked at or removed ahead of its turn is no failure.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

from graders.kube import Kube, KubeError
from graders.metallb_absent import await_gone, remove
from graders.metallb_begin import Note, begin
from graders.metallb_look import answers, look
from graders.metallb_ready import await_ready

# Seconds in which pods whose images are there are ready, and in which a
# namespace is gone.
_READY = 120.0
_GONE = 60.0
# What must be done by now.
_DUE = ("await", "remove", "await_gone")


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
                "turn": text,
            },
        )
        try:
            with closing(Kube(Path(given["kubeconfig"]))) as kube:
                return {"changed": False, **_step(kube, given)}
        except (KubeError, OSError, yaml.YAMLError) as error:
            no = {"changed": False, "same": False, "begun": False}
            return {**no, "failed": given["step"] in _DUE, "msg": str(error)}


def _step(kube: Kube, given: dict[str, Any]) -> dict[str, Any]:
    """Do it and return what it came to."""
    note = Note(Path(given["left"]), given["recipe"], given["turn"])
    match given["step"]:
        case "begin":
            return {"changed": begin(kube, Path(given["manifest"]), note)}
        case "look":
            return _look(kube, note)
        case "await":
            late = await_ready(kube, _READY)
            if not late:
                note.file.write_text(_found(kube, note), encoding="utf-8")
        case "remove":
            return {"changed": remove(kube)}
        case _:
            late = await_gone(kube, _GONE)
    return {"failed": bool(late), "msg": "; ".join(late)}


def _look(kube: Kube, note: Note) -> dict[str, bool]:
    if note.begun():
        return {"same": False, "begun": True}
    same = note.text() == _found(kube, note) and answers(kube)
    return {"same": same, "begun": False}


def _found(kube: Kube, note: Note) -> str:
    return "\n".join([note.recipe, *look(kube)])
