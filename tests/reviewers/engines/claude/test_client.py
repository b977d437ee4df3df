"""How models are reached: keys, hosts, proxies, certificates, and the platforms of others."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from reviewers.core.call import Look, Reading
from reviewers.engines.claude.client import PUBLIC_URL, SetupError, make_client, not_ready
from reviewers.engines.claude.engine import ClaudeEngine
from tests.builders import MODEL
from tests.fakes.anthropic import FakeAnthropic, Reply, fake_anthropic
from tests.fakes.network import certified, plain_network, tunnel
from tests.reviewers.engines.claude.asking import (
    FIRST_VOTES,
    KEY,
    SECURITY,
    access,
    ask,
    ask_once,
    brief,
    briefing,
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates but those of the test."""
    plain_network(monkeypatch)


# Keys and addresses


def sent(fake: FakeAnthropic) -> dict[str, str]:
    """The headers of the one request, by their names in lower case."""
    (headers,) = fake.headers
    return {name.lower(): value for name, value in headers.items()}


async def test_a_gateway_gets_the_key_in_both_headers() -> None:
    async with fake_anthropic() as fake:
        await ask_once(fake.url)
        headers = sent(fake)
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["x-api-key"] == KEY
    assert headers["anthropic-version"] == "2026-10-21"
    assert "traceparent" not in headers


@pytest.mark.parametrize("prefix", ["", "/anthropic", "/team/a/anthropic"])
async def test_the_path_of_a_gateways_address_is_kept(prefix: str) -> None:
    async with fake_anthropic() as fake:
        look = await ask_once(fake.url + prefix)
        assert look.reading is Reading.READ
        assert fake.paths == [f"{prefix}/v1/messages"]


async def test_the_environment_steers_neither_host_nor_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK would read all of these; our settings are the one place where they are read."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-other-key")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "other-token")
    async with fake_anthropic() as fake:
        look = await ask_once(fake.url)
        headers = sent(fake)
    assert look.reading is Reading.READ
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "other" not in str(headers)


# Proxies and certificates


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake takes the place of the proxy: no such host exists that could be reached directly."""
    async with fake_anthropic() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        look = await ask_once("http://models.acme.invalid/gate")
        assert look.reading is Reading.READ
        assert sent(proxy)["host"] == "models.acme.invalid"
        assert proxy.paths == ["/gate/v1/messages"]


async def test_what_is_excepted_from_the_proxy_is_reached_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with fake_anthropic() as fake:
        assert (await ask_once(fake.url)).reading is Reading.READ


async def test_the_public_api_through_a_proxy_with_a_companys_own_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way of a company network; and the public API gets the key in one header only."""
    root, context = certified(tmp_path, "api.anthropic.com")
    async with fake_anthropic(tls=context) as fake, tunnel(fake.url) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        look = await ask_once(PUBLIC_URL, ca_bundle=str(root))
        assert look.reading is Reading.READ
        assert proxy.asked == ["CONNECT api.anthropic.com:443 HTTP/1.1"]
        headers = sent(fake)
        assert headers["authorization"] == f"Bearer {KEY}"
        assert "x-api-key" not in headers


async def test_a_certificate_of_nobody_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, context = certified(tmp_path, "api.anthropic.com")
    async with fake_anthropic(tls=context) as fake, tunnel(fake.url) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        looks = await ask(PUBLIC_URL, FIRST_VOTES)
        assert [look.reading for look in looks] == [Reading.FAILED] * 3
        assert {look.detail for look in looks} == {
            "the certificate of the model's host is not trusted"
        }
        assert fake.requests == []
        assert len(proxy.asked) == 1  # It would not be trusted the next time either.


async def test_a_certificate_for_another_host_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, context = certified(tmp_path, "models.acme.invalid")
    async with fake_anthropic(tls=context) as fake, tunnel(fake.url) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        look = await ask_once(PUBLIC_URL, ca_bundle=str(root))
        assert look.detail == "the certificate of the model's host is not trusted"
        assert fake.requests == []


