from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.choices import AdattoStage, Certainty
from patients.scales import SCALES
from patients.scales.base import Scale, ScaleError, ScaleItem

EVERY_SCALE = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES.keys())


def allowed(item: ScaleItem) -> st.SearchStrategy[Decimal]:
    steps = int((item.high - item.low) / item.step)
    return st.integers(0, steps).map(lambda n: item.low + n * Decimal(item.step))


def fewest(scale: Scale) -> list[int]:
    return [item.low for item in scale.items]


def most(scale: Scale) -> list[int]:
    return [item.high for item in scale.items]


def band_label(scale: Scale, total: int) -> str:
    band = scale.band(total)
    assert band is not None
    return str(band.label)


def test_licensed_dlqi_is_not_shipped() -> None:
    assert set(SCALES) == {
        "davey",
        "atwal",
        "adatto",
        "stria_size",
        "gais",
        "quartile",
        "vas_clinician",
        "vas_patient",
        "posas_observer",
        "posas_patient",
        "manchester",
    }


@EVERY_SCALE
def test_each_scale_names_its_source_and_how_sure_it_is(scale: Scale) -> None:
    assert scale.source
    assert isinstance(scale.certainty, Certainty)
    assert bool(scale.bands) == bool(scale.band_set)


@EVERY_SCALE
def test_the_ends_of_the_items_give_the_ends_of_the_total(scale: Scale) -> None:
    assert (scale.total(fewest(scale)), scale.total(most(scale))) == (scale.lowest, scale.highest)


@EVERY_SCALE
@given(data=st.data())
def test_every_allowed_answer_gives_a_total_in_range(scale: Scale, data: st.DataObject) -> None:
    points = [data.draw(allowed(item)) for item in scale.items]
    assert scale.lowest <= scale.total(points) <= scale.highest


@EVERY_SCALE
def test_bands_cover_every_total_exactly_once(scale: Scale) -> None:
    covered = [total for band in scale.bands for total in range(band.low, band.high + 1)]
    assert covered == (list(range(scale.lowest, scale.highest + 1)) if scale.bands else [])


@EVERY_SCALE
def test_a_missing_answer_is_refused(scale: Scale) -> None:
    with pytest.raises(ScaleError) as refused:
        scale.total(fewest(scale)[1:])
    assert refused.value.item == ""


@EVERY_SCALE
def test_points_out_of_range_are_refused_by_the_items_name(scale: Scale) -> None:
    for position, item in enumerate(scale.items):
        for wrong in (item.low - 1, item.high + 1):
            points = fewest(scale)
            points[position] = wrong
            with pytest.raises(ScaleError) as refused:
                scale.total(points)
            assert refused.value.item == item.code


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(ScaleError) as refused:
        SCALES["davey"].total([0, 0, 3, 0])
    assert str(refused.value.message) == "Lower right quarter: a whole number from 0 to 2."


def test_a_total_the_scale_cannot_give_has_no_band() -> None:
    with pytest.raises(ScaleError):
        SCALES["davey"].band(9)


def test_davey_bands() -> None:
    labels = [band_label(SCALES["davey"], total) for total in range(9)]
    assert labels == ["None", "Mild", "Mild", *["Severe"] * 6]


def test_atwal_counts_number_and_redness_at_four_sites() -> None:
    assert SCALES["atwal"].total([3, 2, 1, 1, 0, 0, 2, 3]) == 12


def test_atwal_splits_after_twelve() -> None:
    atwal = SCALES["atwal"]
    assert (atwal.highest, atwal.band_set) == (24, "two-groups")
    assert [band_label(atwal, total) for total in (12, 13)] == ["Mild", "Moderate or severe"]


def test_adatto_band_is_the_stages_own_code() -> None:
    labels = [band_label(SCALES["adatto"], total) for total in range(1, 7)]
    assert labels == [stage.value for stage in AdattoStage]


def test_gais_counts_one_to_three_as_response_and_less_is_better() -> None:
    gais = SCALES["gais"]
    assert gais.lower_is_better
    assert [band_label(gais, total) for total in (3, 4)] == ["Responder", "No response"]


def test_quartile_is_the_only_scale_where_more_is_better() -> None:
    assert [code for code, scale in SCALES.items() if not scale.lower_is_better] == ["quartile"]


@pytest.mark.parametrize("code", ["posas_observer", "posas_patient"])
def test_posas_keeps_the_overall_opinion_out_of_the_sum(code: str) -> None:
    assert SCALES[code].total([1, 2, 3, 4, 5, 6, 10]) == 21
    assert (SCALES[code].lowest, SCALES[code].highest) == (6, 60)


def test_posas_observer_needs_touch() -> None:
    assert not SCALES["posas_observer"].valid_from_photos


def test_manchester_counts_the_overall_view_in() -> None:
    assert (SCALES["manchester"].lowest, SCALES["manchester"].highest) == (5, 28)
    assert SCALES["manchester"].total([2, 1, 2, 1, 2, 4]) == 12


def test_stria_size_takes_half_millimetres_and_totals_the_width_alone() -> None:
    size = SCALES["stria_size"]
    assert size.total([Decimal("3.5"), Decimal("6")]) == Decimal("3.5")
    with pytest.raises(ScaleError) as refused:
        size.total([Decimal("3.3"), Decimal("6")])
    assert refused.value.item == "width"
