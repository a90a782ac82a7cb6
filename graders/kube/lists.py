"""Lists of the cluster's objects, without the half second of the client.

Start and reset ask for lists alone, where loading the official client, which
graders use, would be a tenth of the time that they take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck
from graders.kube.client import KubeClient, KubeError
from graders.settings import state_dir

if TYPE_CHECKING:
    from graders.plan.plan import Plan

_WAY_OUT: Final = "`lab up` brings the cluster back"


class Lists:
    """The API server of one student's cluster, asked for lists."""

    def __init__(self, plan: Plan) -> None:
        """Read the kit's own kubeconfig.

        Raises:
            CannotCheck: it is not there, or damaged.

        """
        try:
            self._kube = KubeClient(state_dir(plan.student) / "kubeconfig")
        except KubeError as error:
            raise CannotCheck(str(error), way_out=_WAY_OUT) from error

    def close(self) -> None:
        """End its connections."""
        self._kube.close()

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the objects at `path`, none where the kind is unknown.

        Raises:
            CannotCheck: the API server does not answer, or refuses.

        """
        try:
            return self._kube.items(path)
        except KubeError as error:
            raise CannotCheck(
                f"the cluster's API server: {error}", way_out=_WAY_OUT
            ) from error