@pytest.mark.parametrize("text", [None, "no certificate"], ids=["missing", "wrong"])
async def test_a_file_of_certificates_that_cannot_be_read_is_told(
    tmp_path: Path, text: str | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if text is not None:
        bundle.write_text(text)
    async with fake_anthropic() as fake:
        look = await ask_once(fake.url, ca_bundle=str(bundle))
        assert look.reading is Reading.FAILED
        assert look.detail == "the file of trusted certificates cannot be read"
        assert fake.requests == []


async def test_a_proxy_that_refuses_is_a_host_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with tunnel("http://127.0.0.1:9", refuses=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        told = access(PUBLIC_URL)
        client = make_client(told).with_options(max_retries=1)
        made = ClaudeEngine(brief(), told, client)
        look = await made.run(SECURITY)
        await made.close()
        assert (look.reading, look.detail) == (
            Reading.FAILED,
            "api.anthropic.com could not be reached",
        )
        assert [a.result for a in look.attempts] == ["no connection"] * 2
        assert len(proxy.asked) == 2


# Bedrock and Vertex


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment for Bedrock, with a key of its own and nothing of this machine's."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-token")
    return monkeypatch


@pytest.fixture
def vertex(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment for Vertex."""
    monkeypatch.setenv("CLOUD_ML_REGION", "europe-west1")
    monkeypatch.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "acme-models")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    return monkeypatch


async def on(platform: str, fake: FakeAnthropic) -> Look:
    """One call there; the key of Anthropic's own API must stay at home."""
    look = await ask_once(PUBLIC_URL, platform=platform)
    assert KEY not in str(fake.headers)
    return look


async def test_bedrock_gets_the_same_request_at_its_own_address(
    bedrock: pytest.MonkeyPatch,
) -> None:
    """Its answers come in a format of AWS's; that this one is refused shows the way back."""
    async with fake_anthropic(lambda _b, _n: Reply(status=400)) as fake:
        bedrock.setenv("ANTHROPIC_BEDROCK_BASE_URL", fake.url)
        look = await on("bedrock", fake)
        (body,), headers = fake.requests, sent(fake)
    assert (look.reading, look.detail) == (Reading.FAILED, "the API refused the request (400)")
    assert fake.paths == [f"/model/{MODEL}/invoke-with-response-stream"]
    assert headers["authorization"] == "Bearer bedrock-token"
    wanted = briefing().request(SECURITY)
    assert body.pop("anthropic_version")
    assert body == {key: value for key, value in wanted.items() if key != "model"}


async def test_vertex_gets_the_same_request_at_its_own_address_and_is_understood(
    vertex: pytest.MonkeyPatch,
) -> None:
    async with fake_anthropic() as fake:
        vertex.setenv("ANTHROPIC_VERTEX_BASE_URL", f"{fake.url}/v1")
        vertex.setenv("ANTHROPIC_CUSTOM_HEADERS", "Authorization: Bearer vertex-token")
        look = await on("vertex", fake)
        (body,), headers = fake.requests, sent(fake)
    assert look.reading is Reading.READ
    assert look.usage.prompt > 0
    assert fake.paths == [
        "/v1/projects/acme-models/locations/europe-west1/publishers/anthropic/models/"
        f"{MODEL}:streamRawPredict"
    ]
    assert headers["authorization"] == "Bearer vertex-token"
    wanted = briefing().request(SECURITY)
    assert body.pop("anthropic_version")
    assert body.pop("stream") is True
    assert body == {key: value for key, value in wanted.items() if key != "model"}


async def test_each_platform_has_its_own_host(
    bedrock: pytest.MonkeyPatch, vertex: pytest.MonkeyPatch
) -> None:
    bedrock.delenv("ANTHROPIC_BEDROCK_BASE_URL", raising=False)
    vertex.delenv("ANTHROPIC_VERTEX_BASE_URL", raising=False)
    hosts = []
    for platform in ("anthropic", "bedrock", "vertex"):
        client = make_client(access(PUBLIC_URL, platform=platform))
        hosts.append(client.base_url.host)
        await client.close()
    assert hosts == [
        "api.anthropic.com",
        "bedrock-runtime.eu-central-1.amazonaws.com",
        "europe-west1-aiplatform.googleapis.com",
    ]


@pytest.mark.parametrize(
    ("platform", "variable"), [("bedrock", "AWS_REGION"), ("vertex", "CLOUD_ML_REGION")]
)
async def test_without_a_region_every_call_says_which_variable_is_missing(
    platform: str, variable: str, bedrock: pytest.MonkeyPatch, vertex: pytest.MonkeyPatch
) -> None:
    bedrock.delenv("AWS_REGION")
    vertex.delenv("CLOUD_ML_REGION")
    with pytest.raises(SetupError):
        make_client(access(PUBLIC_URL, platform=platform))
    looks = await ask(PUBLIC_URL, FIRST_VOTES, platform=platform)
    assert [look.reading for look in looks] == [Reading.FAILED] * 3
    assert {look.detail for look in looks} == {f"{platform} needs a region ({variable})"}


@pytest.mark.parametrize(("platform", "package"), [("bedrock", "botocore"), ("vertex", "google")])
async def test_without_credentials_or_their_package_nothing_is_sent_and_the_reason_told(
    platform: str, package: str, bedrock: pytest.MonkeyPatch, vertex: pytest.MonkeyPatch
) -> None:
    bedrock.delenv("AWS_BEARER_TOKEN_BEDROCK")
    reason = ValueError("none") if find_spec(package) else ImportError(package)
    async with fake_anthropic() as fake:
        bedrock.setenv("ANTHROPIC_BEDROCK_BASE_URL", fake.url)
        vertex.setenv("ANTHROPIC_VERTEX_BASE_URL", fake.url)
        looks = await ask(PUBLIC_URL, FIRST_VOTES, platform=platform)
        assert fake.requests == []
    assert [look.reading for look in looks] == [Reading.FAILED] * 3
    assert {look.detail for look in looks} == {not_ready(platform, reason)}


def test_the_reason_names_the_extra_or_the_credentials() -> None:
    missing = ImportError("No module named 'boto3'")
    wrapped = RuntimeError("install it")
    wrapped.__cause__ = missing
    extra = "the extra `bedrock` of triptych-review is not installed"
    assert not_ready("bedrock", missing) == extra
    assert not_ready("bedrock", wrapped) == extra
    assert (
        not_ready("vertex", RuntimeError("secret path")) == "no credentials for vertex were found"
    )
