import pytest
from pytest_django import DjangoAssertNumQueries

from planner.models import AftercareStep, Protocol
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import current_versions, load_protocols, recipe_of
from planner.protocols.recipes import load_recipes
from tests.makers import NOW, make_clinic

pytestmark = pytest.mark.django_db


def test_a_clinic_gets_every_shipped_protocol_unchanged() -> None:
    clinic = make_clinic()
    load_protocols(clinic, load_steps(), now=NOW)
    by_code = {recipe.code: recipe for recipe in load_recipes()}
    assert {v.protocol.code: recipe_of(v) for v in current_versions(clinic)} == by_code


def test_loading_again_adds_nothing_and_keeps_what_the_clinic_changed() -> None:
    clinic = make_clinic()
    load_protocols(clinic, load_steps(), now=NOW)
    Protocol.objects.filter(code="mn-mild").update(name="Ours")
    load_protocols(clinic, load_steps(), now=NOW)
    assert Protocol.objects.count() == len(load_recipes())
    assert Protocol.objects.filter(name="Ours").count() == 1


def test_every_version_has_every_shipped_step() -> None:
    clinic = make_clinic()
    load_protocols(clinic, load_steps(), now=NOW)
    codes = {step.code for step in load_steps()}
    for version in current_versions(clinic):
        assert set(AftercareStep.objects.filter(version=version).values_list("code", flat=True)) == codes


def test_reading_all_protocols_costs_four_statements(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    clinic = make_clinic()
    load_protocols(clinic, load_steps(), now=NOW)
    with django_assert_num_queries(4):
        [recipe_of(version) for version in current_versions(clinic)]
