"""Lists: in pages, and in an order that never overlaps."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _t
from django_filters import OrderingFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import pagination, serializers
from rest_framework.request import Request

OF_EVERY_LIST = ("page", "page_size", "ordering", "format")


class Pages(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class Order(OrderingFilter):  # type: ignore[misc]
    """Only by the fields it lists; rows that are equal there stand by their number, so that pages never overlap."""

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        wanted = [each for each in value or () if each]  # nothing between two commas orders nothing
        if not wanted:
            return qs
        return qs.order_by(*(self.get_ordering_value(each) for each in wanted), "pk")


class KnownFilters(DjangoFilterBackend):  # type: ignore[misc]
    """Narrows a list by what its filter set knows; a name that it does not know is refused, not passed over."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filters = self.get_filterset_class(view, queryset)
        known = {*(filters.base_filters if filters else ()), *OF_EVERY_LIST}
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise serializers.ValidationError({name: [_t("There is no such filter.")] for name in unknown})
        narrowed: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return narrowed
