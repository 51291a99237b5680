from datetime import date, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from clinic.models import StaffMember, WriteKey
from clinic.permissions import Role
from patients.choices import ScreeningEffect
from patients.models import Patient, Screening, ScreeningOverride, ScreeningQuestion
from patients.queries import newest_answers
from patients.services import screening
from patients.services.defaults import load_screening_questions
from patients.services.screening import Reply, end_setting_aside, set_aside, standing, take_screening
from tests.makers import NOW, acting, make_location, make_patient, make_staff

pytestmark = pytest.mark.django_db
TODAY, DAY = NOW.date(), timedelta(days=1)


@pytest.fixture
def nurse() -> StaffMember:
    location = make_location()
    load_screening_questions(location.clinic)
    return make_staff(location)


@pytest.fixture
def patient(nurse: StaffMember) -> Patient:
    return make_patient(nurse.location.clinic)


def replies(nurse: Any, *, only_recheck: bool = False, **yes: Any) -> Any:
    """A no to every question, except for a yes to those named, with the date given."""
    questions = ScreeningQuestion.objects.filter(clinic=nurse.location.clinic)
    asked = questions.filter(ask_every_session=True) if only_recheck else questions
    return [Reply(each.pk, each.code in yes, yes.get(each.code)) for each in asked]


def take(
    patient: Patient, nurse: Any, given: Any, *, key: str = "k", is_recheck: bool = False, now: Any = NOW
) -> Any:
    return take_screening(patient, given, is_recheck=is_recheck, note="", by=acting(nurse), key=key, now=now)


def verdict(patient: Patient, on: Any = TODAY, **kwargs: Any) -> Any:
    return standing(patient, on=on, **kwargs)


def codes(found: Any) -> Any:
    return [finding.code for finding in found.findings]


def test_the_shipped_questions_are_loaded_once(nurse: StaffMember) -> None:
    count = ScreeningQuestion.objects.count()
    assert count > 40
    assert load_screening_questions(nurse.location.clinic) == 0
    assert ScreeningQuestion.objects.count() == count


def test_a_question_the_clinic_changed_is_left_as_it_is(nurse: StaffMember) -> None:
    ScreeningQuestion.objects.filter(code="pregnant").update(text="Expecting?")
    load_screening_questions(nurse.location.clinic)
    assert ScreeningQuestion.objects.get(code="pregnant").text == "Expecting?"


def test_nobody_asked_is_a_verdict_of_its_own(patient: Patient) -> None:
    assert verdict(patient).effect == ScreeningEffect.UNASKED


def test_no_to_everything_is_clear(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse))
    assert verdict(patient).effect == ScreeningEffect.CLEAR
    assert verdict(patient).findings == ()


def test_a_yes_blocks(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, pregnant=None))
    assert verdict(patient).effect == ScreeningEffect.BLOCK
    assert codes(verdict(patient)) == ["pregnant"]


def test_a_wait_ends_on_its_day(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, waxed=TODAY))
    assert verdict(patient).earliest == TODAY + timedelta(7)
    assert verdict(patient, on=TODAY + timedelta(6)).effect == ScreeningEffect.POSTPONE
    assert verdict(patient, on=TODAY + timedelta(7)).effect == ScreeningEffect.CLEAR


def test_the_newest_answer_counts(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, pregnant=None))
    later = NOW + timedelta(1)
    take(patient, nurse, replies(nurse, only_recheck=True), key="k2", is_recheck=True, now=later)
    assert verdict(patient).effect == ScreeningEffect.CLEAR


def test_a_recheck_leaves_answers_it_does_not_ask_for(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, keloid=None))
    later = NOW + timedelta(1)
    take(patient, nurse, replies(nurse, only_recheck=True), key="k2", is_recheck=True, now=later)
    assert codes(verdict(patient)) == ["keloid"]


def test_another_patients_answers_do_not_count(patient: Patient, nurse: StaffMember) -> None:
    take(make_patient(nurse.location.clinic), nurse, replies(nurse))
    assert verdict(patient).effect == ScreeningEffect.UNASKED


def test_a_question_about_one_site_counts_only_there(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, breast_feeding_ended=TODAY))
    assert verdict(patient, sites=["abdomen"]).effect == ScreeningEffect.CLEAR
    assert codes(verdict(patient, sites=["abdomen", "breast"])) == ["breast_feeding_ended"]
    assert codes(verdict(patient)) == ["breast_feeding_ended"]


