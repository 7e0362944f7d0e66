"""Which pictures can be a logo. Pure."""

LARGEST_BYTES = 200_000

BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def media_type(picture: bytes) -> str:
    """What kind of picture this is, by its first bytes. SVG is none of them: it can hold scripts.

    Raises:
        ValueError: it is no PNG, JPEG or WebP, or is too large.
    """
    if len(picture) > LARGEST_BYTES:
        raise ValueError(f"must be at most {LARGEST_BYTES // 1000} kB")
    for beginning, kind in BEGINNINGS.items():
        if picture.startswith(beginning):
            return kind
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError("must be a PNG, JPEG or WebP picture")
