"""Open WebUI's own functions, driven by JSON lines: one request a line on stdin, one answer a line on stdout."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, TextIO

# Open WebUI prints while it is imported, so that what was stdout is ours alone.
answers: TextIO = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

from open_webui.models.config import Config  # noqa: E402
from open_webui.models.users import UserModel  # noqa: E402
from open_webui.utils.auth import create_token  # noqa: E402
from open_webui.utils.middleware import (  # noqa: E402
    _is_tool_result_error,
    execute_tool_call,
    process_tool_result,
    tool_result_content,
)
from open_webui.utils.tools import get_tool_servers_data, get_tools  # noqa: E402

Json = dict[str, Any]


class Chat:
    """What Open WebUI knows where somebody chats: the person, and the token that came with the message."""

    def __init__(self, user: str, token: str) -> None:
        self.user = UserModel(
            id=user,
            name=user.capitalize(),
            email=f"{user}@example.org",
            role="user",
            last_active_at=0,
            updated_at=0,
            created_at=0,
        )
        self.request: Any = SimpleNamespace(
            app=SimpleNamespace(state=SimpleNamespace(redis=None)),
            state=SimpleNamespace(token=SimpleNamespace(credentials=token)),
            cookies={},
        )

    async def tools(self, server: str) -> dict[str, Json]:
        return await get_tools(self.request, [f"server:{server}"], self.user, {"__user__": {}, "__metadata__": {}})


async def sign(claims: Json, seconds: int) -> str:
    """A token as Open WebUI signs those of its users; a lifetime below zero makes an expired one."""
    return create_token(claims, timedelta(seconds=seconds))


async def connect(connections: list[Json]) -> None:
    """What an admin's Save stores."""
    await Config.upsert({"tool_server.connections": connections})


async def documents(connections: list[Json]) -> list[Json]:
    """Fetched and converted, as nobody in particular."""
    return await get_tool_servers_data(connections)


async def tools(server: str, user: str, token: str) -> list[Json]:
    """What the model of this person's chat is offered."""
    return [tool["spec"] for tool in (await Chat(user, token).tools(server)).values()]


async def call(server: str, user: str, token: str, name: str, arguments: Json) -> Json:
    """A call by the model of this person's chat; what the model reads of it, and whether the chat shows it as failed."""
    chat = Chat(user, token)
    tool_call = {"id": "1", "function": {"name": name, "arguments": json.dumps(arguments)}}
    loaded = await chat.tools(server)
    _, result, tool, kind, direct = await execute_tool_call({}, {"tools": loaded}, None, tool_call)
    files: list[Json] = []
    if tool:
        result, files, _ = await process_tool_result(chat.request, name, result, kind, direct, {}, chat.user)
    text = tool_result_content(result)
    images = [file["url"] for file in files if file.get("type") == "image"]
    return {"text": text, "images": images, "failed": _is_tool_result_error(text)}


DOES = {function.__name__: function for function in (sign, connect, documents, tools, call)}


async def main() -> None:
    print(json.dumps({"ready": True}), file=answers)
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        try:
            answer = {"answer": await DOES[asked["do"]](**asked["with"])}
        except Exception as error:  # noqa: BLE001
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


asyncio.run(main())
