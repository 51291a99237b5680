from django.urls import path

from patients.views import assess, consent, people, photos, screening

urlpatterns = [
    path("patients/", people.index, name="patients"),
    path("patients/new/", people.new, name="patient_new"),
    path("patients/<int:patient_id>/edit/", people.edit, name="patient_edit"),
    path("patients/<int:patient_id>/screening/", screening.show, name="screening"),
    path("patients/<int:patient_id>/screening/take/", screening.take, name="screening_take"),
    path(
        "patients/<int:patient_id>/screening/again/",
        screening.take,
        {"is_recheck": True},
        name="screening_again",
    ),
    path(
        "patients/<int:patient_id>/screening/rounds/<int:screening_id>/",
        screening.show_round,
        name="screening_round",
    ),
    path("patients/<int:patient_id>/screening/override/", screening.override, name="screening_override"),
    path(
        "patients/<int:patient_id>/screening/override/<int:override_id>/end/",
        screening.end_override,
        name="screening_override_end",
    ),
    path("patients/<int:patient_id>/consent/<slug:kind>/", consent.show, name="consent"),
    path(
        "patients/<int:patient_id>/consent/<int:consent_id>/withdraw/",
        consent.withdraw,
        name="consent_withdraw",
    ),
    path("patients/<int:patient_id>/assess/", assess.show, name="assess"),
    path("patients/<int:patient_id>/assess/verdict/", assess.verdict, name="assess_verdict"),
    path("patients/<int:patient_id>/scores/", assess.scores, name="scores"),
    path("patients/<int:patient_id>/photos/", photos.show, name="photos"),
    path("photos/<int:photo_id>/", photos.photo, name="photo"),
    path("photos/<int:photo_id>/small/", photos.small, name="photo_small"),
]
