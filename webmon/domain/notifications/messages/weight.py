"""How long a text is for X: weighted characters, of which a post has at most 280.

By the configuration of twitter-text, version 3
(https://github.com/twitter/twitter-text/blob/master/config/v3.json) and
https://docs.x.com/fundamentals/counting-characters: the text in NFC, characters of most alphabets
1, all others 2, an emoji 2 however many code points it is made of, an address 23.
"""

import re
import unicodedata

MOST_WEIGHT = 280
ADDRESS_WEIGHT = 23
LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""The characters that count 1."""

_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_PICTURE = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"  # a flag, as two letters
    "|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"  # a flag, as a black one with tags
    "|[#*0-9]\ufe0f?\u20e3"  # a key
    "|[\u00a9\u00ae]\ufe0f"
    f"|{_PICTURE}(?:\u200d{_PICTURE})*"
)


def weighted_length(text: str) -> int:
    """How many of the 280 characters ``text`` takes."""
    text = unicodedata.normalize("NFC", text)
    text, addresses = _ADDRESS.subn("", text)
    text, emoji = _EMOJI.subn("", text)
    return addresses * ADDRESS_WEIGHT + emoji * 2 + sum(map(_weight, text))


def fits(text: str) -> bool:
    """Whether it is short enough for X even if no emoji's parts are taken together.

    Which of them X knows as one emoji changes with the years.
    """
    text, addresses = _ADDRESS.subn("", unicodedata.normalize("NFC", text))
    return addresses * ADDRESS_WEIGHT + sum(map(_weight, text)) <= MOST_WEIGHT


def clipped(text: str, room: int) -> str:
    """The beginning of ``text`` that weighs at most ``room``: whole words, and ``…`` after them.

    Only a word that has no room at all, or a script without spaces, is cut inside.
    """
    if sum(map(_weight, text)) <= room:
        return text
    end = total = 0
    while end < len(text) and total + _weight(text[end]) <= room - 2:
        total += _weight(text[end])
        end += 1
    words = text[:end].rsplit(" ", 1)[0] if " " in text[:end] and text[end] != " " else text[:end]
    return words.rstrip(" ,;–\u200c\u200d") + "…"


def _weight(character: str) -> int:
    point = ord(character)
    return 1 if any(first <= point <= last for first, last in LIGHT) else 2
