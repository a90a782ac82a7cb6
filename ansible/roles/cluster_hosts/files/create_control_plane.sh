#!/bin/sh
# Creates the control plane, after alone.sh.
#
# Environment: SHARE, where kind's manifests are; CONFIG, kubeadm's
# configuration; PODS, the pods' network.
set -e
alone
kubectl="kubectl --kubeconfig /etc/kubernetes/admin.conf"
# Created last: it says that the control plane is complete.
! $kubectl get configmap metallb-lab --namespace kube-system > /dev/null 2>&1 || exit 0
cd "$SHARE"
printf '%s\n' "$CONFIG" > kubeadm.yml
# An interrupted command may have left half of it.
[ ! -e /etc/kubernetes/pki ] || kubeadm reset --force > /dev/null 2>&1 < /dev/null || true
# The kit's own checks ran before, and the images are there.
kubeadm init --config kubeadm.yml --skip-phases=preflight --skip-token-print > kubeadm.log 2>&1 < /dev/null \
  || { tail -n 5 kubeadm.log >&2; exit 1; }
sed "s#{{ .PodSubnet }}#$PODS#" default-cni.yaml | $kubectl apply -f - > /dev/null
$kubectl create configmap metallb-lab --namespace kube-system > /dev/null < /dev/null
echo '{"changed": "control plane"}'
