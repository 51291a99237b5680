"""Atwal 2006, total striae score: number and redness of marks at four sites."""

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty, Site
from patients.scales.base import Band, Scale, ScaleItem, rated


def _said(words: object, site: Site) -> str:
    return str(words) % {"site": site.label}


_of = lazy(_said, str)


def _site(site: Site) -> tuple[ScaleItem, ScaleItem]:
    return (
        rated(
            f"{site}_number",
            _of(_("%(site)s, number of marks"), site),
            _("None"),
            _("Fewer than 5"),
            _("5 to 10"),
            _("More than 10"),
        ),
        rated(
            f"{site}_redness",
            _of(_("%(site)s, redness"), site),
            _("None"),
            _("Pink or light red"),
            _("Dark red"),
            _("Purple"),
        ),
    )


SCALE = Scale(
    code="atwal",
    version=1,
    name=_("Atwal score"),
    items=(*_site(Site.ABDOMEN), *_site(Site.HIPS), *_site(Site.BUTTOCKS), *_site(Site.BREAST)),
    lower_is_better=True,
    source="Atwal 2006, Br J Dermatol 155:965",
    certainty=Certainty.CLINIC_SETTING,
    note=_(
        "Redness fades by itself, so the score falls without treatment. Use it as a baseline, not as proof."
    ),
    band_set="two-groups",
    bands=(Band(_("Mild"), 0, 12), Band(_("Moderate or severe"), 13, 24)),
    bands_certainty=Certainty.FOUND,
)
