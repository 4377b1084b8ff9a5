"""The page on this machine alone: files by address, with the types and the policy that browsers ask for."""

import shutil
import webbrowser
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from glyphlens.core.errors import OutputError
from glyphlens.page.site import INDEX, Site

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 30  # after which a connection that asks nothing is closed
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
BYTES = "application/octet-stream"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_server(site: Site, port: int = 0) -> ThreadingHTTPServer:
    """A server of the page on loopback, not yet running; port 0 takes a free one. Raises OutputError for one in use."""

    class PageRequest(BaseHTTPRequestHandler):
        """Answers GET and HEAD."""

        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            with suppress(ConnectionError, TimeoutError):
                self._answer(has_body=True)

        def do_HEAD(self) -> None:
            with suppress(ConnectionError, TimeoutError):
                self._answer(has_body=False)

        def _answer(self, *, has_body: bool) -> None:
            address = unquote(urlsplit(self.path).path).removeprefix("/") or INDEX
            content = site.get(address)
            if content is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", TYPES.get(PurePosixPath(address).suffix, BYTES))
            self.send_header("Content-Length", str(size))
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            if has_body:
                with BytesIO(content) if isinstance(content, bytes) else content.open("rb") as stream:
                    shutil.copyfileobj(stream, self.wfile)

        def log_message(self, *_: object) -> None:
            """Nothing: what a browser asks for is no news."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), PageRequest)
    except (OSError, OverflowError) as error:
        raise OutputError(f"port {port}: cannot be served on ({error}); choose another with --port") from error
    server.daemon_threads = True
    return server


def serve_page(site: Site, port: int, *, opens: bool) -> None:
    """Serve the page until interrupted; its address is printed, and shown in the browser where ``opens``."""
    with page_server(site, port) as server:
        address = f"http://{LOOPBACK}:{server.server_port}/"
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        if opens:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
