"""Shell completion of labs, faults and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

# typer reads the annotations, to know what to pass.
import typer  # noqa: TC002

from graders.errors import KitError

if TYPE_CHECKING:
    from graders.course.overview import LabOverview


def complete_labs(incomplete: str) -> list[tuple[str, str]]:
    """Return numbers of labs with their titles; ids after a letter."""
    labs = _labs("")
    by_number = [(lab.number, lab.title) for lab in labs]
    by_id = [(lab.id, lab.title) for lab in labs]
    return _matching(by_id if incomplete else by_number, incomplete) or (
        _matching(by_number, incomplete)
    )


def complete_variants(
    ctx: typer.Context, incomplete: str
) -> list[tuple[str, str]]:
    """Return the faults of the lab that was typed, of all labs without one."""
    # After an option without its value, arguments are not parsed.
    typed = ctx.params.get("lab") or next(iter(ctx.args), "")
    faults = [
        (variant, lab.title)
        for lab in _labs(typed)
        for variant in lab.variants
    ]
    return _matching(faults, incomplete)


def complete_machines(incomplete: str) -> list[tuple[str, str]]:
    """Return the machines and nodes that can have a shell."""
    from graders.plan.plan import EDGE_HOSTS, LAN_HOSTS, NODE_HOSTS

    machines = dict.fromkeys((*LAN_HOSTS, *EDGE_HOSTS), "machine")
    nodes = dict.fromkeys(NODE_HOSTS, "node")
    return _matching([*machines.items(), *nodes.items()], incomplete)


def _labs(ref: str) -> list[LabOverview]:
    """Return labs; none instead of an error in the line that is typed."""
    from graders.course.overview import overviews

    try:
        return overviews(ref)
    except KitError:
        return []


def _matching(
    offers: list[tuple[str, str]], incomplete: str
) -> list[tuple[str, str]]:
    return [offer for offer in offers if offer[0].startswith(incomplete)]
