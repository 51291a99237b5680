from decimal import Decimal

import pytest

from patients.choices import AdattoStage, Severity
from patients.severity import judge_severity

FRESH, IIA, IIB, IIIA, IIIB, IV = AdattoStage
WIDE, NARROW = Decimal("5"), Decimal("4.9")


@pytest.mark.parametrize(
    ("stage", "davey", "width", "severity", "rule"),
    [
        (FRESH, None, None, Severity.MILD, "stage_i"),
        (FRESH, 2, WIDE, Severity.MILD, "stage_i"),
        (FRESH, 3, NARROW, Severity.MODERATE, "fresh_but_many"),
        (FRESH, 3, None, Severity.MODERATE, "fresh_but_many"),
        (FRESH, 3, WIDE, Severity.SEVERE, "many_and_wide"),
        (IIA, None, None, Severity.MILD, "stage_iia"),
        (IIA, 8, NARROW, Severity.MILD, "stage_iia"),
        (IIA, 3, WIDE, Severity.SEVERE, "many_and_wide"),
        (IIB, 4, Decimal("3.5"), Severity.MODERATE, "stage_iib_or_iiia"),
        (IIB, 2, WIDE, Severity.MODERATE, "stage_iib_or_iiia"),
        (IIIA, None, Decimal("9.5"), Severity.MODERATE, "stage_iib_or_iiia"),
        (IIIA, 3, WIDE, Severity.SEVERE, "many_and_wide"),
        (IIIB, 0, Decimal("1"), Severity.SEVERE, "stage_iiib_or_iv"),
        (IV, None, None, Severity.SEVERE, "stage_iiib_or_iv"),
    ],
)
def test_the_rule_that_decides_is_named(
    stage: AdattoStage, davey: int | None, width: Decimal | None, severity: Severity, rule: str
) -> None:
    judged = judge_severity(stage, davey, width)
    assert (judged.severity, judged.rule) == (severity, rule)


def test_the_rule_is_also_a_sentence() -> None:
    assert str(judge_severity(IIB).sentence) == "Stage IIb or IIIa makes it moderate."


@pytest.mark.parametrize(("davey", "width"), [(-1, None), (9, None), (None, Decimal("0")), (None, -1)])
def test_impossible_measures_are_refused(davey: int | None, width: Decimal | int | None) -> None:
    with pytest.raises(ValueError):
        judge_severity(FRESH, davey, width)
