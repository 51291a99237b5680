from django.urls import path

from planner.views import board, messages, moves, patient, proposals, protocols, series, session, today

urlpatterns = [
    path("", today.show, name="today"),
    path("board/", board.show, name="board"),
    path("sessions/<int:session_id>/move/", moves.move, name="session_move"),
    path("sessions/<int:session_id>/cancel/", moves.cancel, name="session_cancel"),
    path("sessions/<int:session_id>/state/", today.change, name="session_state"),
    path("patients/<int:patient_id>/", patient.show, name="patient"),
    path("patients/<int:patient_id>/plan/", proposals.plan, name="plan"),
    path("series/<int:series_id>/", series.show, name="series"),
    path("series/<int:series_id>/plans/", proposals.plans, name="series_plan"),
    path("series/<int:series_id>/stop/", series.stop, name="series_stop"),
    path("series/<int:series_id>/restore/", series.restore, name="series_restore"),
    path("series/<int:series_id>/add/", series.add, name="series_add"),
    path("sessions/<int:session_id>/", session.show, name="session"),
    path("sessions/<int:session_id>/start/", session.start, name="session_start"),
    path("sessions/<int:session_id>/break-off/", session.break_off, name="session_break_off"),
    path("sessions/<int:session_id>/record/", session.record, name="session_record"),
    path("messages/", messages.index, name="messages"),
    path("messages/<int:message_id>/", messages.show, name="message"),
    path("messages/<int:message_id>/mail/", messages.as_it_left, name="message_mail"),
    path("messages/<int:message_id>/send/", messages.send, name="message_send"),
    path("messages/<int:message_id>/withdraw/", messages.take_back, name="message_withdraw"),
    path("settings/protocols/", protocols.index, name="protocols"),
    path("settings/protocols/<int:protocol_id>/", protocols.show, name="protocol"),
    path("settings/protocols/<int:protocol_id>/edit/", protocols.edit, name="protocol_edit"),
    path("settings/protocols/<int:protocol_id>/offer/", protocols.change_offer, name="protocol_offer"),
    path(
        "settings/protocols/<int:protocol_id>/versions/<int:version_id>/",
        protocols.show_version,
        name="protocol_version",
    ),
    path("settings/protocols/<int:protocol_id>/steps/<int:step_id>/", protocols.step, name="protocol_step"),
    path(
        "settings/protocols/<int:protocol_id>/steps/<int:step_id>/mail/",
        protocols.step_mail,
        name="protocol_step_mail",
    ),
]
