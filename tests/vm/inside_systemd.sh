#!/bin/bash
# Runs the tests of /vm/plan where systemd is process 1, as its service vm.service. Results go to the second serial port,
# ttyS1, as those of inside.sh.
#
# A line of the plan: WHO PROGRAM SECONDS FILTER
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly tree=/opt/sandbox

say() { printf '@%s\n' "$*" >/dev/ttyS1; }

as() {
    if [[ $1 == root ]]; then
        HOME=/root USER=root LOGNAME=root "${@:2}"
    else
        # A session, which logind makes a scope of its own for.
        # shellcheck disable=SC2016
        runuser -l tester -c '. /vm/environment; cd "$SANDBOX_BUILD_DIR" || exit; exec "$0" "$@"' -- "${@:2}"
    fi
}

exec 3<&-
for module in /vm/modules/*; do
    busybox insmod "$module"
done
useradd --uid 12345 --create-home --shell /bin/bash tester
loginctl enable-linger tester
systemctl start user@12345.service

export SANDBOX_BIN=$tree/build/sandbox SANDBOX_SOURCE_DIR=$tree SANDBOX_BUILD_DIR=$tree/build
export SANDBOX_PROBES=$tree/build/tests/probe SANDBOX_TESTS_MUST_RUN=1
export SANDBOX_TESTS_WITHOUT_ID_RANGES=1
export -p | grep SANDBOX >/vm/environment

stty -F /dev/ttyS1 raw -echo
say kernel "$(uname -r), $(systemctl --version | head -1)"
say Landlock "$("$SANDBOX_BIN" --explain -- true 2>&1 | sed -n 's/^ *[0-9]* *landlock *\([^,]*\).*/\1/p')"
cd "$SANDBOX_BUILD_DIR" || exit
while read -r who program seconds filter; do
    say begin "$who" "$program"
    as "$who" timeout --kill-after=10 "$seconds" "tests/$program" --gtest_filter="$filter" </dev/null \
        >/vm/output 2>&1
    status=$?
    # A line of the program's own that begins with @ does not count.
    sed 's/^@/ @/' /vm/output >/dev/ttyS1
    say end "$who" "$program" "$status" "$SECONDS"
done </vm/plan
say 'done'
busybox poweroff -f
