"""What every sandbox is made of: routing, a movable clock, faults, a control interface, state on disk."""

from sandboxes.kit.app import App, Request, Response, error
from sandboxes.kit.clock import Clock
from sandboxes.kit.faults import Fault, Faults
from sandboxes.kit.server import Server, serve

__all__ = ["App", "Clock", "Fault", "Faults", "Request", "Response", "Server", "error", "serve"]
