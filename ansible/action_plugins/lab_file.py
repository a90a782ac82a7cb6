"""Write a small file of the kit's own without the cost of a module.

Like `lab_exec`: `ansible.builtin.template` takes 0.6 s for a file.

    lab_file:
      dest: /where/it/goes             # folders above are made
      content: "{{ lookup('template', 'x.j2') }}"
      mode: "0644"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from graders.files import write_atomically


class ActionModule(ActionBase):
    """The action; it reports a change only where there is one."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's own signature
        task_vars: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Write `content` to `dest` unless it is there already."""
        _, given = self.validate_argument_spec(
            argument_spec={
                "dest": {"type": "str", "required": True},
                "content": {"type": "str", "required": True},
                "mode": {"type": "str", "required": True},
            },
        )
        dest, mode = Path(given["dest"]), int(given["mode"], 8)
        try:
            changed = _write(dest, given["content"], mode)
        except OSError as error:
            return {"failed": True, "msg": f"{dest}: {error.strerror}"}
        return {"changed": changed}


def _write(dest: Path, content: str, mode: int) -> bool:
    """Write and return True, unless the file is already so."""
    if (
        dest.is_file()
        and dest.read_text(encoding="utf-8") == content
        and dest.stat().st_mode & 0o777 == mode
    ):
        return False
    dest.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(dest, content, mode)
    return True
