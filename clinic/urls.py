from django.contrib import admin
from django.urls import include, path, re_path

from clinic.views import me

urlpatterns = [
    re_path(r"^account/(?:signup|email|confirm-email|password/set)/", me.closed, name="closed"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("me/names/", me.hide_names, name="hide_names"),
    path("me/appearance/", me.appearance, name="appearance"),
    path("", include("patients.urls")),
    path("", include("planner.urls")),
]
