#!/bin/sh
# The first pod founds the cluster, the others join it.
set -eu
domain=vector-headless.kfm-data.svc.cluster.local
self="https://${HOSTNAME}.${domain}:6335"
if [ "${HOSTNAME##*-}" = 0 ]; then
  exec /qdrant/qdrant --uri "$self"
fi
exec /qdrant/qdrant --bootstrap "https://vector-0.${domain}:6335" --uri "$self"
