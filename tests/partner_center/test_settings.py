"""How a connection is set up: what the schema lets pass, what is refused in words, and what is imported when."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from cspdecl.core.errors import ConfigurationError
from cspdecl.spi import registry
from cspdecl.spi.provider import Connect
from cspdecl_partner_center import CONFIG_SCHEMA, connect
from cspdecl_partner_center.settings import parse_settings
from tests.partner_center.support import APP_ONLY, MemorySecrets, settings_of

CONNECT: Connect = connect  # the type checker compares the plugin with the interface here
USER = {"clientId": "c", "refreshTokenFrom": {"env": "R"}}


def problems(config):
    return list(Draft202012Validator(CONFIG_SCHEMA).iter_errors(config))


def test_schema_is_a_schema_and_says_what_each_key_means():
    """Draft 2020-12, and a description for every key a user may write."""
    Draft202012Validator.check_schema(CONFIG_SCHEMA)

    assert [] == [
        name for name, part in CONFIG_SCHEMA["properties"].items() if name != "plugin" and not part.get("description")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"auth": APP_ONLY},
        {"auth": {"user": {**USER, "refreshTokenTo": {"file": "f"}}}},
        {"auth": {"app": {"clientId": "c", "certificateFrom": {"command": ["pass", "x"]}, "thumbprint": "A" * 40}}},
        {"cloud": "china", "endpoint": None, "authority": None, "caFile": "ca.pem", "concurrency": 4},
        {"endpoint": "http://127.0.0.1:8080"},
    ],
)
def test_good_settings_pass_both_checks(changes):
    """The schema and the plugin agree on what is good."""
    config = settings_of(**changes)

    assert [] == problems(config)
    assert config["tenant"] == parse_settings(config).tenant


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant": None},
        {"tenant": ""},
        {"auth": {}},
        {"auth": {"app": {"clientId": "c"}}},
        {"auth": {"app": {"clientId": "c", "secretFrom": {"env": "A"}, "certificateFrom": {"env": "B"}}}},
        {"auth": {"app": {"secretFrom": {"env": "A"}}}},
        {"auth": {"user": {"clientId": "c"}}},
        {"cloud": "germany"},
        {"environment": "test"},
        {"requestsPerMinute": 0},
        {"requestsPerMinute": "many"},
        {"endpoint": "ftp://x"},
        {"auth": "secret"},
    ],
)
def test_bad_settings_are_refused_by_both(changes):
    """What the schema refuses, the plugin refuses too, with a sentence: it may be called without the schema."""
    config = settings_of(**changes)

    assert [] != problems(config)
    with pytest.raises(ConfigurationError) as told:
        connect("p", config, MemorySecrets(), "read")
    assert "`" in told.value.message


@pytest.mark.parametrize("secret", [{"secret": "in plain sight"}, {"env": "A", "file": "b"}, {}])
def test_secrets_never_stand_in_the_settings(secret):
    """A secret comes from exactly one place, and none of them is the manifest."""
    assert [] != problems(settings_of(auth={"app": {"clientId": "c", "secretFrom": secret}}))


@pytest.mark.parametrize(
    "url", ["http://partner.example", "https://user:word@partner.example", "https://partner.example/?a=b"]
)
def test_tokens_do_not_travel_in_the_open(url):
    """Without TLS only to this machine; no credentials in an address."""
    with pytest.raises(ConfigurationError, match="endpoint"):
        parse_settings(settings_of(endpoint=url))


def test_hosts_follow_the_cloud():
    """Global by default; China has hosts and a token audience of its own; a named authority is taken at its word."""
    usual = parse_settings(settings_of(endpoint=None, authority=None))
    china = parse_settings(settings_of(endpoint=None, authority=None, cloud="china"))
    named = parse_settings(settings_of())

    assert ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com", True) == (
        usual.endpoint,
        usual.authority,
        usual.discover,
    )
    assert china.endpoint == china.audience == "https://partner.partnercenterapi.microsoftonline.cn"
    assert (False, "https://api.partnercenter.microsoft.com") == (named.discover, named.audience)


def test_user_without_a_secret_borrows_that_of_the_same_application():
    """One application, two ways to sign in, one secret; another application has none to borrow."""
    same = parse_settings(settings_of(auth={"app": {"clientId": "c", "secretFrom": {"env": "A"}}, "user": USER}))
    other = parse_settings(settings_of(auth={"app": {"clientId": "d", "secretFrom": {"env": "A"}}, "user": USER}))

    assert ({"env": "A"}, None) == (same.user.secret, other.user.secret)


def test_plugin_is_found_by_its_name():
    """The entry point leads to `connect`."""
    assert connect is registry.load("provider", "partner-center")


def test_network_and_msal_come_when_they_are_needed():
    """Importing the plugin brings neither httpx nor msal; connecting brings httpx; MSAL waits for the first token."""
    code = """
import sys
from cspdecl_partner_center import CONFIG_SCHEMA, connect
assert not {"httpx", "msal", "requests"} & sys.modules.keys()
config = {"tenant": "t", "auth": {"app": {"clientId": "c", "secretFrom": {"env": "A"}}}}
connect("p", config, None, "read").close()
assert "httpx" in sys.modules
assert not {"msal", "requests"} & sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
