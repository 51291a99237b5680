"""Size of the index mark, the widest of its site, read from the ruler in the photo; total = width."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Scale, ScaleItem

SCALE = Scale(
    code="stria_size",
    version=1,
    name=_("Size of the widest mark"),
    items=(
        ScaleItem("width", _("Width of the widest mark"), 0, 50, step=Decimal("0.5"), unit=_("mm")),
        ScaleItem(
            "length", _("Length of the same mark"), 0, 60, step=Decimal("0.5"), unit=_("cm"), counts=False
        ),
    ),
    lower_is_better=True,
    source="Measured in Saki 2022, doi 10.1111/dth.15212, and in doi 10.1007/s00403-025-04135-9",
    certainty=Certainty.FOUND,
    note=_("The same mark each time, with the ruler in the photo. A quarter narrower counts as a response."),
)
