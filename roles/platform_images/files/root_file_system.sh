#!/bin/sh
# Make the root file system of a release, as a tar file: root_file_system.sh TARGET OWNER PACKAGES KEYS SUITE SOURCES…
# It is written under another name first: half a file system is never taken for a whole one.
set -eu
target=$1 owner=$2 packages=$3 suite=$5
export KEYS="$4"
shift 5
[ -e "$KEYS" ] || KEYS=/dev/null
# A mirror's key that is no part of the system goes with its sources: builds from this image fetch packages, too.
mmdebstrap --quiet --variant=minbase --mode=root --include="$packages" --customize-hook="${0%/*}/add_keys.sh" \
  "$suite" "$target.part.tar" "$@"
chown "$owner" "$target.part.tar"
mv "$target.part.tar" "$target"
