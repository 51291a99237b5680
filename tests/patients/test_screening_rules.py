from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.choices import AnswerKind, Certainty, OverrideBy, ScreeningEffect
from patients.models import ScreeningQuestion
from patients.screening_rules import (
    ImpossibleDate,
    Question,
    StatedAnswer,
    Verdict,
    birthday,
    judge,
    load_questions,
    override_in_force,
)

SHIPPED = {question.code: question for question in load_questions()}
TODAY = date(2026, 12, 8)
BORN = date(1990, 6, 1)
ONE_DAY = timedelta(days=1)
CLEAR, WARN, UNASKED, POSTPONE, HOLD, BLOCK = ScreeningEffect


def yes(code: str, event_date: date | None = None) -> StatedAnswer:
    return StatedAnswer(SHIPPED[code], True, event_date)


def judged(
    *answers: StatedAnswer,
    on: date = TODAY,
    born: date = BORN,
    skin_type: int | None = 2,
    modality: str = "mn",
    overridden: dict[str, date | None] | None = None,
) -> Verdict:
    """Everything else answered with no."""
    said = {answer.question.code for answer in answers}
    rest = [StatedAnswer(question, False) for code, question in SHIPPED.items() if code not in said]
    return judge(
        [*answers, *rest],
        questions=SHIPPED.values(),
        on=on,
        date_of_birth=born,
        skin_type=skin_type,
        modality=modality,
        overridden=overridden or {},
    )


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


# --- the answers ---


def test_all_answered_no_is_clear() -> None:
    assert judged() == Verdict(CLEAR, None, ())


def test_an_unanswered_question_is_not_asked_yet_and_nobody_may_set_it_aside() -> None:
    answered = [StatedAnswer(question, False) for code, question in SHIPPED.items() if code != "keloid"]
    verdict = judge(
        answered,
        questions=SHIPPED.values(),
        on=TODAY,
        date_of_birth=BORN,
        skin_type=2,
        modality="mn",
        overridden={"keloid": None},
    )
    assert (verdict.effect, codes(verdict)) == (UNASKED, ["keloid"])
    assert verdict.findings[0].sentence == (
        "Not answered yet: Do your scars grow thick or raised (keloid or hypertrophic)?"
    )
    assert not verdict.may_book


@pytest.mark.parametrize("question", SHIPPED.values(), ids=SHIPPED.keys())
def test_a_yes_without_more_has_the_questions_effect(question: Question) -> None:
    verdict = judged(StatedAnswer(question, True), modality=question.only_modality or "mn")
    assert (verdict.effect, verdict.earliest, codes(verdict)) == (question.effect, None, [question.code])


def test_isotretinoin_says_from_when_and_who_may_decide_otherwise() -> None:
    verdict = judged(yes("isotretinoin_stopped", date(2026, 8, 2)))
    assert (verdict.effect, verdict.earliest) == (POSTPONE, date(2027, 1, 31))
    assert verdict.findings[0].sentence == (
        "Last dose of isotretinoin: Sun 2 Aug 2026. Needling is possible from Sun 31 Jan 2027. "
        "A clinician may decide otherwise, with a reason."
    )


@pytest.mark.parametrize("code", [code for code, each in SHIPPED.items() if each.effect is POSTPONE])
@pytest.mark.parametrize("skin_type", [1, 3, 4, 6, None])
def test_a_wait_ends_on_its_last_day_and_not_before(code: str, skin_type: int | None) -> None:
    question = SHIPPED[code]
    is_dark = skin_type is None or skin_type >= 4
    days = question.wait_days_dark_skin if is_dark and question.wait_days_dark_skin else question.wait_days
    assert days is not None
    ended = TODAY + timedelta(days=days)
    still = judged(yes(code, TODAY), on=ended - timedelta(days=1), skin_type=skin_type)
    assert (still.effect, still.earliest) == (POSTPONE, ended)
    assert judged(yes(code, TODAY), on=ended, skin_type=skin_type) == Verdict(CLEAR, None, ())


def test_sun_on_darker_skin_waits_four_weeks() -> None:
    assert judged(yes("sun", TODAY), skin_type=4).earliest == date(2027, 1, 5)
    assert judged(yes("sun", TODAY), skin_type=3).earliest == date(2026, 12, 22)


def test_a_wait_without_a_date_has_no_end() -> None:
    verdict = judged(yes("infection_at_site"), yes("sun", TODAY))
    assert (verdict.effect, verdict.earliest) == (POSTPONE, None)
    assert verdict.findings[0].sentence == (
        "Infection healed: no date yet. Needling waits until the date is known."
    )


