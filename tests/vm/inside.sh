#!/bin/bash
# Runs the tests of /vm/plan in the virtual machine, as its process 1. Results go to the second serial port, ttyS1: what
# the programs write, between lines that begin with @, which run.py reads.
#
# A line of the plan: WHO PROGRAM SECONDS FILTER
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly tree=/opt/sandbox

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs -o mode=0755 run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# As systemd leaves them.
mount --make-rshared /
read -ra controllers </sys/fs/cgroup/cgroup.controllers
for controller in "${controllers[@]}"; do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
for module in /vm/modules/*; do
    busybox insmod "$module"
done
ldconfig
hostname vm
ip link set lo up
mkdir -p /run/user/12345
chmod 0700 /run/user/12345
chown 12345:12345 /run/user/12345

export SANDBOX_BIN=$tree/build/sandbox SANDBOX_SOURCE_DIR=$tree SANDBOX_BUILD_DIR=$tree/build
export SANDBOX_PROBES=$tree/build/tests/probe SANDBOX_TESTS_MUST_RUN=1
# There is no newuidmap.
export SANDBOX_TESTS_WITHOUT_ID_RANGES=1

say() { printf '@%s\n' "$*" >/dev/ttyS1; }

# As systemd hands a tree over: who is in a cgroup below it may make others beside.
mkdir -p /sys/fs/cgroup/tester/shell
for controller in "${controllers[@]}"; do
    echo "+$controller" >/sys/fs/cgroup/tester/cgroup.subtree_control
done
chown 12345:12345 /sys/fs/cgroup/tester{,/cgroup.procs,/cgroup.subtree_control,/shell,/shell/cgroup.procs}

as() {
    if [[ $1 == root ]]; then
        HOME=/root USER=root LOGNAME=root "${@:2}"
    else
        (
            echo "$BASHPID" >/sys/fs/cgroup/tester/shell/cgroup.procs
            HOME=/home/tester USER=tester LOGNAME=tester exec setpriv --reuid 12345 --regid 12345 --clear-groups \
                --inh-caps=-all -- "${@:2}"
        )
    fi
}

stty -F /dev/ttyS1 raw -echo
say kernel "$(uname -r)"
say Landlock "$("$SANDBOX_BIN" --explain -- true 2>&1 | sed -n 's/^ *[0-9]* *landlock *\([^,]*\).*/\1/p')"
cd "$SANDBOX_BUILD_DIR" || exit
# Neither is the tests' own.
exec 3<&-
while read -r who program seconds filter; do
    say begin "$who" "$program"
    as "$who" timeout --kill-after=10 "$seconds" "tests/$program" --gtest_filter="$filter" </dev/null \
        >/tmp/output 2>&1
    status=$?
    # A line of the program's own that begins with @ does not count.
    sed 's/^@/ @/' /tmp/output >/dev/ttyS1
    rm -rf /tmp/output
    say end "$who" "$program" "$status" "$SECONDS"
done </vm/plan
say 'done'
busybox poweroff -f
