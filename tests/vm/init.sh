#!/bin/busybox sh
# shellcheck shell=dash
# The first program of the virtual machine. What a kernel unpacks an initramfs into cannot be left by pivot_root (EINVAL),
# which is what every sandbox does: so the system is copied to a tmpfs, which becomes the root.
set -e
/bin/busybox mkdir -p /new
/bin/busybox mount -t tmpfs -o mode=0755,size=75% root /new
/bin/busybox cp -a /system/. /new/
/bin/busybox rm -rf /system
exec /bin/busybox switch_root /new /vm/run
