"""What a browser calls itself, in words that its owner knows."""

BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi", "Vivaldi"), ("SamsungBrowser", "Samsung")),
    *(("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrom", "Chrome")),
    *(("Safari", "Safari"), ("curl", "curl"), ("python", "a Python program")),
)
SYSTEMS = (
    *(("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android")),
    *(("Windows", "Windows"), ("Macintosh", "a Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)
"""Looked for in this order: most browsers also claim to be others."""


def in_words(browser: str) -> str:
    """``Firefox on Linux``, from the header User-Agent."""
    name = next((shown for mark, shown in BROWSERS if mark in browser), "")
    system = next((shown for mark, shown in SYSTEMS if mark in browser), "")
    if name and system:
        return f"{name} on {system}"
    return name or system or "an unknown device"
