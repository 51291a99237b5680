"""The clinical record of the demo, many patients at once: who they are, what they answered, signed, and how they look.

Written as the services of `patients` write it, but in bulk; no rule of theirs judges what is made up here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from random import Random

from django.core.files.base import ContentFile

from clinic.localtime import local_date
from clinic.models import StaffMember
from patients.choices import AdattoStage, ConsentKind, PhotoView, StriaType
from patients.folding import folded_name
from patients.models import (
    Area,
    AreaFinding,
    Assessment,
    Consent,
    ConsentText,
    Patient,
    Photo,
    Score,
    Screening,
    ScreeningAnswer,
    ScreeningQuestion,
)
from patients.models.patient import FOLDED_LENGTH
from patients.scales import SCALES
from patients.services.assessments import Filled, JudgedArea
from patients.services.consents import months_later
from planner.demo.people import Marks, Person
from planner.demo.pictures import SIZE, draw_marks

BATCH = 1000
LATER_STAGE = {
    AdattoStage.STAGE_IIIB: AdattoStage.STAGE_IIIA,
    AdattoStage.STAGE_IIIA: AdattoStage.STAGE_IIB,
    AdattoStage.STAGE_IIB: AdattoStage.STAGE_IIA,
}
DRAWINGS = 4
"""So many patterns of lines are there; drawing one for every area takes longer than all else."""


@dataclass(frozen=True, slots=True)
class Judging:
    """One assessment: the areas with their first marks; `progress` 0 at first, towards 1."""

    patient: Patient
    areas: Sequence[tuple[Area, Marks]]
    person: Person
    progress: float
    at: datetime

    @property
    def gained(self) -> float:
        return self.progress * self.person.depth_of_progress


@dataclass(frozen=True, slots=True)
class Asking:
    """One round of medical questions: those answered with yes by code, with the day of the event."""

    patient: Patient
    at: datetime
    yes: dict[str, date | None]
    is_recheck: bool = False


def write_patients(people: Sequence[Person], met_at: Sequence[datetime], by: StaffMember) -> list[Patient]:
    return Patient.objects.bulk_create(
        Patient(
            clinic_id=by.location.clinic_id,
            first_name=person.first_name,
            last_name=person.last_name,
            folded_name=folded_name(person.first_name, person.last_name, most=FOLDED_LENGTH),
            date_of_birth=person.date_of_birth,
            email=person.email,
            phone=person.phone,
            skin_type=person.skin_type,
            created_at=at,
        )
        for person, at in zip(people, met_at, strict=True)
    )


def write_areas(patient: Patient, person: Person) -> list[tuple[Area, Marks]]:
    """Not saved yet."""
    return [
        (Area(patient=patient, site=marks.site, side=marks.side, stria_type=marks.stria_type), marks)
        for marks in person.marks
    ]


def write_screenings(
    askings: Sequence[Asking], questions: Sequence[ScreeningQuestion], by: StaffMember
) -> None:
    """Rechecks are asked what is asked before every session, the others everything."""
    screenings = Screening.objects.bulk_create(
        Screening(patient=each.patient, taken_at=each.at, taken_by=by.user, is_recheck=each.is_recheck)
        for each in askings
    )
    ScreeningAnswer.objects.bulk_create(
        (
            ScreeningAnswer(
                screening=screening,
                question=question,
                said_yes=question.code in asking.yes,
                event_date=asking.yes.get(question.code),
            )
            for screening, asking in zip(screenings, askings, strict=True)
            for question in questions
            if question.ask_every_session or not asking.is_recheck
        ),
        batch_size=BATCH,
    )


def write_consents(
    signed: Iterable[tuple[Patient, datetime]], texts: dict[str, ConsentText], by: StaffMember
) -> None:
    """All kinds, each for as long as its text is good."""
    zone = by.location.zone
    Consent.objects.bulk_create(
        Consent(
            patient=patient,
            text=texts[kind],
            kind=kind,
            signed_name=patient.full_name,
            signed_at=at,
            valid_from=local_date(at, zone),
            valid_to=months_later(local_date(at, zone), texts[kind].valid_months),
            taken_by=by.user,
        )
        for patient, at in signed
        for kind in ConsentKind
    )


def write_assessments(judgings: Sequence[Judging], by: StaffMember, random: Random) -> None:
    """With a finding, scores and a picture of each area."""
    assessments = Assessment.objects.bulk_create(
        Assessment(patient=each.patient, taken_at=each.at, taken_by=by.user) for each in judgings
    )
    findings, scores, photos = [], [], []
    for assessment, judging in zip(assessments, judgings, strict=True):
        for area, marks in judging.areas:
            judged = _judged(marks, judging.gained, random)
            findings.append(_finding(assessment, area, judged))
            scores += [_score(assessment, area, filled) for filled in judged.filled]
            photos.append(_photo(judging, area, by))
    AreaFinding.objects.bulk_create(findings)
    Score.objects.bulk_create(scores)
    Photo.objects.bulk_create(photos)


def _judged(marks: Marks, gained: float, random: Random) -> JudgedArea:
    stage = LATER_STAGE.get(marks.stage, marks.stage) if gained > 0.35 else marks.stage
    widest = max(Decimal("0.5"), (marks.widest_mm * Decimal(str(1 - gained)) * 2).quantize(Decimal(1)) / 2)
    bother = round(max(5, 72 * (1 - gained) + random.uniform(-4, 4)))
    filled = [Filled("vas_patient", (bother,))]
    if gained:
        filled.append(Filled("gais", (2 if gained > 0.4 else 3,)))
        filled.append(Filled("quartile", (min(4, 1 + int(gained * 4)),)))
    return JudgedArea(marks.site, marks.side, marks.stria_type, stage, widest, filled=tuple(filled))


def _finding(assessment: Assessment, area: Area, judged: JudgedArea) -> AreaFinding:
    by_rule = judged.by_rule()
    return AreaFinding(
        assessment=assessment,
        area=area,
        stage=judged.stage,
        widest_mm=judged.widest_mm,
        severity=by_rule.severity,
        severity_rule=by_rule.rule,
    )


def _score(assessment: Assessment, area: Area, filled: Filled) -> Score:
    scale = SCALES[filled.scale]
    total = scale.total(filled.points)
    band = scale.band(total)
    return Score(
        assessment=assessment,
        area=area,
        scale=scale.code,
        scale_version=scale.version,
        points=list(filled.points),
        total=total,
        band_set=scale.band_set,
        band=str(band.label) if band else "",
    )


def _photo(judging: Judging, area: Area, by: StaffMember) -> Photo:
    is_red = area.stria_type == StriaType.RUBRA
    strength = round(1 - judging.gained, 1)
    picture = _drawn(judging.person.skin_type, is_red, strength, area.pk % DRAWINGS)
    photo = Photo(
        patient=judging.patient,
        area=area,
        view=PhotoView.REGION,
        width_px=SIZE[0],
        height_px=SIZE[1],
        sha256=sha256(picture).hexdigest(),
        taken_at=judging.at,
        taken_by=by.user,
    )
    photo.file.save("picture.jpg", ContentFile(picture), save=False)
    return photo


@cache
def _drawn(skin_type: int, is_red: bool, strength: float, seed: int) -> bytes:
    return draw_marks(skin_type, is_red=is_red, strength=strength, seed=seed)
