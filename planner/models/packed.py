"""What is stored packed: written by an index, read in bulk, both here.

A proposal looks at tens of thousands of reservations. They come as packed numbers, one value per resource, without ever
being objects.
"""

from collections.abc import Sequence

import numpy as np
from django.db.models import Aggregate, BinaryField, Func
from numpy.typing import NDArray

Ints = NDArray[np.int64]
BYTES = 16
MICROSECONDS_PER_MINUTE = 60_000_000
MINUTES_1970_TO_2000 = 946_684_800 // 60
"""PostgreSQL counts from the year 2000."""


class PackedSpan(Func):
    """Two instants as PostgreSQL itself keeps them: each eight bytes, big-endian, microseconds since 2000 (UTC)."""

    template = "(TIMESTAMPTZ_SEND(%(expressions)s))"
    arg_joiner = ") || TIMESTAMPTZ_SEND("
    arity = 2
    output_field = BinaryField()


class AllOf(Aggregate):
    """The bytes of all rows in one value."""

    template = "STRING_AGG(%(expressions)s, ''::bytea)"
    output_field = BinaryField()


def unpacked(held: Sequence[bytes]) -> tuple[Ints, Ints, Ints]:
    """Each span's row, its first minute and the one by which it is over; minutes since 1970, UTC."""
    spans = np.frombuffer(b"".join(held), dtype=">i8").astype(np.int64).reshape(-1, 2)
    rows = np.repeat(np.arange(len(held)), [len(packed) // BYTES for packed in held])
    starts = spans[:, 0] // MICROSECONDS_PER_MINUTE + MINUTES_1970_TO_2000
    ends = -(-spans[:, 1] // MICROSECONDS_PER_MINUTE) + MINUTES_1970_TO_2000
    return rows, starts, ends
