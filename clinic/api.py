"""What every endpoint shares: its right, its pages, its bodies, and one shape of error `{code, message, facts}`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from django_filters import OrderingFilter
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions, generics, mixins, pagination, parsers, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic import faults
from clinic.actor import Actor, ActorKind
from clinic.errors import Refusal, say
from clinic.localtime import at_local, time_exists
from clinic.models import Clinic, StaffMember, User
from clinic.permissions import Right
from clinic.throttling import WriteThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView

DEEPEST = 20
"""How far lists and objects of a body may be nested; the deepest shape here needs five."""
KEY = re.compile(r"[\x21-\x7e]{1,80}")
YEARS = range(1900, 2200)


# Who may


def staff_of(request: Request) -> StaffMember:
    """The caller's place in a clinic; a caller without one is a stranger."""
    if not hasattr(request, "member"):
        members = StaffMember.objects.select_related("location__clinic", "user")
        request.member = members.filter(user=cast(User, request.user), is_active=True).first()  # type: ignore[attr-defined]
    if request.member is None:  # type: ignore[attr-defined]
        raise exceptions.NotFound
    return cast(StaffMember, request.member)  # type: ignore[attr-defined]


class HasRight(permissions.BasePermission):
    """Every view names `right` and may name `right_to_write`; a wrong role is told 404, as for an id of nobody."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        right = cast(Right, view.right)  # type: ignore[attr-defined]
        if request.method not in permissions.SAFE_METHODS:
            right = getattr(view, "right_to_write", right)
        if not staff_of(request).may(right):
            raise exceptions.NotFound
        return True


# Errors


class KeyMissing(Refusal):
    code = "idempotency_key_missing"
    status = 400
    sentence = _(
        "A write needs the header Idempotency-Key: 1 to 80 characters of your own, new for each write."
    )


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is too large.")


class ErrorShape(serializers.Serializer[Any]):
    """Every refusal: a code for programs, a sentence for people, and what the sentence is made of."""

    code = serializers.CharField()
    message = serializers.CharField()
    facts = serializers.DictField()


def refuse(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Any refusal, of ours or of the framework, in one shape; further reasons stand in `facts.others`."""
    from rest_framework.views import exception_handler  # it reads the settings that name this module

    if isinstance(problem, RequestDataTooBig):
        problem = BodyTooLarge()
    if isinstance(problem, Http404):  # its own words name the table, and so tell it from a wrong role's 404
        problem = exceptions.NotFound()
    if isinstance(problem, Refusal):
        return Response(_told(problem, staff_of(context["request"])), status=problem.status)
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, exceptions.ValidationError):
        fields = response.data if isinstance(response.data, dict) else {"non_field_errors": response.data}
        response.data = {"code": "invalid", "message": _t("Some fields are not right."), "facts": fields}
        return response
    detail = getattr(problem, "detail", None) or response.data.get("detail", "")
    waits = getattr(problem, "wait", None)
    facts = {} if waits is None else {"wait_seconds": waits}
    response.data = {"code": getattr(detail, "code", "not_found"), "message": str(detail), "facts": facts}
    return response


def _told(refusal: Refusal, staff: StaffMember) -> dict[str, Any]:
    facts = {name: _plain(value) for name, value in refusal.facts.items()}
    others = [_told(other, staff) for other in getattr(refusal, "others", ())]
    if others:
        facts["others"] = others
    return {"code": refusal.code, "message": say(refusal, staff.location.zone), "facts": facts}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    is_plain = value is None or isinstance(value, (str, int, Decimal, date))
    return value if is_plain and not isinstance(value, Promise) else str(value)


