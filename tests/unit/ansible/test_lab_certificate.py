"""The action `lab_certificate`: a playbook gets what a check knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from graders.plan.certificates import certificates
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def test_the_student_s_own(action: Callable[[str], ModuleType]) -> None:
    """They are those of the student whose lab is started; nothing changes."""

    class Module(action("lab_certificate").ActionModule):  # type: ignore[misc] # loaded by its path
        def __init__(self) -> None:
            """Need nothing of Ansible."""

        def validate_argument_spec(
            self, **_: object
        ) -> tuple[None, dict[str, object]]:
            """Take no arguments."""
            return None, {}

    found = Module().run(task_vars={"student": "ada"})

    wanted = asdict(certificates(make_plan("ada")))
    assert found == {"changed": False, **wanted}
