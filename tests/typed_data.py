"""Marks what people typed: after `mark_all()` every free text of the database stands in ⟪brackets⟫."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Left, Replace

OURS = ("clinic", "patients", "planner")
# Texts of a program's, not of people's: codes and what is looked up by its exact form.
CODES = (models.SlugField, models.EmailField, models.FileField)
LOOKED_UP = {
    "password", "username", "timezone", "theme", "language", "fingerprint", "sha256", "key", "scale", "band_set",
    "band", "code", "severity_rule", "certainty", "only_modality", "only_site", "override_by", "what", "role",
    "email", "country", "subdivision", "folded_name",
}  # fmt: skip


def mark_all() -> None:
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, ArrayField):
                    _mark_each(model, field)
                elif _is_typed(field):
                    _mark(model, field)


def _is_typed(field: models.Field[Any, Any]) -> bool:
    is_text = isinstance(field, (models.CharField, models.TextField)) and not isinstance(field, CODES)
    return is_text and not field.choices and field.name not in LOOKED_UP


def _mark(model: type[models.Model], field: models.Field[Any, Any]) -> None:
    room = (field.max_length or 20_000) - 2
    lines = Replace(Left(F(field.name), room), Value("\n"), Value("⟫\n⟪"))
    typed = Concat(Value("⟪"), lines, Value("⟫"))
    model._base_manager.exclude(**{field.name: ""}).update(**{field.name: typed})


def _mark_each(model: type[models.Model], field: ArrayField[Any, Any]) -> None:
    if not isinstance(field.base_field, models.CharField) or field.base_field.choices:
        return
    for row in model._base_manager.exclude(**{field.name: []}):
        setattr(row, field.name, [f"⟪{each}⟫"[:40] for each in getattr(row, field.name)])
        row.save(update_fields=[field.name])
