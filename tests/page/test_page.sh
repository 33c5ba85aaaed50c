#!/usr/bin/env bash
# The status page in a real Chromium, with its script and without, on a phone and on a desk, light
# and dark, beside a real Kafka, Redis and the sandbox.
#
# usage: tests/page/test_page.sh    77: a tool is missing (deploy/install-deps --ci brings them)
# PAGE_SHOTS=FOLDER leaves a picture of each page there.
set -euo pipefail
cd "$(dirname "$0")/../.."
deps=${USHER_DEPS:-/opt/usher-deps}
export PAGE_NODE=${PAGE_NODE:-$deps/ci/page/node_modules}
export PAGE_CHROMIUM=${PAGE_CHROMIUM:-$(command -v chromium || true)}

skip() {
    echo "left out: $*"
    exit 77
}

[ -x "$PAGE_CHROMIUM" ] || skip "there is no chromium"
command -v node >/dev/null || skip "there is no node"
[ -d "$PAGE_NODE/playwright-core" ] || skip "there is no playwright-core in $PAGE_NODE"
[ -x "$deps/venv/bin/python" ] || skip "there is no $deps/venv; deploy/install-deps --tests"
exec "$deps/venv/bin/python" -W ignore tests/page/world.py node tests/page/browse.mjs \
    tests/page/actions.mjs
