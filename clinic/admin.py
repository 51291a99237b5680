"""Django's admin: a window for superusers, through the same sign-in as everyone, and nothing can be written in it.

Rows change through the services alone; whoever opens one leaves a trace in the audit log.
"""

from typing import Any

from allauth.account.decorators import secure_admin_login
from auditlog.models import LogEntry
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from clinic.models import ReadAudit, WriteKey

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["pk"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and self.has_view_permission(request, row):
            LogEntry.objects.log_create(row, force_log=True, action=LogEntry.Action.ACCESS)
        return super().change_view(request, object_id, *args, **kwargs)


class NamedAdmin(ReadOnlyAdmin):
    list_display = ["pk", "__str__"]


def show(app: str, window: type[ReadOnlyAdmin] = ReadOnlyAdmin) -> None:
    """Every model of one of our apps, behind glass."""
    for model in apps.get_app_config(app).get_models():
        admin.site.register(model, ReadOnlyAdmin if model in (ReadAudit, WriteKey) else window)


show("clinic", NamedAdmin)
