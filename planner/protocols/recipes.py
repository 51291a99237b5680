"""Protocols as values: the shipped ones from `data/protocols.yaml`, or the clinic's own read from its rows.

Fields are named as in the rows, so that either turns into the other field by field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from patients.choices import Certainty, Modality, Severity, Site
from planner.choices import PhaseKind

SHIPPED_PROTOCOLS = Path(__file__).parent / "data" / "protocols.yaml"


@dataclass(frozen=True, slots=True)
class RecipeGap:
    """Days between the dates of consecutive sessions, for skin types `skin_type_from` to `skin_type_to`."""

    skin_type_from: int
    skin_type_to: int
    min_days: int
    target_days: int
    max_days: int
    source: str
    certainty: Certainty

    def __post_init__(self) -> None:
        if not 0 < self.min_days <= self.target_days <= self.max_days:
            raise ValueError("gap days rise from min over target to max")


@dataclass(frozen=True, slots=True)
class RecipePhase:
    kind: PhaseKind
    minutes: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecipeDepth:
    """Needle depth in mm and passes for one site; white marks take the deeper target."""

    site: Site
    min_mm: Decimal
    rubra_mm: Decimal
    alba_mm: Decimal
    max_mm: Decimal
    passes_min: int
    passes_max: int
    note: str
    source: str
    certainty: Certainty

    def __post_init__(self) -> None:
        if not self.min_mm <= self.rubra_mm <= self.alba_mm <= self.max_mm:
            raise ValueError(f"{self.site}: depths rise from min over red and white to max")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A protocol: how many sessions, how far apart, of which phases, how deep.

    `source` and `certainty` speak of the number of sessions; `evidence` is what studies saw, a line each.
    Nobody goes under `floor_days`; after `lapse_days` without a session the patient is screened anew.
    """

    code: str
    name: str
    modality: Modality
    severity: Severity
    sessions_min: int
    sessions_target: int
    sessions_max: int
    floor_days: int
    lapse_days: int
    interim_review_before: int
    outcome_weeks: tuple[int, ...]
    practitioner_skills: tuple[str, ...]
    device_skills: tuple[str, ...]
    gaps: tuple[RecipeGap, ...]
    phases: tuple[RecipePhase, ...]
    depths: tuple[RecipeDepth, ...]
    evidence: str
    source: str
    certainty: Certainty

    def gap_for(self, skin_type: int) -> RecipeGap | None:
        return next((gap for gap in self.gaps if gap.skin_type_from <= skin_type <= gap.skin_type_to), None)

    def depth_at(self, site: str) -> RecipeDepth | None:
        return next((depth for depth in self.depths if depth.site == site), None)


@cache
def load_recipes(path: Path = SHIPPED_PROTOCOLS) -> tuple[Recipe, ...]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    shared = {"phases": _phases(data["phases"]), "depths": _depths(data)}
    return tuple(_recipe(entry, data["methods"][entry["modality"]], shared) for entry in data["protocols"])


def _recipe(entry: Mapping[str, Any], method: Mapping[str, Any], shared: Mapping[str, Any]) -> Recipe:
    sessions_min, sessions_target, sessions_max = entry["sessions"]
    return Recipe(
        code=entry["code"],
        name=entry["name"],
        modality=Modality(entry["modality"]),
        severity=Severity(entry["severity"]),
        sessions_min=sessions_min,
        sessions_target=sessions_target,
        sessions_max=sessions_max,
        floor_days=method["floor_days"],
        lapse_days=method["lapse_days"],
        interim_review_before=method["interim_review_before"],
        outcome_weeks=tuple(method["outcome_weeks"]),
        practitioner_skills=tuple(method["practitioner_skills"]),
        device_skills=tuple(method["device_skills"]),
        gaps=tuple(RecipeGap(**{**gap, "certainty": Certainty(gap["certainty"])}) for gap in method["gaps"]),
        phases=shared["phases"],
        depths=shared["depths"],
        evidence=entry["evidence"].strip(),
        source=entry["source"],
        certainty=Certainty(entry["certainty"]),
    )


def _phases(entries: list[Mapping[str, Any]]) -> tuple[RecipePhase, ...]:
    return tuple(
        RecipePhase(PhaseKind(each["kind"]), each["minutes"], tuple(each["needs"])) for each in entries
    )


def _depths(data: Mapping[str, Any]) -> tuple[RecipeDepth, ...]:
    source, certainty = data["depth_source"], Certainty(data["depth_certainty"])
    return tuple(_depth(entry, source, certainty) for entry in data["depths"])


def _depth(entry: Mapping[str, Any], source: str, certainty: Certainty) -> RecipeDepth:
    return RecipeDepth(
        site=Site(entry["site"]),
        min_mm=_mm(entry["min_mm"]),
        rubra_mm=_mm(entry["rubra_mm"]),
        alba_mm=_mm(entry["alba_mm"]),
        max_mm=_mm(entry["max_mm"]),
        passes_min=entry["passes_min"],
        passes_max=entry["passes_max"],
        note=entry.get("note", ""),
        source=source,
        certainty=certainty,
    )


def _mm(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))
