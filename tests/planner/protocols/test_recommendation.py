import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.choices import Certainty, Modality, Severity, Site, StriaType
from planner.choices import Endpoint
from planner.models import ProtocolGap, SiteDepth
from planner.protocols.recipes import Recipe, RecipeDepth, load_recipes
from planner.protocols.recommendation import (
    DARK_MARKS,
    DARK_SKIN,
    DARKEST_SKIN,
    EXPECTATION,
    RADIOFREQUENCY,
    RED_RESPONDS_BETTER,
    TYPE_VI,
    UNDER_A_YEAR,
    AreaFacts,
    NoProtocolFits,
    Recommendation,
    SourcedReason,
    depth_for,
    recommend,
)

RECIPES = load_recipes()
MN, RF = Modality
MILD, MODERATE, SEVERE = Severity
ABDOMEN = next(depth for depth in RECIPES[0].depths if depth.site == Site.ABDOMEN)
EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.code)


def area(
    severity: Severity = MODERATE, stria_type: StriaType = StriaType.ALBA, site: Site = Site.ABDOMEN
) -> AreaFacts:
    return AreaFacts(site, stria_type, severity)


def recommended(
    *areas: AreaFacts,
    skin_type: int = 2,
    modalities: Sequence[Modality] = (MN,),
    device_max_mm: Decimal | None = None,
) -> Recommendation:
    return recommend(
        areas,
        skin_type=skin_type,
        modality_options=modalities,
        recipes=RECIPES,
        device_max_mm=device_max_mm,
    )


def sentences(reasons: Sequence[SourcedReason]) -> list[str]:
    return [str(reason.sentence) for reason in reasons]


# --- which protocol ---


def test_moderate_white_marks_on_skin_type_ii() -> None:
    plan = recommended(area())
    recipe = plan.recipe
    assert recipe.code == "mn-moderate"
    assert (recipe.sessions_min, recipe.sessions_target, recipe.sessions_max) == (3, 4, 5)
    assert (plan.gap.min_days, plan.gap.target_days, plan.gap.max_days) == (28, 35, 56)
    assert [(depth.site, depth.target_mm) for depth in plan.depths] == [(Site.ABDOMEN, Decimal("2.00"))]
    assert plan.cautions == ()
    assert sentences(plan.reasons) == [
        "Abdomen: moderate marks. The most demanding area decides.",
        "4 sessions, 3 to 5 before a review.",
        "35 days between sessions, 28 to 56.",
        "At 2 weeks apart 21.9% got brown patches in one series of 32; at a month apart none did in another.",
    ]


def test_the_most_demanding_area_decides() -> None:
    plan = recommended(area(MILD), area(SEVERE, site=Site.HIPS), area(MODERATE, site=Site.CALF))
    assert (plan.recipe.code, plan.severity) == ("mn-severe", SEVERE)
    assert sentences(plan.reasons)[0] == "Hips: severe marks. The most demanding area decides."


def test_red_marks_are_planned_like_mild_ones_with_a_caution() -> None:
    plan = recommended(area(SEVERE, StriaType.RUBRA))
    assert plan.recipe.code == "mn-mild"
    assert plan.reasons[0] == RED_RESPONDS_BETTER
    assert plan.cautions == (UNDER_A_YEAR,)


def test_white_marks_beside_red_ones_decide() -> None:
    plan = recommended(area(SEVERE, StriaType.RUBRA), area(MODERATE, site=Site.HIPS))
    assert plan.recipe.code == "mn-moderate"
    assert plan.cautions == (UNDER_A_YEAR,)


@pytest.mark.parametrize(
    ("skin_type", "modality", "days"),
    [
        *((skin_type, MN, (28, 35, 56)) for skin_type in (1, 2, 3)),
        (4, MN, (35, 42, 63)),
        *((skin_type, MN, (42, 49, 70)) for skin_type in (5, 6)),
        *((skin_type, RF, (28, 42, 84)) for skin_type in (1, 2, 3)),
        *((skin_type, RF, (42, 56, 84)) for skin_type in (4, 5, 6)),
    ],
)
def test_gaps_by_skin_type_and_method(skin_type: int, modality: Modality, days: tuple[int, int, int]) -> None:
    gap = recommended(area(), skin_type=skin_type, modalities=[modality]).gap
    assert (gap.min_days, gap.target_days, gap.max_days) == days


@pytest.mark.parametrize(
    ("skin_type", "cautions"),
    [
        (3, ()),
        (4, (DARK_SKIN,)),
        (5, (DARK_SKIN, DARKEST_SKIN)),
        (6, (DARK_SKIN, DARKEST_SKIN, TYPE_VI)),
    ],
)
def test_cautions_by_skin_type(skin_type: int, cautions: tuple[SourcedReason, ...]) -> None:
    assert recommended(area(), skin_type=skin_type).cautions == cautions


