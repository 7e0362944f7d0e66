"""What is asked before a step is taken that everybody may be told of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that waits for a yes. ``step`` is a key of `STEPS`; empty for none."""

    step: str = ""
    id: int = 0
    question: str = ""
    explained: str = ""
    button: str = ""


STEPS = {
    "start": ("Start {} now?", "It lasts as long as it was to last.", "Start now"),
    "finish": ("Finish {} now?", "What is still down is told from then on.", "Finish now"),
    "skip": ("Skip {} this time?", "Where it was announced, it is told as cancelled.", "Skip it"),
    "cancel": ("Cancel {}?", "Where it was announced, that is told. Its time counts again.",
               "Cancel it"),
    "cancel_all": ("Cancel {} and all its further times?",
                   "Where one was announced, that is told.", "Cancel all"),
}  # fmt: skip
DONE = {
    "start": "has started",
    "finish": "is finished",
    "skip": "is skipped this time",
    "cancel": "is cancelled",
    "cancel_all": "is cancelled",
}
