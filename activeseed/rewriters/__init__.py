"""Rewriters, one file each: new texts made of texts, for a search that goes on where real texts end.

`machine` writes by the package's own rules, `command` asks a program, which may ask a language model. None is bundled.
"""

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.rewriters.command import CommandRewriter
    from activeseed.rewriters.machine import MachineRewriter

_HOMES = {"command": ("CommandRewriter",), "machine": ("MachineRewriter",)}
__getattr__ = lazily(__name__, _HOMES)

__all__ = ["CommandRewriter", "MachineRewriter"]
