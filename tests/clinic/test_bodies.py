"""A body that stops part way: half a form is not a form."""

from io import BytesIO

import pytest
from django.http.request import UnreadablePostError

from clinic.bodies import Counted


@pytest.mark.parametrize("size", [-1, None, 6, 100])
def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(size):
    """Notes "Never numb with lidocaine …" were stored as "Never numb with"."""
    with pytest.raises(UnreadablePostError):
        Counted(BytesIO(b"abc"), 6).read(size)


def test_a_whole_body_is_read_in_any_pieces():
    body = Counted(BytesIO(b"abcdef"), 6)
    assert [body.read(4), body.read(100), body.read(5)] == [b"abcd", b"ef", b""]
