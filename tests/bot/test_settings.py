"""The environment: what is read, what is refused, and that secrets stay in it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from bot.errors import ConfigProblem
from bot.settings import PUBLIC_API, PUBLIC_MODEL_HOST, Ceilings, Settings, read_settings
from reviewers.engines.claude.prices import Price


def test_an_empty_environment_has_defaults() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert (settings.anthropic_url, settings.github_api) == (PUBLIC_MODEL_HOST, PUBLIC_API)
    assert settings.ceilings == Ceilings(rounds=3, votes=7, reviewers=12, prompts=20)
    assert not settings.has_model
    assert settings.secrets == frozenset()


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"ANTHROPIC_API_KEY": " sk-1 \n"}, Settings(anthropic_key="sk-1")),
        ({"ANTHROPIC_BASE_URL": "https://gw/a/"}, Settings(anthropic_url="https://gw/a")),
        ({"ANTHROPIC_BASE_URL": " "}, Settings()),
        ({"TRIPTYCH_MODEL_PLATFORM": "bedrock"}, Settings(model_platform="bedrock")),
        ({"TRIPTYCH_MODEL_PLATFORM": ""}, Settings()),
        ({"GITHUB_TOKEN": "a", "GH_TOKEN": "b"}, Settings(github_token="a")),
        ({"GITHUB_TOKEN": "", "GH_TOKEN": "b"}, Settings(github_token="b")),
        ({"GITHUB_API_URL": "https://g/api/v3/"}, Settings(github_api="https://g/api/v3")),
        ({"SSL_CERT_FILE": "/ca", "REQUESTS_CA_BUNDLE": "/b"}, Settings(ca_bundle="/ca")),
        ({"REQUESTS_CA_BUNDLE": "/b"}, Settings(ca_bundle="/b")),
        ({"TRIPTYCH_MAX_ROUNDS": "1"}, Settings(ceilings=Ceilings(rounds=1))),
        ({"TRIPTYCH_MAX_VOTES": "2"}, Settings(ceilings=Ceilings(votes=2))),
        ({"TRIPTYCH_MAX_REVIEWERS": "3"}, Settings(ceilings=Ceilings(reviewers=3))),
        ({"TRIPTYCH_MAX_PROMPTS": "4"}, Settings(ceilings=Ceilings(prompts=4))),
        ({"TRIPTYCH_MAX_COST": "0"}, Settings(ceilings=Ceilings(review_cost=0.0))),
        ({"TRIPTYCH_MAX_COST": "0.5"}, Settings(ceilings=Ceilings(review_cost=0.5))),
        (
            {"TRIPTYCH_MAX_COST_PULL_REQUEST": "5"},
            Settings(ceilings=Ceilings(pull_request_cost=5.0)),
        ),
        ({"TRIPTYCH_MAX_COST": "  "}, Settings()),
        ({"TRIPTYCH_ALLOWED_MODELS": " a, b,,"}, Settings(ceilings=Ceilings(models=("a", "b")))),
        (
            {"TRIPTYCH_PRICES": '{"m": {"input": 2, "write": 2.5, "read": 0, "output": 10}}'},
            Settings(prices={"m": Price(2, 2.5, 0, 10)}),
        ),
        ({"TRIPTYCH_PRICES": "{}"}, Settings()),
    ],
    ids=lambda v: ", ".join(f"{k}={x!r}" for k, x in v.items()) if isinstance(v, dict) else "",
)
def test_what_each_variable_sets(env: Mapping[str, str], expected: Settings) -> None:
    assert read_settings(env) == expected


ADDRESSES = [
    *("api.github.com", "ftp://host", "https://", "https:///path", "https://a b", "https://h?x=1"),
    *("https://h/p?x=1", "https://h#x", "https://h:port", "https://h:99999", "https://[::1"),
    *("file:///etc/passwd", "https://h:0", "javascript:alert(1)"),
]
PRICE = {"input": 2, "write": 2.5, "read": 0.1, "output": 10}


def priced(**more: object) -> str:
    return json.dumps({"m": PRICE | more})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("ANTHROPIC_BASE_URL", address) for address in ADDRESSES),
        *(("GITHUB_API_URL", address) for address in ADDRESSES),
        *(("TRIPTYCH_MODEL_PLATFORM", v) for v in ("azure", "Bedrock", "1")),
        *(
            (f"TRIPTYCH_MAX_{what}", v)
            for what in ("ROUNDS", "VOTES", "REVIEWERS", "PROMPTS")
            for v in ("0", "-1", "1.5", "many", "1e3", "nan")
        ),
        *(
            (f"TRIPTYCH_MAX_COST{what}", v)
            for what in ("", "_PULL_REQUEST")
            for v in ("-0.01", "lots", "1 USD", "nan", "inf", "-inf", "1,5", "0_5", "٣")
        ),
        *(
            ("TRIPTYCH_PRICES", v)
            for v in (
                *("{", "[]", "3", '"m"', '{"m": 2}', '{"m": {}}', '{"m": {"input": 2}}', "null"),
                *(priced(input="2"), priced(output=-1), priced(read=None), priced(read=True)),
                *(priced(write=float("nan")), priced(write=float("inf"))),
            )
        ),
    ],
)
def test_a_wrong_value_is_refused_by_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        read_settings({name: value})
    assert name in caught.value.what
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["ANTHROPIC_BASE_URL", "GITHUB_API_URL"])
def test_a_password_in_an_address_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        read_settings({name: "https://me:hunter2@host"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "GITHUB_TOKEN", "GH_TOKEN"])
@pytest.mark.parametrize(
    "text", ["sk-a\nbc", "sk-a\rbc", "sk-a\0bc", "sk\u200b-abc", "sk-a\u00a0bc"]
)
def test_a_key_with_a_character_that_nobody_sees_is_refused_and_not_shown(
    name: str, text: str
) -> None:
    """Sent as it is, it is told as an answer that broke off, or as another site's."""
    with pytest.raises(ConfigProblem) as caught:
        read_settings({name: f" {text} "})
    assert str(caught.value).startswith(f"{name} holds a line break or another character")
    assert "bc" not in str(caught.value)
    assert read_settings({name: " sk-abc\r\n"}).secrets == {"sk-abc"}


