{{- define "usher.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/*
The release's name with the chart's, once. A label holds 63 bytes, and a StatefulSet puts its own name and eleven more
into one of its pods: hence 52. A release may have dots in its name, a Service may not.
*/}}
{{- define "usher.fullname" -}}
{{- $name := include "usher.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "usher.selectorLabels" -}}
app.kubernetes.io/name: {{ include "usher.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Of every object. */}}
{{- define "usher.labels" -}}
{{ include "usher.templateLabels" . }}
{{ include "usher.chartLabel" . }}
{{- end -}}

{{/* Of the workers' pods: without the chart's version, or a new chart alone would start each of them anew. */}}
{{- define "usher.templateLabels" -}}
{{ include "usher.selectorLabels" . }}
{{ include "usher.commonLabels" . }}
{{- end -}}

{{- define "usher.chartLabel" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "usher.commonLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: usher
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "usher.image" -}}
{{- with .Values.image -}}
{{- $name := empty .registry | ternary .repository (printf "%s/%s" .registry .repository) -}}
{{- if .digest -}}
{{- printf "%s@%s" $name .digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "usher.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "usher.fullname" .) "default") -}}
{{- end -}}

{{/* The Secret whose keys are mounted; empty if there is none. */}}
{{- define "usher.secretName" -}}
{{- .Values.existingSecret | default (.Values.externalSecret.enabled | ternary (include "usher.fullname" .) "") -}}
{{- end -}}

{{/* Of a duration as the worker reads it, a number and one unit; rounded up. */}}
{{- define "usher.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" -}}
{{- div (add $number 999) 1000 -}}
{{- else -}}
{{- mul $number (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) -}}
{{- end -}}
{{- end -}}

{{/* The port of (list "host:port or URL" default). A socket's path has none. */}}
{{- define "usher.port" -}}
{{- $address := first . | trim | trimSuffix "/" -}}
{{- if not (hasPrefix "unix:" $address) -}}
{{- regexFind ":[0-9]+(/|$)" $address | trimAll ":/" | default (last . | toString) -}}
{{- end -}}
{{- end -}}
