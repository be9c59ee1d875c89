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

# build_into FOLDER TARGET [OPTION...]: configures and builds; the output is shown where that fails.
build_into() {
    folder=$1
    target=$2
    shift 2
    mkdir -p "$folder"
    say "building into $folder"
    {
        $inside cmake -S . -B "$folder" -G Ninja "$@" && $inside cmake --build "$folder" --target "$target"
    } >"$folder/build.log" 2>&1 || {
        cat "$folder/build.log" >&2
        fail "$folder could not be built"
    }
    grep '^-- tuff: ' "$folder/build.log" | sed 's/^-- //' || true
}

# build_arm64 TARGET: cross-builds into build/arm64 against the vendor lab's libraries, which is all set up.
build_arm64() {
    build_into build/host tuff -DCMAKE_BUILD_TYPE=Release -DTUFF_BUILD_TESTS=OFF
    build_into build/arm64 "$1" --toolchain tools/aarch64.cmake -DCMAKE_BUILD_TYPE=Release -DTUFF_WERROR=ON \
        -DTUFF_KERNELGEN="$PWD/build/host/kernelgen"
}

# same_vectors FILE FILE: `tuff embed` printed the same vectors into both, as far as drivers that sum in another order do.
same_vectors() {
    paste -d ' ' "$1" "$2" | awk '
        {
            n = NF / 2
            dot = a = b = 0
            for (i = 1; i <= n; i++) { dot += $i * $(n + i); a += $i * $i; b += $(n + i) * $(n + i) }
            cosine = a > 0 && b > 0 && NF % 2 == 0 ? dot / sqrt(a * b) : 0
            if (NR == 1 || cosine < least) least = cosine
        }
        END { printf "tuff: %d vectors, their least cosine is %.8f\n", NR, least; exit !(NR > 0 && least >= 0.99999) }' ||
        fail "$1 and $2 hold different vectors"
}

# compare_with_native FOLDER COMMAND...: COMMAND tokenizes and embeds as the program of build/host does.
compare_with_native() {
    folder=$1
    shift
    model=tests/data/models/small-classes
    # Words and letters beyond ASCII; and texts of 3 tokens to more than the model takes.
    printf 'hello world\n\303\234ber das Caf\303\251\n\nthe quick brown fox\n' >"$folder/words.txt"
    seq 1 40 | awk '{ line = line " word " $1; print line }' >"$folder/lengths.txt"
    for texts in words lengths; do
        for work in tokenize embed; do
            build/host/tuff $work --quiet --model $model --file "$folder/$texts.txt" --out "$folder/$texts.$work.native"
            "$@" $work --quiet --model $model --file "$folder/$texts.txt" --out "$folder/$texts.$work" ||
                fail "$* $work failed"
        done
        cmp "$folder/$texts.tokenize.native" "$folder/$texts.tokenize" || fail "$* gives other tokens"
        same_vectors "$folder/$texts.embed.native" "$folder/$texts.embed"
    done
}

# Prints the device and its driver's version.
show_device() {
    summary=$($inside vulkaninfo --summary 2>/dev/null | grep -E 'deviceName|driverInfo') || fail "no device starts"
    echo "$summary" | sed 's/^[ \t]*/tuff: /'
}

# Lavapipe alone, so that a run means the same on every machine; its caches stay in the build folder.
use_lavapipe() {
    VK_DRIVER_FILES=$(echo /usr/share/vulkan/icd.d/lvp_icd*.json)
    [ -f "$VK_DRIVER_FILES" ] || fail "Mesa's CPU driver has no file in /usr/share/vulkan/icd.d"
    XDG_CACHE_HOME=$PWD/build/cache
    mkdir -p "$XDG_CACHE_HOME"
    export VK_DRIVER_FILES XDG_CACHE_HOME
    show_device
}

# Memory that drivers and the Vulkan loader keep is theirs: tests/leaks.txt.
build_sanitized() {
    build_into build/sanitize all -DCMAKE_BUILD_TYPE=Debug -DTUFF_WERROR=ON -DCMAKE_C_COMPILER=gcc \
        -DTUFF_SANITIZE="address;undefined"
}

run_sanitized() {
    LSAN_OPTIONS=suppressions=$PWD/tests/leaks.txt:print_suppressions=0
    UBSAN_OPTIONS=print_stacktrace=1
    ASAN_OPTIONS=quarantine_size_mb=16 # with the usual 256, what drivers' compilers free comes to 12 GB
    export LSAN_OPTIONS UBSAN_OPTIONS ASAN_OPTIONS
    run_tests build/sanitize "$@"
    unset LSAN_OPTIONS UBSAN_OPTIONS ASAN_OPTIONS
}

