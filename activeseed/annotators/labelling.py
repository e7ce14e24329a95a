"""A labelling configuration made of a form: what a kind of question of one's own gets in Label Studio without more."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from activeseed.protocols import Form
from activeseed.question import SETTLES_NOTHING, Reply

_BOX = 'style="border:1px solid #8c8c8c;border-radius:6px;padding:8px 12px;max-height:45vh;overflow:auto"'
_HEAD = 'size="6" style="font-size:14px;margin:4px 0"'
_SHOWN = {
    "prompt": "Asked", "reply_a": "Reply A: preferred so far", "reply_b": "Reply B", "consequences": "What hangs on it",
    "wordings": "Other wordings", "left": "Options", "right": "Further options", "answers": "What was answered so far",
}  # fmt: skip
_BOXES = {
    "edited": ("The new text", "$text"), "edited_prompt": ("Asked", "$prompt"), "texts": ("New examples", ""),
    "edited_chosen": ("The better reply", "$reply_a"), "edited_rejected": ("The worse reply", "$reply_b"),
}  # fmt: skip
_COMMENT = "Comment (optional; for 'it depends', say on what)"
_SURE = "How sure are you? 1 star: a guess, 5 stars: certain (optional)"


def labelling(form: Form, controls: Mapping[str, str]) -> str:
    """XML with everything that the form's fields show, its replies, and the controls that they need, by name."""
    shown = [
        f"<View {_BOX}><Header value={quoteattr(_SHOWN[field])} {_HEAD}/>"
        f'<Text name="{field}_shown" value="${field}" valueType="text"/></View>'
        for field in form.fields
        if field in _SHOWN
    ]
    lines = [
        f'<Header value="Tick every line that stays" {_HEAD}/>',
        '<Choices name="stays" toName="item" choice="multiple" layout="vertical" value="$lines"/>',
    ]
    out = [
        f'<Header value={quoteattr(_sentence(form.asks))} size="4" style="margin:4px 0 8px"/>',
        f'<View {_BOX}><Text name="item" value="$text" valueType="text"/></View>',
        *shown,
        *(lines if "stays" in controls else ()),
        '<Choices name="verdict" toName="item" choice="single-radio" layout="vertical" required="true" '
        'requiredMessage="Pick one of the answers.">',
        *map(_choice, (r for r in form.replies if r.verdict != "skip")),
        "</Choices>",
    ]
    for name in controls:
        if name == "variant":
            out.append(
                f'<View><Header value="Which one?" {_HEAD}/><Choices name="variant" toName="item" '
                'choice="single-radio" layout="inline" value="$variants"/></View>'
            )
        elif name in _BOXES:
            head, filled = _BOXES[name]
            value = f'value="{filled}" ' if filled else ""
            most = "5" if name == "texts" else "1"
            out.append(
                f'<View><Header value={quoteattr(head)} {_HEAD}/><TextArea name="{name}" toName="item" {value}'
                f'rows="3" maxSubmissions="{most}" editable="true"/></View>'
            )
    out += [
        f'<Header value="Why you are asked" {_HEAD}/>',
        '<Text name="reason" value="$why" valueType="text"/>',
        f"<Header value={quoteattr(_COMMENT)} {_HEAD}/>",
        '<TextArea name="comment" toName="item" rows="2" maxSubmissions="1" editable="true"/>',
        f"<Header value={quoteattr(_SURE)} {_HEAD}/>",
        '<Rating name="confidence" toName="item" maxRating="5" icon="star"/>',
    ]
    return "\n".join(["<View>", *(f"  {line}" for line in out), "</View>", ""])


def _choice(reply: Reply) -> str:
    said = "It depends: say on what in the comment" if reply.verdict in SETTLES_NOTHING else _named(reply)
    return f"  <Choice alias={quoteattr(reply.verdict)} value={quoteattr(said)} hotkey={quoteattr(reply.key)}/>"


def _named(reply: Reply) -> str:
    return f"{_sentence(reply.name)}: {reply.meaning}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
