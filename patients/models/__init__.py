from patients.models.area import Area
from patients.models.assessment import AreaFinding, Assessment, Score
from patients.models.consent import Consent, ConsentText
from patients.models.patient import Patient
from patients.models.photo import Photo
from patients.models.screening import Screening, ScreeningAnswer, ScreeningOverride, ScreeningQuestion

__all__ = [
    "Area",
    "AreaFinding",
    "Assessment",
    "Consent",
    "ConsentText",
    "Patient",
    "Photo",
    "Score",
    "Screening",
    "ScreeningAnswer",
    "ScreeningOverride",
    "ScreeningQuestion",
]
