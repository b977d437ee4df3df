# syntax=docker/dockerfile:1
# Triptych as a GitHub App. How to run it: README, "As a GitHub App".
#
# Debian 13 (trixie) on purpose: Python >= 3.12 needs SQLite >= 3.42 for the job layer, trixie has
# 3.46, Debian 12 (bookworm) only 3.40, with which the server does not start.
#
# The tag stands without a digest because none could be looked up where this was written. Before you
# build for production, pin it: `docker buildx imagetools inspect python:3.13-slim-trixie` names it,
# then write `python:3.13-slim-trixie@sha256:...` in the one line below.
FROM python:3.13-slim-trixie AS base

# --- build: what the lock names, as wheels with the lock's hashes, and our own two packages
FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN python -m venv /opt/triptych
COPY requirements-server.lock ./
RUN /opt/triptych/bin/python -m pip install --require-hashes --only-binary :all: -r requirements-server.lock
COPY requirements-build.lock ./
RUN python -m venv /build/tools \
 && /build/tools/bin/python -m pip install --require-hashes --only-binary :all: -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY reviewers ./reviewers
# There is no git in here to tell the version: `--build-arg VERSION=1.2.3`.
ARG VERSION=0.1.0.dev0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION}
# No network here, and nothing but the locked build backend: our wheel is made of what was copied.
RUN /build/tools/bin/python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /build/wheel . \
 && /opt/triptych/bin/python -m pip install --no-index --no-deps /build/wheel/*.whl \
 && /opt/triptych/bin/python -m compileall -q /opt/triptych/lib \
 && /opt/triptych/bin/python -m pip uninstall --quiet --yes pip

# --- final: Python, our folder, nobody's account; no git, no curl, no compiler, no pip of ours
# No label names a licence: ours is MIT, but most in here is of others (README, "Licence").
FROM base
LABEL org.opencontainers.image.title="triptych" \
      org.opencontainers.image.description="Independent reviewers look at a pull request in parallel; one review says what they found."
COPY --from=build /opt/triptych /opt/triptych
# /data and /tmp are all that is ever written to; the root may be read-only.
RUN install --directory --owner=65532 --group=65532 --mode=0700 /data
ENV PATH=/opt/triptych/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1 \
    HOME=/data TRIPTYCH_HOME=/data
VOLUME /data
WORKDIR /data
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
# By Python, past any proxy. For `worker`, which has no door: `--no-healthcheck`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/opt/triptych/bin/python", "-I", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["/opt/triptych/bin/triptych"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
