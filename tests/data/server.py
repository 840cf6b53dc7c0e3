"""A web server on loopback that serves a folder, and fails as it is told to."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class Server:
    """What a test sees: `url`, what was asked for, and how to answer.

    `faults` are by what is in a path: a status, ``"cut"``, ``"close"`` or ``"stall"``; with a number after a colon only so
    many times. Without `lists` there are no pages about folders, without `ranges` no parts of files. Where `user` or
    `token` is given, it is needed.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.asked: list[str] = []
        self.faults: dict[str, str] = {}
        self.lists = self.ranges = True
        self.etags, self.missing = False, 404
        self.user = self.token = ""
        self.stalled = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault_of(self, path: str) -> str:
        for part, fault in self.faults.items():
            if part in path:
                kind, _, times = fault.partition(":")
                if times:
                    if int(times) == 0:
                        return ""
                    self.faults[part] = f"{kind}:{int(times) - 1}"
                return kind
        return ""


def _handler(server: Server) -> type[SimpleHTTPRequestHandler]:
    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(server.folder))

        def log_message(self, *_arguments: Any) -> None: ...

        def do_GET(self) -> None:
            server.asked.append(self.path)
            fault = server.fault_of(self.path)
            wanted = f"Basic {base64.b64encode(server.user.encode()).decode()}"
            if server.user and self.headers.get("Authorization") != wanted:
                self.send_error(401)
            elif server.token and f"token={server.token}" not in urlsplit(self.path).query:
                self.send_error(403)
            elif (
                server.missing != 404 and not Path(self.translate_path(self.path)).exists() and "list" not in self.path
            ):
                self.send_error(server.missing)
            elif fault.isdecimal():
                self.send_error(int(fault))
            elif fault == "stall":
                server.stalled.wait(30)
                self.close_connection = True
            elif fault == "close":
                self.connection.shutdown(socket.SHUT_RDWR)
            elif fault == "cut":
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b"cut")
                self.close_connection = True
            elif "list-type=2" in self.path:
                self._list_bucket()
            elif "Range" in self.headers and server.ranges:
                self._send_part(Path(self.translate_path(self.path)), self.headers["Range"])
            else:
                super().do_GET()

        def end_headers(self) -> None:
            if server.etags:
                self.send_header("ETag", '"1"')
            super().end_headers()

        def _send_part(self, file: Path, asked: str) -> None:
            if not file.is_file():
                self.send_error(404)
                return
            content = file.read_bytes()
            low, _, high = asked.removeprefix("bytes=").partition("-")
            begin, end = (
                (int(low), int(high or len(content)) + 1) if low else (max(0, len(content) - int(high)), len(content))
            )
            self.send_response(206)
            self.send_header("Content-Length", str(len(content[begin:end])))
            self.send_header("Content-Range", f"bytes {begin}-{min(end, len(content)) - 1}/{len(content)}")
            self.end_headers()
            self.wfile.write(content[begin:end])

        def list_directory(self, path: Any) -> Any:
            if server.lists:
                return super().list_directory(path)
            self.send_error(404)
            return None

        def _list_bucket(self) -> None:
            """As S3 lists what lies below a prefix, up to the next slash."""
            query = dict(part.partition("=")[::2] for part in urlsplit(self.path).query.split("&"))
            prefix = unquote(query["prefix"])
            bucket = server.folder / unquote(urlsplit(self.path).path).strip("/")
            there = sorted((bucket / prefix).iterdir()) if (bucket / prefix).is_dir() else []
            names = "".join(
                f"<CommonPrefixes><Prefix>{prefix}{p.name}/</Prefix></CommonPrefixes>"
                if p.is_dir()
                else f"<Contents><Key>{prefix}{p.name}</Key></Contents>"
                for p in there
            )
            body = f"<ListBucketResult>{names}</ListBucketResult>".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder until the context ends."""
    server = Server(folder, 0)

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_arguments: Any) -> None: ...  # clients give up on what stalls

    with Quiet(("127.0.0.1", 0), _handler(server)) as web:
        server.port = web.server_port
        thread = threading.Thread(target=lambda: web.serve_forever(0.01), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stalled.set()
            web.shutdown()
            thread.join()
