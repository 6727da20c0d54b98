#!/usr/bin/env bash
# Validates experiments, and predicts what the account's policies make of them: for pull requests.
# Usage: ci/predict.sh REPORT.md PATH...
#
# CHAOSKIT_TARGET=aws asks the real sandbox account. Else an embedded one is started; CHAOSKIT_DEPLOY is a command that
# puts the policies of the pull request into it (Terraform, CloudFormation, aws-cli: the environment points there), and
# CHAOSKIT_DEPLOY_AS=management does so as the organization's management account, for SCPs.
set -euo pipefail
report=$1
shift
chaoskit validate "$@"
target=${CHAOSKIT_TARGET:-embedded}
if [ "$target" = embedded ] && [ -n "${CHAOSKIT_DEPLOY:-}" ]; then
  as=()
  [ "${CHAOSKIT_DEPLOY_AS:-}" = management ] && as=(--management)
  trap 'chaoskit sandbox down' EXIT
  environment=$(chaoskit sandbox up --wait "${as[@]}")
  (eval "$environment" && bash -euo pipefail -c "$CHAOSKIT_DEPLOY")
fi
chaoskit predict "$@" --target "$target" --markdown "$report" --strict
