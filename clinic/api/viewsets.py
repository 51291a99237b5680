"""What every viewset shares: who asks, what the address names, what an action takes and answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from rest_framework import mixins, routers, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.actor import Actor, ActorKind
from clinic.api.bodies import SmallJson, key_of
from clinic.api.description import Described
from clinic.api.lists import Pages
from clinic.api.permissions import HasRight, staff_of
from clinic.models import Clinic, StaffMember
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.throttling import WriteThrottle

BodyShape = type[serializers.Serializer[Any]]
Action = Callable[..., Response]


class ClinicViewSet(viewsets.GenericViewSet[Any]):
    """One kind of thing of the caller's clinic; `right` is what reading needs, an action that writes names its own.

    What the address names is opened before anything else, and only in the caller's clinic. Times are answered in the
    location's zone.
    """

    right: ClassVar[Right]
    way_to_clinic: ClassVar[str] = "clinic"
    permission_classes = [HasRight]
    throttle_classes = [WriteThrottle]
    pagination_class = Pages
    parser_classes = [SmallJson]
    lookup_url_kwarg: str
    lookup_value_converter = "int"
    schema = Described()
    staff: StaffMember
    actor: Actor
    now: datetime
    opened: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.staff, self.now = staff_of(request), timezone.now()
        self.actor = Actor.of(self.staff, ActorKind.PROGRAM)
        timezone.activate(self.staff.location.zone)  # until StaffMiddleware's own, around it, ends
        if kwargs:
            self.opened = self.get_object()

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(**{self.way_to_clinic: self.staff.location.clinic_id})

    def get_object(self) -> Any:
        """What the address names, by the function of `readings` that opens it."""
        raise NotImplementedError

    def asked(self, body: BodyShape) -> dict[str, Any]:
        sent = body(data=self.request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        return cast(dict[str, Any], sent.validated_data)

    def told(self, thing: Any, status: int = 200) -> Response:
        return Response(self.get_serializer(thing).data, status=status)

    def get_serializer_context(self) -> dict[str, Any]:
        known = {name: getattr(self, name, None) for name in ("staff", "now")}
        return {"request": self.request, **known}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(answer)
        return answer


class ListNoted(mixins.ListModelMixin, ClinicViewSet):
    """A list of patients or of what is theirs; whom a page of it shows is noted as `listed`."""

    listed: ClassVar[str]
    patient_field: ClassVar[str] = "patient_id"

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = super().paginate_queryset(queryset)
        shown = (getattr(row, self.patient_field) for row in rows or ())
        note_reading(self.actor, self.listed_as(), shown, now=self.now)
        return rows

    def listed_as(self) -> str:
        return self.listed


class RetrieveOpened:
    def retrieve(self: Any, request: Request, **ids: int) -> Response:
        """The one that the address names."""
        return cast(Response, self.told(self.opened))


class ListWhole(mixins.ListModelMixin, ClinicViewSet):
    """A short list, whole."""

    pagination_class = None  # type: ignore[assignment]
    queryset = Clinic.objects.none()  # of no use but to the description, which asks every view for one


def writes(body: BodyShape, right: Right, *, status: int = 200) -> Callable[[Callable[..., Any]], Action]:
    """Make an action of `do(self, asked, key)`, which may be repeated with its key and then only answers."""

    def decorate(do: Callable[..., Any]) -> Action:
        @wraps(do)
        def action(self: ClinicViewSet, request: Request, **ids: int) -> Response:
            return self.told(do(self, self.asked(body), key_of(request)), status)

        return _declared(action, body, right, status=status, needs_key=True)

    return decorate


def asks(body: BodyShape, right: Right) -> Callable[[Callable[..., Any]], Action]:
    """Make a POST of `answer(self, asked)` that only asks: nothing is written, so no key is needed."""

    def decorate(answer: Callable[..., Any]) -> Action:
        @wraps(answer)
        def action(self: ClinicViewSet, request: Request, **ids: int) -> Response:
            return self.told(answer(self, self.asked(body)))

        return _declared(action, body, right, status=200, needs_key=False)

    return decorate


def _declared(action: Any, body: BodyShape, right: Right, *, status: int, needs_key: bool) -> Action:
    """For `HasRight` and `Described`, which ask the action."""
    action.body, action.right, action.status, action.needs_key = body, right, status, needs_key
    return cast(Action, action)


def router() -> routers.SimpleRouter:
    """A router of `path()`s, so that a prefix may name what stands above: `patients/<int:patient_id>/areas`."""
    return routers.SimpleRouter(use_regex_path=False)
