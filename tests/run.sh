#!/usr/bin/env bash
# Builds everything, checks the format, runs every test. The last line is `N passed, N failed, N skipped`; the exit code matches it.
#
#   tests/run.sh            all of it
#   tests/run.sh --help     this text
#
# Needs the .NET 10 SDK. The other tools are Debian packages: as root on Debian missing ones are installed, elsewhere they are listed.
set -uo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = "--help" ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  exit 0
fi

# package : a file that it brings
tools="python3-grpcio:/usr/lib/python3/dist-packages/grpc/__init__.py
python3-protobuf:/usr/lib/python3/dist-packages/google/protobuf/__init__.py
python3-numpy:/usr/lib/python3/dist-packages/numpy/__init__.py
protobuf-compiler:/usr/bin/protoc
libxxhash0:/usr/lib/x86_64-linux-gnu/libxxhash.so.0
prometheus:/usr/bin/promtool
redis-server:/usr/bin/redis-server
redis-tools:/usr/bin/redis-cli
docker-compose:/usr/bin/docker-compose
gcc:/usr/bin/gcc
libc6-dev:/usr/include/stdio.h"

fail() {
  printf '%s\n' "$1" >&2
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

missing=""
for tool in $tools; do
  [ -e "${tool#*:}" ] || missing="$missing ${tool%%:*}"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing what the tests need:$missing"
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 ||
      fail "Could not install:$missing. Install these Debian packages by hand."
  else
    fail "The tests need these Debian packages:$missing. Install them: apt-get install$missing"
  fi
fi
command -v dotnet >/dev/null || fail "The tests need the .NET 10 SDK: https://dotnet.microsoft.com/download"

echo "== build"
dotnet build PrefixCache.sln -c Release -v quiet -nologo || fail "The build failed."

echo "== format"
dotnet format PrefixCache.sln --verify-no-changes --no-restore -v quiet || fail "Run 'dotnet format PrefixCache.sln' and commit what it changes."

echo "== test"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet test --solution PrefixCache.sln -c Release --no-build --no-progress --max-parallel-test-modules 1 2>&1 | tee "$log"
code=${PIPESTATUS[0]}

count() { sed -n "s/^ *$1: *\([0-9][0-9]*\)\$/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded) failed=$(count failed) skipped=$(count skipped)
: "${passed:=0}" "${failed:=0}" "${skipped:=0}"
# A run that tells no count, or ends badly without a failed test (a crashed test process), has failed.
if [ "$passed" = 0 ] || { [ "$code" != 0 ] && [ "$failed" = 0 ]; }; then failed=$((failed + 1)); fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
