{{/* Where the keys of the Secret are. */}}
{{- define "usher.secrets" -}}/run/secrets/usher{{- end -}}

{{/* What is missing or does not fit together, as sentences. */}}
{{- define "usher.check" -}}
{{- $values := .Values -}}
{{- $auth := include "usher.auth" . -}}
{{- $_ := required "kafka.brokers is missing: the brokers to start from, host:port with commas between." $values.kafka.brokers -}}
{{- $_ := required "redis.url is missing: redis://host:port/database, or rediss:// for TLS." $values.redis.url -}}
{{- if and (has $auth (list "client-secret" "certificate")) (not (dig "tenants" dict $values.config)) -}}
{{- $_ := required "graph.tenantId is missing: the Entra tenant. With workload identity set workloadIdentity.clientId instead." $values.graph.tenantId -}}
{{- $_ := required "graph.clientId is missing: the id of the app registration. With workload identity set workloadIdentity.clientId instead." $values.graph.clientId -}}
{{- end -}}
{{- if and (has $auth (list "client-secret" "certificate" "token")) (not (dig "tenants" dict $values.config)) -}}
{{- $_ := required (printf "existingSecret is missing: the Secret with what graph.auth %s needs (secretKeys says which key). Or let externalSecret.enabled make it, or set workloadIdentity.clientId." $auth) (include "usher.secretName" .) -}}
{{- end -}}
{{- $drain := include "usher.seconds" (dig "drain" "40s" $values.config) | int64 -}}
{{- if lt (int64 $values.terminationGracePeriodSeconds) (add $drain 20) -}}
{{- fail (printf "terminationGracePeriodSeconds is %d, and config.drain needs %d s and 20 s more: set at least %d." (int64 $values.terminationGracePeriodSeconds) $drain (add $drain 20)) -}}
{{- end -}}
{{- if and $values.autoscaling.enabled $values.scaledObject.enabled -}}
{{- fail "autoscaling.enabled and scaledObject.enabled are both true: two scalers would pull at the same workers. Choose one." -}}
{{- end -}}
{{- if and $values.podMonitor.enabled $values.serviceMonitor.enabled -}}
{{- fail "podMonitor.enabled and serviceMonitor.enabled are both true: everything would be counted twice. Choose one." -}}
{{- end -}}
{{- end -}}

{{- define "usher.auth" -}}
{{- .Values.workloadIdentity.clientId | empty | ternary .Values.graph.auth "workload-identity" -}}
{{- end -}}

{{/* The settings file: what the values say, and config over it. */}}
{{- define "usher.settings" -}}
{{- $values := .Values -}}
{{- $auth := include "usher.auth" . -}}
{{- $secrets := include "usher.secrets" . -}}
{{- $keys := $values.secretKeys -}}
{{- $kafka := dict "brokers" $values.kafka.brokers -}}
{{- $redis := dict "url" $values.redis.url -}}
{{- $graph := dict "auth" $auth -}}
{{- if ne $auth "workload-identity" -}}
{{- with $values.graph.tenantId }}{{ $_ := set $graph "tenant_id" . }}{{ end -}}
{{- with $values.graph.clientId }}{{ $_ := set $graph "client_id" . }}{{ end -}}
{{- end -}}
{{- $admin := dict "listen" (printf "%s:%d" $values.metrics.address (int64 $values.metrics.port)) -}}
{{- if include "usher.secretName" . -}}
{{- $files := dict "client-secret" (dict "client_secret_file" $keys.clientSecret)
    "certificate" (dict "certificate_file" $keys.certificate "private_key_file" $keys.privateKey)
    "token" (dict "token_file" $keys.token) -}}
{{- range $setting, $key := get $files $auth | default dict -}}
{{- if $key }}{{ $_ := set $graph $setting (printf "%s/%s" $secrets $key) }}{{ end -}}
{{- end -}}
{{- with $keys.proxyPassword }}{{ $_ := set $graph "proxy_password_file" (printf "%s/%s" $secrets .) }}{{ end -}}
{{- with $keys.adminToken }}{{ $_ := set $admin "token_file" (printf "%s/%s" $secrets .) }}{{ $_ := set $admin "actions_listen" "127.0.0.1:9465" }}{{ end -}}
{{- with $keys.redisPassword }}{{ $_ := set $redis "password_file" (printf "%s/%s" $secrets .) }}{{ end -}}
{{- end -}}
{{- $settings := dict "kafka" $kafka "redis" $redis "graph" $graph "admin" $admin "log" (dict "format" "json") -}}
{{- toYaml (mustMergeOverwrite $settings (deepCopy $values.config)) -}}
{{- end -}}
