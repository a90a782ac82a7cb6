"""The commands `lab class`, which are the teacher's."""

from __future__ import annotations

from typing import Final

import typer

from graders.cli.class_board import board
from graders.cli.class_ci import ci
from graders.cli.class_collect import collect
from graders.cli.class_exec import exec_, reset
from graders.cli.class_move import move
from graders.cli.class_new import new
from graders.cli.class_plan import plan
from graders.cli.class_regrade import regrade
from graders.cli.class_report import report
from graders.cli.class_roster import roster
from graders.cli.class_status import status
from graders.cli.class_time import time
from graders.cli.class_up import down, up
from graders.cli.class_verify import verify

_SEATS: Final = "Seats on machines of the class"

class_app = typer.Typer(
    help="Teach a class: tickets, submissions, and seats on your machines.",
    no_args_is_help=True,
)

for verb in (new, roster, verify, regrade, report, ci, board):
    class_app.command()(verb)
for seat_verb in (plan, move, time, up, status, reset, collect, down):
    class_app.command(rich_help_panel=_SEATS)(seat_verb)
class_app.command("exec", rich_help_panel=_SEATS)(exec_)
