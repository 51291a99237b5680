"""Judging areas: type, stage, width and scales, and how bad that makes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.services.once import once
from patients.choices import AdattoStage, Severity, Side, Site, StriaType
from patients.models import Area, AreaFinding, Assessment, Patient, Score
from patients.scales import SCALES
from patients.scales.base import Scale, ScaleError
from patients.severity import SeverityJudgement, judge_severity

MIDDLE_SITES = (Site.ABDOMEN, Site.LOWER_BACK)
"""Sites that are one area; all others have a left and a right."""
WHOLE_BODY_SCALES = ("atwal",)
ABDOMEN_SCALES = ("davey",)


class NothingJudged(Refusal):
    code = "nothing_judged"
    status = 422
    sentence = _("No area was judged. Nothing was saved.")
    next_step = _("Choose an area on the figure or in the list.")


class SideImpossible(Refusal):
    code = "side_impossible"
    status = 422
    sentence = _("{site} has no side “{side}”. Nothing was saved.")


class ReasonForSeverityMissing(Refusal):
    code = "reason_for_severity_missing"
    status = 422
    sentence = _("{area}: judged otherwise than the rule, without a reason. Nothing was saved.")
    next_step = _("Write the reason, or let the rule decide.")


class WidthImpossible(Refusal):
    code = "width_impossible"
    status = 422
    sentence = _("A mark cannot be {width_mm} mm wide. Nothing was saved.")


class PointsWrong(Refusal):
    code = "points_wrong"
    status = 422
    sentence = _("{scale}: {why} Nothing was saved.")


class ScaleNotHere(Refusal):
    code = "scale_not_here"
    status = 422
    sentence = _("{scale} does not judge this area. Nothing was saved.")


@dataclass(frozen=True, slots=True)
class Filled:
    """One scale with its points, in the order of its items."""

    scale: str
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JudgedArea:
    """One area as seen today. `severity` is the clinician's own, against the rule, and then needs `reason`."""

    site: Site
    side: Side
    stria_type: StriaType
    stage: AdattoStage
    widest_mm: Decimal | None = None
    length_cm: Decimal | None = None
    width_cm: Decimal | None = None
    filled: tuple[Filled, ...] = ()
    severity: Severity | None = None
    reason: str = ""

    def by_rule(self) -> SeverityJudgement:
        davey = next((each.points for each in self.filled if each.scale == "davey"), None)
        return judge_severity(self.stage, sum(davey) if davey else None, self.widest_mm)


@once
def assess(
    patient: Patient,
    areas: Sequence[JudgedArea],
    *,
    whole_body: Sequence[Filled] = (),
    skin_type: int | None = None,
    note: str = "",
    by: Actor,
    key: str,
    now: datetime,
) -> Assessment:
    """Keep what was judged today; areas not known yet are added to the patient, and the skin type if given.

    Refuses an assessment of nothing, a side the site has not, a width of nothing, points a scale
    does not allow, a scale where it does not apply, and a severity against the rule without a reason.
    """
    if not areas:
        raise NothingJudged()
    locked = Patient.objects.select_for_update().get(pk=patient.pk)
    _keep_skin_type(locked, skin_type)
    assessment = Assessment.objects.create(patient=locked, taken_at=now, taken_by=by.user, note=note)
    for judged in areas:
        _keep_area(assessment, judged)
    for filled in whole_body:
        _refuse_elsewhere(filled, WHOLE_BODY_SCALES)
        _keep_score(assessment, None, filled)
    return assessment


def _keep_skin_type(patient: Patient, skin_type: int | None) -> None:
    if skin_type not in (None, patient.skin_type):
        patient.skin_type = skin_type
        patient.version += 1
        patient.save(update_fields=["skin_type", "version"])


def _keep_area(assessment: Assessment, judged: JudgedArea) -> None:
    if (judged.side == Side.MIDDLE) != (judged.site in MIDDLE_SITES):
        raise SideImpossible(site=judged.site.label, side=judged.side.label)
    if judged.widest_mm is not None and judged.widest_mm <= 0:
        raise WidthImpossible(width_mm=judged.widest_mm)
    seen = {"stria_type": judged.stria_type, "is_active": True}
    sized = {"length_cm": judged.length_cm, "width_cm": judged.width_cm}
    area, _created = Area.objects.update_or_create(
        patient_id=assessment.patient_id,
        site=judged.site,
        side=judged.side,
        defaults=seen | {name: size for name, size in sized.items() if size is not None},
    )
    for filled in judged.filled:
        _refuse_elsewhere(filled, _scales_of(judged.site))
        _keep_score(assessment, area, filled)
    _keep_finding(assessment, area, judged)


def _keep_finding(assessment: Assessment, area: Area, judged: JudgedArea) -> None:
    by_rule = judged.by_rule()
    differs = judged.severity not in (None, by_rule.severity)
    if differs and not judged.reason.strip():
        raise ReasonForSeverityMissing(area=str(area))
    AreaFinding.objects.create(
        assessment=assessment,
        area=area,
        stage=judged.stage,
        widest_mm=judged.widest_mm,
        severity=judged.severity or by_rule.severity,
        severity_rule=by_rule.rule,
        severity_reason=judged.reason.strip() if differs else "",
    )


def scales_for(site: Site) -> tuple[Scale, ...]:
    """The scales that judge one area; stage and width are asked for on their own."""
    return tuple(SCALES[code] for code in _scales_of(site))


def _scales_of(site: Site) -> tuple[str, ...]:
    elsewhere = {"adatto", "stria_size", *WHOLE_BODY_SCALES}
    if site != Site.ABDOMEN:
        elsewhere |= set(ABDOMEN_SCALES)
    return tuple(code for code in SCALES if code not in elsewhere)


def _refuse_elsewhere(filled: Filled, here: Sequence[str]) -> None:
    if filled.scale not in here:
        scale = SCALES.get(filled.scale)
        raise ScaleNotHere(scale=str(scale.name) if scale else filled.scale)


def _keep_score(assessment: Assessment, area: Area | None, filled: Filled) -> None:
    scale = SCALES[filled.scale]
    try:
        total = scale.total(filled.points)
    except ScaleError as error:
        raise PointsWrong(scale=str(scale.name), why=str(error.message)) from error
    band = scale.band(total)
    Score.objects.create(
        assessment=assessment,
        area=area,
        scale=scale.code,
        scale_version=scale.version,
        points=list(filled.points),
        total=total,
        band_set=scale.band_set,
        band=str(band.label) if band else "",
    )
