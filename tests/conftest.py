"""What holds for every test: no network beyond this machine, no word from the runner's environment, no clock on examples.

Fixtures here are few and plain: where the project stands, where the reference material stands (`shared`; a test that
reads it is skipped where it is absent), and whether golden files are to be rewritten (`--update-cases`).
"""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# Variables that change what the product prints or where it connects. A test that is about one of them sets it.
SPEAKING = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "GITHUB_EVENT_NAME",
    "GITHUB_EVENT_PATH",
    "CI_PIPELINE_SOURCE",
    "CI_DEFAULT_BRANCH",
    "BUILD_REASON",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "LANGUAGE",
    "COLUMNS",
    "LINES",
    "PAGER",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "PARTNER_CENTER_SECRET",
)

LONGEST = frozenset({"e2e", "pipelines", "stores", "crash", "day_one", "docs"})

# Examples are not timed (no test asserts seconds), and CI draws the same ones every time: what a run finds, any run
# finds. `HYPOTHESIS_PROFILE=search` looks further.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "search", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-cases` rewrites golden files; the diff is then for reviewing."""
    parser.addoption("--update-cases", action="store_true", help="rewrite golden files with what is printed now")


def pytest_configure(config: pytest.Config) -> None:
    """Files in our order, where workers share them: xdist would leave those with few tests, the longest ones, for last."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders whose files take longest come first, so that at the end there is something small for every worker."""
    items.sort(
        key=lambda item: item.path.relative_to(ROOT).parts[1] not in LONGEST if ROOT in item.path.parents else True
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the project; absent at most places, and then what reads it is skipped."""
    if not SHARED.is_dir():
        pytest.skip("the reference material is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def update_cases(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-cases"))


@pytest.fixture(scope="session", autouse=True)
def _plain_environment() -> Iterator[None]:
    """No variable of the runner reaches a test or a process it starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*SPEAKING, *(name for name in os.environ if name.startswith("CSPDECL_"))):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """A connection or a name look-up that would leave this machine raises instead."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any, /) -> None:
        _stay_home(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any, /) -> int:
        _stay_home(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_loopback(host):
            raise OffMachineError(host)
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


class OffMachineError(AssertionError):
    """A test tried to leave this machine. Not an OSError: nothing shall mistake it for a network failure."""

    def __init__(self, host: object) -> None:
        super().__init__(f"tests stay on loopback, this one wanted {host!r}")


def _stay_home(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
        raise OffMachineError(address)


def _is_loopback(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False
