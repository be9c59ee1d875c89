# SPDX-License-Identifier: Apache-2.0
# What the scripts beside this file share; they read it with ". tools/common.sh" from the top of the checkout.

say() {
    echo "tuff: $*"
}

fail() {
    echo "tuff: $*" >&2
    exit 1
}

# Installs the Debian or Ubuntu packages of the list that are missing, and names them.
need() {
    missing=
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "no apt-get here; these have to be installed by hand if they are missing:$missing"
        return 0
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    say "installing$missing"
    $sudo apt-get update -q >/dev/null || say "the package lists could not be renewed"
    # shellcheck disable=SC2086 # a list of words
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null ||
        fail "these packages could not be installed:$missing"
}

# What the library and the command are built with.
need_build_tools() {
    need gcc libc6-dev cmake ninja-build pkgconf glslang-tools libvulkan1 libvulkan-dev libvulkan-volk-dev \
        libjansson-dev libutf8proc-dev
}

# build_into FOLDER [OPTION...]: configures and builds; the output is shown where that fails.
build_into() {
    folder=$1
    shift
    mkdir -p "$folder"
    say "building into $folder"
    { $inside cmake -S . -B "$folder" -G Ninja "$@" && $inside cmake --build "$folder"; } >"$folder/build.log" 2>&1 || {
        cat "$folder/build.log" >&2
        fail "$folder could not be built"
    }
    grep '^-- tuff: ' "$folder/build.log" | sed 's/^-- //' || true
}

# Sets TUFF_ORACLE to the folder of the oracle, or to "none".
find_oracle() {
    TUFF_ORACLE=$(readlink -f "${TUFF_ORACLE:-../shared/oracle}" || true)
    [ -d "$TUFF_ORACLE" ] || TUFF_ORACLE=none
    export TUFF_ORACLE
}

# run_tests FOLDER [OPTION OF CTEST...]: runs tests and counts them. One that fails or is skipped fails all, and so
# does a run without any. Those that read the oracle are left out where TUFF_ORACLE is "none", and counted.
run_tests() {
    folder=$1
    shift
    log=$folder/Testing/Temporary/LastTest.log
    $inside ctest --test-dir "$folder" --output-on-failure --no-tests=error --timeout 3000 "$@" ||
        fail "tests failed in $folder"
    if grep -qE 'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$log"; then # Criterion does not look at a test's end
        grep -A 12 -E 'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$log" >&2
        fail "a sanitizer found faults in $folder"
    fi
    ran=$(sed -n 's/.*Synthesis: Tested: \([0-9]*\).*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
    [ "$ran" -gt 0 ] || fail "no test ran in $folder"
    left_out=0
    [ "${TUFF_ORACLE:-}" != none ] || left_out=$(grep -c '\[SKIP\].*the oracle' "$log" || true)
    skipped=$(grep -c '\[SKIP\]' "$log" || true)
    if [ "$skipped" -gt "$left_out" ]; then
        grep '\[SKIP\]' "$log" >&2
        fail "tests were skipped in $folder"
    fi
    say "$ran tests passed in $folder, none skipped"
    [ "$left_out" = 0 ] || say "$left_out tests that read the oracle were left out"
}
inside= # a command in front of every build and test: the vendor lab's
