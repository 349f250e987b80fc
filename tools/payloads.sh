#!/usr/bin/env bash
# GitHub's published webhook payloads (@octokit/webhooks-examples, MIT) into the user's cache; where there is no npm, say so.
set -euo pipefail
version=7.6.1 # tests/change/test_payloads.py looks for the same
sha256=89e6cb1c6345d32e3dd775617fa54effbdc26c859e514898d7728e95e9738280
folder="${XDG_CACHE_HOME:-$HOME/.cache}/kfm-checks/webhooks-examples-$version"
if [ -d "$folder/api.github.com" ]; then
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "payloads: not fetched, since there is no npm here; the tests that read them are skipped"
  exit 0
fi
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
# Packed, not installed: no script of the package runs, and nothing that it depends on comes along.
if ! (cd "$scratch" && npm pack --silent "@octokit/webhooks-examples@$version" >/dev/null); then
  echo "payloads: not fetched, since npm could not; the tests that read them are skipped"
  exit 0
fi
echo "$sha256  $scratch/octokit-webhooks-examples-$version.tgz" | sha256sum --check --quiet
tar -xzf "$scratch/octokit-webhooks-examples-$version.tgz" -C "$scratch"
mkdir -p "$(dirname "$folder")"
mv "$scratch/package" "$folder"
echo "payloads: webhooks-examples $version are in the cache"
