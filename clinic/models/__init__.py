from clinic.models.audit import ReadAudit, WriteKey
from clinic.models.hours import Absence, ExtraHours, WeeklyHours
from clinic.models.location import Clinic, Location
from clinic.models.resource import DeviceType, Resource, ResourceKind
from clinic.models.staff import StaffMember, User

__all__ = [
    "Absence",
    "Clinic",
    "DeviceType",
    "ExtraHours",
    "Location",
    "ReadAudit",
    "Resource",
    "ResourceKind",
    "StaffMember",
    "User",
    "WeeklyHours",
    "WriteKey",
]
