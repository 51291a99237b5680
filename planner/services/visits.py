from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Where one session of a series is wanted: its number, its start (an aware instant) and who and what serves it.

    A kind that no phase needs stays `None`.
    """

    number: int
    starts_at: datetime
    practitioner_id: int | None
    room_id: int | None
    device_id: int | None

    @property
    def resource_ids(self) -> tuple[int, ...]:
        chosen = (self.practitioner_id, self.room_id, self.device_id)
        return tuple(each for each in chosen if each is not None)
