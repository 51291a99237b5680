from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from clinic.api import description, errors
from clinic.permissions import Right
from clinic.signin import SignIn
from clinic.views import days, health, hours, location, me, resources, staff
from clinic.views.access import needs

handler400, handler404, handler500 = errors.not_understood, errors.not_there, errors.broken
api_docs = needs(Right.SEE_SCHEDULE)(
    SpectacularSwaggerSplitView.as_view(url_name="api_schema", template_name="clinic/api_docs.html")
)

urlpatterns = [
    re_path(r"^account/(?:signup|email|confirm-email|password/set)/", me.closed, name="closed"),
    path("account/login/", SignIn.as_view(), name="account_login"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthy/", health.healthy, name="healthy"),
    path("me/names/", me.hide_names, name="hide_names"),
    path("me/appearance/", me.appearance, name="appearance"),
    path("settings/", location.settings, name="settings"),
    path("settings/location/", location.location, name="settings_location"),
    path("settings/hours/", hours.location_hours, name="settings_hours"),
    path("settings/hours/<int:hours_id>/", hours.change_hours, name="settings_hours_change"),
    path("settings/hours/<int:hours_id>/remove/", hours.remove_hours, name="settings_hours_remove"),
    path("settings/days/", days.days, name="settings_days"),
    path("settings/days/absence/", days.new_absence, name="settings_absence_new"),
    path(
        "settings/days/absence/<int:absence_id>/remove/", days.remove_absence, name="settings_absence_remove"
    ),
    path("settings/days/extra/", days.new_extra_hours, name="settings_extra_new"),
    path("settings/days/extra/<int:extra_id>/remove/", days.remove_extra_hours, name="settings_extra_remove"),
    path("settings/resources/", resources.resources, name="settings_resources"),
    path("settings/resources/new/<str:kind>/", resources.new_resource, name="settings_resource_new"),
    path("settings/resources/<int:resource_id>/", resources.resource, name="settings_resource"),
    path("settings/resources/<int:resource_id>/hours/", hours.resource_hours, name="settings_resource_hours"),
    path("settings/staff/", staff.staff, name="settings_staff"),
    path("settings/staff/new/", staff.new_member, name="settings_staff_new"),
    path("settings/staff/<int:staff_id>/", staff.member, name="settings_staff_member"),
    path("settings/staff/<int:staff_id>/mail/", staff.mail_password_link, name="settings_staff_mail"),
    path("api/v1/", include("patients.api.urls")),
    path("api/v1/", include("planner.api.urls")),
    path("api/schema/", description.Schema.as_view(), name="api_schema"),
    path("api/docs/", api_docs, name="api_docs"),
    path("", include("patients.urls")),
    path("", include("planner.urls")),
]
