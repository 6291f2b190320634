#!/bin/sh
# Builds the API's test image and runs the tests in it, against a real MariaDB and without
# network. From the environment: BASE_IMAGE, DOCKER (the command), BUILD_NETWORK (as
# `host`), BUILD_CA and BUILD_PIP_CONF (files for pip), and what docker itself reads.
# Arguments go to pytest.
set -eu
repository=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
image=${API_TEST_IMAGE:-fastapi-mysql-api:test}
ca=${BUILD_CA:-${PIP_CERT:-}}

"${DOCKER:-docker}" buildx build --load --quiet --target test --tag "$image" \
    ${BASE_IMAGE:+--build-arg "BASE_IMAGE=$BASE_IMAGE"} \
    ${BUILD_NETWORK:+--network "$BUILD_NETWORK"} \
    ${ca:+--secret "id=ca,src=$ca"} \
    ${BUILD_PIP_CONF:+--secret "id=pip_conf,src=$BUILD_PIP_CONF"} \
    "$repository/api" >&2

# The tests travel through standard input: no mount, so the engine may be anywhere and
# whoever runs there needs no right to read this checkout.
tar -C "$repository/tests" --exclude=__pycache__ -cf - api |
    "${DOCKER:-docker}" run --rm --interactive --init --network none --read-only \
        --sysctl net.ipv6.conf.lo.disable_ipv6=0 --tmpfs /tmp:exec,mode=1777 --cap-drop ALL --security-opt no-new-privileges \
        --env HOME=/tmp "$image" sh -c '
            tar -C /tmp -xf - && cd /tmp/api || exit 1
            status=0
            python -m pytest -p no:cacheprovider "$@" || status=$?
            python -m coverage combine --quiet --rcfile=coverage.ini || exit 1
            python -m coverage report --rcfile=coverage.ini || [ $status -ne 0 ] || status=$?
            exit $status' sh "$@"
