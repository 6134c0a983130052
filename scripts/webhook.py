"""Answers every request with 200, as somebody who is told of alerts does. Writes its
address to the file that is named. Usage: webhook.py FILE"""

import http.server
import pathlib
import sys


class Told(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told)
pathlib.Path(sys.argv[1]).write_text(f"http://127.0.0.1:{server.server_port}/")
server.serve_forever()
