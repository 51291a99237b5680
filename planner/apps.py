from django.apps import AppConfig

AUDITED = (
    "AftercareStep",
    "AreaTreatment",
    "Protocol",
    "ProtocolGap",
    "ProtocolPhase",
    "ProtocolVersion",
    "Series",
    "Session",
    "SiteDepth",
    "TreatmentRecord",
)
"""Whose writes auditlog keeps. Reservations follow their sessions; messages and events are histories themselves."""


class PlannerConfig(AppConfig):
    name = "planner"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        for model in AUDITED:
            auditlog.register(self.get_model(model))
