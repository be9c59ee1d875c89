# SPDX-License-Identifier: Apache-2.0
# One Criterion program for each folder of tests with test_*.c; those see the library's insides, tests/api does not.
pkg_check_modules(criterion IMPORTED_TARGET criterion)
if(NOT criterion_FOUND)
    message(FATAL_ERROR "The tests need Criterion (Debian: libcriterion-dev); -DTUFF_BUILD_TESTS=OFF leaves them out.")
endif()

# An archive, so that each program takes what it uses.
add_library(tuff_inside STATIC)
target_link_libraries(tuff_inside PUBLIC tuff_objects)

# What every test program is compiled and linked with.
add_library(tests_common INTERFACE)
target_include_directories(tests_common INTERFACE tests)
# Criterion's macros use GNU's ##__VA_ARGS__ and leave fields of its structs out.
target_compile_options(tests_common INTERFACE -Wno-pedantic -Wno-missing-field-initializers)
target_compile_definitions(tests_common INTERFACE
    TUFF_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}" TUFF_BINARY_DIR="${CMAKE_CURRENT_BINARY_DIR}"
    TUFF_GLSLANG="${TUFF_GLSLANG}" TUFF_C_COMPILER="${CMAKE_C_COMPILER}")
target_link_options(tests_common INTERFACE $<$<BOOL:${TUFF_SANITIZE}>:-rdynamic>)
target_link_libraries(tests_common INTERFACE PkgConfig::criterion PkgConfig::jansson m)

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
set(sanitizer_sources ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/keep_libraries.c
                      ${CMAKE_CURRENT_SOURCE_DIR}/tests/support/leaks_of_tests.c)
list(REMOVE_ITEM support_sources ${sanitizer_sources}) # no one calls them: an archive would leave them out
add_library(tests_support STATIC ${support_sources})
target_link_libraries(tests_support PUBLIC tests_common tuff_inside)

include(tests/layer/layer.cmake)

