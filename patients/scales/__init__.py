"""The scales the app knows, one file each. DLQI is left out: its owners license it."""

from patients.scales import (
    adatto,
    atwal,
    davey,
    gais,
    manchester,
    posas_observer,
    posas_patient,
    quartile,
    stria_size,
    vas,
)
from patients.scales.base import Scale

SCALES: dict[str, Scale] = {
    scale.code: scale
    for scale in (
        davey.SCALE,
        atwal.SCALE,
        adatto.SCALE,
        stria_size.SCALE,
        gais.SCALE,
        quartile.SCALE,
        vas.CLINICIAN,
        vas.PATIENT,
        posas_observer.SCALE,
        posas_patient.SCALE,
        manchester.SCALE,
    )
}
