"""The HTTP interface: what can be asked, who may ask, and what is answered while the readers are busy."""

import asyncio
import hmac
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glyphlens import __version__
from glyphlens.serving.bodies import HeldBytes, Refused
from glyphlens.serving.figures import Figures
from glyphlens.serving.jobs import Job, QueueFull
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.logs import say
from glyphlens.serving.readers import ReaderPool
from glyphlens.serving.reading_process import Models

Top = Annotated[int, Query(ge=1, le=50, description="How many answers to give, best first.")]
ModelName = Annotated[str | None, Query(description="One of those that `/ready` lists; else the first that can.")]
Ink = Annotated[Literal["auto", "dark", "light"], Query(description="What is ink; auto tells by the picture.")]
Language = Annotated[
    Literal["ar", "fa", "ur", "ug", "ku", "ps", "sd"] | None,
    Query(description="Of a text that the glyphs are from: characters that it does not need become less likely."),
]
PAGE = {"validatorUrl": None}  # of /docs: the description is not sent to a stranger to be checked
QUIET = ("/health", "/ready", "/metrics")  # asked by machines every few seconds: not logged
PATHS = (*QUIET, "/docs", "/openapi.json", "/v1/identify", "/v1/predict", "/v1/read", "/v1/scan", "/v1/similar")


class Service:
    """One server: its readers, what it holds, and what it counts."""

    def __init__(self, models: Models, limits: ServerLimits, workers: int) -> None:
        self.models, self.limits, self.workers = models, limits, workers
        self.figures, self.held = Figures(), HeldBytes(limits)
        self.pool: ReaderPool | None = None

    async def start(self) -> None:
        """Start the readers; raises GlyphlensError where they cannot open the models."""
        self.pool = pool = ReaderPool(self.models, self.limits, self.workers, self.figures)
        await pool.start()
        self.figures.watch("requests_waiting", "Requests that wait to be read", lambda: len(pool.waiting))
        self.figures.watch("readers", "Reading processes that are ready", lambda: len(pool.readers))
        self.figures.watch("held_bytes", "Bytes of bodies in the server", lambda: self.held.count)

    @property
    def is_ready(self) -> bool:
        """Whether a request would be read."""
        return self.pool is not None and bool(self.pool.readers) and not self.pool.is_closing

    async def answer(self, request: Request, kind: str, model: str | None, options: Mapping[str, Any]) -> Response:
        """What the readers say of the request's body; raises Refused."""
        pool = self.pool
        if pool is None or pool.is_closing:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the server is starting or ending", 1)
        name = self._model(pool, kind, model)
        if pool.waiting.is_full:
            raise self._full(pool)
        with self.held.kept(request) as body:
            content = await body.whole()
            request.state.body_bytes = body.length
            job = Job(kind, name, options, content, pool.loop.create_future())
            try:
                pool.submit(job)
            except QueueFull:
                raise self._full(pool) from None
            del content
            request.state.awaited = job.answer  # whose client may be gone meanwhile: LimitedConnection
            try:
                answer = await self._answered(job)
            finally:
                del request.state.awaited
        return Response(answer.content, answer.status, media_type=answer.media_type)

    async def _answered(self, job: Job) -> Any:
        """Readers keep to their time; what waits as long for one is refused."""
        try:
            async with asyncio.timeout(2 * self.limits.seconds + 1):
                return await job.answer
        except TimeoutError as error:
            detail = "the server is too busy: it waited too long"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, detail, self._pause()) from error

    def _model(self, pool: ReaderPool, kind: str, model: str | None) -> str:
        able = [name for name, facts in pool.facts.items() if kind in facts["endpoints"]]
        if model is None and able:
            return able[0]
        if model in able:
            return str(model)
        names = ", ".join(able) or "none"
        raise Refused(HTTPStatus.NOT_FOUND, f"no such model for {kind} is served; there is {names}")

    def _full(self, pool: ReaderPool) -> Refused:
        detail = f"{len(pool.waiting)} requests wait already; try again soon"
        return Refused(HTTPStatus.TOO_MANY_REQUESTS, detail, self._pause())

    def _pause(self) -> int:
        """Whole seconds after which to try again: what those that wait will take, at the pace of the last ones."""
        waiting = len(self.pool.waiting) if self.pool else 0
        return max(1, math.ceil(waiting * self.figures.seconds_a_job / self.workers))


