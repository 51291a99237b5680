from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from clinic.models import StaffMember, WriteKey
from patients.choices import AdattoStage, Severity, Side, Site, StriaType
from patients.models import Area, AreaFinding, Assessment, Patient, Score
from patients.scales import SCALES
from patients.services import assessments
from patients.services.assessments import Filled, JudgedArea, assess
from tests.makers import NOW, acting, make_area, make_location, make_patient, make_staff

pytestmark = pytest.mark.django_db

ABDOMEN = JudgedArea(
    Site.ABDOMEN,
    Side.MIDDLE,
    StriaType.ALBA,
    AdattoStage.STAGE_IIB,
    widest_mm=Decimal("3.5"),
    length_cm=Decimal("15.0"),
    width_cm=Decimal("12.0"),
    filled=(Filled("davey", (0, 1, 1, 2)), Filled("vas_patient", (62,))),
)


@pytest.fixture
def nurse() -> StaffMember:
    return make_staff(make_location())


@pytest.fixture
def patient(nurse: StaffMember) -> Patient:
    return make_patient(nurse.location.clinic)


def judge(patient: Patient, nurse: Any, *areas: Any, key: str = "k", **kwargs: Any) -> Any:
    return assess(patient, areas, by=acting(nurse), key=key, now=NOW, **kwargs)


def test_what_was_judged_is_kept_with_the_rule_that_decided(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, ABDOMEN, note="Calm skin")
    finding = AreaFinding.objects.get()
    assert (finding.area.site, finding.area.side, finding.area.stria_type) == ("abdomen", "middle", "alba")
    assert (finding.area.length_cm, finding.area.width_cm) == (Decimal("15.0"), Decimal("12.0"))
    assert (finding.stage, finding.widest_mm) == ("IIb", Decimal("3.5"))
    assert (finding.severity, finding.severity_rule) == ("moderate", "stage_iib_or_iiia")
    assert finding.severity_reason == ""
    assert Assessment.objects.get().note == "Calm skin"


def test_a_score_is_kept_with_its_points_total_version_and_band(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, ABDOMEN)
    score = Score.objects.get(scale="davey")
    assert (score.points, score.total) == ([0, 1, 1, 2], 4)  # type: ignore[comparison-overlap]
    assert (score.scale_version, score.band_set, score.band) == (1, "abbas-2019", "Severe")


def test_a_score_of_the_whole_body_has_no_area(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, ABDOMEN, whole_body=[Filled("atwal", (1,) * 8)])
    score = Score.objects.get(scale="atwal")
    assert (score.area, score.total) == (None, 8)  # type: ignore[comparison-overlap]


def test_many_and_wide_marks_are_severe(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, replace(ABDOMEN, widest_mm=Decimal("5.0")))
    assert AreaFinding.objects.get().severity_rule == "many_and_wide"


def test_a_known_area_is_judged_again_not_added(patient: Patient, nurse: StaffMember) -> None:
    known = make_area(patient, is_active=False)
    judge(patient, nurse, replace(ABDOMEN, stria_type=StriaType.NIGRA, length_cm=None))
    known.refresh_from_db()
    assert (known.stria_type, known.is_active) == ("nigra", True)
    assert Area.objects.count() == 1


def test_a_size_that_was_not_measured_again_stays(patient: Patient, nurse: StaffMember) -> None:
    known = make_area(patient, length_cm=Decimal("9.0"))
    judge(patient, nurse, replace(ABDOMEN, length_cm=None))
    known.refresh_from_db()
    assert known.length_cm == Decimal("9.0")


def test_the_clinician_may_judge_otherwise_with_a_reason(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, replace(ABDOMEN, severity=Severity.SEVERE, reason="Deep on touch"))
    finding = AreaFinding.objects.get()
    assert (finding.severity, finding.severity_rule) == ("severe", "stage_iib_or_iiia")
    assert finding.severity_reason == "Deep on touch"


def test_agreeing_with_the_rule_needs_no_reason(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, replace(ABDOMEN, severity=Severity.MODERATE, reason="As I said"))
    assert AreaFinding.objects.get().severity_reason == ""


def test_the_skin_type_goes_to_the_patient_and_raises_the_version(
    patient: Patient, nurse: StaffMember
) -> None:
    judge(patient, nurse, ABDOMEN, skin_type=5)
    patient.refresh_from_db()
    assert (patient.skin_type, patient.version) == (5, 2)


def test_the_same_skin_type_changes_nothing(patient: Patient, nurse: StaffMember) -> None:
    judge(patient, nurse, ABDOMEN, skin_type=2)
    patient.refresh_from_db()
    assert patient.version == 1


def test_the_same_key_keeps_one_assessment(patient: Patient, nurse: StaffMember) -> None:
    assert judge(patient, nurse, ABDOMEN) == judge(patient, nurse, ABDOMEN)
    assert Assessment.objects.count() == 1


HIPS = JudgedArea(Site.HIPS, Side.BOTH, StriaType.RUBRA, AdattoStage.STAGE_I)


@pytest.mark.parametrize(
    ("areas", "refusal"),
    [
        ([], assessments.NothingJudged),
        ([replace(ABDOMEN, side=Side.LEFT)], assessments.SideImpossible),
        ([replace(HIPS, side=Side.MIDDLE)], assessments.SideImpossible),
        ([replace(HIPS, widest_mm=Decimal("0"))], assessments.WidthImpossible),
        ([replace(ABDOMEN, filled=(Filled("davey", (0, 1, 1, 3)),))], assessments.PointsWrong),
        ([replace(ABDOMEN, filled=(Filled("davey", (0, 1)),))], assessments.PointsWrong),
        ([replace(HIPS, filled=(Filled("davey", (0, 0, 0, 0)),))], assessments.ScaleNotHere),
        ([replace(HIPS, filled=(Filled("atwal", (0,) * 8),))], assessments.ScaleNotHere),
        ([replace(HIPS, filled=(Filled("made_up", (1,)),))], assessments.ScaleNotHere),
        ([replace(HIPS, severity=Severity.SEVERE, reason=" ")], assessments.ReasonForSeverityMissing),
        ([HIPS, replace(ABDOMEN, side=Side.RIGHT)], assessments.SideImpossible),
    ],
)
def test_what_cannot_be_right_is_refused_whole(
    patient: Patient, nurse: StaffMember, areas: Any, refusal: Any
) -> None:
    with pytest.raises(refusal):
        judge(patient, nurse, *areas, skin_type=6)
    patient.refresh_from_db()
    assert (patient.skin_type, patient.version) == (2, 1)
    for model in (Assessment, Area, AreaFinding, Score, WriteKey):
        assert model.objects.count() == 0


@pytest.mark.parametrize("code", [code for code in SCALES if code not in ("adatto", "stria_size", "atwal")])
def test_every_scale_can_be_kept_at_its_lowest_and_highest(
    patient: Patient, nurse: StaffMember, code: Any
) -> None:
    items = SCALES[code].items
    for key, points in (("a", tuple(i.low for i in items)), ("b", tuple(i.high for i in items))):
        judge(patient, nurse, replace(ABDOMEN, filled=(Filled(code, points),)), key=key)
    totals = list(Score.objects.order_by("id").values_list("total", flat=True))
    assert totals == [SCALES[code].lowest, SCALES[code].highest]
