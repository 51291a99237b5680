from django.urls import path

from planner.views import patient, session

urlpatterns = [
    path("patients/<int:patient_id>/", patient.show, name="patient"),
    path("sessions/<int:session_id>/", session.show, name="session"),
    path("sessions/<int:session_id>/start/", session.start, name="session_start"),
    path("sessions/<int:session_id>/record/", session.record, name="session_record"),
]
