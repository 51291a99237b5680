"""One whole clinic with one of everything a page or an endpoint can show; its own people's matter says the canary."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from clinic.models import Absence, ExtraHours, Location
from clinic.permissions import Role
from patients.models import (
    Area,
    AreaFinding,
    Assessment,
    Patient,
    Photo,
    Screening,
    ScreeningAnswer,
    ScreeningOverride,
    ScreeningQuestion,
)
from planner.models import Message, Series
from tests.makers import (
    NOW,
    make_area,
    make_booked_series,
    make_clinic,
    make_consent,
    make_device,
    make_location,
    make_patient,
    make_practitioner,
    make_room,
    make_staff,
)

CANARY = "Kanarienvogel"


@dataclass(frozen=True, slots=True)
class LittleClinic:
    location: Location
    kwargs: dict[str, Any]


def _jpeg() -> "ContentFile[bytes]":
    picture = BytesIO()
    Image.new("RGB", (8, 8), "tan").save(picture, "JPEG")
    return ContentFile(picture.getvalue(), "area.jpg")


def _photo(patient: Patient, area: Area, by: Any) -> Photo:
    photo = Photo(
        patient=patient,
        area=area,
        view="region",
        width_px=8,
        height_px=8,
        sha256="0" * 64,
        taken_at=NOW,
        taken_by=by,
    )
    photo.file.save("area.jpg", _jpeg())
    return photo


def _answer(patient: Patient, by: Any) -> ScreeningAnswer:
    question = ScreeningQuestion.objects.create(
        clinic=patient.clinic,
        code="canary",
        position=1,
        text=f"{CANARY}?",
        kind="yes_no",
        effect="warn",
        source="Test",
        certainty="clinic_setting",
    )
    screening = Screening.objects.create(patient=patient, taken_at=NOW, taken_by=by, note=CANARY)
    return ScreeningAnswer.objects.create(screening=screening, question=question, said_yes=False, note=CANARY)


def _assessment(area: Area, by: Any) -> Assessment:
    assessment = Assessment.objects.create(patient=area.patient, taken_at=NOW, taken_by=by, note=CANARY)
    AreaFinding.objects.create(assessment=assessment, area=area, severity="moderate", severity_rule="mss")
    return assessment


def _message(series: Series) -> Message:
    session = series.sessions.first()
    return Message.objects.create(
        location=series.location,
        patient=series.patient,
        series=series,
        session=session,
        step=series.protocol_version.steps.first(),
        about_version=session.version,
        due_at=NOW,
        expires_at=NOW + timedelta(days=1),
        message_id=f"<{CANARY}@example.com>",
        created_at=NOW,
        to_address=f"{CANARY}@example.com",
        subject=CANARY,
        body_text=CANARY,
        body_html=f"<p>{CANARY}</p>",
        state="sent",
    )


def make_little_clinic() -> LittleClinic:
    location = make_location(clinic=make_clinic(name="Little Row"), name="Little Row")
    member = make_staff(location, Role.CLINICIAN, name=CANARY, email=f"{CANARY}@example.com".lower())
    practitioner = make_practitioner(location, name=f"{CANARY} P")
    make_room(location, name=f"{CANARY} R")
    make_device(location, name=f"{CANARY} D")
    patient = make_patient(location.clinic, first_name=CANARY, last_name="Finch", notes=CANARY)
    area = make_area(patient)
    series = make_booked_series(location, patient=patient, by=member.user)
    answer = _answer(patient, member.user)
    span = {"location": location, "starts_at": NOW, "ends_at": NOW + timedelta(days=9999), "note": CANARY}
    objects = {
        "patient": patient,
        "area": area,
        "consent": make_consent(patient, taken_by=member.user),
        "screening": answer.screening,
        "answer": answer,
        "override": ScreeningOverride.objects.create(answer=answer, by=member.user, at=NOW, reason=CANARY),
        "assessment": _assessment(area, member.user),
        "photo": _photo(patient, area, member.user),
        "series": series,
        "session": series.sessions.first(),
        "message": _message(series),
        "protocol": series.protocol_version.protocol,
        "version": series.protocol_version,
        "step": series.protocol_version.steps.first(),
        "staff": member,
        "resource": practitioner,
        "hours": practitioner.hours.first(),
        "absence": Absence.objects.create(kind="leave", resource=practitioner, **span),
        "extra": ExtraHours.objects.create(**span),
    }
    return LittleClinic(location, {f"{name}_id": row.pk for name, row in objects.items()})
