"""Mistakes in a lab's objects are found, with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.rules.manifests import manifest_problems

if TYPE_CHECKING:
    from tests.authoring import LabCopy

POD = "manifests/50-web-deployment.yaml.j2"
SPACES = "manifests/00-namespaces.yaml.j2"
POOLS = "manifests/10-pools.yaml.j2"
LAYER = "    layer: advertisement\n"
EARLY = f"{LAYER}    early_deployments: [shop]\n"
OTHER = f"{LAYER}    plan_overrides: {{pool_last: pool}}\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "rule"),
    [
        (SPACES, "name: lab-2", "name: lab-3", "web must come after its"),
        (SPACES, "by: metallb-lab", "by: me", "must have the label"),
        (POD, "PeriodSeconds: 1", "PeriodSeconds: 9", "must have termination"),
        (POD, "IfNotPresent", "Always", "must have imagePullPolicy"),
        (POD, "periodSeconds: 1", "periodSeconds: 10", "probed each second"),
        (POD, "cpu: 10m", "cpu: 1", "must request a few millicores"),
        (POD, "replicas: ", "replicas: [", "manifests/50-web-deployment"),
        (POOLS, "{{ pool }}", "{{ nope }}", "'nope' is undefined"),
        ("lab.yml", LAYER, EARLY, "must name Deployments of the lab, not"),
        ("lab.yml", LAYER, OTHER, "plan_overrides: no object uses pool_last"),
        ("lab.yml", "namespace: lab-2", "namespace: shop", "not 'shop'"),
    ],
)
def test_mistakes(  # noqa: PLR0913, PLR0917 - an edit and its problem
    lab_copy: LabCopy, name: str, old: str, new: str, rule: str
) -> None:
    """Each is found, with a line."""
    lab_copy.edit(name, old, new)

    found = list(manifest_problems(lab_copy.lab()))

    assert any(rule in problem for problem in found), found
    assert all(problem.split(":")[1].isdecimal() for problem in found), found


def test_the_line_is_the_objects(lab_copy: LabCopy) -> None:
    """It is that of its kind."""
    line = lab_copy.edit(POD, "kind: Deployment", "kind: Deployment")
    lab_copy.edit(POD, "IfNotPresent", "Always")

    number, rule = lab_copy.problem(manifest_problems(lab_copy.lab()), POD)

    assert number == line
    assert rule.startswith("Deployment web container http-echo must have")


def test_a_lab_without_mistakes(lab_copy: LabCopy) -> None:
    """It has no problem."""
    assert list(manifest_problems(lab_copy.lab())) == []
