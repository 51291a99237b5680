from typing import Any

from django.http import HttpRequest

from clinic.permissions import Role, rights_of


def staff(request: HttpRequest) -> dict[str, Any]:
    """For every template: who is signed in, what they may do (`rights`), and their location."""
    member = getattr(request, "staff", None)
    if member is None:
        return {"staff": None, "rights": frozenset()}
    return {"staff": member, "rights": rights_of(Role(member.role)), "location": member.location}
