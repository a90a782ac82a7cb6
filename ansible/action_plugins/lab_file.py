"""Write a small file of the kit's own without the cost of a module.

Like `lab_exec`: `ansible.builtin.template` takes 0.6 s for a file.

    lab_file:
      dest: /where/it/goes             # folders above are made
      content: "{{ lookup('template', 'x.j2') }}"
      mode: "0644"
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from graders.files import write_atomically
from graders.lifecycle.action import LabAction, Values


class ActionModule(LabAction):
    """The action; it reports a change only where there is one."""

    ARGUMENTS: ClassVar[Values] = {
        name: {"type": "str", "required": True}
        for name in ("dest", "content", "mode")
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Write `content` to `dest` unless it is there already."""
        del variables
        dest, mode = Path(args["dest"]), int(args["mode"], 8)
        try:
            changed = _write(dest, args["content"], mode)
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