def make_app(
    service: Service, token: str | None, beside: Callable[[], Coroutine[Any, Any, None]] | None = None
) -> ASGIApp:
    """The application; with a ``token`` whoever asks for more than /health and /ready must bear it.

    ``beside``: what goes on while it serves.
    """
    bearer = HTTPBearer(auto_error=False, description="The token of `glyphlens serve --token-file`.")

    def admit(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        given = "" if credentials is None else credentials.credentials
        if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
            raise Refused(HTTPStatus.UNAUTHORIZED, "a bearer token is needed: Authorization: Bearer …")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(beside()) if beside else None
        yield
        if task is not None:
            task.cancel()
        if service.pool is not None:
            await service.pool.close()

    app = FastAPIOffline(  # its page loads nothing from elsewhere
        title="glyphlens", version=__version__, lifespan=lifespan, redoc_url=None, swagger_ui_parameters=PAGE,
        description="Names glyphs and characters by their shape, and reads Khmer print. Bodies are files as they are.",
    )  # fmt: skip
    guarded = [Depends(admit)] if token is not None else []
    _add_endpoints(app, service, guarded)
    _add_state(app, service, guarded)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        if error.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse({"detail": error.detail}, error.status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()]
        return JSONResponse({"detail": "; ".join(faults)}, HTTPStatus.UNPROCESSABLE_ENTITY)

    return Observed(app, service.figures)


def _add_endpoints(app: FastAPI, service: Service, guarded: list[Any]) -> None:
    fonts, pictures = ("font/*", "application/pdf"), ("image/*", "application/zip")

    @app.post("/v1/identify", dependencies=guarded, **_about("A font, or a PDF", fonts))
    async def identify(
        request: Request, model: ModelName = None, top: Top = 5, language: Language = None, alone: bool = False
    ) -> Response:
        """Name every glyph of a font, or say which fonts of a PDF have no map to text, or a wrong one."""
        return await service.answer(request, "identify", model, {"top": top, "language": language, "alone": alone})

    @app.post("/v1/predict", dependencies=guarded, **_about("A picture, pages too, or a ZIP of pictures", pictures))
    async def predict(
        request: Request, model: ModelName = None, top: Top = 5, ink: Ink = "auto", language: Language = None,
        diacritic: bool = False,
    ) -> Response:  # fmt: skip
        """Name the glyph or character on each picture."""
        options = {"top": top, "ink": ink, "language": language, "diacritic": diacritic}
        return await service.answer(request, "predict", model, options)

    @app.post("/v1/read", dependencies=guarded, **_about("A picture of a line or of pages", pictures[:1]))
    async def read(
        request: Request, model: ModelName = None, format: Literal["json", "text", "hocr"] = "json",
        zwsp: bool = False, min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.0,
    ) -> Response:  # fmt: skip
        """Read printed Khmer, in canonical order and reading order."""
        options = {"format": format, "zwsp": zwsp, "min_confidence": min_confidence}
        return await service.answer(request, "read", model, options)

    @app.post("/v1/scan", dependencies=guarded, **_about("A picture of a character", pictures[:1]))
    async def scan(
        request: Request, model: ModelName = None, top: Top = 3, ink: Ink = "auto", lines: bool = False
    ) -> Response:
        """Name a character from its first lines, as many as the model needs to be sure."""
        return await service.answer(request, "scan", model, {"top": top, "ink": ink, "lines": lines})

    @app.post("/v1/similar", dependencies=guarded, **_about("A picture, pages too, or a ZIP of pictures", pictures))
    async def similar(request: Request, model: ModelName = None, top: Top = 10) -> Response:
        """Name the characters that are nearest to each picture."""
        return await service.answer(request, "similar", model, {"top": top})


def _about(description: str, media_types: tuple[str, ...]) -> dict[str, Any]:
    """What the OpenAPI page says of a body that is a file as it is, and of refusals."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in media_types}
    refusals = {
        400: "An empty body", 401: "No token, or a wrong one", 404: "No such model", 408: "The body came too slowly",
        413: "Too many bytes, pixels, pages or glyphs", 415: "Another kind of file", 422: "A file that cannot be read",
        429: "Too many requests wait; see Retry-After", 503: "Starting, ending, or too busy", 504: "It takes too long",
    }  # fmt: skip
    answer = {200: {"description": "The answers", "content": {"application/json": {"schema": {"type": "object"}}}}}
    return {
        "openapi_extra": {"requestBody": {"required": True, "description": description, "content": content}},
        "responses": {**answer, **{status: {"description": text} for status, text in refusals.items()}},
        "response_class": Response,
    }


def _add_state(app: FastAPI, service: Service, guarded: list[Any]) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the server itself is alive."""
        return {"status": "alive"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        """Whether it can answer, and with which models."""
        models = list(service.pool.facts.values()) if service.pool else []
        status = HTTPStatus.OK if service.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": service.is_ready, "models": models}, status)

    @app.get("/metrics", dependencies=guarded)
    async def metrics() -> Response:
        """Figures in Prometheus' text format."""
        return Response(service.figures.text(), media_type="text/plain; version=0.0.4")


class Observed:
    """Counts and logs every request: path, status, bytes and seconds, never what was sent or answered."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app, self._figures, self._numbers = app, figures, count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        number = f"{next(self._numbers)}"

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", number.encode())]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            self._note(scope, number, status or 500, time.perf_counter() - began)

    def _note(self, scope: Scope, number: str, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in PATHS else "other"
        self._figures.requests.labels(path, str(status)).inc()
        self._figures.seconds.labels(path).observe(seconds)
        if path not in QUIET:
            sent = scope.get("state", {}).get("body_bytes", 0)
            say("request", id=number, path=path, status=status, bytes=sent, seconds=round(seconds, 4))
