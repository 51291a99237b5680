from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models.location import Location
from clinic.models.resource import Resource
from clinic.models.versioned import Versioned

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]
EVERY_WEEKS = [
    (1, _("every week")),
    (2, _("every second week")),
    (3, _("every third week")),
    (4, _("every fourth week")),
]
MIDNIGHT = time(0)
"""As the time of closing: the end of the day."""
OWNER_IS_ONE = Q(resource__isnull=True) | Q(location__isnull=True)
OWNER_IS_SOME = Q(resource__isnull=False) | Q(location__isnull=False)


class WeeklyHours(Versioned):
    """One opening interval on one weekday, in local time, of a location or of a resource; until midnight if it closes
    at 00:00.

    With `every_weeks` two or more it counts in the week of `valid_from` and in every second, third or fourth after it.

    A room or device without hours of its own is open whenever its location is; a practitioner without hours
    does not work. Whatever its own hours, a resource is never open outside its location's.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, null=True, related_name="hours")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, null=True, related_name="hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=WEEKDAYS)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("to"))
    every_weeks = models.PositiveSmallIntegerField(_("repeats"), default=1, choices=EVERY_WEEKS)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True, help_text=_("Last day, included"))

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")) | Q(closes=MIDNIGHT), name="hours_end_after_start"
            ),
            models.CheckConstraint(
                condition=Q(every_weeks=1) | Q(every_weeks__range=(2, 4), valid_from__isnull=False),
                name="hours_repeat_from_a_day",
            ),
            models.CheckConstraint(condition=OWNER_IS_ONE & OWNER_IS_SOME, name="hours_have_one_owner"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_from__lte=F("valid_to")),
                name="hours_valid_in_order",
            ),
        ]


class Absence(models.Model):
    """A time when a resource, or the whole location, is not there. Instants in UTC."""

    class Kind(models.TextChoices):
        LEAVE = "leave", _("Leave")
        SICK = "sick", _("Sick")
        CLOSURE = "closure", _("Closed")
        UPKEEP = "upkeep", _("Upkeep")

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="absences")
    resource = models.ForeignKey(
        Resource,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="absences",
        help_text=_("Empty: the whole location is closed"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["location", "ends_at"], name="absence_by_end")]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="absence_end_after_start")
        ]


class ExtraHours(models.Model):
    """Open although the weekly hours or a public holiday say closed. Instants in UTC.

    Of a location: everything without hours of its own is open too. Of a resource: it is open, even outside its
    location's hours.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="extra_hours")
    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, null=True, blank=True, related_name="extra_hours"
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="extra_end_after_start")
        ]
