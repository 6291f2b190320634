#!/usr/bin/env bash
# What one would write by hand, as well as one can: build and push both images, pin them by digest, apply the four
# manifests, wait for the rollout, ask two endpoints. Every value comes from the environment, so that bench/deploy/measure
# can run it beside ours with the same sources and the same manifests.
set -euo pipefail
export DOCKER_BUILDKIT=1

publish() { # name, folder; prints the reference by digest
  local image="$REGISTRY/$1:1.0.0" secrets=()
  [ -z "${BUILD_CA:-}" ] || secrets+=(--secret "id=ca,src=$BUILD_CA")
  [ -z "${BUILD_PIP_CONF:-}" ] || secrets+=(--secret "id=pip_conf,src=$BUILD_PIP_CONF")
  "$DOCKER" build --quiet --network host --build-arg "BASE_IMAGE=$BASE_IMAGE" "${secrets[@]}" --tag "$image" "$2" >/dev/null
  "$DOCKER" push --quiet "$image" >/dev/null
  "$DOCKER" image inspect --format '{{index .RepoDigests 0}}' "$image"
}

publish "$API_NAME" "$API_FOLDER" > "$MANIFESTS/api" &
api=$!
publish "$DB_NAME" "$DB_FOLDER" > "$MANIFESTS/db" &
wait "$api"
wait $!

sed -i -E "s|^( *image: ).*$API_NAME.*|\1$(cat "$MANIFESTS/api")|; s|^( *image: ).*$DB_NAME.*|\1$(cat "$MANIFESTS/db")|" \
  "$MANIFESTS/my-deployment-eval.yml"
for kind in secret deployment service ingress; do
  "$KUBECTL" apply -f "$MANIFESTS/my-$kind-eval.yml"
done
"$KUBECTL" --namespace "$NAMESPACE" rollout status "deployment/$DEPLOYMENT" --timeout 300s
curl --silent --show-error --fail --retry 20 --retry-all-errors --retry-delay 1 --header "Host: $HOST" --output /dev/null "$URL/status"
curl --silent --show-error --fail --header "Host: $HOST" --output /dev/null "$URL/users"