def test_the_longest_of_several_waits_decides() -> None:
    verdict = judged(yes("sun", TODAY), yes("self_tan", TODAY), yes("filler", TODAY))
    assert verdict.earliest == TODAY + timedelta(days=182)


def test_the_worst_effect_wins_and_stands_first() -> None:
    verdict = judged(
        yes("diabetes_controlled"), yes("sun", TODAY), yes("blood_thinner"), yes("bleeding_disorder")
    )
    assert verdict.effect is BLOCK
    assert [finding.effect for finding in verdict.findings] == [BLOCK, HOLD, POSTPONE, WARN]


def test_a_warning_alone_may_be_booked() -> None:
    assert judged(yes("painkiller_otc")).may_book


def test_blood_thinners_are_never_to_be_stopped() -> None:
    assert "Never tell the patient to stop" in SHIPPED["blood_thinner"].help


@pytest.mark.parametrize("said_yes", [True, False])
def test_a_date_after_the_day_judged_is_refused(said_yes: bool) -> None:
    with pytest.raises(ImpossibleDate) as refused:
        judged(StatedAnswer(SHIPPED["sun"], said_yes, TODAY + timedelta(days=1)))
    assert refused.value.code == "sun"


# --- method ---


def test_a_pacemaker_blocks_radiofrequency_only() -> None:
    assert judged(yes("pacemaker_metal"), modality="rf").effect is BLOCK
    assert judged(yes("pacemaker_metal"), modality="mn").effect is CLEAR


def test_a_question_of_another_method_need_not_be_answered() -> None:
    answered = [StatedAnswer(question, False) for question in SHIPPED.values() if not question.only_modality]
    verdicts = [
        judge(
            answered,
            questions=SHIPPED.values(),
            on=TODAY,
            date_of_birth=BORN,
            skin_type=2,
            modality=modality,
        )
        for modality in ("mn", "rf", None)
    ]
    assert [codes(verdict) for verdict in verdicts] == [[], ["pacemaker_metal"], []]


# --- overrides ---


def test_an_override_frees_booking_and_stays_visible() -> None:
    verdict = judged(yes("keloid"), overridden={"keloid": None})
    assert (verdict.effect, codes(verdict)) == (CLEAR, ["keloid"])
    assert verdict.findings[0].overridden
    assert verdict.findings[0].effect is BLOCK


def test_what_nobody_may_set_aside_stands() -> None:
    verdict = judged(yes("pregnant"), overridden={"pregnant": None})
    assert verdict.effect is BLOCK
    assert not verdict.findings[0].overridden


def test_an_overridden_wait_no_longer_postpones() -> None:
    verdict = judged(yes("surgery", TODAY), yes("sun", TODAY), overridden={"surgery": None})
    assert (verdict.effect, verdict.earliest) == (POSTPONE, date(2026, 12, 22))


def test_what_was_set_aside_counts_again_from_the_day_it_ends() -> None:
    ended, goes_on = (judged(yes("keloid"), overridden={"keloid": TODAY + ONE_DAY * n}) for n in (0, 1))
    assert (ended.effect, ended.sets_aside) == (BLOCK, False)
    assert (goes_on.effect, goes_on.sets_aside) == (CLEAR, True)


@pytest.mark.parametrize(("code", "days"), [("filler", 28), ("gave_birth", 182)])
def test_below_its_floor_no_reason_lifts_a_wait(code: str, days: int) -> None:
    event, floor = TODAY - ONE_DAY * 3, TODAY + ONE_DAY * (days - 3)
    below = judged(yes(code, event), overridden={code: None}, on=floor - ONE_DAY)
    assert (below.effect, below.earliest) == (POSTPONE, floor)
    assert judged(yes(code, event), overridden={code: None}, on=floor).effect is CLEAR


@pytest.mark.parametrize(
    ("history", "holds"),
    [
        ([(True, None, "o")], True),
        ([(True, None, None), (True, None, "o")], True),
        ([(True, None, None), (False, None, None), (True, None, "o")], False),
        ([(True, TODAY, None), (True, None, "o")], False),
        ([(False, None, None), (True, None, "o")], False),
        ([], False),
    ],
)
def test_a_standing_fact_keeps_its_setting_aside_while_the_same_is_said(
    history: list[tuple[bool, date | None, str | None]], holds: bool
) -> None:
    assert override_in_force(history) == ("o" if holds else None)


