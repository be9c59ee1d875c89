# SPDX-License-Identifier: Apache-2.0
# tuff.h, and each of its structs of options begun from its macro, as C99, C11, C23 and C++17.
# Usage: cmake -DC_COMPILER=cc -DBUILD=build -P tests/header.cmake
cmake_minimum_required(VERSION 3.25)
get_filename_component(include ${CMAKE_CURRENT_LIST_DIR}/../include ABSOLUTE)
find_program(CXX_COMPILER NAMES c++ g++ clang++ REQUIRED)

set(source "#include <tuff.h>\nvoid begin_all(void);\nvoid begin_all(void) {\n")
set(count 0)
file(STRINGS ${include}/tuff.h macros REGEX "^#define TUFF_[A-Z_]+(OPTIONS|DEVICE|BUFFER)")
foreach(line IN LISTS macros)
    string(REGEX REPLACE "^#define (TUFF_[A-Z_]+).*" "\\1" macro ${line})
    string(TOLOWER ${macro} type)
    string(APPEND source "    { ${type} value = ${macro}; (void)value; }\n")
    math(EXPR count "${count} + 1")
endforeach()
string(APPEND source "}\n")
if(count LESS 10)
    message(FATAL_ERROR "only ${count} structs of options were found in tuff.h")
endif()
file(WRITE ${BUILD}/header_test.c "${source}")

function(compile)
    execute_process(COMMAND ${ARGN} -Wall -Wextra -Wpedantic -Werror -I${include} -fsyntax-only COMMAND_ERROR_IS_FATAL ANY)
endfunction()
foreach(standard c99 c11 c2x)
    compile(${C_COMPILER} -std=${standard} ${BUILD}/header_test.c)
endforeach()
compile(${CXX_COMPILER} -std=c++17 -x c++ ${BUILD}/header_test.c)
