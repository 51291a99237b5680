import pytest
from auditlog.models import LogEntry
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client

from clinic.models import User
from tests.little_clinic import make_little_clinic
from tests.makers import make_location, make_patient, make_staff

pytestmark = pytest.mark.django_db
OURS = [model for app in ("clinic", "patients", "planner") for model in apps.get_app_config(app).get_models()]


@pytest.fixture
def superuser(client: Client) -> User:
    user = User.objects.create_superuser(email="root@linden.example")
    client.force_login(user)
    return user


def _address(model: type[Model], tail: str) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{tail}"


def test_every_row_of_ours_can_be_looked_at(client: Client, superuser: User) -> None:
    make_little_clinic()
    for model in OURS:
        assert model in admin.site._registry
        assert client.get(_address(model, "")).status_code == 200, model
        row = model._default_manager.first()
        if row is not None:
            assert client.get(_address(model, f"{row.pk}/change/")).status_code == 200, model


def _written(model: type[Model]) -> list[object]:
    return list(model._default_manager.order_by("pk").values())


def test_nothing_of_ours_can_be_written(client: Client, superuser: User) -> None:
    make_little_clinic()
    for model in OURS:
        before, row = _written(model), model._default_manager.first()
        assert client.post(_address(model, "add/"), {}).status_code == 403, model
        client.post(
            _address(model, ""), {"action": "delete_selected", "_selected_action": "1", "post": "yes"}
        )
        if row is not None:
            assert client.post(_address(model, f"{row.pk}/change/"), {}).status_code == 403, model
            assert client.post(_address(model, f"{row.pk}/delete/"), {"post": "yes"}).status_code == 403, (
                model
            )
        assert _written(model) == before, model


def test_looking_at_a_row_leaves_a_trace(client: Client, superuser: User) -> None:
    patient = make_patient(make_location().clinic)
    client.get(_address(type(patient), f"{patient.pk}/change/"))
    entry = LogEntry.objects.get(action=LogEntry.Action.ACCESS)
    assert (entry.object_id, entry.actor) == (patient.pk, superuser)


def test_a_list_shows_no_names_of_patients(client: Client, superuser: User) -> None:
    patient = make_patient(make_location().clinic, first_name="Kanarienvogel")
    assert "Kanarienvogel" not in client.get(_address(type(patient), "")).content.decode()


def test_staff_who_are_no_superusers_find_no_admin(client: Client) -> None:
    member = make_staff(make_location())
    client.force_login(member.user)
    assert client.get("/admin/", follow=True).status_code == 403
