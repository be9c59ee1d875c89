# SPDX-License-Identifier: Apache-2.0
# Cross-compiles for Windows on x86-64 with mingw-w64, against what tools/windows has put into $TUFF_WINDOWS_PREFIX:
#   cmake -S . -B build/windows --toolchain tools/windows.cmake -DTUFF_KERNELGEN=BUILD/kernelgen
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

set(prefix $ENV{TUFF_WINDOWS_PREFIX})
if(NOT prefix)
    message(FATAL_ERROR "TUFF_WINDOWS_PREFIX is not set: build with sh tools/windows.")
endif()
set(CMAKE_FIND_ROOT_PATH ${prefix} /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${prefix}/lib/pkgconfig)
# C's printf in place of Microsoft's. This gcc still checks formats against the latter, and mingw's isnan and isfinite
# convert what they are given: other builds check both.
set(CMAKE_C_FLAGS_INIT "-D__USE_MINGW_ANSI_STDIO=1 -DUTF8PROC_STATIC -Wno-format -Wno-float-conversion")
# Nothing of the compiler's has to lie beside the library.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -static-libgcc")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static -static-libgcc")
