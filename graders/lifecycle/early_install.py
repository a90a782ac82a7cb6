"""Install or uninstall MetalLB while Ansible starts.

Nothing depends on it: the playbook does what was not done here.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import yaml

from graders.kube.client import KubeError, cluster_client
from graders.kube.metallb import InstallMarker, install, uninstall
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.plan.plan import Plan

# The playbook reports these if they last.
_FAILURES: Final = (KubeError, OSError, ValueError, yaml.YAMLError)


@contextmanager
def install_metallb_early(
    plan: Plan, run_id: str, *, wanted: bool
) -> Iterator[None]:
    """Install MetalLB if it is wanted and missing, or uninstall it.

    Ansible needs a second to load the playbook, on one processor. `run_id` is
    the playbook's.
    """
    thread = threading.Thread(
        target=_install if wanted else _uninstall,
        args=(plan, run_id),
        name="early-metallb",
    )
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _install(plan: Plan, run_id: str) -> None:
    """Apply the manifest of the last installation, if there was one."""
    # The role metallb writes both files.
    file = state_dir(plan.student) / "metallb.seen"
    with (
        suppress(*_FAILURES),
        closing(cluster_client(plan)) as kube,
    ):
        recipe = file.read_text("utf-8").partition("\n")[0]
        name = f"metallb-{recipe.replace(' ', '-')}.yaml"
        manifest = cache_dir() / "charts" / name
        install(kube, manifest, InstallMarker(file, recipe, run_id))


def _uninstall(plan: Plan, _: str) -> None:
    with suppress(*_FAILURES), closing(cluster_client(plan)) as kube:
        uninstall(kube)
