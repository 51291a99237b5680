from django.urls import path

from planner.views import patient, plan, series, session

urlpatterns = [
    path("patients/<int:patient_id>/", patient.show, name="patient"),
    path("patients/<int:patient_id>/plan/", plan.plan, name="plan"),
    path("series/<int:series_id>/", series.show, name="series"),
    path("series/<int:series_id>/plans/", plan.plans, name="series_plan"),
    path("series/<int:series_id>/stop/", series.stop, name="series_stop"),
    path("sessions/<int:session_id>/", session.show, name="session"),
    path("sessions/<int:session_id>/start/", session.start, name="session_start"),
    path("sessions/<int:session_id>/record/", session.record, name="session_record"),
]
