"""x"""

from planner.engine.answer import Reason, Relaxation
from planner.engine.grid import FreeTime
from planner.engine.problem import Request


def explain(free: FreeTime, request: Request) -> tuple[tuple[Reason, ...], tuple[Relaxation, ...]]:
    return (), ()
