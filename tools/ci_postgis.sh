#!/usr/bin/env bash
# Install PostgreSQL with PostGIS from Debian's packages, where they are not there yet. Needs root; used by CI.
set -euo pipefail
if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1; then
  exit 0
fi
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends postgresql postgis "postgresql-postgis" >/dev/null
ls /usr/lib/postgresql/*/bin/initdb /usr/share/postgresql/*/extension/postgis.control
