#!/bin/bash
# Renders MetalLB's chart as `helm install` would apply it, and adds the Secret in
# which Helm would keep the release, so that `helm list` and `helm upgrade` work.
#
# Environment: HELM, the program; CHART; VALUES, options of helm; MANIFEST, the
# file to write.
# shellcheck disable=SC2086 # words are split on purpose
set -eo pipefail
# Another student's command may do the same.
new=$MANIFEST.$$
trap 'rm -f "$new"' EXIT

# Helm keeps a release as packed JSON. `csa`: the objects have not been applied
# by Helm, and their fields are not its own.
release() {
  "$HELM" install metallb "$CHART" --namespace metallb-system --dry-run=client -o json $VALUES \
    | sed -e 's/"status":"pending-install"/"status":"deployed"/' \
      -e 's/"description":"Dry run complete"/"description":"Install complete"/' \
      -e 's/"apply_method":"ssa"/"apply_method":"csa"/' \
    | gzip | base64 | tr -d '\n' | base64 | tr -d '\n'
}

"$HELM" template metallb "$CHART" --include-crds --namespace metallb-system $VALUES > "$new"
cat >> "$new" << END
---
apiVersion: v1
kind: Secret
metadata:
  name: sh.helm.release.v1.metallb.v1
  namespace: metallb-system
  labels:
    name: metallb
    owner: helm
    status: deployed
    version: "1"
type: helm.sh/release.v1
data:
  release: $(release)
END
mv "$new" "$MANIFEST"
