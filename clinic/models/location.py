from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models.versioned import Versioned
from clinic.validators import validate_timezone


class Clinic(Versioned):
    """The business that owns patients, protocols and locations; nothing is ever seen across two clinics."""

    name = models.CharField(_("name"), max_length=120)
    mail_name = models.CharField(
        _("name in mails"),
        max_length=120,
        help_text=_("What patients' mails call you. It should not say what the visit is for."),
    )

    other_area_days = models.PositiveSmallIntegerField(
        _("days between two areas of one patient"),
        default=7,
        validators=[MaxValueValidator(60)],
        help_text=_(
            "When two series of one patient treat different skin. No study names a figure: seven days, so that the"
            " first week of aftercare is over, are the clinic's own setting. To treat both areas in one visit, plan one"
            " series for both."
        ),
    )

    def __str__(self) -> str:
        return self.name


class Location(Versioned):
    """One clinic site with its time zone, hours and holidays."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="locations")
    name = models.CharField(_("name"), max_length=120)
    timezone = models.CharField(_("time zone"), max_length=64, validators=[validate_timezone])
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO code, for public holidays: GB"))
    subdivision = models.CharField(_("region"), max_length=8, blank=True, help_text=_("For example ENG"))
    closes_on_public_holidays = models.BooleanField(_("closed on public holidays"), default=True)
    address = models.CharField(_("address"), max_length=250, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail for replies"), blank=True)
    emergency_phone = models.CharField(_("emergency number"), max_length=40, default="999")
    grid_minutes = models.PositiveSmallIntegerField(
        _("starts every"),
        default=15,
        choices=[(5, _("5 minutes")), (10, _("10 minutes")), (15, _("15 minutes"))],
    )
    quiet_from = models.TimeField(_("no mail from"), default="20:00")
    quiet_to = models.TimeField(_("no mail until"), default="08:00")
    grace_minutes = models.PositiveSmallIntegerField(
        _("minutes before a mail leaves"), default=3, validators=[MaxValueValidator(60)]
    )

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
