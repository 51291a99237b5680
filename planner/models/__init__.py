from planner.models.message import Message, MessageEvent
from planner.models.protocol import (
    AftercareStep,
    Protocol,
    ProtocolGap,
    ProtocolPhase,
    ProtocolVersion,
    SiteDepth,
)
from planner.models.series import Reservation, Series, Session, SessionEvent
from planner.models.treatment import AreaTreatment, TreatmentRecord

__all__ = [
    "AftercareStep",
    "AreaTreatment",
    "Message",
    "MessageEvent",
    "Protocol",
    "ProtocolGap",
    "ProtocolPhase",
    "ProtocolVersion",
    "Reservation",
    "Series",
    "Session",
    "SessionEvent",
    "SiteDepth",
    "TreatmentRecord",
]
