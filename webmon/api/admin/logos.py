"""`POST /admin/api/logo`: the logo of the installation or of a namespace."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from webmon.api import look
from webmon.api.accounts.auth import back
from webmon.api.admin.settings import SETTINGS, do_setting
from webmon.commands.installation.logos import save_logo
from webmon.domain.logos import LARGEST_BYTES

router = APIRouter(prefix="/admin/api", include_in_schema=False)


@router.post("/logo", status_code=303, response_class=Response)
async def logo(
    request: Request,
    namespace: Annotated[str, Form(max_length=50)] = "",
    remove: Annotated[str, Form(max_length=10)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Store the picture, or remove the current one where ``remove`` is ticked."""
    picture = await file.read(LARGEST_BYTES + 1) if file is not None and not remove else b""
    if not picture and not remove:
        return back(SETTINGS, error="logo")
    command = partial(save_logo, namespace=namespace, picture=picture)
    response = await do_setting(request, command, "logo", otherwise="logo")
    look.forget()
    return response
