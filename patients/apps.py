from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "patients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Every change to a record is kept: who, when, from what, to what."""
        from auditlog.registry import auditlog

        for model in self.get_models():
            auditlog.register(model)
