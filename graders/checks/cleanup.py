"""Remove what a killed grading has left in the lab.

A grading removes its objects and resumes isolated nodes, also after Ctrl-C.
One that is killed (kill -9, a power cut) cannot; a file marks a grading that
has started and not ended.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from graders.checks.node_failure import resume_nodes
from graders.checks.objects import is_temporary
from graders.checks.workload import uncordon
from graders.errors import CannotCheck
from graders.kube.names import METALLB_API
from graders.probes.refusal import Refused
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session

_KINDS: Final = {
    "/api/v1": ("services", "pods", "namespaces"),
    METALLB_API: (
        *("ipaddresspools", "l2advertisements", "bgpadvertisements"),
    ),
}


@contextlib.contextmanager
def clean_session(lab: Session) -> Iterator[None]:
    """Remove what a killed grading has left, and mark this one as started."""
    mark = state_dir(lab.plan.student) / "grading"
    if mark.exists():
        remove_leftovers(lab)
    mark.touch()
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def remove_leftovers(lab: Session) -> None:
    """Resume and uncordon nodes, and remove temporary objects.

    What does not answer or refuses is skipped; the checks report it.
    """
    for restore in (resume_nodes, uncordon):
        with contextlib.suppress(CannotCheck, Refused):
            restore(lab)
    for base, kinds in _KINDS.items():
        for kind in kinds:
            with contextlib.suppress(CannotCheck, Refused):
                _remove(lab, base, kind)


def _remove(lab: Session, base: str, kind: str) -> None:
    for item in lab.cluster.items(f"{base}/{kind}"):
        name = item["metadata"]["name"]
        if is_temporary(name):
            namespace = item["metadata"].get("namespace")
            path = f"namespaces/{namespace}/{kind}" if namespace else kind
            lab.cluster.ask("DELETE", f"{base}/{path}/{name}")
