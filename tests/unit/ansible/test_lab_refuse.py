"""The action `lab_refuse`: every refusal of the roles fits its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator


def _refusals() -> Iterator[Any]:
    for file in sorted(ANSIBLE.glob("roles/*/tasks/*.yml")):
        for task in yaml.safe_load(file.read_text(encoding="utf-8")) or []:
            if "lab_refuse" in task:
                yield pytest.param(
                    task["lab_refuse"], id=f"{file.stem}-{task['name']}"
                )


@pytest.mark.parametrize("args", [*_refusals()])
def test_problem_and_remedy(args: dict[str, str]) -> None:
    """Both are sentences of their own, which the error joins by `; `."""
    assert "problem" in args
    assert args.keys() <= {"problem", "remedy"}
    assert not any(
        text.rstrip().endswith((";", ".")) for text in args.values()
    )


def test_roles_refuse_only_by_it() -> None:
    """`fail` would be an error of the kit, for which nobody can do a thing."""
    for file in sorted(ANSIBLE.glob("roles/*/tasks/*.yml")):
        assert "ansible.builtin.fail:" not in file.read_text("utf-8"), file


def test_roles_read_their_own_files_only() -> None:
    """What two roles read is in ansible/files/lib or ansible/templates."""
    for file in sorted((ANSIBLE / "roles").glob("*/[dtv]*/*")):
        if file.is_file():
            assert "/../" not in file.read_text(encoding="utf-8"), file
