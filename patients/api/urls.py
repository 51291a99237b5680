from django.urls import path

from patients.api import views

urlpatterns = [
    path("patients/", views.PatientList.as_view(), name="api_patients"),
    path("patients/<int:patient_id>/", views.PatientDetail.as_view(), name="api_patient"),
    path("patients/<int:patient_id>/screenings/", views.ScreeningList.as_view(), name="api_screenings"),
    path("patients/<int:patient_id>/standing/", views.StandingOfPatient.as_view(), name="api_standing"),
    path("patients/<int:patient_id>/findings/", views.FindingList.as_view(), name="api_findings"),
    path("patients/<int:patient_id>/consents/", views.ConsentList.as_view(), name="api_consents"),
    path("patients/<int:patient_id>/areas/", views.AreaList.as_view(), name="api_areas"),
    path("patients/<int:patient_id>/assessments/", views.AssessmentList.as_view(), name="api_assessments"),
    path("patients/<int:patient_id>/photos/", views.PhotoList.as_view(), name="api_photos"),
    path("answers/<int:answer_id>/set-aside/", views.SetAside.as_view(), name="api_set_aside"),
    path("consents/<int:consent_id>/withdraw/", views.WithdrawConsent.as_view(), name="api_withdraw_consent"),
    path("consent-texts/", views.ConsentTextList.as_view(), name="api_consent_texts"),
    path("questions/", views.QuestionList.as_view(), name="api_questions"),
    path("scales/", views.ScaleList.as_view(), name="api_scales"),
]
