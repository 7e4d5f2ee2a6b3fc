#!/bin/busybox sh
# shellcheck shell=dash
# The first program of the virtual machine. What a kernel unpacks an initramfs into cannot be left by pivot_root (EINVAL),
# which is what every sandbox does; and the ids of a tmpfs cannot be mapped before Linux 6.3, which what root asks for is.
# So the system is copied to a disk in memory, which becomes the root; or to the one that has the rest of it, which the
# kernel drives by itself.
set -e
/bin/busybox mkdir -p /new /dev
/bin/busybox mount -t devtmpfs dev /dev
if [ -e /dev/nvme0n1 ]; then
    /bin/busybox mount -t ext4 /dev/nvme0n1 /new
else
    /bin/busybox insmod /system/vm/modules/00-brd.ko rd_nr=1 rd_size=1572864
    /bin/busybox mke2fs -b 4096 -I 256 /dev/ram0 >/dev/null
    /bin/busybox mount -t ext4 /dev/ram0 /new
fi
/bin/busybox rm /system/vm/modules/00-brd.ko
/bin/busybox cp -a /system/. /new/
/bin/busybox rm -rf /system
/bin/busybox umount /dev
exec /bin/busybox switch_root /new /vm/run
