#!/bin/bash
# The custom runtime of AWS's tutorial, with curl: it answers with the event itself.
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-walkthrough.html
set -eu
runtime="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation"
headers="$(mktemp)"
trap 'rm -f "$headers"' EXIT
while true; do
    event="$(curl -sS -D "$headers" "$runtime/next")"
    id="$(grep -i '^Lambda-Runtime-Aws-Request-Id:' "$headers" | tr -d '[:space:]' | cut -d: -f2)"
    curl -sS -X POST --data-binary "$event" "$runtime/$id/response" >/dev/null
done
