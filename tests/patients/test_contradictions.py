"""What does not go with an earlier answer is pointed out, and nothing else is."""

from datetime import date, timedelta

import pytest

from patients.contradictions import contradictions
from patients.screening_rules import StatedAnswer, load_questions

SHIPPED = {question.code: question for question in load_questions()}
MARCH, NOVEMBER = date(2026, 3, 2), date(2026, 11, 2)
Said = tuple[str, bool, date | None]


def found(before: list[Said], now: list[Said], on: date = NOVEMBER) -> list[tuple[str, str]]:
    earlier = {code: (StatedAnswer(SHIPPED[code], yes, day), MARCH) for code, yes, day in before}
    given = [StatedAnswer(SHIPPED[code], yes, day) for code, yes, day in now]
    return [
        (each.now.question.code, each.kind.value)
        for each in contradictions(given, earlier, on=on, skin_type=2)
    ]


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (("herpes_history", True, None), ("herpes_history", False, None), "no_longer_true"),
        (("herpes_history", False, None), ("herpes_history", True, None), ""),
        (("keloid", True, None), ("keloid", True, None), ""),
        (("blood_thinner", True, None), ("blood_thinner", False, None), ""),
        (("filler", True, date(2026, 9, 1)), ("filler", False, None), "still_waiting"),
        (("filler", True, date(2026, 2, 1)), ("filler", False, None), ""),
        (("sun", True, date(2026, 2, 20)), ("sun", True, date(2026, 10, 30)), ""),
        (("surgery", True, date(2026, 2, 20)), ("surgery", True, date(2026, 1, 20)), "date_went_back"),
        (("surgery", True, None), ("surgery", True, date(2026, 1, 20)), ""),
    ],
)
def test_an_answer_against_the_one_before(before: Said, now: Said, kind: str) -> None:
    assert found([before], [now]) == ([(now[0], kind)] if kind else [])


@pytest.mark.parametrize("was", ["pregnant", "breast_feeding", "isotretinoin_now"])
def test_what_is_over_has_an_end_that_is_told(was: str) -> None:
    follower = {
        "pregnant": "gave_birth",
        "breast_feeding": "breast_feeding_ended",
        "isotretinoin_now": "isotretinoin_stopped",
    }[was]
    over, end = (was, False, None), date(2026, 10, 1)
    assert found([(was, True, None)], [over]) == [(was, "end_not_told")]
    assert found([(was, True, None)], [over, (follower, False, None)]) == [(was, "end_not_told")]
    assert found([(was, True, None)], [over, (follower, True, end)]) == []
    assert found([(was, True, None), (follower, True, end)], [over]) == []


def test_it_is_said_with_both_days() -> None:
    earlier = {"surgery": (StatedAnswer(SHIPPED["surgery"], True, date(2026, 2, 20)), MARCH)}
    given = [StatedAnswer(SHIPPED["surgery"], True, MARCH - timedelta(days=60))]
    (one,) = contradictions(given, earlier, on=NOVEMBER, skin_type=2)
    assert one.sentence == (
        "Surgery: Fri 20 Feb 2026, said on Mon 2 Mar 2026; now Thu 1 Jan 2026, which is earlier."
    )