def not_there(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for an address that no view serves: as JSON below `/api/`, as a page elsewhere."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    return JsonResponse({"code": "not_found", "message": _t("Not found."), "facts": {}}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500, saying nothing of what broke: as JSON below `/api/`, as a page elsewhere. 503 if it was the database.

    Every error that nobody caught ends here, also that of a middleware, while it is still being handled.
    """
    fault = faults.fault_of(sys.exception())
    if fault is not None:
        return faults.answer(request, fault)
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    message = _t("Something broke on our side. It is in the log.")
    return JsonResponse({"code": "error", "message": message, "facts": {}}, status=500)


# What is sent


class SmallJson(parsers.JSONParser):
    """JSON that is not nested absurdly, of characters that can be written down again."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            asked: Any = super().parse(stream, media_type, parser_context)
            json.dumps(asked, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise exceptions.ParseError(_("The body has characters that stand for nothing.")) from None
        except RecursionError:
            raise exceptions.ParseError(_("The body is nested too deeply.")) from None
        if _is_deeper(asked, DEEPEST):
            raise exceptions.ParseError(_("The body is nested too deeply."))
        return asked


def _is_deeper(value: Any, most: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_is_deeper(child, most - 1) for child in children)


class Asked(serializers.Serializer[Any]):
    """The shape of a body. Refuses fields it does not have, so that nothing is set or lost by a wrong name."""

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        unknown = sorted(str(name) for name in data if name not in self.fields)
        if unknown:
            raise serializers.ValidationError({name: [_t("There is no such field.")] for name in unknown})
        return known


class Id(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **options)


class Day(serializers.DateField):
    """A day of 1900 to 2199."""

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if day.year not in YEARS:
            raise serializers.ValidationError(_t("Not a day of 1900 to 2199."))
        return day


class Moment(serializers.DateTimeField):
    """An instant with its offset; without one, what clocks at the caller's location show. Years 1900 to 2199."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.year not in YEARS:
            raise serializers.ValidationError(_t("Not a day of 1900 to 2199."))
        if timezone.is_aware(value):
            return value.astimezone(UTC)
        zone = self.context["staff"].location.zone
        if not time_exists(value.date(), value.time(), zone):
            raise serializers.ValidationError(_t("The clocks skip this time on that day."))
        return at_local(value.date(), value.time(), zone)


class Nothing(Asked):
    """No field: the address says it all."""


def each_once(values: list[Any], what: str) -> None:
    """Refuses a list in which something stands twice."""
    if len(set(values)) < len(values):
        raise serializers.ValidationError(_t("Each %(what)s may stand here once.") % {"what": what})


def key_of(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise KeyMissing()
    return key


# What is answered


class Pages(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class Order(OrderingFilter):  # type: ignore[misc]
    """Only by the fields it lists; rows that are equal there stand by their number, so that pages never overlap."""

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        if not value:
            return qs
        return qs.order_by(*(self.get_ordering_value(each) for each in value), "pk")


class Described(AutoSchema):
    """The OpenAPI description of an `Endpoint`, read from what it declares."""

    view: Endpoint  # type: ignore[override]

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
                "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description=about
            )
        ]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        refused = self._get_response_for_code(ErrorShape, "default", direction=direction)  # type: ignore[no-untyped-call]
        return bodies | {"default": refused}


class Endpoint(generics.GenericAPIView[Any]):
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


class Rows(mixins.ListModelMixin, Endpoint):
    """`rows` in pages, narrowed and ordered by `filterset_class`."""

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # described without a caller, so without rows
            return cast(QuerySet[Any], self.serializer_class.Meta.model._default_manager.none())  # type: ignore[union-attr]
        return self.rows()

    def get(self, request: Request, **ids: int) -> Response:
        return self.list(request)


class Few(Endpoint):
    """A short list, whole."""

    pagination_class = None  # type: ignore[assignment]
    queryset = Clinic.objects.none()  # of no use but to the description, which asks every view for one

    def all(self) -> Sequence[Any]:
        raise NotImplementedError

    def get(self, request: Request, **ids: int) -> Response:
        return Response(self.get_serializer(self.all(), many=True).data)


class Row(Endpoint):
    """One thing, the one the address names."""

    def one(self) -> Any:
        raise NotImplementedError

    def get(self, request: Request, **ids: int) -> Response:
        return Response(self.get_serializer(self.one()).data)


class Question(Endpoint):
    """A POST that only asks: nothing is written, so no key is needed."""

    needs_key = False

    def answer(self, asked: dict[str, Any]) -> Any:
        raise NotImplementedError

    def post(self, request: Request, **ids: int) -> Response:
        return Response(self.get_serializer(self.answer(self.asked(request))).data)


class Write(Endpoint):
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
