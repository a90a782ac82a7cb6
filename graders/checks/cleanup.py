"""What a grading that was killed left in the lab, removed before the next.

A grading takes away what it made and resumes what it cut off in any case,
after a Ctrl-C as well. One that was killed (kill -9, a computer that went
off) cannot; a file says that it had begun and not ended.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from graders.checks.node_failure import resume_nodes
from graders.checks.objects import is_temporary
from graders.checks.workload import uncordon
from graders.errors import CannotCheck
from graders.kube.names import METALLB_API
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session

_GROUPS: Final = {
    "/api/v1": ("services", "pods", "namespaces"),
    METALLB_API: (
        *("ipaddresspools", "l2advertisements", "bgpadvertisements"),
    ),
}


@contextlib.contextmanager
def clean_session(lab: Session) -> Iterator[None]:
    """Grade in a lab in which nothing of an earlier grading is left."""
    mark = state_dir(lab.plan.student) / "grading"
    if mark.exists():
        remove_leftovers(lab)
    mark.touch()
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def remove_leftovers(lab: Session) -> None:
    """Remove the grader's objects, and have nodes go on that it stopped.

    What cannot be asked is left: the checks say what does not answer.
    """
    for undo in (resume_nodes, uncordon):
        with contextlib.suppress(CannotCheck):
            undo(lab)
    for base, kinds in _GROUPS.items():
        for kind in kinds:
            with contextlib.suppress(CannotCheck):
                _remove(lab, base, kind)


def _remove(lab: Session, base: str, kind: str) -> None:
    for item in lab.cluster.items(f"{base}/{kind}"):
        about = item["metadata"]
        if is_temporary(about["name"]):
            space = about.get("namespace")
            within = f"namespaces/{space}/{kind}" if space else kind
            lab.cluster.ask("DELETE", f"{base}/{within}/{about['name']}")
