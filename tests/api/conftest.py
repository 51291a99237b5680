import pytest

from clinic.throttling import WriteThrottle


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that writes more in a minute than anybody may."""
    monkeypatch.setattr(WriteThrottle, "rate", "100000/min", raising=False)
