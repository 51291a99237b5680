"""Scores over time."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from patients.models import Patient
from tests.patients.views.pages import judged, url

pytestmark = pytest.mark.django_db


def test_scores_over_time_are_drawn(client: Any, patient: Patient) -> None:
    client.post(url("assess", patient), judged())
    client.post(url("assess", patient), judged(key="b") | {"abdomen-middle-widest_mm": "2.5"})
    page = client.get(url("scores", patient)).content.decode()
    assert "28% narrower" in page
    assert 'aria-label="Widest mark, mm: 3.5 (' in page
    assert "Davey score: 4 (" in page


@pytest.mark.parametrize("count", [1, 5])
def test_scores_cost_the_same_whatever_was_judged(
    client: Any, patient: Patient, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        client.post(url("assess", patient), judged(key=str(number)))
    with django_assert_num_queries(7):
        client.get(url("scores", patient))
