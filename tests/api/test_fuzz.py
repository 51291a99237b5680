"""Whatever the schema allows, as every role: no 5xx, and every answer as the schema says.

The addresses are those of a little clinic's own objects, and so are the numbers in bodies where a name is known: a
random number would find nothing, and nothing behind it would be tried.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from clinic.permissions import Role
from clinic.wsgi import application
from tests.api.caller import caller
from tests.little_clinic import LittleClinic, make_little_clinic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uncounted")]
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
EXAMPLES = {Role.CLINICIAN: 8, Role.FRONT_DESK: 2, Role.MANAGER: 2, Role.READ_ONLY: 1}


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The application would close the connection, and with it the test's transaction, after each request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def _operations() -> Iterator[Any]:
    description = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    schema = schemathesis.openapi.from_dict(description)
    schema.app = application
    for operation in schema.get_all_operations():
        yield operation.ok()


def _with_own_numbers(body: Any, little: LittleClinic) -> Any:
    if not isinstance(body, dict):
        return body
    known = little.kwargs | {"area_ids": [little.kwargs["area_id"]], "prefers_practitioner_id": None}
    return {name: known.get(name, value) for name, value in body.items()}


@pytest.mark.parametrize("role", list(Role))
def test_nothing_the_schema_allows_breaks_the_api(role: Role) -> None:
    little = make_little_clinic()
    signs_in = dict(caller(little.location, role).client._credentials)  # type: ignore[attr-defined]
    tried = 0
    for operation in _operations():

        @settings(
            max_examples=EXAMPLES[role],
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried
            tried += 1
            case.path_parameters = {name: little.kwargs[name] for name in case.path_parameters or {}}
            case.body = _with_own_numbers(case.body, little)
            own = {"Authorization": signs_in["HTTP_AUTHORIZATION"], "Idempotency-Key": uuid4().hex}
            case.validate_response(case.call(headers=own), checks=CHECKS)

        ask()
    assert tried >= 50 * EXAMPLES[role] / 2
