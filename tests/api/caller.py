"""A program that uses the API with a token, as somebody of a clinic."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from clinic.models import Location, StaffMember
from clinic.permissions import Role
from tests.makers import make_staff


@dataclass(frozen=True)
class Caller:
    member: StaffMember
    client: APIClient

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", params)

    def send(self, path: str, body: Any = None, *, key: str | None = None, method: str = "post") -> Any:
        return self.client.generic(
            method.upper(),
            f"/api/v1/{path}",
            body if isinstance(body, (str, bytes)) else json.dumps(body or {}),
            content_type="application/json",
            headers={"Idempotency-Key": uuid4().hex if key is None else key},
        )

    def done(self, path: str, body: Any = None, *, status: int = 200, **how: Any) -> Any:
        """What a write answered that has to succeed."""
        response = self.send(path, body, **how)
        assert response.status_code == status, response.content
        return response.json()


def caller(location: Location, role: Role = Role.CLINICIAN, **fields: Any) -> Caller:
    member = make_staff(location, role, **fields)
    return caller_for(member)


def caller_for(member: StaffMember) -> Caller:
    token, _ = Token.objects.get_or_create(user=member.user)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return Caller(member, client)


def refusal(response: HttpResponse) -> tuple[int, str]:
    """Status and code of an error, which has the one shape."""
    error = response.json()  # type: ignore[attr-defined]
    assert list(error) == ["code", "message", "facts"], error
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["facts"], dict)
    return response.status_code, error["code"]
