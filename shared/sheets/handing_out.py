"""`GET /<service>/templates/<register>`: the empty workbook of a register."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from shared.errors import Rejected
from shared.http import Reads
from shared.sheets.layout import layouts_of
from shared.sheets.naming import Language
from shared.sheets.template import template
from shared.sheets.writing import MEDIA

__all__ = ["routers"]


def routers(service: str) -> list[APIRouter]:
    """The routes of a service that describes registers; [] for another."""
    layouts = layouts_of(service)
    if not layouts:
        return []
    router = APIRouter(prefix="/templates", tags=["spreadsheets"])

    @router.get(
        "/{register}",
        response_class=Response,
        responses={200: {"content": {MEDIA["xlsx"]: {"schema": {"type": "string"}}}}},
    )
    def get_template(
        register: Annotated[str, Path(examples=list(layouts))],
        _call: Reads,
        language: Annotated[Language, Query(description="Of the columns' names.")] = "en",
    ) -> Response:
        """An empty workbook for a register: fill it, and import it."""
        if register not in layouts:
            known = ", ".join(layouts)
            raise Rejected(
                "register-unknown", f"no register {register!r}; there are {known}", status=404
            )
        headers = {"content-disposition": f'attachment; filename="{register}-{language}.xlsx"'}
        content = template(layouts[register], language)
        return Response(content, media_type=MEDIA["xlsx"], headers=headers)

    return [router]
