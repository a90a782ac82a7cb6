#!/bin/sh
# shellcheck disable=SC2086 # words are split on purpose
# Make the disk of a Debian or Ubuntu with a kernel of its own and cloud-init, as a
# hypervisor would have it: release, folder, packages that wait in apt's cache.
# Leaves disk.img, kernel and initrd in the folder.
set -e
ubuntu=$(cd "$(dirname "$0")/../hosts/image" && pwd)/ubuntu.sh
cd "$2"
root=$(mktemp -d "$PWD/root.XXXXXX")
chmod 0755 "$root"
trap 'rm -rf "$root"' EXIT
export DEBIAN_FRONTEND=noninteractive
case $1 in
  jammy | noble)
    sh "$ubuntu" "$1" "" "$root"
    kernel="linux-image-virtual initramfs-tools"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" apt-get update -qq
    ;;
  *)
    debootstrap --variant=minbase "$1" "$root"
    kernel=linux-image-cloud-amd64
    ;;
esac
# Nothing is started inside, and what comes is kept.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
get() { chroot "$root" apt-get install -y -qq --no-install-recommends "$@"; }
# As images for clouds have it.
get ca-certificates cloud-init dbus iproute2 kmod $kernel \
  netplan.io nftables openssh-server procps python3 sudo systemd systemd-sysv \
  systemd-timesyncd udev
get --download-only $3
# Of its own in newer releases alone.
[ -e "$root/lib/systemd/system/systemd-resolved.service" ] || get systemd-resolved
chroot "$root" systemctl enable systemd-networkd systemd-resolved
rm -f "$root"/usr/sbin/policy-rc.d "$root"/etc/ssh/ssh_host_* \
  "$root"/var/lib/dbus/machine-id
: > "$root/etc/machine-id"
: > "$root/etc/hostname"
ln -sf /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
echo '/dev/vda / ext4 errors=remount-ro 0 1' > "$root/etc/fstab"
cp "$root"/boot/vmlinuz-* kernel
cp "$root"/boot/initrd.img-* initrd
mke2fs -q -t ext4 -d "$root" -L root disk.img.part 12G
mv disk.img.part disk.img
