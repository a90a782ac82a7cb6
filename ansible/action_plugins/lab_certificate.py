"""Return the lab's CA and the certificate of its applications.

    lab_certificate:
    register: lab_tls

It returns `ca`, `certificate` and `key` as PEM, the same ones each time; see
graders/plan/certificates.py.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible.plugins.action import ActionBase

from graders.plan.certificates import certificates
from graders.plan.plan import make_plan


class ActionModule(ActionBase):
    """The action; it changes nothing."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Compute them."""
        self.validate_argument_spec(argument_spec={})
        student = str((task_vars or {})["student"])
        return {"changed": False, **asdict(certificates(make_plan(student)))}
