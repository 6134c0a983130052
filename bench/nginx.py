"""nginx as Debian packages it: the least server there is, and the peer of the gateway."""

from processes import Server

# What each request gets, about as long as a small prediction's answer.
BODY = "x" * 512
# Connections must not be closed in the middle of a run: the default is 1000.
KEPT = "keepalive_requests 1000000000; keepalive_timeout 1h;"


def configuration(http):
    return f"""
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_processes auto;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    {KEPT}
    {http}
}}
"""


def nginx(folder, http):
    """Starts nginx on a folder of its own."""
    folder.mkdir(exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(configuration(http))
    return Server(["/usr/sbin/nginx", "-p", folder, "-e", "stderr", "-c", file], folder / "log")


def answering(port, body=BODY):
    """A server that answers everything with the same body."""
    return f'server {{ listen 127.0.0.1:{port}; default_type text/plain; return 200 "{body}"; }}'


def proxy(port, logged_port, upstream, prefix):
    """A proxy that puts / in place of the prefix; once without and once with a
    record of every request, which is the nearest it has to a span."""
    location = f"""location {prefix}/ {{
        proxy_pass http://upstream/; proxy_http_version 1.1; proxy_set_header Connection "";
    }}"""
    return f"""
upstream upstream {{ server 127.0.0.1:{upstream}; keepalive 64; {KEPT} }}
server {{ listen 127.0.0.1:{port}; {location} }}
server {{ listen 127.0.0.1:{logged_port}; access_log access.log; {location} }}
"""
