"""What Label Studio calls: its webhooks, and the protocol of its ML backends. Never touches a study.

A request does one of two things: it wakes whoever waits for answers, or it reads a snapshot of scores that the loop
published. So it is answered within milliseconds, whatever the loop is training meanwhile.
"""

from activeseed.serving.app import build_app
from activeseed.serving.attending import Bell, Board, attend
from activeseed.serving.scores import Order, Scores
from activeseed.serving.secret import HEADER, USER, Secret
from activeseed.serving.server import Listener, LocalServer, listen
from activeseed.serving.single import only_one

__all__ = [
    "HEADER", "USER", "Bell", "Board", "Listener", "LocalServer", "Order", "Scores", "Secret", "attend", "build_app",
    "listen", "only_one",
]  # fmt: skip
