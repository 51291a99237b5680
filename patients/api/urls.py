from clinic.api.viewsets import router
from patients.api import views

patients = router()
patients.register("patients", views.PatientViewSet, "api_patient")
patients.register("patients/<int:patient_id>/screenings", views.ScreeningViewSet, "api_screening")
patients.register("patients/<int:patient_id>/findings", views.FindingViewSet, "api_finding")
patients.register(
    "patients/<int:patient_id>/consents", views.ConsentOfPatientViewSet, "api_consent_of_patient"
)
patients.register("patients/<int:patient_id>/areas", views.AreaViewSet, "api_area")
patients.register("patients/<int:patient_id>/assessments", views.AssessmentViewSet, "api_assessment")
patients.register("patients/<int:patient_id>/photos", views.PhotoViewSet, "api_photo")
patients.register("answers", views.AnswerViewSet, "api_answer")
patients.register("consents", views.ConsentViewSet, "api_consent")
patients.register("consent-texts", views.ConsentTextViewSet, "api_consent_text")
patients.register("questions", views.QuestionViewSet, "api_question")
patients.register("scales", views.ScaleViewSet, "api_scale")

urlpatterns = patients.urls
