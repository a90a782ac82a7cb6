#!/bin/sh
# What a user types without the kit: a cluster of kind, MetalLB's manifests, a
# container with FRR, and a Service that the router reaches by BGP.
#
# Environment: KIND, KUBECTL, HELM, CHART; CONFIG of the cluster; IMAGE with FRR.
set -e
kubectl() { "$KUBECTL" "$@"; }
address() {
  docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"
}

"$KIND" create cluster --name bare --config "$CONFIG"
"$HELM" template metallb "$CHART" --namespace metallb-system --include-crds \
  > "$CONFIG.metallb"
kubectl create namespace metallb-system
kubectl apply --server-side --namespace metallb-system -f "$CONFIG.metallb"

docker run --detach --name bare-router --network bare --privileged "$IMAGE" \
  sleep infinity
docker exec bare-router sed -i 's/^bgpd=no/bgpd=yes/' /etc/frr/daemons
{
  echo 'router bgp 64500'
  echo ' no bgp ebgp-requires-policy'
  echo ' timers bgp 3 9'
  for node in bare-control-plane bare-worker bare-worker2; do
    echo " neighbor $(address $node) remote-as 64512"
  done
} | docker exec --interactive bare-router sh -c 'cat > /etc/frr/frr.conf'
docker exec bare-router /usr/lib/frr/frrinit.sh start

for workload in deployment/metallb-controller daemonset/metallb-speaker; do
  kubectl rollout status --namespace metallb-system $workload --timeout=180s
done
cat > "$CONFIG.objects" <<OBJECTS
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: router, namespace: metallb-system}
spec:
  myASN: 64512
  peerASN: 64500
  peerAddress: $(address bare-router)
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: services, namespace: metallb-system}
spec:
  addresses: [10.99.0.0/24]
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: services, namespace: metallb-system}
OBJECTS
# MetalLB's webhook refuses objects until it has its certificate.
until kubectl apply -f "$CONFIG.objects"; do sleep 1; done
kubectl create deployment web --image=hashicorp/http-echo:1.0 --port=5678 \
  -- /http-echo -text=hello
kubectl expose deployment web --type=LoadBalancer --port=80 --target-port=5678
kubectl wait --for=jsonpath='{.status.loadBalancer.ingress}' service/web --timeout=60s
vip=$(kubectl get service web -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
until docker exec bare-router curl -s --max-time 2 "http://$vip"; do sleep 1; done
