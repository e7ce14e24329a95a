"""The answers that forms share, each with its key and its meaning."""

from __future__ import annotations

from activeseed.question import Reply

KEEP = Reply("keep", "k", "it stays as shown")
REJECT = Reply("reject", "r", "it goes")
EDIT = Reply("edit", "e", "right idea, other words: type them", "item")
EDIT_PAIR = Reply("edit", "e", "right idea, other words: type them", "pair")
CHOOSE = Reply("choose", "c", "another wording: c 2", "variant")
FLIP = Reply("flip", "f", "the other reply is better", pairs=True)
BOTH = Reply("both", "b", "both replies are as good", pairs=True)
NEITHER = Reply("neither", "n", "neither reply is any good", pairs=True)
DEPENDS = Reply("depends", "d", "on what? type it", "why")
SKIP = Reply("skip", "s", "not now")
