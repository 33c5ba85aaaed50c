#!/usr/bin/env bash
# config/asyncapi.yaml by AsyncAPI's own parser; see parse.js.
set -euo pipefail
cd "$(dirname "$0")/../.."
modules="${USHER_DEPS:-/opt/usher-deps}/ci/asyncapi/node_modules"

if ! command -v node >/dev/null || [ ! -d "$modules/@asyncapi/parser" ]; then
    echo "left out: no node or no $modules/@asyncapi/parser; deploy/install-deps --ci brings them"
    exit 77
fi
exec node tests/asyncapi/parse.js "$modules" config/asyncapi.yaml
