"""JupyterLab behind the gateway of dais.

The gateway knows the person, and says who it is; this server lets in whoever shows the
secret that the gateway alone has. Neither is ever part of an address or of a page.
"""

import hmac
import os

from jupyter_server.auth import IdentityProvider, User

# Kernels and terminals do not inherit it.
SECRET = "token " + os.environ.pop("DAIS_NOTEBOOK_SECRET")


# What people install by hand stays in their home folder. The server itself does not see it,
# so that nothing there keeps it from starting.
packages = os.path.join(os.environ["HOME"], ".packages")
os.environ["PIP_TARGET"] = packages
os.environ["PYTHONPATH"] = packages
os.environ["PATH"] += os.pathsep + os.path.join(packages, "bin")


class GatewayIdentityProvider(IdentityProvider):
    """Every request comes from the gateway, or from nobody."""

    # The parent's own token would be written into pages.
    token = ""
    login_available = False

    def get_user(self, handler):
        shown = handler.request.headers.get("Authorization", "")
        if not hmac.compare_digest(shown.encode(), SECRET.encode()):
            return None
        name = handler.request.headers.get("X-Forwarded-User", "")
        name = name.encode("latin-1", "replace").decode("utf-8", "replace")
        return User(username=name or "dais", name=name or None)

    def is_token_authenticated(self, handler):
        # No page of another origin can send the secret: there is nothing to forge.
        return handler.current_user is not None

    def should_check_origin(self, handler):
        return handler.current_user is None


c = get_config()  # noqa: F821 (Jupyter gives it)
server = c.ServerApp
server.identity_provider_class = GatewayIdentityProvider
server.ip = os.environ["POD_IP"]
server.port = int(os.environ["PORT"])
server.port_retries = 0
server.base_url = os.environ["DAIS_BASE_PATH"]
server.root_dir = os.environ["HOME"]
server.open_browser = False
server.quit_button = False
server.allow_remote_access = True
# The sandbox keeps programs apart, whoever they run as inside it.
server.allow_root = True
# A login shell would forget the environment.
server.terminado_settings = {"shell_command": [os.environ["SHELL"]]}
# The environment is shared and read-only; its requirements say what it holds.
c.LabApp.extension_manager = "readonly"
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
