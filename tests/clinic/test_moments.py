from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone, translation

BERLIN = ZoneInfo("Europe/Berlin")
LATE = datetime(2027, 1, 5, 23, 30, tzinfo=UTC)  # 00:30 of the sixth in Berlin


def shown(source: str, value: object) -> str:
    """What a page whose zone is Berlin's says."""
    with timezone.override(BERLIN):
        return engines["django"].from_string(f"{{{{ value|{source} }}}}").render({"value": value})


DAYS = {
    "day": "Wed 6 Jan 2027",
    'day:"short"': "Wed 6 Jan",
    'day:"long"': "Wednesday 6 January",
    'day:"bare"': "6 Jan 2027",
    'day:"month"': "01/2027",
    'day:"iso"': "2027-01-06",
}


@pytest.mark.parametrize(("source", "words"), DAYS.items())
def test_a_day_is_said_alike_whether_it_is_a_date_or_an_instant(source: str, words: str) -> None:
    assert shown(source, LATE) == shown(source, date(2027, 1, 6)) == words


def test_a_moment_is_said_in_the_zone_of_the_page() -> None:
    assert shown("moment", LATE) == "Wed 6 Jan 2027, 00:30"
    assert shown('moment:"short"', LATE) == "Wed 6 Jan, 00:30"
    assert shown('moment:"time"', LATE) == "00:30"
    assert shown('moment:"time"', time(9, 5)) == "09:05"


def test_midnight_is_a_time() -> None:
    assert shown('moment:"time"', time(0, 0)) == "00:00"


def test_days_and_moments_are_said_in_the_readers_language() -> None:
    with translation.override("de"):
        assert shown("day", LATE) == "Mi 6 Jan 2027"
        assert shown('day:"long"', LATE) == "Mittwoch 6 Januar"


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_said_of_no_day(value: object) -> None:
    assert shown("day", value) == shown("moment", value) == shown('moment:"time"', value) == ""
