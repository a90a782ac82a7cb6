"""Controllers that MetalLB's chart does not install, for all labs."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from tests.lab_model.controllers import SYSTEM
from tests.lab_model.labs import CONTROLLER

if TYPE_CHECKING:
    from tests.lab_model.checks import WrongStates
    from tests.lab_model.model import LabModel


def refuse_other_controllers(wrong: WrongStates, check: str) -> None:
    """Have `check` refuse each of the states below."""
    wrong(check, "without a class: one pod, not")(two_controllers)
    wrong(check, "that want no pod: none, not spare$")(spare_controller)
    wrong(check, "no Deployment recreates: none, not metallb-system/mine")(
        bare_controller
    )


def two_controllers(model: LabModel) -> None:
    """Scale the controller to two pods, each with its own books."""
    model.one("Deployment", "metallb-controller")["spec"]["replicas"] = 2


def spare_controller(model: LabModel) -> None:
    """Add a Deployment of the controller that is scaled down."""
    spare = deepcopy(model.one("Deployment", "metallb-controller"))
    spare["metadata"]["name"] = "spare"
    spare["spec"]["replicas"] = 0
    model.cluster.add(spare)


def bare_controller(model: LabModel) -> None:
    """Add a controller's pod that no Deployment recreates."""
    args = ["--lb-class=a/b"]
    container = {"name": "controller", "image": CONTROLLER, "args": args}
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "mine", "namespace": SYSTEM},
            "spec": {"containers": [container]},
        }
    )
