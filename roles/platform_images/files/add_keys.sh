#!/bin/sh
# Copy the files with keys that $KEYS lists into the root file system $1, unless they are there.
set -eu
while read -r key; do
  [ -e "$1$key" ] || { mkdir -p "$1${key%/*}"; cp "$key" "$1$key"; }
done < "$KEYS"
