"""Who may do what. Every view and endpoint names one Right; a test walks all of them as every role."""

from enum import StrEnum
from functools import cache

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    CLINICIAN = "clinician", _("Clinician")
    FRONT_DESK = "front_desk", _("Front desk")
    MANAGER = "manager", _("Manager")
    READ_ONLY = "read_only", _("Read only")


class Right(StrEnum):
    SEE_SCHEDULE = "see_schedule"  # today, board, resources
    SEE_PATIENTS = "see_patients"  # names, contact data, series and dates
    EDIT_PATIENTS = "edit_patients"  # new patient, contact data
    SEE_RECORD = "see_record"  # screening, assessments, photos, treatment records
    WRITE_RECORD = "write_record"  # screen, consent, assess, photograph
    PRESCRIBE = "prescribe"  # choose a protocol, override a rule
    BOOK = "book"  # book, move, cancel
    RUN_DAY = "run_day"  # arrived, no-show
    TREAT = "treat"  # start, record, finish a session
    SEE_MESSAGES = "see_messages"
    MANAGE_MESSAGES = "manage_messages"  # send now, withdraw
    MANAGE_CLINIC = "manage_clinic"  # hours, leave, rooms, devices, staff
    MANAGE_PROTOCOLS = "manage_protocols"  # protocols, aftercare steps, consent texts


_SEES = {Right.SEE_SCHEDULE, Right.SEE_PATIENTS, Right.SEE_MESSAGES}
_RUNS = _SEES | {Right.EDIT_PATIENTS, Right.BOOK, Right.RUN_DAY, Right.MANAGE_MESSAGES}
_RIGHTS = {
    Role.READ_ONLY: _SEES,
    Role.FRONT_DESK: _RUNS,
    Role.CLINICIAN: _RUNS
    | {Right.SEE_RECORD, Right.WRITE_RECORD, Right.PRESCRIBE, Right.TREAT, Right.MANAGE_PROTOCOLS},
    Role.MANAGER: _RUNS | {Right.MANAGE_CLINIC, Right.MANAGE_PROTOCOLS},
}


@cache
def rights_of(role: Role) -> frozenset[Right]:
    return frozenset(_RIGHTS[role])
