"""What every endpoint shares: who asks, what is looked up first, how it is described."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView
from rest_framework import generics, mixins, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.actor import Actor, ActorKind
from clinic.api.bodies import KEY_SHAPE, SmallJson, key_of
from clinic.api.errors import ErrorShape
from clinic.api.lists import Pages
from clinic.api.permissions import HasRight, staff_of
from clinic.models import Clinic, StaffMember
from clinic.permissions import Right
from clinic.throttling import WriteThrottle


class Described(AutoSchema):
    """The OpenAPI description of an `Endpoint`, read from what it declares."""

    view: ClinicView  # type: ignore[override]

    @property
    def _writes(self) -> bool:
        return self.method not in permissions.SAFE_METHODS

    def get_request_serializer(self) -> Any:
        return self.view.asks() if self._writes and self.view.asks else None

    def get_response_serializers(self) -> Any:
        serializer = self.view.get_serializer(many=isinstance(self.view, Few))
        return {self.view.status_when_done if self.method == "POST" else 200: serializer}

    def get_override_parameters(self) -> list[Any]:
        if not (self._writes and self.view.needs_key):
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


class ClinicView(generics.GenericAPIView[Any]):
    """`right` to read, `right_to_write` for the rest; `asks` is the shape of a body, `serializer_class` of the answer.

    What the address names is looked up before anything else, and only in the caller's clinic. Times are answered
    in the location's zone.
    """

    right: ClassVar[Right]
    asks: ClassVar[type[serializers.Serializer[Any]] | None] = None
    needs_key: ClassVar[bool] = True
    status_when_done: ClassVar[int] = 200
    permission_classes = [HasRight]
    throttle_classes = [WriteThrottle]
    pagination_class = Pages
    parser_classes = [SmallJson]
    schema = Described()
    staff: StaffMember
    actor: Actor
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.staff, self.now = staff_of(request), timezone.now()
        self.actor = Actor.of(self.staff, ActorKind.PROGRAM)
        timezone.activate(self.staff.location.zone)  # until StaffMiddleware's own, around it, ends
        self.find(**kwargs)

    def find(self, **ids: int) -> None:
        """Look up what the address names; 404 if the caller's clinic has no such thing."""

    def asked(self, request: Request) -> dict[str, Any]:
        assert self.asks is not None
        body = self.asks(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return cast(dict[str, Any], body.validated_data)

    def get_serializer_context(self) -> dict[str, Any]:
        return {"request": self.request, "staff": getattr(self, "staff", None)}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(answer)
        return answer


class Rows(mixins.ListModelMixin, ClinicView):
    """`rows` in pages, narrowed and ordered by `filterset_class`."""

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # described without a caller, so without rows
            return cast(QuerySet[Any], self.serializer_class.Meta.model._default_manager.none())  # type: ignore[union-attr]
        return self.rows()

    def get(self, request: Request, **ids: int) -> Response:
        return self.list(request)


class Few(ClinicView):
    """A short list, whole."""

    pagination_class = None  # type: ignore[assignment]
    queryset = Clinic.objects.none()  # of no use but to the description, which asks every view for one

    def all(self) -> Sequence[Any]:
        raise NotImplementedError

    def get(self, request: Request, **ids: int) -> Response:
        self.filter_queryset(self.get_queryset())  # refuses what no list knows; there is nothing to narrow
        return Response(self.get_serializer(self.all(), many=True).data)


class Row(ClinicView):
    """One thing, the one the address names."""

    def one(self) -> Any:
        raise NotImplementedError

    def get(self, request: Request, **ids: int) -> Response:
        return Response(self.get_serializer(self.one()).data)


class Ask(ClinicView):
    """A POST that only asks: nothing is written, so no key is needed."""

    needs_key = False

    def answer(self, asked: dict[str, Any]) -> Any:
        raise NotImplementedError

    def post(self, request: Request, **ids: int) -> Response:
        return Response(self.get_serializer(self.answer(self.asked(request))).data)


class Write(ClinicView):
    """A write that may be repeated with its key: the second time it only answers."""

    def do(self, asked: dict[str, Any], key: str) -> Any:
        raise NotImplementedError

    def post(self, request: Request, **ids: int) -> Response:
        return self.write(request, self.status_when_done)

    def write(self, request: Request, status: int) -> Response:
        done = self.do(self.asked(request), key_of(request))
        return Response(self.get_serializer(done).data, status=status)


class Schema(SpectacularAPIView):
    """The description itself, for whoever may sign in."""

    right = Right.SEE_SCHEDULE
    permission_classes = [HasRight]
