#!/usr/bin/env bash
# What one would write by hand, as well as one can: build and push both images, pin them by digest, apply the four
# manifests, wait for the rollout, request two endpoints. Every value comes from the environment, so that
# bench/deploy/measure can run it beside ours with the same sources and the same manifests.
set -euo pipefail
# shellcheck source=bench/deploy/publish.sh
. "$(dirname "$0")/publish.sh"
publish_both

sed -i -E "s|^( *image: ).*$API_NAME.*|\1$(cat "$MANIFESTS/api")|; s|^( *image: ).*$DB_NAME.*|\1$(cat "$MANIFESTS/db")|" \
  "$MANIFESTS/my-deployment-eval.yml"
for kind in secret deployment service ingress; do
  "$KUBECTL" apply -f "$MANIFESTS/my-$kind-eval.yml"
done
"$KUBECTL" --namespace "$NAMESPACE" rollout status "deployment/$DEPLOYMENT" --timeout 300s
request_both
