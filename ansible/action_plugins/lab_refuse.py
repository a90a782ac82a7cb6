"""End the playbook because of something that a person has to change.

    lab_refuse:
      problem: no container engine answers
      remedy: start Docker Desktop

The command that runs the playbook prints both and exits with 2, as for any
wrong usage; graders/lifecycle/playbook.py reads `refused`.
"""

from __future__ import annotations

from typing import ClassVar

from graders.lifecycle.action import LabAction, Values


class ActionModule(LabAction):
    """The action; it always fails."""

    ARGUMENTS: ClassVar[Values] = {
        "problem": {"type": "str", "required": True},
        "remedy": {"type": "str", "default": ""},
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Fail with the problem and its remedy."""
        del variables
        message = "; ".join(filter(None, args.values()))
        return {"failed": True, "msg": message, "refused": args}
