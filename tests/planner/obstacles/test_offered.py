"""Of each code by its name: a session that has it in its way is offered times without it, and each can be taken."""

from collections.abc import Callable

import pytest
from django.db import transaction

from planner.models import Series
from planner.obstacles.obstacle import KINDS, ObstacleCode
from planner.schedule.move import propose_move
from planner.schedule.refusals import WrongState
from tests.makers import NOW
from tests.planner.desk import Desk, open_desk, session_of
from tests.planner.obstacles.causes import TABLE
from tests.planner.obstacles.test_of_sessions import found

pytestmark = pytest.mark.django_db
CASES = [(cause, number, ObstacleCode(code)) for cause, number, code, _until in TABLE]
NOTHING_TO_OFFER = {
    ObstacleCode.NO_CONSENT,
    ObstacleCode.CONSENT_ENDS,
    ObstacleCode.NOT_SCREENED,
    ObstacleCode.SCREENING_BLOCKS,
    ObstacleCode.SCREENING_HOLDS,
    ObstacleCode.RESOURCE_INACTIVE,
    ObstacleCode.NOT_QUALIFIED,
    ObstacleCode.LACKS_WHAT_IS_NEEDED,
    ObstacleCode.DEVICE_TOO_SHALLOW,
    ObstacleCode.NOT_OPEN_THAT_DAY,
}
"""Of one patient, practitioner, room and device: it stands in the way of every day that is left."""


@pytest.mark.parametrize(
    ("cause", "number", "code"), CASES, ids=[f"{code}{cause.__name__}" for cause, _number, code in CASES]
)
def test_what_is_offered_instead_can_be_taken_and_is_free_of_it(
    cause: Callable[[Desk, Series], None], number: int, code: ObstacleCode
) -> None:
    desk = open_desk()
    series = desk.booked()
    cause(desk, series)
    session = session_of(series, number)
    if code == ObstacleCode.RECORD_OPEN:
        with pytest.raises(WrongState):
            propose_move(session, with_later=False, now=NOW)
        return
    ends = code == ObstacleCode.SET_ASIDE  # the later ones lie after its end
    plans = propose_move(session, with_later=not ends, now=NOW).plans
    assert bool(plans) != (code in NOTHING_TO_OFFER)
    for plan in plans:
        with transaction.atomic():
            assert desk.move(session, *plan.visits).starts_at == plan.visits[0].starts_at
            left = [each for each, _until in found(series).get(number, ())]
            assert not KINDS[code].stops or code.value not in left
            transaction.set_rollback(True)
