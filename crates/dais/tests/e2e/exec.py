"""Commands in a pod and its ports, through the unmodified Python client. Reads
KUBECONFIG; the pod `shell` serves HTTP on port 18099."""

import time

from kubernetes import client, config
from kubernetes.stream import portforward, stream

config.load_kube_config()
api = client.CoreV1Api()


def run(*command, **options):
    options = {"stdin": False, "stdout": True, "stderr": True, "tty": False, **options}
    return stream(
        api.connect_get_namespaced_pod_exec, "shell", "default", command=list(command), _preload_content=False, **options
    )


def streams_and_code():
    done = run("sh", "-c", "echo out; echo err >&2; exit 7")
    done.run_forever(timeout=30)
    assert (done.read_stdout(), done.read_stderr(), done.returncode) == ("out\n", "err\n", 7)


def terminal():
    shell = run("sh", stdin=True, tty=True)
    shell.write_channel(4, '{"Width": 132, "Height": 40}')
    shell.write_stdin("stty size; tty; echo $TERM; exit 5\n")
    said = ""
    while shell.is_open():
        shell.update(timeout=1)
        said += shell.read_stdout() if shell.peek_stdout() else ""
    assert "40 132" in said and "/dev/pts/" in said and "xterm" in said, said
    assert shell.returncode == 5, shell.returncode


def sleepers():
    """How many processes of the pod have the argument 98765; by /proc, for `pgrep` is not everywhere."""
    return stream(
        api.connect_get_namespaced_pod_exec,
        "shell",
        "default",
        command=["sh", "-c", "grep -lsz '^9876[5]$' /proc/[0-9]*/cmdline | wc -l"],
        stdin=False,
        stdout=True,
        stderr=True,
        tty=False,
    ).strip()


def hang_up(tty):
    """A client that goes takes its command along, and what that started."""
    left = run("sh", "-c", "echo began; sleep 98765 & sleep 98765", stdin=tty, tty=tty)
    assert left.readline_stdout(timeout=30).strip() == "began"
    assert sleepers() == "2"
    left.close()
    until = time.monotonic() + 60
    while sleepers() != "0":
        assert time.monotonic() < until, "the command outlived its client"


def ports():
    forwarded = portforward(api.connect_get_namespaced_pod_portforward, "shell", "default", ports="18099,18098")
    socket = forwarded.socket(18099)
    socket.setblocking(True)
    socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert socket.recv(100).startswith(b"HTTP/1.0 200"), "not what the pod serves"
    silent = forwarded.socket(18098)
    silent.setblocking(True)
    assert silent.recv(1) == b"", "nobody listens there"
    assert "18098" in forwarded.error(18098), forwarded.error(18098)


streams_and_code()
terminal()
hang_up(tty=False)
hang_up(tty=True)
ports()
print("all steps passed")
