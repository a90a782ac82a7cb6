"""End the playbook because of something that a person has to change.

    lab_refuse:
      problem: no container engine answers
      remedy: start Docker Desktop

The command that runs the playbook prints both and exits with 2, as for any
wrong usage; graders/lifecycle/playbook.py reads `refused`.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The action; it always fails."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Fail with the problem and its remedy."""
        _, args = self.validate_argument_spec(
            argument_spec={
                "problem": {"type": "str", "required": True},
                "remedy": {"type": "str", "default": ""},
            },
        )
        message = "; ".join(filter(None, args.values()))
        return {"failed": True, "msg": message, "refused": args}
