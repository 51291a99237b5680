"""The OpenAPI description, read from what viewsets and their actions declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView

from clinic.api.bodies import KEY_SHAPE
from clinic.api.errors import ErrorShape
from clinic.api.permissions import HasRight
from clinic.permissions import Right

if TYPE_CHECKING:
    from clinic.api.viewsets import ClinicViewSet


class Described(AutoSchema):
    """The OpenAPI description of a viewset's action."""

    view: ClinicViewSet  # type: ignore[override]

    @property
    def _action(self) -> Any:
        return getattr(self.view, self.view.action)

    def get_request_serializer(self) -> Any:
        body = getattr(self._action, "body", None)
        return body and body()

    def get_response_serializers(self) -> Any:
        return {getattr(self._action, "status", 200): self.view.get_serializer()}

    def get_override_parameters(self) -> list[Any]:
        if not getattr(self._action, "needs_key", False):
            return []
        about = "New for each write; the same key with the same body answers again and writes nothing more."
        return [
            OpenApiParameter(
                "Idempotency-Key", KEY_SHAPE, OpenApiParameter.HEADER, required=True, description=about
            )
        ]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        refused = self._get_response_for_code(ErrorShape, "default", direction=direction)  # type: ignore[no-untyped-call]
        return bodies | {"default": refused}


class Schema(SpectacularAPIView):
    """The description itself, for whoever may sign in."""

    right = Right.SEE_SCHEDULE
    permission_classes = [HasRight]
