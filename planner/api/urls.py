from django.urls import path

from clinic.api.viewsets import router
from planner.api import calendar, messages, obstacles, protocols, series, sessions

planner = router()
planner.register("resources", calendar.ResourceViewSet, "api_resource")
planner.register("hours", calendar.HoursViewSet, "api_hours")
planner.register("absences", calendar.AbsenceViewSet, "api_absence")
planner.register("extra-hours", calendar.ExtraHoursViewSet, "api_extra_hours")
planner.register("obstacles", obstacles.ObstacleViewSet, "api_obstacle")
planner.register("protocols", protocols.ProtocolViewSet, "api_protocol")
planner.register("series", series.SeriesViewSet, "api_series")
planner.register("sessions", sessions.SessionViewSet, "api_session")
planner.register("messages", messages.MessageViewSet, "api_message")

recommendation = protocols.RecommendationViewSet.as_view({"get": "retrieve"}, detail=True)

urlpatterns = [
    *planner.urls,
    path("patients/<int:patient_id>/recommendation/", recommendation, name="api_recommendation"),
]
