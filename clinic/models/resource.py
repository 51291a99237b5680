from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models.location import Location
from clinic.models.versioned import Versioned


class ResourceKind(models.TextChoices):
    PRACTITIONER = "practitioner", _("Practitioner")
    ROOM = "room", _("Room")
    DEVICE = "device", _("Device")


class DeviceType(models.TextChoices):
    PEN = "pen", _("Needling pen")
    RF = "rf", _("Radiofrequency needling")


class Resource(Versioned):
    """A practitioner, a room or a device: what a session occupies, and what is locked before it is occupied.

    `skills` are the words a protocol may ask of it ("microneedling", "rf", "pen"). `turnaround_minutes` is cleaning
    or reset after each use. `max_depth_mm` is the deepest the device's label allows.
    """

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(_("kind"), max_length=12, choices=ResourceKind)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("in use"), default=True)
    skills = ArrayField(models.CharField(max_length=40), verbose_name=_("skills"), default=list, blank=True)
    turnaround_minutes = models.PositiveSmallIntegerField(_("turnaround"), default=0)
    position = models.PositiveSmallIntegerField(_("order on the board"), default=0)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="practitioner",
    )
    registration = models.CharField(_("professional registration"), max_length=60, blank=True)
    device_type = models.CharField(_("type"), max_length=8, choices=DeviceType, blank=True)
    model = models.CharField(_("model"), max_length=80, blank=True)
    serial_number = models.CharField(_("serial number"), max_length=60, blank=True)
    max_depth_mm = models.DecimalField(
        _("deepest labelled setting"), max_digits=3, decimal_places=2, null=True, blank=True
    )

    class Meta:
        ordering = ["kind", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["location", "kind", "name"], name="resource_name_unique"),
            models.CheckConstraint(
                condition=~Q(kind="device") | (Q(max_depth_mm__gt=0) & ~Q(device_type="")),
                name="device_has_type_and_depth",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(kind="practitioner"), name="only_practitioners_have_users"
            ),
            models.CheckConstraint(
                condition=Q(turnaround_minutes__lte=240), name="turnaround_at_most_4_hours"
            ),
        ]

    def __str__(self) -> str:
        return self.name
