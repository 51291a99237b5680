"""From the areas judged to a protocol, its gaps and depths, each with its reason, source and certainty. Pure.

A clinician may choose otherwise; what is said here is a proposal from the clinic's protocols.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext_lazy as _

from patients.choices import AdattoStage, Certainty, Modality, Severity, Site, SkinType, StriaType
from planner.choices import Endpoint
from planner.protocols.recipes import Recipe, RecipeGap

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FIRST_SESSION_SHALLOWER_MM = Decimal("0.5")
LIKE_DARK_SKIN = (StriaType.CAERULEA, StriaType.NIGRA)


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """One area as judged; `stage` may be unknown."""

    site: Site
    stria_type: StriaType
    severity: Severity
    stage: AdattoStage | None = None

    @property
    def demand(self) -> Severity:
        """Which protocol the area asks for: red marks are planned like mild ones."""
        return Severity.MILD if self.stria_type == StriaType.RUBRA else self.severity


@dataclass(frozen=True, slots=True)
class SourcedReason:
    sentence: StrOrPromise
    source: StrOrPromise
    certainty: Certainty


class DepthRow(Protocol):
    """Depths of one site in mm; a shipped `Depth` and the clinic's own row have the same fields."""

    @property
    def site(self) -> str: ...
    @property
    def min_mm(self) -> Decimal: ...
    @property
    def rubra_mm(self) -> Decimal: ...
    @property
    def alba_mm(self) -> Decimal: ...
    @property
    def max_mm(self) -> Decimal: ...
    @property
    def passes_min(self) -> int: ...
    @property
    def passes_max(self) -> int: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class DepthAdvice:
    """What to set for one site in one session; `is_capped` when the device's label limits the depth."""

    site: Site
    target_mm: Decimal
    min_mm: Decimal
    max_mm: Decimal
    passes_min: int
    passes_max: int
    endpoint: Endpoint
    note: str
    is_capped: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The protocol proposed, depths for its first session, and what the patient may be told to expect."""

    recipe: Recipe
    severity: Severity
    gap: RecipeGap
    depths: tuple[DepthAdvice, ...]
    reasons: tuple[SourcedReason, ...]
    cautions: tuple[SourcedReason, ...]
    expectation: SourcedReason


class NoProtocolFits(LookupError):
    """No protocol offered has this severity for any of the methods at hand, or none covers the skin type."""

    def __init__(self, severity: Severity, modalities: Sequence[Modality]) -> None:
        super().__init__(severity, modalities)
        self.severity = severity
        self.modalities = tuple(modalities)


EXPECTATION = SourcedReason(
    _(
        "Most people see some improvement. In small studies about 4 to 7 in 10 had a marked improvement "
        "after 3 to 6 sessions. Marks fade; they rarely vanish."
    ),
    "Park 2012 and Mohamed Ali 2017 (small, not blinded throughout); Zhu, 151 studies; the clinic's wording",
    Certainty.CLINIC_SETTING,
)
TWO_WEEKS_TOO_SHORT = SourcedReason(
    _("At 2 weeks apart 21.9% got brown patches in one series of 32; at a month apart none did in another."),
    "doi 10.1007/s00403-023-02601-w; Alster 2020, doi 10.1097/DSS.0000000000002081",
    Certainty.FOUND,
)
RED_RESPONDS_BETTER = SourcedReason(
    _("Red marks respond better than white ones, so they start with the shortest series."),
    "Mohamed Ali 2017, doi 10.1097/01.EWX.0000511156.50929.3b",
    Certainty.FOUND,
)
UNDER_A_YEAR = SourcedReason(
    _("Red marks may be less than a year old; a device label says that such marks were not evaluated."),
    "SkinPen international labelling",
    Certainty.FOUND,
)
DARK_SKIN = SourcedReason(
    _("Skin types IV to VI: longer gaps, first session 0.5 mm shallower, sunscreen 50 for 4 weeks before."),
    "Caution; brown patches are commoner and longer there, PubMed 32644576; no trial fixes the gap",
    Certainty.CLINIC_SETTING,
)
DARKEST_SKIN = SourcedReason(
    _("Skin types V and VI: test patch at least 4 weeks earlier, fewest passes first, tinted sunscreen."),
    "The clinic's own caution",
    Certainty.CLINIC_SETTING,
)
TYPE_VI = SourcedReason(
    _("Skin type VI: look for brown patches at week 4; the next session waits until they have settled."),
    "The clinic's own caution",
    Certainty.CLINIC_SETTING,
)
DARK_MARKS = SourcedReason(
    _("Dark or dark blue marks are planned like skin type IV or darker."),
    "The clinic's own caution; types after StatPearls, PubMed 28613776",
    Certainty.CLINIC_SETTING,
)
RADIOFREQUENCY = SourcedReason(
    _("Radiofrequency: burns, scars, fat loss and nerve damage were reported. Keep to the device's limits."),
    "FDA, 15 October 2025",
    Certainty.FOUND,
)
CAPPED = SourcedReason(
    _("The device's labelled maximum holds the depth down at one site or more."),
    "The device's label",
    Certainty.FOUND,
)


def recommend(
    areas: Sequence[AreaFacts],
    *,
    skin_type: int,
    modality_options: Sequence[Modality],
    recipes: Iterable[Recipe],
    device_max_mm: Decimal | None = None,
) -> Recommendation:
    """The protocol for `areas` by the most demanding of them, with the first method at hand that has one.

    `modality_options` stand in the clinic's order of preference. Refuses no areas (`ValueError`) and a
    severity, method or skin type that no protocol covers (`NoProtocolFits`).
    """
    if not areas:
        raise ValueError("at least one area is needed")
    severity = max((area.demand for area in areas), key=lambda demand: demand.rank)
    planned_as = _planned_as(areas, SkinType(skin_type))
    recipe, gap = _recipe_for(severity, planned_as, modality_options, tuple(recipes))
    depths = _depths(areas, recipe, planned_as, device_max_mm)
    return Recommendation(
        recipe=recipe,
        severity=severity,
        gap=gap,
        depths=depths,
        reasons=_reasons(areas, recipe, gap, severity),
        cautions=tuple(_cautions(areas, recipe, planned_as, depths)),
        expectation=EXPECTATION,
    )


def depth_for(
    row: DepthRow,
    stria_type: str,
    *,
    skin_type: int,
    session_number: int,
    modality: str = Modality.MICRONEEDLING,
    device_max_mm: Decimal | None = None,
) -> DepthAdvice:
    """Depth and passes for one site: only white marks take the deeper target, the rest starts low.

    On skin types IV to VI (and dark marks) the first session is 0.5 mm shallower, never under the site's
    minimum; on V and VI with the fewest passes. Nothing exceeds `device_max_mm`, the depth on the device's
    label.
    """
    planned_as = max(skin_type, SkinType.TYPE_IV) if stria_type in LIKE_DARK_SKIN else skin_type
    starts_shallower = session_number == 1 and planned_as >= SkinType.TYPE_IV
    wanted = row.alba_mm if stria_type == StriaType.ALBA else row.rubra_mm
    if starts_shallower:
        wanted = max(wanted - FIRST_SESSION_SHALLOWER_MM, row.min_mm)
    cap = row.max_mm if device_max_mm is None else min(row.max_mm, device_max_mm)
    fewest_passes = starts_shallower and planned_as >= SkinType.TYPE_V
    return DepthAdvice(
        site=Site(row.site),
        target_mm=min(wanted, cap),
        min_mm=min(row.min_mm, cap),
        max_mm=cap,
        passes_min=row.passes_min,
        passes_max=row.passes_min if fewest_passes else row.passes_max,
        endpoint=_endpoint(row.site, stria_type, planned_as, modality),
        note=row.note,
        is_capped=cap < row.max_mm,
    )


def _endpoint(site: str, stria_type: str, planned_as: int, modality: str) -> Endpoint:
    """Even pinpoints in scar studies (Juhasz 2020), wheals with radiofrequency; few where skin is thin."""
    if modality == Modality.RADIOFREQUENCY:
        return Endpoint.WHEALS
    is_delicate = stria_type == StriaType.RUBRA or site == Site.BREAST or planned_as >= SkinType.TYPE_V
    return Endpoint.FEW_PINPOINTS if is_delicate else Endpoint.EVEN_PINPOINTS


def _planned_as(areas: Iterable[AreaFacts], skin_type: SkinType) -> SkinType:
    has_dark_marks = any(area.stria_type in LIKE_DARK_SKIN for area in areas)
    return max(skin_type, SkinType.TYPE_IV) if has_dark_marks else skin_type


def _recipe_for(
    severity: Severity, skin_type: SkinType, modalities: Sequence[Modality], recipes: Sequence[Recipe]
) -> tuple[Recipe, RecipeGap]:
    for modality in modalities:
        for recipe in recipes:
            fits = recipe.modality == modality and recipe.severity == severity
            gap = recipe.gap_for(skin_type) if fits else None
            if gap:
                return recipe, gap
    raise NoProtocolFits(severity, modalities)


def _depths(
    areas: Iterable[AreaFacts], recipe: Recipe, skin_type: SkinType, device_max_mm: Decimal | None
) -> tuple[DepthAdvice, ...]:
    """One advice a site, in the order of the areas; where a site has red and white marks, the shallower."""
    shallowest: dict[Site, DepthAdvice] = {}
    for area in areas:
        row = recipe.depth_at(area.site)
        if row is None:
            continue
        advice = depth_for(
            row,
            area.stria_type,
            skin_type=skin_type,
            session_number=1,
            modality=recipe.modality,
            device_max_mm=device_max_mm,
        )
        known = shallowest.get(area.site)
        if known is None or advice.target_mm < known.target_mm:
            shallowest[area.site] = advice
    return tuple(shallowest.values())


def _reasons(
    areas: Sequence[AreaFacts], recipe: Recipe, gap: RecipeGap, severity: Severity
) -> tuple[SourcedReason, ...]:
    are_red = all(area.stria_type == StriaType.RUBRA for area in areas)
    why = RED_RESPONDS_BETTER if are_red else _most_demanding(areas, severity)
    return (why, _number_of_sessions(recipe), _days_between(gap), TWO_WEEKS_TOO_SHORT)


def _most_demanding(areas: Sequence[AreaFacts], severity: Severity) -> SourcedReason:
    site = next(area.site for area in areas if area.demand == severity)
    facts = {"site": Site(site).label, "severity": str(severity.label).lower()}
    sentence = _("%(site)s: %(severity)s marks. The most demanding area decides.") % facts
    source = _("Severity from stage, number and width; the clinic's own rule")
    return SourcedReason(sentence, source, Certainty.CLINIC_SETTING)


def _number_of_sessions(recipe: Recipe) -> SourcedReason:
    facts = {"target": recipe.sessions_target, "low": recipe.sessions_min, "high": recipe.sessions_max}
    sentence = _("%(target)d sessions, %(low)d to %(high)d before a review.") % facts
    return SourcedReason(sentence, recipe.source, recipe.certainty)


def _days_between(gap: RecipeGap) -> SourcedReason:
    facts = {"target": gap.target_days, "low": gap.min_days, "high": gap.max_days}
    sentence = _("%(target)d days between sessions, %(low)d to %(high)d.") % facts
    return SourcedReason(sentence, gap.source, gap.certainty)


def _cautions(
    areas: Sequence[AreaFacts], recipe: Recipe, skin_type: SkinType, depths: Sequence[DepthAdvice]
) -> Iterable[SourcedReason]:
    applies = (
        (any(area.stria_type == StriaType.RUBRA for area in areas), UNDER_A_YEAR),
        (any(area.stria_type in LIKE_DARK_SKIN for area in areas), DARK_MARKS),
        (skin_type.is_dark, DARK_SKIN),
        (skin_type >= SkinType.TYPE_V, DARKEST_SKIN),
        (skin_type == SkinType.TYPE_VI, TYPE_VI),
        (recipe.modality == Modality.RADIOFREQUENCY, RADIOFREQUENCY),
        (any(advice.is_capped for advice in depths), CAPPED),
    )
    return (caution for holds, caution in applies if holds)
