"""Manchester scar scale (Beausang 1998): five rated items, 5 to 18, plus an overall view, 0 to 10."""

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Scale, ScaleItem, rated

SCALE = Scale(
    code="manchester",
    version=1,
    name=_("Manchester scar scale, with the overall view"),
    items=(
        rated(
            "colour",
            _("Colour against the skin around"),
            _("Perfect"),
            _("Slight mismatch"),
            _("Obvious mismatch"),
            _("Gross mismatch"),
            first=1,
        ),
        rated("surface", _("Surface"), _("Matte"), _("Shiny"), first=1),
        rated(
            "contour",
            _("Contour"),
            _("Flush with the skin around"),
            _("Slightly proud or indented"),
            _("Hypertrophic"),
            _("Keloid"),
            first=1,
        ),
        rated("distortion", _("Distortion"), _("None"), _("Mild"), _("Moderate"), _("Severe"), first=1),
        rated("texture", _("Texture"), _("Normal"), _("Just palpable"), _("Firm"), _("Hard"), first=1),
        ScaleItem("overall", _("Overall view: 0 excellent, 10 poor"), 0, 10),
    ),
    lower_is_better=True,
    source="Beausang 1998; used for stretch marks in Kaur 2024, doi 10.25259/jcas_45_23",
    certainty=Certainty.CLINIC_SETTING,
    note=_("The overall view is in the total here, 5 to 28. Papers that leave it out go from 5 to 18."),
    valid_from_photos=False,
)
