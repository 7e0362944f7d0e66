"""The page that a server answered with, and its body judged by what is wanted."""

import json
from dataclasses import dataclass
from functools import cached_property

import httpx

from webmon.probes.http_exchange.body_conditions import json_fault, text_fault
from webmon.probes.http_exchange.charsets import decode_text
from webmon.probes.http_exchange.conditions import json_conditions_fault
from webmon.probes.http_exchange.content_codings import unpack
from webmon.probes.http_exchange.request import HttpConfig


@dataclass
class Page:
    """A response with its body unpacked, or why that could not be done."""

    response: httpx.Response
    body: bytes
    truncated: bool
    fault: str | None = None
    unreadable: str | None = None
    """Why nothing can be said about the text of the body."""

    @property
    def content_type(self) -> str:
        return str(self.response.headers.get("content-type", ""))

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return decode_text(self.body, self.content_type)


def read_page(response: httpx.Response, most_bytes: int, truncated: bool) -> Page:
    """Unpack the body, no further than ``most_bytes``."""
    codings = response.headers.get_list("content-encoding", split_commas=True)
    raw: bytes = response.extensions["body"]
    if not codings:
        return Page(response, raw, truncated)
    unpacked = unpack(codings, raw, most_bytes, ends_early=truncated)
    return Page(response, unpacked.body, unpacked.is_cut, unpacked.fault, unpacked.unreadable)


def body_fault(config: HttpConfig, page: Page) -> str | None:
    """What is wrong with the text or the JSON of the body, None when nothing is."""
    fault = _single_fault(config, page)
    return _stated_fault(config, page) if fault is None and config.conditions else fault


def _single_fault(config: HttpConfig, page: Page) -> str | None:
    looks = config.contains or config.not_contains or config.json_path
    if looks and page.unreadable is not None:
        return _unreadable(page)
    within = _searched(config, page)
    if config.contains or config.not_contains:
        fault = text_fault(page.text, config.contains, config.not_contains, searched=within)
        if fault is not None:
            return fault
    if config.json_path is None:
        return None
    if page.truncated:
        return _too_large(config)
    return json_fault(_json_text(page), config.json_path, config.json_equals)


def _stated_fault(config: HttpConfig, page: Page) -> str | None:
    """Which condition on the body, of those that stand in lines, is not met."""
    on_body = [each for each in config.stated if each.part == "body"]
    on_json = [each for each in config.stated if each.part == "json"]
    if (on_body or on_json) and page.unreadable is not None:
        return _unreadable(page)
    searched = _searched(config, page)
    for each in on_body:
        text = str(each.value)
        wanted, unwanted = (text, None) if each.comparison == "contains" else (None, text)
        fault = text_fault(page.text, wanted, unwanted, searched=searched)
        if fault is not None:
            return fault
    if not on_json:
        return None
    return (
        _too_large(config) if page.truncated else json_conditions_fault(on_json, _json_text(page))
    )


def _searched(config: HttpConfig, page: Page) -> str:
    return f" in its first {config.max_body_kb} kB" if page.truncated else ""


def _too_large(config: HttpConfig) -> str:
    return f"is larger than {config.max_body_kb} kB, too large to be judged as JSON"


def _unreadable(page: Page) -> str:
    return f"{page.unreadable}: nothing can be said about its text"


def _json_text(page: Page) -> str:
    """JSON is in UTF-8 (RFC 8259); what is not is in what its header says."""
    try:
        return page.body.decode(json.detect_encoding(page.body))
    except UnicodeDecodeError:
        return page.text
