"""Who works here: their place, their role, and what they set for themselves."""

from clinic.models import StaffMember


def hide_names(staff: StaffMember, *, hides: bool) -> None:
    staff.hides_names = hides
    staff.save(update_fields=["hides_names"])


def wear_theme(staff: StaffMember, theme: StaffMember.Theme) -> None:
    staff.theme = theme
    staff.save(update_fields=["theme"])
