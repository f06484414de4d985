#!/bin/busybox sh
# First program of the virtual machine: mounts the host's file system read-only
# under a layer in memory, the shared folder beside it, and goes on from there.
/bin/busybox --install -s /bin
export PATH=/bin
stop() { echo "bench: $*"; poweroff -f; }

mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t devtmpfs dev /dev || stop "no kernel file systems"
modprobe -a virtio_pci 9pnet_virtio 9p overlay || stop "modules missing"
# Nothing changes under the read-only view while the machine runs, so the guest may cache it.
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 hostroot /host || stop "no view of the host"
mount -t tmpfs tmpfs /rw && mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work overlay /root || stop "no overlay"
mkdir -p /root/bench /root/usr/lib/modules
mount -t 9p -o trans=virtio,version=9p2000.L,rw,cache=none,msize=262144 share /root/bench || stop "no shared folder"
cp -a /lib/modules/* /root/usr/lib/modules/ || stop "no place for the modules"
# The host's sockets and locks in /run are not this machine's.
mount -t tmpfs tmpfs /root/run
for d in proc sys dev; do mount --move /$d /root/$d; done
exec switch_root /root /bin/sh /bench/guest.sh
