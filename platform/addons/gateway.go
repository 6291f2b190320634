//go:build crds

// Package addons is never built: it holds on to the module whose custom resource definitions are copied.
package addons

import _ "sigs.k8s.io/gateway-api/apis/v1"
