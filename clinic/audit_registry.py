"""What is kept about changes: every row of the clinic, without passwords and personal display choices."""

from auditlog.registry import auditlog

from clinic.models import Absence, Clinic, ExtraHours, Location, Resource, StaffMember, User, WeeklyHours


def register() -> None:
    for model in (Clinic, Location, WeeklyHours, Absence, ExtraHours, Resource):
        auditlog.register(model)
    auditlog.register(StaffMember, exclude_fields=["theme", "hides_names"])
    auditlog.register(User, exclude_fields=["password", "last_login"])
