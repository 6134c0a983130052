"""HTTP as thin as it can be, so that the client is not what is measured."""

import http.client
import json
import math
import socket
import time

from processes import Broken, Server

# Between two tries to connect: far below what is told apart.
RETRY = 0.0005


def free_ports(count):
    """Ports that were free a moment ago."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def message(path, host, headers=None, body=b"", method="GET"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """One connection that is kept open."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, request):
        """Sends a whole request; the status and the body of the answer."""
        self.socket.sendall(request)
        received = self.more(b"")
        while (end := received.find(b"\r\n\r\n")) < 0:
            received = self.more(received)
        head, body = received[:end].lower(), received[end + 4 :]
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            # Not by adding texts up: of a long answer that copies each part many times.
            parts, missing = [body], length - len(body)
            while missing > 0:
                parts.append(self.more(b""))
                missing -= len(parts[-1])
            body = b"".join(parts)
        elif b"transfer-encoding: chunked" in head:
            body = self.chunks(body)
        else:
            raise Broken(f"an answer without a length: {received[:end].decode(errors='replace')}")
        return int(head.split(b" ", 2)[1]), body

    def chunks(self, received):
        """A body that comes in pieces, each behind its length."""
        body = b""
        while True:
            while (end := received.find(b"\r\n")) < 0:
                received = self.more(received)
            length = int(received[:end].split(b";", 1)[0], 16)
            while len(received) < end + length + 4:
                received = self.more(received)
            body += received[end + 2 : end + 2 + length]
            received = received[end + length + 4 :]
            if length == 0:
                return body

    def more(self, received):
        part = self.socket.recv(65536)
        if not part:
            raise Broken("the server closed the connection")
        return received + part


def answers(port, path, server, began, seconds=60):
    """Seconds from `began` (perf_counter) to the first good answer. A refused
    connect is tried again at once; an accepted one waits for its answer."""
    request = message(path, f"127.0.0.1:{port}", {"Connection": "close"})
    while time.perf_counter() - began < seconds:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                head = connection.recv(65536)
        except ConnectionError:
            server.check()
            time.sleep(RETRY)
            continue
        if head.split(b" ", 2)[1:2] == [b"200"]:
            return time.perf_counter() - began
        server.check()
        time.sleep(RETRY)
    raise Broken(f"port {port} did not answer {path} in {seconds} s:\n{server.tail()}")


class Answering:
    """A server that has answered once, and its port."""

    def __init__(self, command, log, env, port, path, seconds=180):
        self.server, self.port = Server(command, log, env), port
        try:
            answers(port, path, self.server, time.perf_counter(), seconds)
        except BaseException:
            self.server.stop()
            raise

    def __enter__(self):
        return self.server, self.port

    def __exit__(self, *_):
        self.server.stop()


def ask_json(port, path, body=None, headers=None, method=None):
    """One request of the set-up, not of what is measured."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    connection.request(method or ("GET" if data is None else "POST"), path, data, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise Broken(f"{path} answered {answer.status}: {text[:500].decode(errors='replace')}")
    return json.loads(text) if text else None


def percentile(values, share):
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
