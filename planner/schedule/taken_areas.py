"""Which areas of a patient a running series treats already: nobody plans the same skin twice."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from patients.models import Area, Patient
from planner.choices import SeriesState
from planner.obstacles.skin_rest import same_skin


class AreaInSeries(Refusal):
    code = "area_in_series"
    sentence = _("{area} is treated by a series that is under way. Nothing was saved.")
    next_step = _("Add a session to that series, or stop it first.")


class AreasOverlap(Refusal):
    code = "areas_overlap"
    status = 422
    sentence = _("{one} and {other} are the same skin. Nothing was saved.")
    next_step = _("Choose one of them.")


def taken_areas(patient: Patient, areas: Iterable[Area]) -> dict[int, int]:
    """By area, the running series of the patient that treats its skin; also of the other side, or both."""
    treated = Area.objects.filter(series__patient=patient, series__state=SeriesState.ACTIVE)
    rows = list(treated.values_list("site", "side", "series"))
    return {
        area.pk: series_id
        for area in areas
        for site, side, series_id in rows
        if same_skin((area.site, area.side), (site, side))
    }


def refuse_taken(patient: Patient, areas: Sequence[Area]) -> None:
    """Refuses areas that a running series treats, and two that are the same skin."""
    for one, other in combinations(areas, 2):
        if same_skin((one.site, one.side), (other.site, other.side)):
            raise AreasOverlap(one=str(one), other=str(other))
    taken = taken_areas(patient, areas)
    for area in areas:
        if area.pk in taken:
            raise AreaInSeries(area=str(area), series_id=taken[area.pk])