def test_secrets_are_known_and_in_no_representation() -> None:
    settings = read_settings({"ANTHROPIC_API_KEY": "sk-secret", "GITHUB_TOKEN": "ghp_secret"})
    assert settings.secrets == {"sk-secret", "ghp_secret"}
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("env", "has_model"),
    [
        ({}, False),
        ({"ANTHROPIC_API_KEY": " "}, False),
        ({"ANTHROPIC_API_KEY": "sk"}, True),
        ({"TRIPTYCH_MODEL_PLATFORM": "vertex"}, True),
        ({"TRIPTYCH_MODEL_PLATFORM": "anthropic"}, False),
    ],
)
def test_whether_a_model_can_be_asked(env: Mapping[str, str], has_model: bool) -> None:
    assert read_settings(env).has_model is has_model


@pytest.mark.parametrize(
    ("api", "web", "graphql"),
    [
        ("https://api.github.com", "https://github.com", "https://api.github.com/graphql"),
        ("https://ghe.acme.io/api/v3", "https://ghe.acme.io", "https://ghe.acme.io/api/graphql"),
        (
            "https://api.acme.io/api/v3",
            "https://api.acme.io",
            "https://api.acme.io/api/graphql",
        ),
        ("https://api.acme.ghe.com", "https://acme.ghe.com", "https://api.acme.ghe.com/graphql"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/graphql"),
    ],
)
def test_the_addresses_of_one_site(api: str, web: str, graphql: str) -> None:
    settings = read_settings({"GITHUB_API_URL": api})
    assert (settings.web_url, settings.graphql_url) == (web, graphql)
