from django.contrib import admin
from django.urls import include, path

from clinic.views import me

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("me/names/", me.hide_names, name="hide_names"),
    path("me/appearance/", me.appearance, name="appearance"),
    path("", include("patients.urls")),
    path("", include("planner.urls")),
]
