"""The plan page: which areas are ticked, what is recommended for them, and a draft that is changed."""

import pytest
from django.urls import reverse

from clinic.models import Location, StaffMember
from patients.models import Area, AreaFinding, Assessment, Patient
from planner.models import Protocol, ProtocolVersion, Series
from tests.makers import NOW, make_area, make_protocol_version, make_series
from tests.planner.views.test_series import (
    _monday_morning,
    booked,
    clinician,
    location,
    patient,
    plan_form,
    signed_in,
    version,
)

__all__ = ["_monday_morning", "clinician", "location", "patient", "version"]

pytestmark = pytest.mark.django_db


def judged(patient: Patient, clinician: StaffMember, severity: str, **where: str) -> Area:
    """One more area of the patient, judged so."""
    area = make_area(patient, **where)
    assessment = Assessment.objects.create(patient=patient, taken_at=NOW, taken_by=clinician.user)
    AreaFinding.objects.create(
        assessment=assessment, area=area, stage="IV", widest_mm="9", severity=severity, severity_rule="x"
    )
    return area


def test_what_is_recommended_is_for_the_areas_that_are_ticked(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    """It looked at the worst area of the patient, whatever was ticked."""
    abdomen, hips = patient.areas.get(), judged(patient, clinician, "severe", site="hips", side="left")
    severe = make_protocol_version(location.clinic, sessions_target=5)
    Protocol.objects.filter(pk=severe.protocol_id).update(
        severity="severe", code="severe", name="Severe marks"
    )
    client, url = signed_in(clinician), reverse("plan", args=[patient.pk])
    both = client.get(url)
    assert both.context["page"].advice.recipe.name == "Severe marks"

    asked = plan_form(version, abdomen, advise="1", prefers_from="16:00", sessions=5)
    alone = client.post(url, asked)
    assert alone.status_code == 200
    assert alone.context["page"].advice.recipe.name != "Severe marks"
    form = alone.context["page"].form
    assert (form["sessions"].value(), form["prefers_from"].value()) == ("4", "16:00")
    assert not Series.objects.exists()
    assert client.post(url, plan_form(version, abdomen)).status_code == 302
    assert list(Series.objects.get().areas.all()) == [abdomen]
    assert hips not in Series.objects.get().areas.all()


def test_an_area_of_a_running_series_is_shown_and_cannot_be_ticked(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    abdomen = patient.areas.get()
    hips = judged(patient, clinician, "moderate", site="hips", side="left")
    series = make_series(patient, version, location, by=clinician.user, areas=[abdomen], state="active")
    client, url = signed_in(clinician), reverse("plan", args=[patient.pk])
    page = client.get(url)
    assert reverse("series", args=[series.pk]) in page.content.decode()
    assert [pk for pk, _name in page.context["page"].form.fields["areas"].choices] == [hips.pk]
    assert client.post(url, plan_form(version, abdomen)).status_code == 422
    assert Series.objects.count() == 1


def test_where_all_is_under_way_the_page_says_so(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    make_series(patient, version, location, by=clinician.user, areas=[patient.areas.get()], state="active")
    page = signed_in(clinician).get(reverse("plan", args=[patient.pk])).content.decode()
    assert "Every assessed area is in a series already." in page


def test_going_back_from_the_plans_changes_the_same_draft(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion
) -> None:
    client, url = signed_in(clinician), reverse("plan", args=[patient.pk])
    client.post(url, plan_form(version, patient.areas.get()))
    draft = Series.objects.get()
    page = client.get(f"{url}?series={draft.pk}").content.decode()
    assert f'name="draft_version" value="{draft.version}"' in page
    asked = plan_form(version, patient.areas.get(), key="k2", weekdays=["1"], draft_version=draft.version)
    assert client.post(f"{url}?series={draft.pk}", asked)["Location"] == reverse(
        "series_plan", args=[draft.pk]
    )
    assert Series.objects.get().weekdays == [1]


def test_wishes_are_changed_on_a_running_series_and_the_next_move_keeps_them(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    series = booked(patient, version, location, clinician)
    client, url = signed_in(clinician), reverse("series_plan", args=[series.pk])
    assert url in client.get(reverse("series", args=[series.pk])).content.decode()
    page = client.get(url)
    assert page.status_code == 200
    assert 'name="prefers_from"' in page.content.decode()
    wish = {"key": "w", "version": series.version, "prefers_from": "15:00", "prefers_to": "17:00"}
    assert client.post(url, wish).status_code == 302
    series.refresh_from_db()
    assert f"{series.prefers_from:%H:%M}" == "15:00"
