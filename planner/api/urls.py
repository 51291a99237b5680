from django.urls import path

from planner.api import messages, protocols, series, sessions

urlpatterns = [
    path("resources/", protocols.ResourceList.as_view(), name="api_resources"),
    path("protocols/", protocols.ProtocolList.as_view(), name="api_protocols"),
    path("protocols/<int:protocol_id>/", protocols.ProtocolDetail.as_view(), name="api_protocol"),
    path(
        "patients/<int:patient_id>/recommendation/",
        protocols.RecommendationOfPatient.as_view(),
        name="api_recommendation",
    ),
    path("series/", series.SeriesList.as_view(), name="api_series_list"),
    path("series/<int:series_id>/", series.SeriesDetail.as_view(), name="api_series"),
    path("series/<int:series_id>/propose/", series.Propose.as_view(), name="api_propose"),
    path("series/<int:series_id>/book/", series.Book.as_view(), name="api_book"),
    path("series/<int:series_id>/stop/", series.StopSeries.as_view(), name="api_stop"),
    path("sessions/", sessions.SessionList.as_view(), name="api_sessions"),
    path("sessions/<int:session_id>/", sessions.SessionDetail.as_view(), name="api_session"),
    path("sessions/<int:session_id>/propose-move/", sessions.ProposeMove.as_view(), name="api_propose_move"),
    path("sessions/<int:session_id>/move/", sessions.Move.as_view(), name="api_move"),
    path("sessions/<int:session_id>/cancel/", sessions.Cancel.as_view(), name="api_cancel"),
    path("sessions/<int:session_id>/confirm/", sessions.Confirm.as_view(), name="api_confirm"),
    path("sessions/<int:session_id>/arrive/", sessions.Arrive.as_view(), name="api_arrive"),
    path("sessions/<int:session_id>/no-show/", sessions.NoShow.as_view(), name="api_no_show"),
    path("sessions/<int:session_id>/take-back/", sessions.TakeBack.as_view(), name="api_take_back"),
    path("sessions/<int:session_id>/start/", sessions.Start.as_view(), name="api_start"),
    path("sessions/<int:session_id>/record/", sessions.Record.as_view(), name="api_record"),
    path("sessions/<int:session_id>/complete/", sessions.Complete.as_view(), name="api_complete"),
    path("messages/", messages.MessageList.as_view(), name="api_messages"),
    path("messages/<int:message_id>/", messages.MessageDetail.as_view(), name="api_message"),
    path("messages/<int:message_id>/send/", messages.SendNow.as_view(), name="api_send_now"),
    path("messages/<int:message_id>/withdraw/", messages.Withdraw.as_view(), name="api_withdraw_message"),
]
