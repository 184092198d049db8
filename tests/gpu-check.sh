#!/usr/bin/env bash
# Checks the GPU tier on a Linux machine (x86-64) with an NVIDIA driver and nothing else, and prints one table: the binding, copies against
# plain ones of the same size, memory shared between processes, hits from the GPU, host and Redis tiers, moves between them, a device
# without memory, killed workers and nodes.
#
#   tests/gpu-check.sh --pack FILE    builds the archive FILE (.tar.gz, below 60 MB) with all that another machine needs; needs the .NET 10 SDK
#   tests/gpu-check.sh FILE           checks with that archive
#   tests/gpu-check.sh                checks with what lies beside this script: the program itself, as in the unpacked archive, else
#                                     prefixcache-gpu-check.tar.gz, else a build of this repository (needs the SDK)
#   tests/gpu-check.sh --help         this text
#
# Options of the checks stand behind these: --quick (fewer rounds), --json FILE, --markdown FILE. On the other machine:
#
#   mkdir check && tar -xzf FILE -C check && check/gpu-check.sh
#
# It takes one to three minutes, 1.5 GB of the first GPU's memory and 2 GB of the machine's. Run it where nothing else uses the GPU: an engine
# beside it makes the figures worse, and may lack the memory meanwhile.
#
# Exit code: 0 = every check passed, 1 = some failed, 2 = nothing could be checked. Nothing is installed; files lie in a folder under TMPDIR
# (/tmp) that goes at the end. The row of Redis takes the redis-server in the archive: that of the machine which packed it, if it had one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=PrefixCache.GpuCheck
limit=60000000

fail() {
  printf '%s\n' "$1" >&2
  exit 2
}

if [ "${1:-}" = "--help" ]; then
  sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | sed -n 's/^# \{0,1\}//p'
  exit 0
fi
[ "$(uname -sm)" = "Linux x86_64" ] || fail "This is $(uname -sm); the checks are made for Linux on x86-64."

work=$(mktemp -d "${TMPDIR:-/tmp}/pfx-gpu-check-XXXXXX")
child=""
finish() {
  # By its id, and only what runs still: the processes behind it end with it.
  if [ -n "$child" ] && kill -0 "$child" 2>/dev/null; then
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Self-contained, into a folder.
publish() {
  command -v dotnet >/dev/null || fail "There is no archive and no .NET SDK here. Build the archive on a machine with the .NET 10 SDK (tests/gpu-check.sh --pack FILE) and name it: gpu-check.sh FILE."
  [ -e "$here/$program/$program.csproj" ] || fail "There is no $program project beside this script: name an archive, gpu-check.sh FILE."
  echo "publishing $program" >&2
  dotnet publish "$here/$program" -c Release -r linux-x64 --self-contained -o "$1" -v quiet -nologo >&2 || fail "The build failed."
}

# What the program does not need to run.
strip_folder() {
  find "$1" \( -name '*.pdb' -o -name '*.xml' -o -name createdump -o -name libmscordbi.so -o -name libmscordaccore.so \) -delete
}

# This machine's redis-server with its libraries and its loader, for machines that have neither.
add_redis() {
  local server
  if ! server=$(command -v redis-server); then
    echo "There is no redis-server here: the archive's row of Redis will be skipped where the other machine has none either." >&2
    return
  fi
  mkdir "$1/redis"
  cp -L "$server" "$1/redis/redis-server"
  echo "$server" >>"$work/taken"
  ldd "$server" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' | while read -r library; do
    cp -L "$library" "$1/redis/$(basename "$library")"
    echo "$library" >>"$work/taken"
  done
  [ -e "$1/redis/ld-linux-x86-64.so.2" ] || fail "ldd $server names no ld-linux-x86-64.so.2: pack on a machine with glibc."
}

# OpenSSL's libraries, for .NET has its SHA-256 from them, and not every machine has them. Those of Redis are the same files.
add_ssl() {
  local name library
  mkdir "$1/ssl"
  for name in libssl.so.3 libcrypto.so.3; do
    library=$(ldconfig_paths | grep "/$name\$" | head -n 1) || fail "There is no $name here: install OpenSSL 3 to pack."
    cp -L "$library" "$1/ssl/$name"
    echo "$library" >>"$work/taken"
    if cmp -s "$1/ssl/$name" "$1/redis/$name"; then ln -f "$1/ssl/$name" "$1/redis/$name"; fi
  done
}

# What Debian says of the rights in each package that something was taken from.
add_licenses() {
  local file package
  command -v dpkg-query >/dev/null || fail "Pack on Debian or a relative of it: the archive takes each library's licence from there."
  mkdir "$1/licenses"
  while read -r file; do
    # A package may have been made before /lib became a link to /usr/lib.
    package=$(dpkg-query -S "$file" "/usr${file#/usr}" "${file#/usr}" "$(readlink -f "$file")" 2>/dev/null | head -n 1 | cut -d: -f1) || true
    [ -n "$package" ] && [ -e "/usr/share/doc/$package/copyright" ] || fail "No package here says what licence $file has."
    cp -L "/usr/share/doc/$package/copyright" "$1/licenses/$package"
  done <"$work/taken"
}

# Of the libraries that this machine's loader finds.
ldconfig_paths() {
  { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | sed -n 's/.*x86-64.* => //p'
}

pack() {
  local stage=$work/stage size
  publish "$stage"
  strip_folder "$stage"
  add_redis "$stage"
  add_ssl "$stage"
  add_licenses "$stage"
  cp "$here/gpu-check.sh" "$stage/gpu-check.sh"
  chmod +x "$stage/gpu-check.sh"
  tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -cf - . | gzip -9 >"$work/archive"
  size=$(stat -c %s "$work/archive")
  [ "$size" -lt "$limit" ] || fail "The archive has $size bytes, and $limit are too many: see what dotnet publish adds."
  mv "$work/archive" "$1"
  echo "$1: $size bytes"
}

unpack() {
  [ -e "$1" ] || fail "There is no file $1."
  mkdir "$work/unpacked"
  tar -xzf "$1" -C "$work/unpacked" || fail "$1 cannot be unpacked: it is no .tar.gz, or $work has no room for 150 MB."
}

if [ "${1:-}" = "--pack" ]; then
  [ $# = 2 ] || fail "--pack takes the file to write: tests/gpu-check.sh --pack FILE."
  pack "$2"
  exit 0
fi

case "${1:-}" in
  "" | -*)
    if [ -e "$here/$program" ] && [ ! -d "$here/$program" ]; then
      folder=$here
    elif [ -e "$here/prefixcache-gpu-check.tar.gz" ]; then
      unpack "$here/prefixcache-gpu-check.tar.gz"
      folder=$work/unpacked
    else
      publish "$work/published"
      folder=$work/published
    fi
    ;;
  *)
    unpack "$1"
    shift
    folder=$work/unpacked
    ;;
esac

# The machine's own OpenSSL where it has one.
if [ -d "$folder/ssl" ] && ! ldconfig_paths | grep -q '/libssl\.so\.[13]'; then
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder/ssl"
fi
mkdir "$work/tmp"
TMPDIR=$work/tmp DOTNET_EnableDiagnostics=0 "$folder/$program" "$@" &
child=$!
code=0
wait "$child" || code=$?
child=""
exit "$code"
