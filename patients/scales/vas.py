"""Visual analogue scales, 0 to 100 mm, 0 best; the clinician's and the patient's are kept apart."""

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Scale, ScaleItem

SOURCE = "SkinStylus K200044: 10 mm better counted as a response"

CLINICIAN = Scale(
    code="vas_clinician",
    version=1,
    name=_("Clinician's view, 0 to 100"),
    items=(
        ScaleItem(
            "look", _("How the marks look: 0 like the skin around, 100 as bad as can be"), 0, 100, unit="mm"
        ),
    ),
    lower_is_better=True,
    source=SOURCE,
    certainty=Certainty.FOUND,
)
PATIENT = Scale(
    code="vas_patient",
    version=1,
    name=_("Patient's view, 0 to 100"),
    items=(
        ScaleItem("bother", _("How much the marks bother: 0 not at all, 100 very much"), 0, 100, unit="mm"),
    ),
    lower_is_better=True,
    source=SOURCE,
    certainty=Certainty.FOUND,
    valid_from_photos=False,
)
