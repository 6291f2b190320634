#!/usr/bin/env bash
# What many use instead of kubectl: the same images, a chart of the same objects, `helm upgrade --install --create-namespace --wait`, two
# requests. Every value comes from the environment, as for by-hand.sh.
set -euo pipefail
# shellcheck source=bench/deploy/publish.sh
. "$(dirname "$0")/publish.sh"
publish_both

"$HELM" upgrade --install --create-namespace --wait --timeout 300s --namespace "$NAMESPACE" "$DEPLOYMENT" "$CHART" \
  --set "api=$(cat "$MANIFESTS/api")" --set "db=$(cat "$MANIFESTS/db")" >/dev/null
request_both