@pytest.mark.parametrize(
    "code",
    [
        "pregnant",
        "breast_feeding",
        "bleeding_disorder",
        "isotretinoin_now",
        "steel_allergy",
        "skin_cancer_at_site",
        "infection_at_site",
        "herpes_now",
        "chemo_radio",
        "cushing_signs",
        "pacemaker_metal",
    ],
)
def test_absolute_reasons_cannot_be_set_aside(code: str) -> None:
    assert SHIPPED[code].override_by == OverrideBy.NONE


def test_every_hold_can_be_signed_off_by_a_clinician() -> None:
    holds = {question.override_by for question in SHIPPED.values() if question.effect is HOLD}
    assert holds == {OverrideBy.CLINICIAN}


# --- age ---


def test_under_18_is_blocked_until_the_birthday() -> None:
    verdict = judged(born=date(2009, 1, 15))
    assert (verdict.effect, verdict.earliest) == (BLOCK, date(2027, 1, 15))
    assert verdict.findings[0].sentence == "Under 18. Needling is possible from Fri 15 Jan 2027."


def test_on_the_18th_birthday_it_is_a_note() -> None:
    verdict = judged(born=date(2008, 12, 8))
    assert (verdict.effect, codes(verdict)) == (WARN, ["under_22"])


def test_on_the_22nd_birthday_it_is_clear() -> None:
    assert judged(born=date(2004, 12, 8)) == Verdict(CLEAR, None, ())
    assert judged(born=date(2004, 12, 9)).effect is WARN


def test_someone_born_on_29_february_is_18_on_1_march() -> None:
    leap = date(2008, 2, 29)
    assert birthday(leap, 18) == date(2026, 3, 1)
    assert judged(born=leap, on=date(2026, 2, 28)).effect is BLOCK
    assert judged(born=leap, on=date(2026, 3, 1)).effect is WARN


def test_a_birth_in_the_future_is_refused() -> None:
    with pytest.raises(ImpossibleDate) as refused:
        judged(born=TODAY + timedelta(days=1))
    assert refused.value.code == "date_of_birth"


# --- properties ---

answers = st.lists(
    st.builds(
        StatedAnswer,
        st.sampled_from(list(SHIPPED.values())),
        st.booleans(),
        st.none() | st.dates(date(2024, 1, 1), TODAY),
    ),
    max_size=8,
    unique_by=lambda answer: answer.question.code,
)


@given(answers)
def test_nothing_dated_still_waits_on_the_earliest_day(given_answers: list[StatedAnswer]) -> None:
    earliest = judged(*given_answers).earliest
    if earliest:
        assert judged(*given_answers, on=earliest).effect is not POSTPONE


@given(answers, st.sampled_from(list(SHIPPED)))
def test_one_more_yes_never_makes_it_easier(given_answers: list[StatedAnswer], code: str) -> None:
    before = judged(*(answer for answer in given_answers if answer.question.code != code))
    after = judged(*(answer for answer in given_answers if answer.question.code != code), yes(code))
    assert after.effect.rank >= before.effect.rank


# --- the shipped data ---


@pytest.mark.parametrize("question", SHIPPED.values(), ids=SHIPPED.keys())
def test_each_question_has_a_source_and_fits_the_clinics_own_row(question: Question) -> None:
    assert question.source
    assert isinstance(question.certainty, Certainty)
    assert question.text.endswith("?")
    row = ScreeningQuestion(clinic_id=1, **{name: getattr(question, name) for name in question.__slots__})
    row.clean_fields(exclude=["clinic"])


def test_what_changes_between_visits_is_asked_again_every_time() -> None:
    assert {code for code, question in SHIPPED.items() if question.ask_every_session} == {
        "pregnant",
        "infection_at_site",
        "herpes_now",
        "herpes_history",
        "skin_broken",
        "blood_thinner",
        "painkiller_otc",
        "isotretinoin_now",
        "isotretinoin_stopped",
        "chemo_radio",
        "irradiated_site",
        "steroid",
        "anaesthetic_allergy",
        "active_creams",
        "sun",
        "self_tan",
        "filler",
        "surgery",
        "young_scar",
        "young_marks",
        "laser_light",
        "laser_deep",
        "waxed",
        "shaved",
        "fever",
    }


def test_a_postponement_without_days_is_no_question() -> None:
    with pytest.raises(ValueError):
        replace(SHIPPED["sun"], wait_days=None)


def test_a_postponement_that_asks_no_date_is_no_question() -> None:
    with pytest.raises(ValueError):
        replace(SHIPPED["sun"], kind=AnswerKind.YES_NO)
