"""The worker's event loop: names whose servers are silent hold up nobody else."""

import asyncio
import socket
import threading
from typing import Any

import pytest
from pydantic import SecretStr

from tests.notifiers.webhook_server import WebhookServer
from webmon.notifiers.transport import post
from workers.event_loop import EventLoop


def test_receivers_whose_names_are_not_answered_delay_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    asked = threading.Semaphore(0)
    look_up = socket.getaddrinfo

    def answer(host: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.startswith("silent"):
            asked.release()
            release.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up("127.0.0.1" if name == "quick.test" else host, *rest, **options)

    async def send_to_all(port: int) -> int:
        silent = [
            asyncio.create_task(post(SecretStr(f"http://silent{number}.test/"), b"{}", {}))
            for number in range(8)
        ]
        await asyncio.to_thread(lambda: [asked.acquire(timeout=10) for _ in silent])
        reply = await post(SecretStr(f"http://quick.test:{port}/hook"), b"{}", {})
        assert not any(each.done() for each in silent)
        release.set()
        await asyncio.gather(*silent, return_exceptions=True)
        return reply.status

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with WebhookServer() as server, asyncio.Runner(loop_factory=EventLoop) as runner:
        port = int(server.url.rpartition(":")[2])
        assert runner.run(send_to_all(port)) == 200


def test_a_name_that_does_not_exist() -> None:
    async def look_up() -> None:
        with pytest.raises(socket.gaierror):
            await asyncio.get_running_loop().getaddrinfo("no-such-host.invalid", 80)

    with asyncio.Runner(loop_factory=EventLoop) as runner:
        runner.run(look_up())