# Threads that share models and contexts, under the thread sanitizer.
run_threads() {
    build_into build/threads threads -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTUFF_WERROR=ON -DCMAKE_C_COMPILER=gcc \
        -DTUFF_SANITIZE=thread
    TSAN_OPTIONS=suppressions=$PWD/tests/races.txt build/threads/threads || fail "threads got in each other's way"
    say "no thread got in another's way"
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
    $inside ctest --test-dir "$folder" --output-on-failure --no-tests=error --timeout 3000 --parallel 2 "$@" ||
        fail "tests failed in $folder"
    if grep -qE 'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$log"; then # Criterion does not look at a test's end
        grep -A 12 -E 'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$log" >&2
        fail "a sanitizer found faults in $folder"
    fi
    ran=$(sed -n 's/.*Synthesis: Tested: \([0-9]*\).*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
    [ "$ran" -gt 0 ] || fail "no test ran in $folder"
    left_out=0
    [ "${TUFF_ORACLE:-}" != none ] || left_out=$(grep -c '\[SKIP\].*the oracle' "$log" || true)
    # Tests that a filter leaves out are not skipped, and long ones have their own run.
    skipped=$(grep '\[SKIP\]' "$log" | grep -cvE 'Test is disabled|TUFF_LONG_TESTS is not set' || true)
    if [ "$skipped" -gt "$left_out" ]; then
        grep '\[SKIP\]' "$log" >&2
        fail "tests were skipped in $folder"
    fi
    say "$ran tests passed in $folder, none skipped"
    [ "$left_out" = 0 ] || say "$left_out tests that read the oracle were left out"
}

# run_mobile FOLDER: every golden on a device as small as a phone's, which the layer of the tests shows.
run_mobile() {
    $inside env VK_ADD_LAYER_PATH="$PWD/$1/layers/explicit" TUFF_TEST_PROFILE=mobile \
        VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation:VK_LAYER_TUFF_test \
        "$1/tests_api" --filter 'api_goldens/*' >"$1/mobile.log" 2>&1 || {
        tail -n 40 "$1/mobile.log" >&2
        fail "goldens failed on the small device"
    }
    say "the goldens passed on the small device"
}

# memcheck LOG COMMAND...: the command under Valgrind, which sees what is read before anybody wrote it, and leaks. What the
# driver and its compiler do is theirs: tests/valgrind.txt.
memcheck() {
    log=$1
    shift
    GALLIVM_PERF=nopt valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        --num-callers=40 --suppressions=tests/valgrind.txt "$@" >"$log" 2>&1 || {
        tail -n 60 "$log" >&2
        fail "Valgrind: $1 failed"
    }
}

# The examples, on a few texts and one step of training.
run_valgrind() {
    need valgrind
    build_into build/valgrind tests_examples -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTUFF_WERROR=ON
    place=build/valgrind/texts
    model=tests/data/models/small-classes
    mkdir -p $place
    printf 'the dog ran\na cat sat\ngood morning\n' >$place/lines.txt
    memcheck $place/embed.log build/valgrind/examples/embed_sentences $model 'a cat' 'good day'
    memcheck $place/search.log build/valgrind/examples/semantic_search $model $place/lines.txt 'a cat sat'
    memcheck $place/borrowed.log build/valgrind/examples/borrowed_device $model $place/lines.txt $place/rows 100000000
    printf 'sentence\tlabel\na good film\tgood\na bad film\tbad\n' >$place/train.tsv
    memcheck $place/finetune.log build/valgrind/examples/finetune_and_cancel $model $place/train.tsv $place/out 1
    say "Valgrind found nothing in the examples"
}

build_fuzz() {
    build_into build/fuzz fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTUFF_WERROR=ON -DCMAKE_C_COMPILER=clang \
        -DTUFF_FUZZ=ON -DTUFF_SANITIZE="address;undefined"
}

# gather_seeds TARGET FOLDER: copies of the inputs that are kept for a fuzz target, the small files of the oracle among
# them where it is there.
gather_seeds() {
    rm -rf "$2"
    mkdir -p "$2" "build/fuzz/$1.corpus"
    find "tests/fuzz/seeds/$1" "build/fuzz/$1.corpus" -type f -exec cp -t "$2" {} +
    case $1 in
    fuzz_safetensors) pattern=model.safetensors ;;
    fuzz_config) pattern=config.json ;;
    fuzz_tokenizer) pattern=tokenizer.json ;;
    fuzz_vocab) pattern=vocab.txt ;;
    *) pattern= ;;
    esac
    [ "$TUFF_ORACLE" = none ] || [ -z "$pattern" ] ||
        find "$TUFF_ORACLE/malformed" -name "$pattern" -size -64k | head -n 100 | while read -r seed; do
            cp "$seed" "$2/$(sha1sum "$seed" | cut -c 1-16)"
        done
}

# run_fuzz SECONDS: every fuzz target of build/fuzz for so long, one on each processor, from the inputs that are kept.
run_fuzz() {
    find tests/fuzz -name 'fuzz_*.c' -exec basename {} .c \; | sort |
        xargs -P "$(nproc)" -I TARGET sh -ec ". tools/common.sh; fuzz_target TARGET $1" || fail "fuzzing ended early"
}

# fuzz_target TARGET SECONDS: in a folder of its own, since targets write what they read by the same names; in memory, where
# asking for files to be on disk takes no time. Inputs that show a fault are left in build/fuzz.
fuzz_target() {
    gather_seeds "$1" "build/fuzz/$1.seeds"
    if [ "$1" = fuzz_text ]; then # encodes with a vocabulary that is good
        TUFF_FUZZ_TOKENIZER=$PWD/$(dirname "$(find tests/data -name vocab.txt | head -n 1)")
        export TUFF_FUZZ_TOKENIZER
    fi
    say "$1 for $2 seconds"
    fuzz=$PWD/build/fuzz
    place=$(mktemp -d /dev/shm/tuff_fuzz.XXXXXX 2>/dev/null || mktemp -d)
    found=0
    (cd "$place" && "$fuzz/$1" -max_total_time="$2" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
        -artifact_prefix="$fuzz/$1." "$fuzz/$1.corpus" "$fuzz/$1.seeds" >"$fuzz/$1.log" 2>&1) || found=1
    rm -rf "$place"
    if [ $found = 1 ]; then
        tail -n 40 "$fuzz/$1.log" >&2
        fail "$1 found a fault"
    fi
}

inside= # a command in front of every build and test: the vendor lab's
