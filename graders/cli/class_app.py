"""The commands `lab class`, which are the teacher's."""

from __future__ import annotations

import typer

from graders.cli.class_board import board
from graders.cli.class_ci import ci
from graders.cli.class_move import move
from graders.cli.class_new import new
from graders.cli.class_plan import plan
from graders.cli.class_regrade import regrade
from graders.cli.class_report import report
from graders.cli.class_roster import roster
from graders.cli.class_time import time
from graders.cli.class_verify import verify

class_app = typer.Typer(
    help="A class: tickets for its students, and what they hand in.",
    no_args_is_help=True,
)

for verb in (
    new,
    roster,
    verify,
    regrade,
    report,
    ci,
    board,
    plan,
    move,
    time,
):
    class_app.command()(verb)
