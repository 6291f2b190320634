# What the scripts share: build and push both images, and request two endpoints. Sourced.
# shellcheck shell=bash
export DOCKER_BUILDKIT=1

publish() { # name, folder; prints the reference by digest
  local image="$REGISTRY/$1:1.0.0" secrets=()
  [ -z "${BUILD_CA:-}" ] || secrets+=(--secret "id=ca,src=$BUILD_CA")
  [ -z "${BUILD_PIP_CONF:-}" ] || secrets+=(--secret "id=pip_conf,src=$BUILD_PIP_CONF")
  "$DOCKER" build --quiet --network host --build-arg "BASE_IMAGE=$BASE_IMAGE" "${secrets[@]}" --tag "$image" "$2" >/dev/null
  "$DOCKER" push --quiet "$image" >/dev/null
  "$DOCKER" image inspect --format '{{index .RepoDigests 0}}' "$image"
}

publish_both() { # leaves the references in $MANIFESTS/api and $MANIFESTS/db
  publish "$API_NAME" "$API_FOLDER" >"$MANIFESTS/api" &
  local api=$!
  publish "$DB_NAME" "$DB_FOLDER" >"$MANIFESTS/db" &
  wait "$api"
  wait $!
}

request_both() {
  curl --silent --show-error --fail --retry 20 --retry-all-errors --retry-delay 1 --header "Host: $HOST" --output /dev/null "$URL/status"
  curl --silent --show-error --fail --header "Host: $HOST" --output /dev/null "$URL/users"
}
