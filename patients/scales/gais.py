"""GAIS, global aesthetic improvement against the first photo, 1 best. Other versions run the other way."""

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Band, Scale, rated

SCALE = Scale(
    code="gais",
    version=1,
    name=_("GAIS, 1 is best"),
    items=(
        rated(
            "change",
            _("Against the first photo"),
            _("Very much improved"),
            _("Much improved"),
            _("Improved"),
            _("No change"),
            _("Worse"),
            first=1,
        ),
    ),
    lower_is_better=True,
    source="SkinPen manual p20; flexikon.doccheck.com, GAIS",
    certainty=Certainty.FOUND,
    note=_("1 is best. The label is kept with the number, because other versions count the other way."),
    band_set="responder-1-to-3",
    bands=(Band(_("Responder"), 1, 3), Band(_("No response"), 4, 5)),
    bands_certainty=Certainty.FOUND,
)
