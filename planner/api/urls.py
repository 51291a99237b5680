from django.urls import path

from clinic.api.viewsets import router
from planner.api import messages, protocols, series, sessions

planner = router()
planner.register("resources", protocols.ResourceViewSet, "api_resource")
planner.register("protocols", protocols.ProtocolViewSet, "api_protocol")
planner.register("series", series.SeriesViewSet, "api_series")
planner.register("sessions", sessions.SessionViewSet, "api_session")
planner.register("messages", messages.MessageViewSet, "api_message")

recommendation = protocols.RecommendationViewSet.as_view({"get": "retrieve"}, detail=True)

urlpatterns = [
    *planner.urls,
    path("patients/<int:patient_id>/recommendation/", recommendation, name="api_recommendation"),
]
