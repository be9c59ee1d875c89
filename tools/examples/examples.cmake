# SPDX-License-Identifier: Apache-2.0
# The examples: programs that see tuff.h alone. Those with a Vulkan device of their own link the loader.
find_library(TUFF_VULKAN_LOADER NAMES vulkan libvulkan.so.1)
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/examples/headless_pass.comp.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/examples
    COMMAND ${TUFF_GLSLANG} -V --vn headless_pass_code -o ${CMAKE_CURRENT_BINARY_DIR}/examples/headless_pass.comp.h
            ${CMAKE_CURRENT_LIST_DIR}/headless_pass.comp
    DEPENDS ${CMAKE_CURRENT_LIST_DIR}/headless_pass.comp VERBATIM)

set(examples embed_sentences semantic_search finetune_and_cancel borrowed_device)
foreach(example IN LISTS examples)
    add_executable(${example} ${CMAKE_CURRENT_LIST_DIR}/${example}.c)
    set_target_properties(${example} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/examples)
    target_link_libraries(${example} PRIVATE tuff::static)
    if(TUFF_SANITIZE)
        target_sources(${example} PRIVATE tests/support/keep_libraries.c)
        target_link_options(${example} PRIVATE -rdynamic)
    endif()
endforeach()
target_sources(borrowed_device PRIVATE ${CMAKE_CURRENT_LIST_DIR}/headless.c ${CMAKE_CURRENT_LIST_DIR}/headless_frame.c
               ${CMAKE_CURRENT_BINARY_DIR}/examples/headless_pass.comp.h)
target_include_directories(borrowed_device PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/examples)
target_link_libraries(borrowed_device PRIVATE ${TUFF_VULKAN_LOADER} Threads::Threads)
