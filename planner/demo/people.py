"""Invented patients: names, ages, skin and marks. The same people for the same seed and day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from patients.choices import AdattoStage, Side, Site, StriaType
from patients.severity import judge_severity
from planner.protocols.recommendation import AreaFacts

FIRST = (
    "Amira Jade Zara Grace Rosa Maya Chloe Yasmin Leah Ngozi Priyanka Hannah Freya Imani Sofia Tara Ella Mei Aisha "
    "Nadia Kezia Olivia Bethan Ciara Daria Elif Farah Gemma Hiba Isla Joanna Keira Lucia Marta Nia Oona Paige "
    "Rhian Sara Tanya Uma Vera Wren Ximena Yara Zofia Daniel Marcus Owen Tariq"
).split()
LAST = (
    "Haddad Robinson Malik Whitmore Klein Brooks Bennett Hussain Carter Okafor Sharma Dixon Larsen Mensah Moretti "
    "Singh Turner Chen Rahman Petrov Boateng Hughes Pritchard Doyle Novak Demir Aziz Fletcher Saleh Murray Kowalska "
    "Walsh Ferrari Santos Morgan Lindqvist Barker Griffiths Cohen Ivanova Patel Stone Adeyemi Cruz Abadi Nowak Foster "
    "Reid Bevan Iqbal"
).split()
UNUSUAL = (
    ("Siobhán", "O’Neill"),
    ("Zoë “Zo”", "D'Angelo"),
    ("ليلى", "حداد"),
    ("José-María", "Núñez"),
    ("Ivy 🌿", "Hart"),
)
EVERY_NTH_IS_UNUSUAL = 19
EVERY_NTH_HAS_NO_ADDRESS = 27
PLACES = (
    (Site.ABDOMEN, Side.MIDDLE),
    (Site.HIPS, Side.BOTH),
    (Site.THIGH_OUTER, Side.BOTH),
    (Site.BUTTOCKS, Side.BOTH),
    (Site.BREAST, Side.BOTH),
    (Site.THIGH_INNER, Side.BOTH),
    (Site.LOWER_BACK, Side.MIDDLE),
    (Site.ARM_INNER, Side.LEFT),
)
STAGES = (
    (AdattoStage.STAGE_IIA, StriaType.ALBA, "2.0"),
    (AdattoStage.STAGE_IIB, StriaType.ALBA, "3.5"),
    (AdattoStage.STAGE_IIIA, StriaType.ALBA, "4.5"),
    (AdattoStage.STAGE_IIIB, StriaType.ALBA, "6.5"),
    (AdattoStage.STAGE_I, StriaType.RUBRA, "2.5"),
)


@dataclass(frozen=True, slots=True)
class Marks:
    """One area as it was first seen."""

    site: Site
    side: Side
    stria_type: StriaType
    stage: AdattoStage
    widest_mm: Decimal

    @property
    def facts(self) -> AreaFacts:
        """As the recommendation asks for them."""
        severity = judge_severity(self.stage, None, self.widest_mm).severity
        return AreaFacts(self.site, self.stria_type, severity, self.stage)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient to be; `depth_of_progress` is how far the marks will have faded after the last session."""

    first_name: str
    last_name: str
    date_of_birth: date
    skin_type: int
    email: str
    phone: str
    marks: tuple[Marks, ...]
    depth_of_progress: float


def people(today: date, random: Random) -> Iterator[Person]:
    """As many as are asked for."""
    for n, (first_name, last_name) in enumerate(_names(random)):
        yield _person(n, first_name, last_name, today, random)


def _names(random: Random) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    unusual = iter(UNUSUAL)
    for n in count(1):
        name = next(unusual, None) if n % EVERY_NTH_IS_UNUSUAL == 0 else None
        while name is None or name in seen:
            name = (random.choice(FIRST), random.choice(LAST))
        seen.add(name)
        yield name


def _person(n: int, first_name: str, last_name: str, today: date, random: Random) -> Person:
    places = random.sample(PLACES, k=random.choices((1, 2), weights=(4, 1))[0])
    stage, stria_type, widest = random.choices(STAGES, weights=(3, 5, 4, 2, 3))[0]
    has_address = n % EVERY_NTH_HAS_NO_ADDRESS < EVERY_NTH_HAS_NO_ADDRESS - 1
    return Person(
        first_name=first_name,
        last_name=last_name,
        date_of_birth=today - timedelta(days=random.randint(19 * 365, 58 * 365)),
        skin_type=random.choices(range(1, 7), weights=(1, 3, 4, 3, 2, 1))[0],
        email=f"patient{n + 1}@mail.example" if has_address else "",
        phone=f"+44 7700 900{n + 100:03d}",
        marks=tuple(Marks(site, side, stria_type, stage, Decimal(widest)) for site, side in places),
        depth_of_progress=random.uniform(0.15, 0.6),
    )