file(GLOB test_sources CONFIGURE_DEPENDS tests/*/test_*.c)
set(test_folders "")
foreach(source IN LISTS test_sources)
    get_filename_component(folder ${source} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    list(APPEND test_folders ${folder})
    list(APPEND ${folder}_sources ${source})
endforeach()
list(REMOVE_DUPLICATES test_folders)

foreach(folder IN LISTS test_folders)
    add_executable(tests_${folder} ${${folder}_sources} ${sanitizer_sources})
    if(folder STREQUAL "api")
        target_sources(tests_api PRIVATE tests/api/device.c tests/api/oracle.c tests/api/borrowed.c
                                         tests/support/host.c tests/support/temporary.c)
        target_link_libraries(tests_api PRIVATE tests_common tuff::static)
    else()
        target_link_libraries(tests_${folder} PRIVATE tests_support)
    endif()
    if(folder STREQUAL "soak")
        add_dependencies(tests_soak tuff_test_layer)
    endif()
    if(folder STREQUAL "failure")
        target_sources(tests_failure PRIVATE tests/failure/scenario.c tests/failure/lent.c
                                             tests/failure/files.c)
        foreach(call open fstat mmap read write fsync close rename mkdir)
            target_link_options(tests_failure PRIVATE -Wl,--wrap=${call})
        endforeach()
        add_dependencies(tests_failure tuff_test_layer)
    endif()
    if(folder STREQUAL "failure") # the host's failures take seconds, the device's minutes
        add_test(NAME failure COMMAND tests_failure --verbose --filter failure_vulkan/*)
        add_test(NAME failure_host COMMAND tests_failure --verbose --filter failure_[fm]*/*)
    elseif(folder STREQUAL "ops")
        # Hundreds of pipelines that run once: Mesa's CPU driver shall not optimize them.
        add_test(NAME ops COMMAND tests_ops --verbose --filter "!(ops_of_gpus)/*")
        add_test(NAME ops_as_gpu COMMAND tests_ops --verbose --filter "*/!(*without*)") # GPUs use no addresses
        set_tests_properties(ops PROPERTIES ENVIRONMENT GALLIVM_PERF=nopt)
        set_tests_properties(ops_as_gpu PROPERTIES ENVIRONMENT "GALLIVM_PERF=nopt;TUFF_TEST_AS_GPU=1")
    elseif(folder STREQUAL "api") # what saves memory in training is minutes on slow drivers, and the host's doing
        add_test(NAME api COMMAND tests_api --verbose --filter "!(api_training_memory)/*")
        add_test(NAME api_memory COMMAND tests_api --verbose --filter api_training_memory/*)
    else()
        add_test(NAME ${folder} COMMAND tests_${folder} --verbose)
    endif()
endforeach()
if("tools" IN_LIST test_folders AND TARGET kernelgen)
    add_dependencies(tests_tools kernelgen)
endif()
add_executable(threads tests/concurrent/threads.c)
target_compile_definitions(threads PRIVATE TUFF_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(threads PRIVATE tuff::static)
if(TUFF_SANITIZE)
    target_sources(threads PRIVATE tests/support/keep_libraries.c)
    target_link_options(threads PRIVATE -rdynamic)
endif()
add_test(NAME threads COMMAND threads)
include(tools/examples/examples.cmake)
add_dependencies(tests_examples ${examples})

# A device as small as a phone's, under validation: a layer shrinks what the device says of itself.
add_test(NAME mobile COMMAND tests_api --verbose --filter api_goldens/small*)
set_tests_properties(mobile PROPERTIES ENVIRONMENT "VK_ADD_LAYER_PATH=${CMAKE_CURRENT_BINARY_DIR}/layers/explicit;\
VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation:VK_LAYER_TUFF_test;TUFF_TEST_PROFILE=mobile")

add_test(NAME header COMMAND ${CMAKE_COMMAND} -DC_COMPILER=${CMAKE_C_COMPILER} -DBUILD=${CMAKE_CURRENT_BINARY_DIR}
         -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/header.cmake)
add_test(NAME layers COMMAND ${CMAKE_COMMAND} -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/layers.cmake)
add_test(NAME symbols COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DSTATIC=$<TARGET_FILE:tuff_static>
         -DSHARED=$<TARGET_FILE:tuff_shared> -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/symbols.cmake)
add_test(NAME install COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_CURRENT_BINARY_DIR} -DC_COMPILER=${CMAKE_C_COMPILER}
         -P ${CMAKE_CURRENT_SOURCE_DIR}/tests/install.cmake)

# Fuzz targets: tests/fuzz/fuzz_NAME.c. Every compiler runs them over the inputs that are kept, tests/fuzz/seeds/fuzz_NAME.
# With clang and TUFF_FUZZ, `ninja fuzz` builds them with a fuzzer; tools/test runs them for a while.
file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
add_custom_target(replays)
foreach(source IN LISTS fuzz_sources)
    get_filename_component(name ${source} NAME_WE)
    add_executable(replay_${name} ${source} tests/fuzz/replay.c)
    target_link_libraries(replay_${name} PRIVATE tuff_inside)
    add_dependencies(replays replay_${name})
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/replay/${name})
    add_test(NAME replay_${name} COMMAND replay_${name} ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/seeds/${name}
             WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/replay/${name})
    set_tests_properties(replay_${name} PROPERTIES ENVIRONMENT
        TUFF_FUZZ_TOKENIZER=${CMAKE_CURRENT_SOURCE_DIR}/tests/data/models/small-classes)
endforeach()
if(TUFF_FUZZ)
    add_custom_target(fuzz)
    foreach(source IN LISTS fuzz_sources)
        get_filename_component(name ${source} NAME_WE)
        add_executable(${name} EXCLUDE_FROM_ALL ${source})
        target_link_libraries(${name} PRIVATE tuff_inside)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_dependencies(fuzz ${name})
    endforeach()
endif()

# The library with a function taken away, for the check of the binary interface: tools/lint.
add_library(tuff_cut SHARED EXCLUDE_FROM_ALL)
target_link_libraries(tuff_cut PRIVATE tuff_objects)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/cut.map "{ global: tuff_[!v]*; tuff_vocabulary_*; local: *; };\n")
target_link_options(tuff_cut PRIVATE -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/cut.map)
set_target_properties(tuff_cut PROPERTIES LINKER_LANGUAGE C)
