# A browser without a window, for tests/api/docs_in_browser.
ARG BASE_IMAGE=debian:12-slim
FROM ${BASE_IMAGE}
RUN --mount=type=cache,id=apt-lists,target=/var/lib/apt/lists,sharing=locked \
    --mount=type=cache,id=apt-archives,target=/var/cache/apt,sharing=locked \
    set -e; \
    apt-get update -qq; \
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium-headless-shell
USER 10004:10004
