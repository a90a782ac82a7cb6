"""Labs as data: reads lab.yml and says everything that is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    ValidationError,
)

from graders import settings
from graders.course.folders import find_labs, lab_paths, unknown_lab
from graders.course.validation import folder_problems
from graders.errors import UsageError
from graders.yamlfile import (
    NAME_PATTERN,
    SLUG_PATTERN,
    line_of,
    model_problem,
    read_yaml,
)

# From outside in, in the order in which a student should look.
Layer = Literal[
    "allocation",
    "advertisement",
    "neighbour",
    "route",
    "forwarding",
    "endpoint",
    "source-ip",
    "policy",
]
LAYERS: Final[tuple[Layer, ...]] = get_args(Layer)

ID: Final = re.compile(r"lab-(0|[1-9][0-9]*)-[a-z0-9]+(-[a-z0-9]+)*")

Words: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1)
]
CheckName: TypeAlias = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Slug: TypeAlias = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
# Concept, component, command: each rung gives away more than the last.
Ladder: TypeAlias = Annotated[list[Words], Field(min_length=3, max_length=3)]
Ladders: TypeAlias = dict[CheckName, Ladder]


# What a lab is about, for the picture of its network.
Shown: TypeAlias = Literal["layer-2", "bgp", "dhcp", "storage", "gateway"]


class _Strict(BaseModel):
    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,  # they are the site's reference
    )


class Variant(_Strict):
    """One way in which the lab is broken."""

    breaks: str
    """The first check that fails as shipped."""
    layer: Layer
    """The layer of the network in which it is broken."""
    early_deployments: list[Slug] = []
    """Deployments of which the fault makes other pods, and which it is all
    about: it comes before MetalLB is waited for, and they have no pods of
    before."""
    plan_overrides: dict[str, str] = {}
    """Numbers of the plan that the lab's objects have instead of their own:
    `pool: pool_in_dhcp`."""
    hints: Ladders = {}
    """Ladders of this fault's own; they come before the lab's."""


class LabFile(_Strict):
    """What stands in lab.yml."""

    title: Words
    """What the lab is called, after its number."""
    summary: Words
    """What is wrong, in one line, for tables of labs."""
    minutes: PositiveInt
    """What a student may need."""
    module: Annotated[list[Words], Field(min_length=1)]
    """The parts of the module that it belongs to."""
    namespace: Slug
    """Where the lab's shell begins."""
    objectives: Annotated[list[Words], Field(min_length=1)]
    """What a student can do afterwards."""
    topology: list[Shown] = []
    """What the picture of its network shows beyond what each lab has; with
    `storage` its start lays that network, too."""
    metallb: bool
    """Whether MetalLB is there when the lab begins."""
    gateway: bool = False
    """True if Envoy Gateway is installed when the lab begins."""
    checks: Annotated[dict[CheckName, PositiveInt], Field(min_length=1)]
    """Points by check, in the order in which they are made."""
    variants: Annotated[dict[Slug, Variant], Field(min_length=1)]
    """The faults, one of which the student's name decides on."""
    hints: Ladders = {}
    """Ladders of three hints by check: concept, component, command."""


class Lab(LabFile):
    """A lab: its lab.yml and the folder, whose name is its id."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name, `lab-1-pending-service`."""
        return self.folder.name

    @property
    def number(self) -> int:
        """The number in its id."""
        return int(self.id.split("-")[1])

    @property
    def grader_file(self) -> Path:
        """The pytest file with its checks."""
        name = f"test_{self.id.replace('-', '_')}.py"
        return settings.ROOT / "graders" / "labs" / name

    def variant(self, name: str) -> Variant:
        """Return the variant called `name`.

        Raises:
            UsageError: there is none; the message lists them.

        """
        if name not in self.variants:
            raise UsageError(
                f"variant of {self.id} must be one of"
                f" {', '.join(self.variants)}, not {name!r}"
            )
        return self.variants[name]


def load_lab(ref: str) -> Lab:
    """Return the lab `ref`, which is "1", "lab-1" or the whole id.

    Raises:
        UsageError: there is no such lab (the message lists them), or its
            folder is not as it should be (the message lists all problems).

    """
    found = find_labs(ref) if ref else []
    if len(found) != 1:
        raise unknown_lab(ref)
    return read_lab(found[0])


def all_labs() -> list[Lab]:
    """Return the labs in the folder labs/ by number.

    Raises:
        UsageError: some folder is not as it should be.

    """
    labs, problems = [], []
    for folder in lab_paths():
        try:
            labs.append(read_lab(folder))
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
    return sorted(labs, key=lambda lab: (lab.number, lab.id))


def read_lab(folder: Path) -> Lab:
    """Return the lab in `folder`.

    Raises:
        UsageError: all that is wrong with the folder and its lab.yml.

    """
    place = f"labs/{folder.name}"
    raw = read_yaml(folder / "lab.yml", f"{place}/lab.yml")
    problems, lab = [], None
    try:
        lab = Lab(folder=folder, **dict(LabFile.model_validate(raw)))
    except ValidationError as error:
        found = error.errors(include_url=False)
        file = folder / "lab.yml"
        problems = [
            f"{place}/lab.yml:{line_of(file, one['loc'])}:"
            f" {model_problem(one)}"
            for one in found
        ]
    if not ID.fullmatch(folder.name):
        problems.append(f"{place}: its name must be lab-<number>-<words>")
    problems += folder_problems(folder, raw)
    if lab is None or problems:
        raise UsageError(*problems)
    return lab