def test_a_question_about_radiofrequency_counts_only_before_it(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, pacemaker_metal=None))
    assert verdict(patient, modality="mn").effect == ScreeningEffect.CLEAR
    assert verdict(patient, modality="rf").effect == ScreeningEffect.BLOCK


def test_a_date_beside_a_no_is_not_kept(patient: Patient, nurse: StaffMember) -> None:
    given = [Reply(each.question_id, False, TODAY) for each in replies(nurse)]
    take(patient, nurse, given)
    assert {answer.event_date for answer in newest_answers(patient)} == {None}


def test_the_same_key_keeps_one_round(patient: Patient, nurse: StaffMember) -> None:
    first = take(patient, nurse, replies(nurse))
    assert take(patient, nurse, replies(nurse)) == first
    assert Screening.objects.count() == 1


def refused(patient: Patient, nurse: Any, refusal: Any, given: Any, **kwargs: Any) -> Any:
    before = Screening.objects.count()
    with pytest.raises(refusal) as caught:
        take(patient, nurse, given, **kwargs)
    assert Screening.objects.count() == before
    assert WriteKey.objects.filter(key=kwargs.get("key", "k")).count() == 0
    return caught.value.facts


def test_a_question_left_out_is_refused(patient: Patient, nurse: StaffMember) -> None:
    facts = refused(patient, nurse, screening.AnswersMissing, replies(nurse)[2:])
    assert facts == {"count": 2}


def test_a_question_no_longer_asked_is_refused(patient: Patient, nurse: StaffMember) -> None:
    given = replies(nurse)
    ScreeningQuestion.objects.filter(code="pregnant").update(is_current=False)
    refused(patient, nurse, screening.QuestionsChanged, given)


def test_a_question_of_another_clinic_is_refused(patient: Patient, nurse: StaffMember) -> None:
    other = make_staff(make_location())
    load_screening_questions(other.location.clinic)
    refused(patient, nurse, screening.QuestionsChanged, [*replies(nurse), replies(other)[0]])


def test_a_date_to_come_is_refused(patient: Patient, nurse: StaffMember) -> None:
    tomorrow = TODAY + timedelta(1)
    facts = refused(patient, nurse, screening.DateInFuture, replies(nurse, waxed=tomorrow))
    assert facts == {"event": "Last wax or hair removal cream", "day": tomorrow}


def test_a_recheck_without_a_screening_is_refused(patient: Patient, nurse: StaffMember) -> None:
    given = replies(nurse, only_recheck=True)
    refused(patient, nurse, screening.NoFullScreening, given, is_recheck=True)


def answer_to(patient: Patient, code: Any) -> Any:
    return next(each for each in newest_answers(patient) if each.question.code == code)


def aside(
    patient: Patient,
    nurse: Any,
    code: Any,
    *,
    reason: str = "Specialist agrees.",
    key: str = "o",
    until: date | None = None,
) -> Any:
    return set_aside(answer_to(patient, code), reason=reason, until=until, by=acting(nurse), key=key, now=NOW)


def test_an_answer_set_aside_counts_no_longer_and_stays_to_be_seen(
    patient: Patient, nurse: StaffMember
) -> None:
    take(patient, nurse, replies(nurse, keloid=None))
    override = aside(patient, nurse, "keloid")
    assert (override.by, override.reason) == (nurse.user, "Specialist agrees.")
    assert verdict(patient).effect == ScreeningEffect.CLEAR
    assert [(finding.code, finding.overridden) for finding in verdict(patient).findings] == [("keloid", True)]


def test_a_newer_answer_counts_although_the_older_was_set_aside(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, surgery=TODAY))
    aside(patient, nurse, "surgery", until=TODAY + 30 * DAY)
    assert verdict(patient).effect == ScreeningEffect.CLEAR
    take(patient, nurse, replies(nurse, surgery=TODAY), key="k2", now=NOW + DAY)
    assert verdict(patient, TODAY + DAY).effect == ScreeningEffect.POSTPONE


