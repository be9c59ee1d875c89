# SPDX-License-Identifier: Apache-2.0
# Cross-compiles for aarch64 Linux against the libraries that tools/vendor-lab keeps in $VENDOR_LAB/arm64:
#   cmake -S . -B build/arm64 --toolchain tools/aarch64.cmake -DTUFF_KERNELGEN=BUILD/kernelgen
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)

set(lab $ENV{VENDOR_LAB})
if(NOT lab)
    set(lab /opt/vendor-lab)
endif()
set(CMAKE_SYSROOT ${lab}/arm64)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
# The libraries are of a newer glibc than the compiler brings; the one that the program starts with has what they need.
set(CMAKE_EXE_LINKER_FLAGS_INIT -Wl,--allow-shlib-undefined)
