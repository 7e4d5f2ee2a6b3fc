#!/bin/sh
# Holds what the child calls to a list: child_symbols.sh ARCHIVE ALLOW_FILE. Between clone and exec a function that
# allocates, locks, throws or reads the locale can hang or corrupt a caller that has threads.
#
# ALLOW_FILE: one symbol a line; empty lines and what stands behind # are passed over.
set -eu
export LC_ALL=C
archive=$1
allow=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -P "$archive" >"$work/all" # fails when the archive cannot be read
# NAME TYPE ...; U, v and w are undefined, the rest is defined here.
awk 'NF >= 2 && $2 !~ /^[Uvw]$/ { print $1 }' "$work/all" | sort -u >"$work/defined"
# The global offset table is the linker's own.
awk 'NF >= 2 && $2 ~ /^[Uvw]$/ && $1 != "_GLOBAL_OFFSET_TABLE_" { print $1 }' "$work/all" | sort -u >"$work/undefined"
sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$allow" | sort -u >"$work/allowed"

if ! [ -s "$work/defined" ]; then
    echo "child_symbols: $archive defines nothing" >&2
    exit 1
fi
comm -23 "$work/undefined" "$work/defined" | comm -23 - "$work/allowed" >"$work/bad"
if [ -s "$work/bad" ]; then
    echo "child_symbols: the child calls what is not in $allow:" >&2
    c++filt <"$work/bad" >&2
    exit 1
fi
