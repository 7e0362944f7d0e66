"""`POST /admin/api/import`: what another monitor watches, read from a file and made here."""

import asyncio
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Request, Response, UploadFile

from webmon import db
from webmon.clock import utcnow
from webmon.commands.moving.move import Moved, Source, move_here, read_source
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import token_in
from webmon.errors import ConfirmationNeeded, Invalid, PermissionDenied
from webmon.queries.accounts import actor_for_token

router = APIRouter(prefix="/admin/api", include_in_schema=False)


@router.post("/import")
async def moving(
    request: Request,
    response: Response,
    source: Annotated[Source, Form()],
    namespace: Annotated[str, Form(max_length=50)],
    file: Annotated[UploadFile, File()],
    confirmed: Annotated[str, Form(max_length=10)] = "",
) -> dict[str, Any]:
    """What is carried, changed, left out and why, a line each; nothing is made before it is
    ``confirmed``."""
    response.headers["Cache-Control"] = "private, no-store"
    token = token_in(request.headers.get("cookie", ""))
    try:
        moved = await asyncio.to_thread(
            _move, token, source, namespace, file, is_confirmed=bool(confirmed)
        )
    except Invalid as error:
        raise HTTPException(422, str(error)) from None
    except ConfirmationNeeded as error:
        raise HTTPException(428, str(error)) from None
    except PermissionDenied as error:
        raise HTTPException(403, str(error)) from None
    return {
        "lines": [asdict(line) for line in moved.lines],
        "carried": moved.counts["+"] + moved.counts["~"],
        "summary": moved.summary,
        "done": bool(confirmed),
    }


def _move(
    token: str | None, source: Source, namespace: str, file: UploadFile, *, is_confirmed: bool
) -> Moved:
    with db.read() as session:
        _editor(actor_for_token(session, token, now=utcnow()))
    with tempfile.TemporaryDirectory(prefix="webmon-import-") as folder:  # its owner's alone
        path = Path(folder) / "file"
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
        try:
            found = read_source(source, path)
        except Invalid as error:
            raise Invalid(error.message.replace(str(path), "the file")) from None
    with db.write() as session:
        now = utcnow()
        actor = _editor(actor_for_token(session, token, now=now))
        moved = move_here(session, found, namespace=namespace, actor=actor, now=now)
        if not is_confirmed:
            session.rollback()
        return moved


def _editor(actor: Actor | None) -> Actor:
    if actor is None or not actor.has(Role.EDITOR):
        raise PermissionDenied("only editors and admins may do this")
    return actor
