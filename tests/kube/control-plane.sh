# Starts a control plane on loopback ports of its own and ends it with the shell.
# Not a command: tests/kube/run reads it and brings $work, $kube, say and fail.

etcd_port=22379
peer_port=22380
api_port=26443
manager_port=26257
scheduler_port=26259
pids=()
names=()

# begin NAME COMMAND...: in the background, with a log of its own
begin() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 &
    pids+=($!)
    names+=("$name")
}

# The last one first: the API server writes to etcd until it has ended.
end_control_plane() {
    local at pid until
    for ((at = ${#pids[@]} - 1; at >= 0; at--)); do
        pid=${pids[at]}
        until=$((SECONDS + 10))
        kill "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $until ]; do sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
}

# eventually SECONDS COMMAND...
eventually() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || { say "did not come true: $*" && return 1; }
        sleep 0.2
    done
}

# Two runs at once would speak to each other's servers.
refuse_ports_in_use() {
    local port
    for port in $etcd_port $peer_port $api_port $manager_port $scheduler_port; do
        ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null ||
            fail "port $port is taken: another run, or what is left of one"
    done
}

# The most memory that each of them had, and where they listen: never but on this machine.
report_control_plane() {
    local at pid kib sum=0 each=""
    for at in "${!pids[@]}"; do
        pid=${pids[at]}
        kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status") ||
            fail "${names[at]} has ended"
        sum=$((sum + kib))
        each+=", ${names[at]} $((kib / 1024))"
        if ss -Hltnp | grep "pid=$pid," | grep -vE ' (127\.0\.0\.1|\[::1\]):[0-9]+ '; then
            fail "${names[at]} can be reached from outside of this machine"
        fi
    done
    say "memory: $((sum / 1024)) MiB (${each#, })"
}

write_kubeconfig() {
    cat >"$work/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: it
    cluster: {server: "https://127.0.0.1:$api_port", insecure-skip-tls-verify: true}
users:
  - name: it
    user: {token: $token}
contexts:
  - name: it
    context: {cluster: it, user: it}
current-context: it
YAML
}

# It advertises an address of the documentation: nobody calls it there, and a machine without a
# network has no other.
begin_api_server() {
    refuse_ports_in_use
    openssl genrsa -out "$work/sa.key" 2048 2>/dev/null
    token=$(openssl rand -hex 16)
    echo "$token,admin,1,\"system:masters\"" >"$work/tokens.csv"
    begin etcd etcd --data-dir "$work/etcd" --unsafe-no-fsync \
        --listen-client-urls "http://127.0.0.1:$etcd_port" \
        --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port"
    begin api "$kube/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd_port" \
        --bind-address=127.0.0.1 --secure-port=$api_port --cert-dir="$work/certs" \
        --advertise-address=192.0.2.1 --endpoint-reconciler-type=none \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$work/sa.key" \
        --service-account-signing-key-file="$work/sa.key" \
        --token-auth-file="$work/tokens.csv" --authorization-mode=RBAC \
        --service-cluster-ip-range=10.96.0.0/16 --enable-admission-plugins=NodeRestriction \
        --disable-admission-plugins=ServiceAccount
    write_kubeconfig
    eventually 120 kubectl get --raw /readyz
}

begin_controllers() {
    local config="$work/kubeconfig" stage
    begin manager "$kube/kube-controller-manager" --kubeconfig="$config" --leader-elect=false \
        --bind-address=127.0.0.1 --secure-port=$manager_port \
        --service-account-private-key-file="$work/sa.key"
    begin scheduler "$kube/kube-scheduler" --kubeconfig="$config" --leader-elect=false \
        --bind-address=127.0.0.1 --secure-port=$scheduler_port
    for stage in "$kube"/stages/*.yaml tests/kube/stages.yaml; do
        [ "$stage" = "$kube/stages/pod-delete.yaml" ] || cat "$stage"
        printf '\n---\n'
    done >"$work/stages.yaml"
    begin kwok "$kube/kwok" --kubeconfig="$config" --config="$work/stages.yaml" \
        --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
        --node-lease-duration-seconds=40
}

# add_node NAME ZONE
add_node() {
    kubectl apply -f - <<YAML
apiVersion: v1
kind: Node
metadata:
  name: $1
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {kubernetes.io/hostname: $1, topology.kubernetes.io/zone: $2, kubernetes.io/os: linux}
status:
  allocatable: {cpu: "4", memory: 8Gi, pods: "20", ephemeral-storage: 10Gi}
  capacity: {cpu: "4", memory: 8Gi, pods: "20", ephemeral-storage: 10Gi}
YAML
}
