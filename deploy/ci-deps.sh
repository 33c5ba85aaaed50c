# The part of deploy/install-deps --ci that --tests has not: what builds the image, judges the chart
# and talks to the worker as others do. Not a command: install-deps reads it and brings say, fail,
# quietly, has_stamp, fetch_jars and $work.
#
# Each tool has a function, a version and a stamp. Programs land in $USHER_DEPS/ci/bin. What Go
# downloads and compiles on the way is in $work, and goes with it.

# Debian's packages; Node only where none is there, for Debian's npm refuses the Node of others. Go
# is found below: only one that is new enough will do.
ci_packages="chromium buildah debootstrap scdoc man-db bash-completion fish zsh systemd"
command -v node >/dev/null || ci_packages="$ci_packages nodejs"
command -v npm >/dev/null || ci_packages="$ci_packages npm"
command -v javac >/dev/null || ci_packages="$ci_packages default-jdk-headless"

# Any change of this file asks each tool's own stamp again.
ci_stamp="ci $(cksum <"$(dirname "$self")/ci-deps.sh")"

helm_version=v3.22.0
helm_unittest_version=v0.8.2 # newer ones are not tried
kube_score_version=v1.20.0
helm_docs_version=v1.14.2
kustomize_version=v5.6.0 # newer ones want a newer Go than Debian's fetches by itself
node_packages="@kubernetes-models/keda@2.0.0 @kubernetes-models/prometheus-operator@6.0.0
    @kubernetes-models/external-secrets@2.0.0"
asyncapi_parser_version=3.6.3
spring_version=3.3.10 # 4 wants a newer Java than Debian 12 has
cloudevents_java_version=4.0.1
jackson_version=2.18.2
slf4j_version=2.0.16
kubernetes_validate_version=1.37.0
playwright_version=1.64.1 # for the status page; Debian's chromium is the browser

ci_bin="$USHER_DEPS/ci/bin"
# The cluster that helm renders for where there is none. Its own Makefile says it so too; without,
# it is 1.20, which is too old for the chart.
chartutil=helm.sh/helm/v3/pkg/chartutil
helm_flags="-X $chartutil.k8sVersionMajor=1 -X $chartutil.k8sVersionMinor=33"

# From 1.21 on Go fetches by itself the toolchain that a module asks for. Debian 12 has 1.19, and
# 1.23 among its backports.
is_go_new_enough() {
    local version
    version=$("$1" env GOVERSION 2>/dev/null) || return 1
    dpkg --compare-versions "${version#go}" ge 1.21
}

find_go() {
    local candidate
    for candidate in "$(command -v go)" /usr/lib/go-*/bin/go; do
        [ -x "$candidate" ] && is_go_new_enough "$candidate" && go="$candidate" && return
    done
    local source=""
    update_lists
    require_mirror
    [ "$VERSION_CODENAME" != bookworm ] || { add_backports && source=/bookworm-backports; }
    quietly apt install -y --no-install-recommends "golang-go$source" ${source:+golang-src$source} \
        || fail "apt could not install Go; see its message and the network."
    go=/usr/bin/go
}

with_go() {
    GOPATH="$work/go" GOCACHE="$work/go-build" GOBIN="$ci_bin" CGO_ENABLED=0 \
        GOFLAGS="-buildvcs=false -modcacherw -trimpath" quietly "$@"
}

# once NAME VERSION COMMAND...: runs it unless its stamp is there, and sets the stamp
once() {
    local name=$1 version=$2
    shift 2
    ! has_stamp "ci-$name" "$name $version" || return 0
    say "installing $name $version"
    mkdir -p "$ci_bin"
    "$@" || fail "$name $version cannot be installed; its last lines are above."
    echo "$name $version" >"$USHER_DEPS/ci-$name.stamp"
}

install_go_tool() {
    [ -n "${go-}" ] || find_go
    with_go "$go" install -ldflags "-s -w $helm_flags" "$1"
}

# `go install` refuses a module that replaces others. Asked for from a module of our own it builds.
build_helm_unittest() {
    local package=github.com/helm-unittest/helm-unittest/cmd/helm-unittest
    [ -n "${go-}" ] || find_go
    mkdir -p "$work/unittest"
    (
        cd "$work/unittest"
        with_go "$go" mod init unittest &&
            with_go "$go" get "$package@$helm_unittest_version" &&
            with_go "$go" build -ldflags "-s -w $helm_flags" -o "$ci_bin/helm-unittest" "$package"
    )
}

# install_node_packages FOLDER PACKAGE...   one folder for each call: npm throws out what it has not
# been asked for
install_node_packages() {
    local folder="$USHER_DEPS/ci/$1"
    shift
    mkdir -p "$folder"
    quietly npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "$@"
}

# shellcheck disable=SC2086
install_models() { install_node_packages node $node_packages; }

install_asyncapi() {
    install_node_packages asyncapi "@asyncapi/parser@$asyncapi_parser_version"
}

# Without a browser of its own.
install_playwright() { install_node_packages page "playwright-core@$playwright_version"; }

install_kubernetes_validate() {
    local venv="$USHER_DEPS/ci/kubernetes-validate"
    quietly /usr/bin/python3 -m venv "$venv" &&
        quietly "$venv/bin/pip" install -q --disable-pip-version-check \
            "kubernetes-validate==$kubernetes_validate_version" &&
        ln -sf "$venv/bin/kubernetes-validate" "$ci_bin/"
}

# What tests/spring is compiled with; its test does that.
install_spring() {
    rm -rf "$USHER_DEPS/ci/spring"
    fetch_jars "$USHER_DEPS/ci/spring/libs" \
        "org.springframework.kafka:spring-kafka:$spring_version" \
        "io.cloudevents:cloudevents-kafka:$cloudevents_java_version" \
        "io.cloudevents:cloudevents-json-jackson:$cloudevents_java_version" \
        "com.fasterxml.jackson.core:jackson-core:$jackson_version" \
        "com.fasterxml.jackson.core:jackson-databind:$jackson_version" \
        "org.slf4j:slf4j-simple:$slf4j_version"
}

install_chart_tools() {
    once helm "$helm_version" install_go_tool "helm.sh/helm/v3/cmd/helm@$helm_version"
    once helm-unittest "$helm_unittest_version" build_helm_unittest
    once helm-docs "$helm_docs_version" \
        install_go_tool "github.com/norwoodj/helm-docs/cmd/helm-docs@$helm_docs_version"
    once kube-score "$kube_score_version" \
        install_go_tool "github.com/zegl/kube-score/cmd/kube-score@$kube_score_version"
    once kustomize "$kustomize_version" \
        install_go_tool "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version"
    once kubernetes-models "$(echo $node_packages)" install_models
    once kubernetes-validate "$kubernetes_validate_version" install_kubernetes_validate
}

install_ci_tools() {
    install_chart_tools
    once playwright "$playwright_version" install_playwright
    once asyncapi "$asyncapi_parser_version" install_asyncapi
    once spring "$spring_version $cloudevents_java_version $jackson_version $slf4j_version" \
        install_spring
}
