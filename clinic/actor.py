"""Who acts. Every write takes an `Actor`; what a signed-in user is beyond that stays above the services."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from clinic.models import Location, StaffMember, User
from clinic.permissions import Right, Role, rights_of


class ActorKind(StrEnum):
    STAFF = "staff"  # by a page
    PROGRAM = "program"  # by the API, in the name of a member of staff


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who writes: what they may do, how the history names them, where they are and whose keys they use.

    `user` owns the keys of repeated writes and stands in the history; `location` gives the zone and the clinic.
    """

    kind: ActorKind
    user: User
    name: str
    location: Location
    rights: frozenset[Right]

    @classmethod
    def of(cls, staff: StaffMember, kind: ActorKind = ActorKind.STAFF) -> Self:
        return cls(kind, staff.user, staff.name, staff.location, rights_of(Role(staff.role)))

    def may(self, right: Right) -> bool:
        return right in self.rights
