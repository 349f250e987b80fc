//go:build tools

// Package argocd pins Argo CD: its own main package is built, by path.
package argocd

import _ "github.com/argoproj/argo-cd/v3/cmd"
