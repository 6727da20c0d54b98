#!/usr/bin/env bash
# Does what docs/first-experiment.md says, in an empty folder with an empty home, and counts commands and seconds.
# Usage: scripts/tutorial.sh [a copy of which chaoskit is installed; the repository's .venv by default]
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/.venv/bin}
folder=$(mktemp -d)
export HOME=$folder/home PATH=$bin:$PATH
unset CHAOSKIT_HOME XDG_STATE_HOME AWS_PROFILE AWS_ENDPOINT_URL
mkdir -p "$HOME" "$folder/work/experiments/identity"
cd "$folder/work" || exit 1
trap 'chaoskit sandbox down >/dev/null 2>&1; rm -rf "$folder"' EXIT
page=$root/docs/first-experiment.md
awk '/^```yaml$/ {on = 1; next} /^```$/ {if (on) exit} on' "$page" > experiments/identity/stranger-in-trust-policy.yaml

count=0
begun=$SECONDS
wanted=0
inside=no
while IFS= read -r line <&3; do
  case $line in
    '```sh'*) inside=yes; wanted=0; [[ $line == *exit=* ]] && wanted=${line##*exit=}; continue ;;
    '```'*) inside=no; continue ;;
  esac
  [[ $inside == yes && -n $line ]] || continue
  started=$SECONDS
  told=$(bash -c "$line" 2>&1)
  status=$?
  count=$((count + 1))
  printf '%3d s  %s\n' $((SECONDS - started)) "$line"
  if [[ $status -ne $wanted ]]; then
    printf 'exit status %d instead of %d:\n%s\n' "$status" "$wanted" "$told" >&2
    exit 1
  fi
done 3< "$page"
[[ -s report.html && -s experiment.schema.json ]] || { echo "a file is missing" >&2; exit 1; }
echo "$count commands and one file, $((SECONDS - begun)) seconds"
