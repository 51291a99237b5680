"""The whole demo in two steps: what everybody is to live through, and the rows that come of it."""

from collections.abc import Sequence
from datetime import date, datetime
from random import Random

from auditlog.context import disable_auditlog

from clinic.localtime import local_date
from clinic.opening_hours import open_calendar
from planner.demo.history import Historian
from planner.demo.mails import settle
from planner.demo.place import DemoClinic, make_place
from planner.demo.stories import REACH, Story, stories
from planner.demo.timetable import Timetable
from planner.models import ProtocolVersion
from planner.protocols.catalogue import current_versions, recipe_of

SEED = 20260908


def make_demo(now: datetime) -> None:
    """As of `now`. Needs a transaction and a database without this clinic."""
    place = make_place(now)
    random = Random(SEED)  # noqa: S311 (a story, not a secret)
    versions = current_versions(place.location.clinic)
    told = tell(place, local_date(now, place.location.zone), versions, random)
    with disable_auditlog():  # nobody asks who made up what
        Historian(place, now, random, versions).write(told)
        settle(now)


def tell(place: DemoClinic, today: date, versions: Sequence[ProtocolVersion], random: Random) -> list[Story]:
    """Everybody's story in this place, as of a day: nothing is written."""
    resources = list(place.location.resources.all())
    calendar = open_calendar(place.location, resources, today - REACH, today + REACH)
    recipes = [recipe_of(version) for version in versions]
    return list(stories(today, Timetable(calendar, resources, random), recipes, random))
