"""The page on which areas are judged."""

from typing import Any

import pytest

from patients.models import (
    AreaFinding,
    Assessment,
    Patient,
    Score,
)
from tests.makers import make_area
from tests.patients.views.pages import judged, url

pytestmark = pytest.mark.django_db


def test_an_assessment_of_two_areas_is_saved(client: Any, patient: Patient) -> None:
    answer = client.post(url("assess", patient), judged())
    assert answer["Location"] == url("scores", patient)
    assert list(AreaFinding.objects.values_list("area__site", "severity")) == [
        ("abdomen", "moderate"),
        ("hips", "mild"),
    ]
    assert Score.objects.get().total == 4


def test_saving_can_lead_to_planning(client: Any, patient: Patient) -> None:
    assert client.post(url("assess", patient), judged(plan="1"))["Location"] == url("plan", patient)


def test_choosing_areas_saves_nothing_and_keeps_what_was_written(client: Any, patient: Patient) -> None:
    page = client.post(url("assess", patient), judged(show="1"))
    content = page.content.decode()
    assert page.status_code == 200
    assert 'value="3.5"' in content
    assert "Stage IIb or IIIa makes it moderate" in content
    assert Assessment.objects.count() == 0


def test_areas_in_care_are_open_to_begin_with(client: Any, patient: Patient) -> None:
    make_area(patient)
    assert b'id="card-abdomen-middle"' in client.get(url("assess", patient)).content


def test_the_verdict_is_told_while_writing(client: Any, patient: Patient) -> None:
    sent = judged(judge="abdomen-middle") | {"abdomen-middle-widest_mm": "5"}
    page = client.post(url("assess_verdict", patient), sent).content.decode()
    assert "Severe" in page
    assert "makes it severe" in page
    own = judged(judge="hips-left") | {"hips-left-severity": "severe"}
    assert "the rule says Mild" in client.post(url("assess_verdict", patient), own).content.decode()
    assert AreaFinding.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"abdomen-middle-stage": ""}, "This field is required"),
        ({"abdomen-middle-widest_mm": "-1"}, "greater than or equal to 0.1"),
        ({"abdomen-middle-davey_lower_left": ""}, "Answer all of this scale, or nothing."),
        ({"abdomen-middle-davey_lower_left": "7"}, "Select a valid choice"),
        ({"hips-left-severity": "severe"}, "without a reason"),
        ({"abdomen-middle-vas_patient_bother": "101"}, "less than or equal to 100"),
        ({"area": []}, "No area was judged"),
    ],
)
def test_a_wrong_assessment_is_told_and_nothing_saved(
    client: Any, patient: Patient, wrong: dict[str, Any], told: str
) -> None:
    page = client.post(url("assess", patient), judged() | wrong)
    assert page.status_code == 422
    assert told in page.content.decode()
    for model in (Assessment, AreaFinding, Score):
        assert model.objects.count() == 0


@pytest.mark.parametrize("area", ["abdomen-left", "hips-middle", "nose-left", "hips", "-"])
def test_an_area_there_is_not_is_not_found(client: Any, patient: Patient, area: str) -> None:
    assert client.get(url("assess", patient), {"area": area}).status_code == 404
