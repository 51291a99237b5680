import pytest
from auditlog.models import LogEntry
from pytest_django import DjangoAssertNumQueries

from clinic.models import ReadAudit
from clinic.services.audit import SEARCH, note_reading
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


def _noted() -> list[tuple[str, list[int], int | None]]:
    return list(ReadAudit.objects.values_list("what", "patient_ids", "object_id"))


def test_a_reading_of_many_is_one_row_that_names_each_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    by = acting(make_staff(make_location()))
    with django_assert_num_queries(1):
        note_reading(by, "today", [3, 1, 3, 2], now=NOW)
    assert _noted() == [("today", [1, 2, 3], None)]
    note = ReadAudit.objects.get()
    assert (note.user, note.clinic, note.at) == (by.user, by.location.clinic, NOW)


def test_a_page_that_shows_nobody_is_not_noted_but_a_search_is() -> None:
    by = acting(make_staff(make_location()))
    note_reading(by, "board", [], now=NOW)
    note_reading(by, SEARCH, [], now=NOW)
    assert _noted() == [("search", [], None)]
