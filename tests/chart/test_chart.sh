#!/usr/bin/env bash
# The chart, the plain manifests and the compose file, as far as that goes without a cluster.
#
# usage: tests/chart/test_chart.sh [STEP...]    all steps by default; `--list` names them
#
# A step whose tool is missing says so, and then the whole exits with 77 unless another step failed.
# deploy/install-deps --ci installs all of them.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="${USHER_DEPS:-/opt/usher-deps}/ci/bin:${USHER_DEPS:-/opt/usher-deps}/venv/bin:$PATH"

chart=deploy/helm/usher
kubernetes=1.33
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { echo "left out: there is no $tool" && return 77; }
    done
}

# render VALUES [OPTION...]
render() {
    local values=$1
    shift
    helm template usher "$chart" --namespace access --values "$chart/ci/$values.yaml" "$@"
}

value_sets() { for file in "$chart"/ci/*.yaml; do basename "$file" .yaml; done; }

# Objects of Kubernetes itself go to one file, those of operators to the other.
split() { python3 tests/chart/split.py "$work/own.yaml" "$work/operators.json"; }

step_schema() { python3 deploy/helm/values-schema --check; }

step_lint() {
    need helm || return
    for values in $(value_sets); do
        helm lint --strict --quiet "$chart" --values "$chart/ci/$values.yaml" || return 1
    done
}

# Each file of refused/ says in its first line what helm has to say to it.
step_refused() {
    need helm || return
    local file expected said
    for file in tests/chart/refused/*.yaml; do
        expected=$(sed -n '1s/^# //p' "$file")
        if said=$(render client-secret --values "$file" 2>&1 >/dev/null); then
            echo "$file: was taken, and \"$expected\" was expected"
            return 1
        fi
        grep -qF -- "$expected" <<<"$said" ||
            { printf '%s: expected "%s", got:\n%s\n' "$file" "$expected" "$said" && return 1; }
    done
    echo "$(ls tests/chart/refused | wc -l) mistakes, each refused as expected"
}

step_unit() {
    need helm-unittest || return
    helm-unittest --strict "$chart"
}

step_checksum() {
    need helm || return
    local sum='s/.*checksum\/config: //p' before after same
    before=$(render client-secret | sed -n "$sum")
    same=$(render client-secret --set replicas=3 | sed -n "$sum")
    after=$(render client-secret --set config.log.level=debug | sed -n "$sum")
    [ -n "$before" ] && [ "$before" = "$same" ] && [ "$before" != "$after" ] ||
        { echo "the checksum does not follow the settings: $before, $same, $after" && return 1; }
}

step_validate() {
    need helm kubernetes-validate || return
    for values in $(value_sets); do
        render "$values" | split || return 1
        kubernetes-validate --quiet -k "$kubernetes" --strict "$work/own.yaml" || return 1
    done
    render client-secret --set autoscaling.enabled=true --set diagnosticMode.enabled=true | split ||
        return 1
    kubernetes-validate --quiet -k "$kubernetes" --strict "$work/own.yaml"
}

# What operators define: their own models of it.
step_models() {
    need helm node || return
    local modules="${USHER_DEPS:-/opt/usher-deps}/ci/node/node_modules"
    [ -d "$modules/@kubernetes-models/keda" ] ||
        { echo "left out: there is no @kubernetes-models/keda" && return 77; }
    render everything | split || return 1
    node tests/chart/models.js "$modules" "$work/operators.json" || return 1
    render everything --set podMonitor.enabled=false --set serviceMonitor.enabled=true | split ||
        return 1
    node tests/chart/models.js "$modules" "$work/operators.json"
}

# Left out of the score, each for a reason:
#   container-image-pull-policy            a tag or digest always means the same bytes
#   statefulset-has-host-podantiaffinity   the spread constraints do that, and hold nobody back
#   limits of CPU                          a worker that is held back may lose its claims
step_score() {
    need helm kube-score || return
    render client-secret --set networkPolicy.enabled=true >"$work/score.yaml"
    kube-score score --output-format ci --exit-one-on-warning \
        --enable-optional-test container-seccomp-profile \
        --ignore-test container-image-pull-policy \
        --ignore-test statefulset-has-host-podantiaffinity \
        --ignore-container-cpu-limit "$work/score.yaml" >"$work/score.txt" ||
        { grep -E '^\[(CRITICAL|WARNING)' "$work/score.txt" && return 1; }
}

step_readme() {
    need helm-docs || return
    mkdir "$work/docs"
    cp -r "$chart" "$work/docs/usher"
    helm-docs --chart-search-root "$work/docs" --log-level warning
    diff -u "$chart/README.md" "$work/docs/usher/README.md" ||
        { echo "run: helm-docs --chart-search-root deploy/helm" && return 1; }
    # Every value has its words.
    ! grep -nE '^\| [^|]+ \|[^|]*\|[^|]*\|  *\|$' "$chart/README.md"
}

step_kustomize() {
    need helm kustomize kubernetes-validate || return
    deploy/kustomize/render --check || return 1
    kustomize build deploy/kustomize >"$work/own.yaml" || return 1
    kubernetes-validate --quiet -k "$kubernetes" --strict "$work/own.yaml"
}

step_compose() {
    need promtool || return
    python3 tests/chart/compose.py || return 1
    promtool check config --syntax-only deploy/compose/prometheus.yaml
}

steps="schema lint refused unit checksum validate models score readme kustomize compose"
[ "${1-}" != --list ] || { echo "$steps" && exit 0; }

missing=no
failed=no
# shellcheck disable=SC2086
for step in ${*:-$steps}; do
    echo "== $step"
    code=0
    "step_$step" || code=$?
    case $code in
        0) ;;
        77) missing=yes ;;
        *) failed=yes && echo "FAILED: $step" ;;
    esac
done
[ "$failed" = no ] || exit 1
[ "$missing" = no ] || exit 77
