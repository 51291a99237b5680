"""Whether the app is up and its database answers: for load balancers and health checks, which are strangers."""

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from clinic.patience import at_most

PATIENCE_SECONDS = 2


@never_cache
def healthy(request: HttpRequest) -> HttpResponse:
    try:
        with at_most(PATIENCE_SECONDS), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return HttpResponse("the database does not answer", status=503, content_type="text/plain")
    return HttpResponse("well", content_type="text/plain")
