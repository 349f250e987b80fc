#!/usr/bin/env bash
# Lint the workflows with actionlint, built from the Go module proxy into the user's cache; where there is no Go, say so.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v1.7.12 # tests/test_ci.py looks for the same
bin="${XDG_CACHE_HOME:-$HOME/.cache}/kfm-checks/actionlint-$version/actionlint"
if [ ! -x "$bin" ]; then
  if ! command -v go >/dev/null 2>&1; then
    echo "workflows: not linted by actionlint, since there is no Go here to build it with"
    exit 0
  fi
  echo "== building actionlint $version"
  # Built beside and moved, so that nobody finds half of it.
  scratch="$(mktemp -d)"
  trap 'rm -rf "$scratch"' EXIT
  GOBIN="$scratch" go install "github.com/rhysd/actionlint/cmd/actionlint@$version"
  mkdir -p "$(dirname "$bin")"
  mv "$scratch/actionlint" "$bin"
fi
"$bin" .github/workflows/*.yml
echo "workflows: actionlint $version found nothing"
