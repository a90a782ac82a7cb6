"""The base class of the playbooks' action plugins.

Each task imports it in a process that Ansible has just started, so it imports
nothing else of the kit.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeAlias

from ansible.plugins.action import ActionBase

Values: TypeAlias = dict[str, Any]

# The argument `state` of what creates or removes something.
STATE: Final[Values] = {
    "type": "str",
    "choices": ["present", "absent"],
    "default": "present",
}


class LabAction(ActionBase):
    """An action with its arguments, as `validate_argument_spec` takes them."""

    ARGUMENTS: ClassVar[Values] = {}
    RULES: ClassVar[Values] = {}

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: Values | None = None,
    ) -> Values:
        """Check the arguments, and act."""
        _, args = self.validate_argument_spec(
            argument_spec=self.ARGUMENTS, **self.RULES
        )
        return self.act(args, task_vars or {})

    def act(self, args: Values, variables: Values) -> Values:
        """Run the action with the playbook's variables; return its result."""
        raise NotImplementedError
