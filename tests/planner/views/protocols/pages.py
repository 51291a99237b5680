"""What the tests of the protocols' pages type, and what they compare."""

from typing import Any

from django.test import Client
from django.urls import reverse

from clinic.models import WriteKey
from planner.models import (
    AftercareStep,
    Message,
    MessageEvent,
    Protocol,
    ProtocolGap,
    ProtocolPhase,
    ProtocolVersion,
    SiteDepth,
)

OURS = "The clinic's own setting, Elena Marsh, "


def current(protocol: Protocol) -> ProtocolVersion:
    return protocol.versions.get(is_current=True)


def everything() -> list[list[tuple[Any, ...]]]:
    """All rows that a change of a protocol could touch."""
    tables = (
        Protocol,
        ProtocolVersion,
        ProtocolGap,
        ProtocolPhase,
        SiteDepth,
        AftercareStep,
        WriteKey,
        Message,
        MessageEvent,
    )
    return [list(table.objects.order_by("pk").values_list()) for table in tables]


def typed(page: Any) -> dict[str, Any]:
    """What the browser would post if nothing were changed on the page."""
    form = page.context["page"].form
    rows = [row for name in ("gaps", "phases", "depths") for row in getattr(form, name, {}).values()]
    more = [getattr(form, name) for name in ("new_gap", "new_step") if hasattr(form, name)]
    forms = [form, *rows, *more]
    said = {field.html_name: field.value() for each in forms for field in each}
    return {
        name: "on" if value is True else value
        for name, value in said.items()
        if value is not None and value is not False
    }


def edit(client: Client, protocol: Protocol, **changes: Any) -> Any:
    path = reverse("protocol_edit", args=[protocol.pk])
    return client.post(path, typed(client.get(path)) | {"change_note": "Our habit"} | changes)


def step_of(protocol: Protocol, code: str) -> AftercareStep:
    return current(protocol).steps.get(code=code)


def edit_step(client: Client, step: AftercareStep, **changes: Any) -> Any:
    path = reverse("protocol_step", args=[step.version.protocol_id, step.pk])
    data = typed(client.get(path)) | {"change_note": "Our words"} | changes
    return client.post(path, {name: value for name, value in data.items() if value is not None})


def rows_of(version: ProtocolVersion, *, without: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    left_out = {"id", "version_id", *without}
    return {
        name: [
            {key: value for key, value in row.items() if key not in left_out}
            for row in getattr(version, name).values()
        ]
        for name in ("gaps", "phases", "depths", "steps")
    }
