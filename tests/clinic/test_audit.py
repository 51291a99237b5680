import pytest
from auditlog.models import LogEntry

from clinic.services.staff import hide_names
from tests.makers import NOW, acting, make_location, make_staff

pytestmark = pytest.mark.django_db


def test_a_change_of_a_role_is_kept() -> None:
    member = make_staff(make_location())
    member.role = "manager"
    member.save()
    entry = LogEntry.objects.get_for_object(member).filter(action=LogEntry.Action.UPDATE).get()
    assert entry.changes == {"role": ["clinician", "manager"]}


def test_a_password_never_enters_the_log() -> None:
    member = make_staff(make_location())
    member.user.set_password("a-quite-long-passphrase")
    member.user.save()
    assert not any("password" in entry.changes for entry in LogEntry.objects.get_for_object(member.user))


def test_what_one_sets_for_oneself_is_not_logged() -> None:
    member = make_staff(make_location())
    hide_names(hides=True, by=acting(member), key="k", now=NOW)
    assert not LogEntry.objects.get_for_object(member).filter(action=LogEntry.Action.UPDATE).exists()
