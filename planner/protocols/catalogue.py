"""Protocols as rows: the shipped ones loaded for a clinic, any version read back as a recipe."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, Prefetch, Q, QuerySet, TextChoices

from clinic.models import Clinic
from patients.choices import AdattoStage, Certainty, Modality, Severity, Site, StriaType
from patients.models import AreaFinding
from planner.choices import PhaseKind, SeriesState
from planner.models import AftercareStep, Protocol, ProtocolGap, ProtocolPhase, ProtocolVersion, SiteDepth
from planner.protocols.recipes import Recipe, RecipeDepth, RecipeGap, RecipePhase, load_recipes
from planner.protocols.recommendation import AreaFacts

RUNNING = (SeriesState.DRAFT, SeriesState.ACTIVE)
WHOLE = ("gaps", "phases", "depths")
OF_THE_PROTOCOL = ("code", "name", "modality", "severity")
WORDS: dict[str, type[TextChoices]] = {
    "modality": Modality,
    "severity": Severity,
    "site": Site,
    "certainty": Certainty,
}
"""Fields that rows keep as plain text and recipes as words."""


@transaction.atomic
def load_protocols(clinic: Clinic, steps: Sequence[Any], *, now: datetime) -> int:
    """Give a clinic every shipped protocol it does not have yet, each with `steps`, the outbox's; how many.

    Changes none that it has. A step is a dataclass with the fields of `AftercareStep`.
    """
    has = set(clinic.protocols.values_list("code", flat=True))
    new = [recipe for recipe in load_recipes() if recipe.code not in has]
    for recipe in new:
        own = {name: getattr(recipe, name) for name in OF_THE_PROTOCOL}
        protocol = Protocol.objects.create(clinic=clinic, **own)
        version = ProtocolVersion.objects.create(
            protocol=protocol, number=1, created_at=now, change_note="As shipped", **_version_fields(recipe)
        )
        _add(version, ProtocolGap, recipe.gaps)
        _add(version, SiteDepth, recipe.depths)
        _add(version, AftercareStep, steps)
        ProtocolPhase.objects.bulk_create(
            ProtocolPhase(
                version=version,
                position=position,
                kind=phase.kind,
                minutes=phase.minutes,
                needs=list(phase.needs),
            )
            for position, phase in enumerate(recipe.phases)
        )

    return len(new)


@transaction.atomic
def add_new_steps(clinic: Clinic, steps: Sequence[Any]) -> int:
    """Give every protocol in use the shipped mails whose code its present version does not know; how many."""
    added = 0
    for version in current_versions(clinic):
        known = set(version.steps.values_list("code", flat=True))
        new = [step for step in steps if step.code not in known]
        _add(version, AftercareStep, new)
        added += len(new)
    return added


def recipe_of(version: ProtocolVersion) -> Recipe:
    """A version's rows as the value that the recommendation reads. Prefetch gaps, phases and depths for many."""
    protocol = version.protocol
    own = {name: _value(name, getattr(protocol, name)) for name in OF_THE_PROTOCOL}
    plain = [f.name for f in fields(Recipe) if f.name not in (*own, *WHOLE)]
    return Recipe(
        **own,
        **{name: _value(name, getattr(version, name)) for name in plain},
        gaps=tuple(RecipeGap(**_same(RecipeGap, row)) for row in version.gaps.all()),
        phases=tuple(
            RecipePhase(PhaseKind(row.kind), row.minutes, tuple(row.needs)) for row in version.phases.all()
        ),
        depths=tuple(RecipeDepth(**_same(RecipeDepth, row)) for row in version.depths.all()),
    )


def facts_of_area(finding: AreaFinding) -> AreaFacts:
    """What the recommendation asks of an area, from its newest judgement."""
    return AreaFacts(
        Site(finding.area.site),
        StriaType(finding.area.stria_type),
        Severity(finding.severity),
        AdattoStage(finding.stage) if finding.stage else None,
    )


def current_versions(clinic: Clinic) -> Sequence[ProtocolVersion]:
    """The versions a new series may begin with, ready to be read as recipes."""
    versions = ProtocolVersion.objects.filter(
        protocol__clinic=clinic, protocol__is_active=True, is_current=True
    )
    return list(
        versions.select_related("protocol").prefetch_related(*WHOLE).order_by("protocol__modality", "pk")
    )


def protocols_of(clinic: Clinic) -> QuerySet[Protocol]:
    """All of them, each with its current version and gaps as `current`, and `running`: series planned or under way."""
    current = ProtocolVersion.objects.filter(is_current=True).prefetch_related("gaps")
    running = Count("versions__series", filter=Q(versions__series__state__in=RUNNING))
    return clinic.protocols.annotate(running=running).prefetch_related(
        Prefetch("versions", queryset=current, to_attr="current")
    )


def versions_of(protocol: Protocol) -> QuerySet[ProtocolVersion]:
    """Newest first, each with who made it and `running`: how many series are planned or under way on it."""
    running = Count("series", filter=Q(series__state__in=RUNNING))
    return protocol.versions.select_related("created_by__staff").annotate(running=running).order_by("-number")


def _version_fields(recipe: Recipe) -> dict[str, Any]:
    names = {f.name for f in fields(Recipe)} - {*OF_THE_PROTOCOL, *WHOLE}
    return {name: list(v) if isinstance(v := getattr(recipe, name), tuple) else v for name in names}


def _add(version: ProtocolVersion, model: type[Model], values: Sequence[Any]) -> None:
    model._default_manager.bulk_create(model(version=version, **asdict(value)) for value in values)


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return WORDS[name](value) if name in WORDS else value


def _same(kind: type[Any], row: Model) -> dict[str, Any]:
    return {f.name: _value(f.name, getattr(row, f.name)) for f in fields(kind)}
