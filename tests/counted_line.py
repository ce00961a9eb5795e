"""A line to an HTTP server that counts requests, and that can be cut."""

import threading
from contextlib import closing, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CountedLine:
    """A line to a server that can be cut, with every request that went through."""

    def __init__(self, target: str) -> None:
        self.seen: list[str] = []
        self.is_cut = False
        self.drops = ""  # a header that does not get through
        line = self

        class Handler(BaseHTTPRequestHandler):
            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                line.seen.append(f"{self.command} {self.path}")
                if line.is_cut:
                    return
                with closing(HTTPConnection(target.removeprefix("http://"))) as there:
                    kept = {name: value for name, value in self.headers.items() if name.lower() != line.drops}
                    there.request(self.command, self.path, body, kept)
                    answer = there.getresponse()
                    data = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {"transfer-encoding", "connection", "content-length", "date", "server"}:
                        self.send_header(name, value)
                length = answer.getheader("content-length") if self.command == "HEAD" else str(len(data))
                self.send_header("content-length", length or "0")
                self.end_headers()
                with suppress(BrokenPipeError):
                    self.wfile.write(data)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = forward  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
