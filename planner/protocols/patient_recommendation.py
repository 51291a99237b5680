"""What the clinic's own protocols recommend for a patient, with the devices that a location has."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from clinic.models import DeviceType, Location
from patients.choices import Modality
from patients.models import Area, AreaFinding, Patient
from planner.models import ProtocolVersion
from planner.protocols.catalogue import current_versions, facts_of_area, recipe_of
from planner.protocols.recommendation import NoProtocolFits, Recommendation, recommend

METHOD_OF = {
    DeviceType.PEN: Modality.MICRONEEDLING,
    DeviceType.RF: Modality.RADIOFREQUENCY,
}


class NothingToRecommend(Refusal):
    code = "nothing_to_recommend"
    sentence = _("There is nothing to recommend: no area is judged, no skin type known, or no protocol fits.")
    next_step = _("Assess the patient, or choose a protocol with a reason.")


@dataclass(frozen=True, slots=True)
class PatientRecommendation:
    """The version that is recommended, and all that is to be said about it."""

    version: ProtocolVersion
    recommendation: Recommendation


def newest_findings(patient: Patient) -> list[AreaFinding]:
    """The newest judgement of every area in care."""
    findings = AreaFinding.objects.filter(area__patient=patient, area__is_active=True)
    newest = findings.order_by("area_id", "-assessment__taken_at", "-pk").distinct("area_id")
    return list(newest.select_related("area"))


def advise(
    patient: Patient,
    location: Location,
    findings: Sequence[AreaFinding],
    versions: Sequence[ProtocolVersion],
) -> Recommendation | None:
    """What `versions` recommend; nothing while no area is judged or the skin type is unknown, or where none fits."""
    if not findings or not patient.skin_type:
        return None
    devices = location.resources.filter(kind="device", is_active=True).order_by("position", "pk")
    try:
        return recommend(
            [facts_of_area(each) for each in findings],
            skin_type=patient.skin_type,
            modality_options=list(dict.fromkeys(METHOD_OF[DeviceType(each.device_type)] for each in devices)),
            recipes=[recipe_of(version) for version in versions],
            device_max_mm=max((each.max_depth_mm for each in devices if each.max_depth_mm), default=None),
        )
    except NoProtocolFits:
        return None


def version_of(advised: Recommendation, versions: Sequence[ProtocolVersion]) -> ProtocolVersion:
    return next(each for each in versions if each.protocol.code == advised.recipe.code)


def advice_for(
    patient: Patient, location: Location, areas: Collection[Area] | None = None
) -> PatientRecommendation | None:
    """What the clinic's present protocols recommend for what was last seen of these areas, or of all of them."""
    versions = current_versions(location.clinic)
    findings = [each for each in newest_findings(patient) if areas is None or each.area in areas]
    advised = advise(patient, location, findings, versions)
    return PatientRecommendation(version_of(advised, versions), advised) if advised else None
