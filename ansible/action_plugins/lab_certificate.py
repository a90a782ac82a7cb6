"""Return the lab's CA and the certificate of its applications.

    lab_certificate:
    register: lab_tls

It returns `ca`, `certificate` and `key` as PEM, the same ones each time; see
graders/plan/certificates.py.
"""

from __future__ import annotations

from dataclasses import asdict

from graders.lifecycle.action import LabAction, Values
from graders.plan.certificates import certificates
from graders.plan.plan import make_plan


class ActionModule(LabAction):
    """The action; it changes nothing."""

    def act(self, args: Values, variables: Values) -> Values:
        """Compute them."""
        del args
        plan = make_plan(str(variables["student"]))
        return {"changed": False, **asdict(certificates(plan))}