@pytest.mark.parametrize("stria_type", [StriaType.CAERULEA, StriaType.NIGRA])
def test_dark_marks_are_planned_like_skin_type_iv(stria_type: StriaType) -> None:
    plan = recommended(area(stria_type=stria_type), skin_type=2)
    assert plan.gap.min_days == 35
    assert plan.cautions == (DARK_MARKS, DARK_SKIN)


def test_the_first_method_at_hand_is_taken() -> None:
    assert recommended(area(), modalities=[RF, MN]).recipe.code == "rf-moderate"
    assert recommended(area(), modalities=[MN, RF]).recipe.code == "mn-moderate"


def test_radiofrequency_comes_with_its_warning() -> None:
    assert recommended(area(), modalities=[RF]).cautions == (RADIOFREQUENCY,)


def test_the_next_method_is_taken_where_the_first_has_no_protocol() -> None:
    without = [recipe for recipe in RECIPES if recipe.code != "rf-moderate"]
    plan = recommend([area()], skin_type=2, modality_options=[RF, MN], recipes=without)
    assert plan.recipe.code == "mn-moderate"


def test_no_method_at_hand_is_refused() -> None:
    with pytest.raises(NoProtocolFits) as refused:
        recommended(area(SEVERE), modalities=[])
    assert (refused.value.severity, refused.value.modalities) == (SEVERE, ())


def test_a_skin_type_no_protocol_covers_is_refused() -> None:
    fair_only = [replace(recipe, gaps=recipe.gaps[:1]) for recipe in RECIPES]
    with pytest.raises(NoProtocolFits):
        recommend([area()], skin_type=5, modality_options=[MN], recipes=fair_only)


def test_no_areas_are_refused() -> None:
    with pytest.raises(ValueError):
        recommended()


# --- depth ---


@pytest.mark.parametrize(
    ("stria_type", "depth"),
    [
        (StriaType.ALBA, "2.00"),
        (StriaType.RUBRA, "1.50"),
        (StriaType.GRAVIDARUM, "1.50"),
        (StriaType.NIGRA, "1.50"),
    ],
)
def test_only_white_marks_take_the_deeper_target(stria_type: StriaType, depth: str) -> None:
    advice = depth_for(ABDOMEN, stria_type, skin_type=2, session_number=2)
    assert advice.target_mm == Decimal(depth)


@pytest.mark.parametrize(
    ("skin_type", "session", "depth", "passes"),
    [
        (3, 1, "2.00", (4, 6)),
        (4, 1, "1.50", (4, 6)),
        (4, 2, "2.00", (4, 6)),
        (5, 1, "1.50", (4, 4)),
        (6, 1, "1.50", (4, 4)),
        (6, 2, "2.00", (4, 6)),
    ],
)
def test_dark_skin_starts_shallower_and_with_fewest_passes(
    skin_type: int, session: int, depth: str, passes: tuple[int, int]
) -> None:
    advice = depth_for(ABDOMEN, StriaType.ALBA, skin_type=skin_type, session_number=session)
    assert (advice.target_mm, (advice.passes_min, advice.passes_max)) == (Decimal(depth), passes)


def test_a_shallower_start_stays_within_the_sites_range() -> None:
    advice = depth_for(ABDOMEN, StriaType.RUBRA, skin_type=4, session_number=1)
    assert advice.target_mm == ABDOMEN.min_mm


def test_the_devices_label_caps_the_depth_and_says_so() -> None:
    advice = depth_for(ABDOMEN, StriaType.ALBA, skin_type=2, session_number=2, device_max_mm=Decimal("1.5"))
    assert (advice.target_mm, advice.max_mm, advice.is_capped) == (Decimal("1.5"), Decimal("1.5"), True)
    cautions = recommended(area(), device_max_mm=Decimal("1.5")).cautions
    assert sentences(cautions) == ["The device's labelled maximum holds the depth down at one site or more."]


def test_a_device_that_reaches_deeper_than_the_site_caps_nothing() -> None:
    advice = depth_for(ABDOMEN, StriaType.ALBA, skin_type=2, session_number=2, device_max_mm=Decimal("3"))
    assert (advice.max_mm, advice.is_capped) == (ABDOMEN.max_mm, False)


@given(
    st.sampled_from(RECIPES[0].depths),
    st.sampled_from(StriaType),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([None, Decimal("0.3"), Decimal("1.0"), Decimal("1.5"), Decimal("2.5")]),
)
def test_depth_never_leaves_the_site_or_the_label(
    row: RecipeDepth, stria_type: StriaType, skin_type: int, session: int, label: Decimal | None
) -> None:
    advice = depth_for(row, stria_type, skin_type=skin_type, session_number=session, device_max_mm=label)
    assert advice.min_mm <= advice.target_mm <= advice.max_mm <= row.max_mm
    assert label is None or advice.max_mm <= label


