"""How often a program may write."""

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView


class WriteThrottle(UserRateThrottle):
    """Counts a person's writes and questions over all their tokens; reading is free and asks no cache.

    In the local shape every process counts for itself, and so it does while Redis does not answer (clinic/cache.py).
    """

    scope = "writes"

    def allow_request(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or super().allow_request(request, view)
