"""Which proxy leads to an API server."""

from __future__ import annotations

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeconfigError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.proxy import parsed, proxy_url

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("server", "excluded", "direct"),
    [
        ("https://10.1.2.3:6443", "10.0.0.0/8,.svc", True),
        ("https://11.1.2.3:6443", "10.0.0.0/8,.svc", False),
        ("https://[fd00::5]:6443", "fd00::/8", True),
        ("https://[fd00::5]:6443", "[fd00::5]:6443", True),
        ("https://kubernetes.default.svc", ".svc", True),
        ("https://svc", ".svc", False),
        ("https://api.corp.example", "corp.example", True),
        ("https://corp.example", "corp.example", True),
        ("https://api.corp.example", "*.corp.example", True),
        ("https://notcorp.example", "corp.example", False),
        ("https://api.example:6443", "api.example:6443", True),
        ("https://api.example:6443", "api.example:443", False),
        ("https://api.example", "API.Example:443", True),
        ("https://api.example", " , *", True),
        ("https://api.example", "10.0.0.0/nonsense, ", False),
        ("https://127.0.0.1:6443", "", True),
        ("https://[::1]:6443", "", True),
        ("https://LOCALHOST:6443", "", True),
        ("https://api.example", "", False),
    ],
)
def test_what_no_proxy_names_is_reached_directly(server: str, excluded: str, direct: bool) -> None:
    for environ in ({"HTTPS_PROXY": PROXY, "NO_PROXY": excluded}, {"https_proxy": PROXY, "no_proxy": excluded}):
        assert proxy_url(server, "", environ) == ("" if direct else PROXY)


def test_the_one_of_the_kubeconfig_counts_before_all() -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}
    assert proxy_url("https://api.example", "http://other", environ) == "http://other"
    assert proxy_url("http://api.example", "", {"HTTPS_PROXY": PROXY, "HTTP_PROXY": "plain"}) == "plain"


def test_address_and_login_are_told_apart() -> None:
    found = parsed("http://me:p%40ss@proxy.example:8080", "here")
    assert found
    assert (found.address, found.login) == ("http://proxy.example:8080", "me:p@ss")
    assert found.headers == {"Proxy-Authorization": "Basic bWU6cEBzcw=="}
    plain = parsed("proxy.example:3128", "here")
    assert plain
    assert (plain.address, plain.headers) == (PROXY, {})
    bare = parsed("http://proxy.example", "here")
    assert bare
    assert bare.port == 80


@pytest.mark.parametrize("url", ["socks5://me:secret@proxy:1080", "https://proxy", "http://proxy:port", "http://"])
def test_others_are_refused_in_one_line(url: str) -> None:
    with pytest.raises(KubeconfigError, match="here: the") as error:
        parsed(url, "here")
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)