@pytest.mark.parametrize(
    ("site", "stria_type", "skin_type", "modality", "endpoint"),
    [
        (Site.ABDOMEN, StriaType.ALBA, 4, MN, Endpoint.EVEN_PINPOINTS),
        (Site.ABDOMEN, StriaType.RUBRA, 1, MN, Endpoint.FEW_PINPOINTS),
        (Site.BREAST, StriaType.ALBA, 1, MN, Endpoint.FEW_PINPOINTS),
        (Site.ABDOMEN, StriaType.ALBA, 5, MN, Endpoint.FEW_PINPOINTS),
        (Site.BREAST, StriaType.RUBRA, 6, RF, Endpoint.WHEALS),
    ],
)
def test_where_to_stop(
    site: Site, stria_type: StriaType, skin_type: int, modality: Modality, endpoint: Endpoint
) -> None:
    row = RECIPES[0].depth_at(site)
    assert row is not None
    advice = depth_for(row, stria_type, skin_type=skin_type, session_number=2, modality=modality)
    assert advice.endpoint == endpoint


def test_red_and_white_marks_on_one_site_get_the_shallower_depth() -> None:
    plan = recommended(area(), area(stria_type=StriaType.RUBRA))
    assert [(depth.site, depth.target_mm) for depth in plan.depths] == [(Site.ABDOMEN, Decimal("1.50"))]


# --- the shipped data ---


def test_a_protocol_for_each_method_and_severity() -> None:
    assert [recipe.code for recipe in RECIPES] == [
        f"{modality}-{severity}" for modality in Modality for severity in Severity
    ]


@EVERY_RECIPE
def test_every_value_has_a_source_and_a_certainty(recipe: Recipe) -> None:
    for part in (recipe, *recipe.gaps, *recipe.depths):
        assert part.source  # type: ignore[attr-defined]
        assert isinstance(part.certainty, Certainty)  # type: ignore[attr-defined]


@EVERY_RECIPE
def test_every_skin_type_has_exactly_one_gap_and_none_goes_under_the_floor(recipe: Recipe) -> None:
    covered = [
        skin_type for gap in recipe.gaps for skin_type in range(gap.skin_type_from, gap.skin_type_to + 1)
    ]
    assert covered == [1, 2, 3, 4, 5, 6]
    assert recipe.floor_days == 21
    assert all(recipe.floor_days <= gap.min_days and gap.max_days <= recipe.lapse_days for gap in recipe.gaps)


@EVERY_RECIPE
def test_every_site_has_a_depth(recipe: Recipe) -> None:
    assert [depth.site for depth in recipe.depths] == list(Site)


@EVERY_RECIPE
def test_gaps_and_depths_fit_the_clinics_own_rows(recipe: Recipe) -> None:
    for gap in recipe.gaps:
        row = ProtocolGap(version_id=1, **{name: getattr(gap, name) for name in gap.__slots__})
        row.clean_fields(exclude=["version"])
    for depth in recipe.depths:
        site = SiteDepth(version_id=1, **{name: getattr(depth, name) for name in depth.__slots__})
        site.clean_fields(exclude=["version"])


@EVERY_RECIPE
def test_the_practitioner_is_needed_for_needling_alone(recipe: Recipe) -> None:
    assert [(phase.kind, phase.minutes, phase.needs) for phase in recipe.phases] == [
        ("numbing", 45, ("room",)),
        ("needling", 45, ("practitioner", "room", "device")),
        ("recovery", 15, ("room",)),
    ]


PROMISE = re.compile(r"guarantee|cure|permanent|get rid|disappear|will (fade|vanish|improve)|100 ?%", re.I)


@EVERY_RECIPE
def test_evidence_promises_nothing_and_names_its_weakness(recipe: Recipe) -> None:
    assert not PROMISE.search(recipe.evidence)
    assert recipe.evidence.splitlines()[-1] == (
        "All studies are small and few are blinded: read them as a trend."
    )


def test_patients_are_told_that_marks_fade_and_rarely_vanish() -> None:
    assert recommended(area()).expectation == EXPECTATION
    assert str(EXPECTATION.sentence) == (
        "Most people see some improvement. In small studies about 4 to 7 in 10 had a marked improvement "
        "after 3 to 6 sessions. Marks fade; they rarely vanish."
    )


def test_depths_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError):
        replace(ABDOMEN, rubra_mm=Decimal("2.25"))


def test_gaps_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError):
        replace(RECIPES[0].gaps[0], min_days=36)
