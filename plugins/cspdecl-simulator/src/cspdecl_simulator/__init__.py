"""A simulated Partner Center, read from its documentation independently of the engine that is tested against it."""

from .settings import Settings
from .simulator import Simulator
from .wire import Reply

__all__ = ["Reply", "Settings", "Simulator"]
