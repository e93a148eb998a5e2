"""What went wrong, in the one form that OpenAI's clients read."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from fromnoise.errors import CheckpointError, FromNoiseError, MissingPackageError, UnsafePromptError

INVALID, SERVER = "invalid_request_error", "server_error"
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    429: "rate_limit_error",
    499: "timeout_error",
    504: "timeout_error",
}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Told(BaseModel):
    """What an error says."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(BaseModel):
    """The body of every error."""

    error: Told


ERRORS: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}}
"""How every address may answer besides what it is for."""


class Problem(Exception):
    """A request can't be answered: the status, and what its body says."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None, wait: float = 0.0):
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.wait = wait
        """Seconds after which to try again; 0 when trying again is of no use."""

    @property
    def body(self) -> dict[str, Any]:
        """Return the error as OpenAI's clients read it."""
        kind = _TYPES.get(self.status, INVALID if self.status < 500 else SERVER)
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that say when to come back."""
        if not self.wait:
            return {"x-should-retry": "false"}
        return {"retry-after": str(max(1, round(self.wait))), "retry-after-ms": str(round(self.wait * 1000))}

    def response(self) -> JSONResponse:
        """Return the error as an answer."""
        return JSONResponse(self.body, self.status, self.headers)


def problem_of(error: BaseException) -> Problem:
    """Turn what was raised while a request was carried out into what is told of it."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnsafePromptError):
        return Problem(400, str(error), "unsafe_prompt", "prompt")
    if isinstance(error, MissingPackageError):
        return Problem(400, str(error), "unsupported")
    if isinstance(error, CheckpointError):
        return Problem(404, str(error), "model_not_found", "model")
    if isinstance(error, FromNoiseError):
        return Problem(400, str(error), "invalid_value")
    return Problem(500, "the server made a mistake; its log says which", "internal_error")


def handle(app: FastAPI) -> None:
    """Let every error of an application leave in this form."""

    async def own(request: Request, error: Exception) -> JSONResponse:
        return problem_of(error).response()

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return unreadable(error).response()

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        found = Problem(error.status_code, str(error.detail), _CODES.get(error.status_code, "invalid_value"))
        return JSONResponse(found.body, found.status, {**found.headers, **(error.headers or {})})

    async def gone(request: Request, error: Exception) -> JSONResponse:
        return Problem(499, "the request broke off", "cancelled").response()

    app.add_exception_handler(Problem, own)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(FromNoiseError, own)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def unreadable(error: RequestValidationError | ValidationError) -> Problem:
    """Say which field is wrong, and how; what came is not repeated, for it may be anything."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    if first["type"] == "json_invalid":
        return Problem(400, "the body is not JSON", "invalid_value")
    name = ".".join(path) or "body"
    return Problem(400, f"{name}: {first['msg']}", "invalid_value", name)
