# SPDX-License-Identifier: Apache-2.0
# Installs the build into a folder of its own, and builds and runs tests/install against it.
# Usage: cmake -DBUILD=build -DC_COMPILER=cc -P tests/install.cmake
cmake_minimum_required(VERSION 3.25)
set(prefix ${BUILD}/installed)
file(REMOVE_RECURSE ${prefix} ${BUILD}/host)

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
file(GLOB_RECURSE pkg_config ${prefix}/*/tuff.pc)
get_filename_component(pkg_config "${pkg_config}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} ${pkg_config})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/install -B ${BUILD}/host -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_C_COMPILER=${C_COMPILER})
run(${CMAKE_COMMAND} --build ${BUILD}/host)
get_filename_component(libraries ${pkg_config} DIRECTORY)
set(ENV{LD_LIBRARY_PATH} ${libraries})
foreach(program shared static pkg_config cplusplus)
    run(${BUILD}/host/${program})
endforeach()
