"""Eighty invented patients: names, ages, skin, areas, and what their series is to look like."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from patients.choices import AdattoStage, Side, Site, StriaType

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


@dataclass(frozen=True, slots=True)
class Marks:
    """One area as it was first seen."""

    site: Site
    side: Side
    stria_type: StriaType
    stage: AdattoStage
    widest_mm: Decimal


@dataclass(frozen=True, slots=True)
class Person:
    """A patient to be; `story` says how the series goes, `begins` on which day the first session is wanted."""

    first_name: str
    last_name: str
    date_of_birth: date
    skin_type: int
    email: str
    phone: str
    marks: tuple[Marks, ...]
    story: str
    begins: date
    depth_of_progress: float


# story: (how many patients, days from today to the wanted first session: from, to)
STORIES = {
    "done": (14, -330, -230),
    "under way": (26, -150, -25),
    "today": (13, 0, 0),
    "starting": (12, 1, 30),
    "stopped": (3, -200, -120),
    "drifting": (1, -52, -52),
    "drafted": (3, 10, 20),
    "assessed": (3, 0, 0),
    "blocked": (1, 0, 0),
    "postponed": (1, 0, 0),
    "new": (3, 0, 0),
}
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


def eighty_people(today: date, random: Random) -> list[Person]:
    """The same people for the same seed and day."""
    stories = [(story, span) for story, (count, *span) in STORIES.items() for _ in range(count)]
    names = list(UNUSUAL)
    while len(names) < len(stories):
        name = (random.choice(FIRST), random.choice(LAST))
        if name not in names:
            names.append(name)
    random.shuffle(names)
    return [_person(n, *names[n], story, span, today, random) for n, (story, span) in enumerate(stories)]


def _person(
    n: int, first_name: str, last_name: str, story: str, span: list[int], today: date, random: Random
) -> Person:
    skin_type = random.choices(range(1, 7), weights=(1, 3, 4, 3, 2, 1))[0]
    begins = today + timedelta(days=random.randint(*span))
    if story == "drifting":
        skin_type = 2
    if story == "today":  # so many gaps ago that one session falls on today
        gap = {4: 42, 5: 49, 6: 49}.get(skin_type, 35)
        begins = today - timedelta(days=gap * random.choice((0, 1, 1, 2)))
    places = random.sample(PLACES, k=random.choices((1, 2), weights=(4, 1))[0])
    stage, stria_type, widest = random.choices(STAGES, weights=(3, 5, 4, 2, 3))[0]
    return Person(
        first_name=first_name,
        last_name=last_name,
        date_of_birth=today - timedelta(days=random.randint(19 * 365, 58 * 365)),
        skin_type=skin_type,
        email="" if n % 27 == 26 else f"patient{n + 1}@mail.example",
        phone=f"+44 7700 900{n + 100:03d}",
        marks=tuple(Marks(site, side, stria_type, stage, Decimal(widest)) for site, side in places),
        story=story,
        begins=begins,
        depth_of_progress=random.uniform(0.15, 0.6),
    )