def test_a_standing_fact_is_not_set_aside_anew_at_every_visit(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, herpes_history=None))
    aside(patient, nurse, "herpes_history")
    given = replies(nurse, only_recheck=True, herpes_history=None)
    take(patient, nurse, given, key="k2", is_recheck=True, now=NOW + 35 * DAY)
    assert verdict(patient, TODAY + 35 * DAY).effect == ScreeningEffect.CLEAR
    assert verdict(patient, TODAY + 35 * DAY).sets_aside


def test_a_standing_fact_that_changed_in_between_counts_again(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, blood_thinner=None))
    aside(patient, nurse, "blood_thinner")
    take(patient, nurse, replies(nurse), key="k2", now=NOW + DAY)
    take(patient, nurse, replies(nurse, blood_thinner=None), key="k3", now=NOW + 2 * DAY)
    assert verdict(patient, TODAY + 2 * DAY).effect == ScreeningEffect.HOLD


def test_a_setting_aside_ends_on_its_day_and_when_it_is_ended(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, keloid=None))
    override = aside(patient, nurse, "keloid", until=TODAY + 30 * DAY)
    assert verdict(patient, TODAY + 29 * DAY).effect == ScreeningEffect.CLEAR
    assert verdict(patient, TODAY + 30 * DAY).effect == ScreeningEffect.BLOCK
    end_setting_aside(override, by=acting(nurse), key="e", now=NOW + DAY)
    assert verdict(patient, TODAY + DAY).effect == ScreeningEffect.BLOCK
    with pytest.raises(screening.NotSetAside):
        end_setting_aside(override, by=acting(nurse), key="e2", now=NOW + DAY)


@pytest.mark.parametrize(
    ("code", "days", "refusal"),
    [
        ("surgery", None, screening.EndMissing),
        ("surgery", 0, screening.EndMissing),
        ("surgery", 367, screening.EndMissing),
        ("keloid", 367, screening.EndMissing),
        ("filler", 20, screening.BelowFloor),
    ],
)
def test_a_setting_aside_without_a_fit_end_is_refused(
    patient: Patient, nurse: StaffMember, code: str, days: int | None, refusal: Any
) -> None:
    take(patient, nurse, replies(nurse, surgery=TODAY, keloid=None, filler=TODAY))
    with pytest.raises(refusal):
        aside(patient, nurse, code, until=None if days is None else TODAY + days * DAY)
    assert ScreeningOverride.objects.count() == 0


def test_without_its_day_what_has_a_floor_is_not_set_aside(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, filler=None))
    with pytest.raises(screening.EventDateMissing):
        aside(patient, nurse, "filler", until=TODAY + 100 * DAY)


def test_only_those_whom_a_question_names_set_it_aside(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, keloid=None))
    for role in (Role.MANAGER, Role.FRONT_DESK, Role.READ_ONLY):
        with pytest.raises(screening.CannotSetAside):
            aside(patient, make_staff(nurse.location, role), "keloid", key=role)
    assert ScreeningOverride.objects.count() == 0


@pytest.mark.parametrize(
    ("code", "reason", "refusal"),
    [
        ("pregnant", "She insists.", screening.CannotSetAside),
        ("waxed", "She said no.", screening.CannotSetAside),
        ("keloid", "  ", screening.ReasonMissing),
        ("keloid", " too short ", screening.ReasonMissing),
    ],
)
def test_what_may_not_be_set_aside_is_refused(
    patient: Patient, nurse: StaffMember, code: str, reason: str, refusal: Any
) -> None:
    take(patient, nurse, replies(nurse, pregnant=None, keloid=None))
    with pytest.raises(refusal):
        aside(patient, nurse, code, reason=reason)
    assert ScreeningOverride.objects.count() == 0


def test_setting_aside_twice_is_refused(patient: Patient, nurse: StaffMember) -> None:
    take(patient, nurse, replies(nurse, keloid=None))
    aside(patient, nurse, "keloid")
    with pytest.raises(screening.AlreadySetAside):
        aside(patient, make_staff(nurse.location, Role.CLINICIAN), "keloid", key="o2")
    assert ScreeningOverride.objects.count() == 1


def test_a_verdict_costs_two_queries(
    patient: Patient, nurse: StaffMember, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    take(patient, nurse, replies(nurse, keloid=None))
    with django_assert_num_queries(2):
        verdict(patient)
