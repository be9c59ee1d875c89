# SPDX-License-Identifier: Apache-2.0
# From shaders/NAME.comp to build/kernels/NAME.h and NAME.c; sets TUFF_KERNEL_SOURCES and the target tuff_kernels.
#
# A shader says in comment lines what is made of it:
#   // variants: f32 f16_subgroup            each compiled with -DVARIANT_f16_subgroup -DVARIANT_f16 -DVARIANT_subgroup
#   // variants-cooperative_matrix: f16_cm   only where this glslang knows the extension; else their code is NULL
#   // target: vulkan1.3                     instead of vulkan1.1; an extension may want a newer one for its variants
# Where only variants with extensions are there, -DVARIANT_interface is compiled too: the bindings and constants
# with an empty main(), so that the C declaration is the same with every glslang.

find_program(TUFF_GLSLANG NAMES glslang glslangValidator REQUIRED)

set(TUFF_KERNELGEN "" CACHE FILEPATH "kernelgen of the build machine, when cross-compiling")
if(NOT TUFF_KERNELGEN)
    add_executable(kernelgen tools/kernelgen/main.c tools/kernelgen/spirv.c)
    target_include_directories(kernelgen PRIVATE src)
    set(kernelgen kernelgen)
else()
    set(kernelgen ${TUFF_KERNELGEN})
endif()

set(kernel_folder ${CMAKE_CURRENT_BINARY_DIR}/kernels)
file(MAKE_DIRECTORY ${kernel_folder})

# Sets TUFF_GLSLANG_name to whether a shader that requires the extension compiles. The third argument is the target that
# glslang knows the extension for, where it is newer than those of the shaders.
function(tuff_probe name extension)
    set(TUFF_EXTENSION_${name} ${extension} PARENT_SCOPE)
    set(TUFF_TARGET_${name} "${ARGN}" PARENT_SCOPE)
    if(DEFINED TUFF_GLSLANG_${name})
        return()
    endif()
    set(probe ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/probe_${name})
    file(WRITE ${probe}.comp "#version 450\n#extension ${extension} : require\nvoid main() {}\n")
    execute_process(COMMAND ${TUFF_GLSLANG} -V --target-env vulkan1.3 -o ${probe}.spv ${probe}.comp
                    RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    string(COMPARE EQUAL "${result}" 0 is_known)
    set(TUFF_GLSLANG_${name} ${is_known} CACHE INTERNAL "glslang knows ${extension}")
endfunction()
tuff_probe(cooperative_matrix GL_KHR_cooperative_matrix)
tuff_probe(cooperative_matrix2 GL_NV_cooperative_matrix2 vulkan1.3)
tuff_probe(integer_dot_product GL_EXT_integer_dot_product)
tuff_probe(bfloat16 GL_EXT_bfloat16)

# Adds the command that compiles one variant; the module is kernel_folder/NAME.VARIANT.spv.
function(tuff_compile_variant shader name variant target)
    set(module ${kernel_folder}/${name}.${variant}.spv)
    string(REPLACE "_" ";" parts ${variant})
    list(APPEND parts ${variant})
    list(REMOVE_DUPLICATES parts)
    list(TRANSFORM parts PREPEND -DVARIANT_)
    add_custom_command(
        OUTPUT ${module}
        COMMAND ${TUFF_GLSLANG} --quiet -V --target-env ${target} -I${CMAKE_CURRENT_SOURCE_DIR}/shaders ${parts}
                --depfile ${module}.d -o ${module} ${shader}
        DEPENDS ${shader}
        DEPFILE ${module}.d
        COMMENT "GLSL ${name} ${variant}"
        VERBATIM)
endfunction()

# Reads the comment lines of a shader and adds what makes its C files.
function(tuff_add_kernel shader)
    get_filename_component(name ${shader} NAME_WE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${shader})
    file(STRINGS ${shader} lines REGEX "^// (variants(-[a-z0-9_]+)?|target):")
    set(target vulkan1.1)
    set(arguments "")
    set(modules "")
    set(needs_interface ON)
    foreach(line IN LISTS lines)
        string(REGEX MATCH "^// ([a-z0-9_-]+): *(.*[^ ]) *$" matched "${line}")
        if(CMAKE_MATCH_1 STREQUAL "target")
            set(target ${CMAKE_MATCH_2})
        endif()
    endforeach()
    foreach(line IN LISTS lines)
        string(REGEX MATCH "^// ([a-z]+)-?([a-z0-9_]*): *(.*[^ ]) *$" matched "${line}")
        if(NOT CMAKE_MATCH_1 STREQUAL "variants")
            continue()
        endif()
        set(extension "${CMAKE_MATCH_2}")
        string(REGEX REPLACE " +" ";" variants "${CMAKE_MATCH_3}")
        if(extension AND NOT DEFINED TUFF_GLSLANG_${extension})
            message(FATAL_ERROR "${shader}: variants-${extension}: tools/kernelgen/kernels.cmake probes no ${extension}")
        endif()
        foreach(variant IN LISTS variants)
            if(extension AND NOT TUFF_GLSLANG_${extension})
                list(APPEND arguments ${variant}=)
                list(APPEND left_out ${extension})
                continue()
            endif()
            set(variant_target ${target})
            if(extension AND TUFF_TARGET_${extension})
                set(variant_target ${TUFF_TARGET_${extension}})
            endif()
            tuff_compile_variant(${shader} ${name} ${variant} ${variant_target})
            list(APPEND modules ${kernel_folder}/${name}.${variant}.spv)
            list(APPEND arguments ${variant}=${kernel_folder}/${name}.${variant}.spv)
        endforeach()
        if(NOT extension)
            set(needs_interface OFF)
        endif()
    endforeach()
    if(NOT arguments)
        message(FATAL_ERROR "${shader}: has no line \"// variants: ...\"")
    endif()
    if(needs_interface)
        tuff_compile_variant(${shader} ${name} interface ${target})
        list(APPEND modules ${kernel_folder}/${name}.interface.spv)
        list(PREPEND arguments interface=${kernel_folder}/${name}.interface.spv)
    endif()
    add_custom_command(
        OUTPUT ${kernel_folder}/${name}.h ${kernel_folder}/${name}.c
        COMMAND ${kernelgen} ${name} ${kernel_folder}/${name}.h ${kernel_folder}/${name}.c ${arguments}
        DEPENDS ${kernelgen} ${modules}
        COMMENT "kernelgen ${name}"
        VERBATIM)
    list(APPEND TUFF_KERNEL_SOURCES ${kernel_folder}/${name}.h ${kernel_folder}/${name}.c)
    set(TUFF_KERNEL_SOURCES ${TUFF_KERNEL_SOURCES} PARENT_SCOPE)
    set(left_out ${left_out} PARENT_SCOPE)
endfunction()

file(GLOB shaders CONFIGURE_DEPENDS shaders/*.comp)
list(SORT shaders)
set(TUFF_KERNEL_SOURCES ${kernel_folder}/kernels.c)
set(kernel_names "")
set(left_out "") # the names of extensions, one for each variant
foreach(shader IN LISTS shaders)
    tuff_add_kernel(${shader})
    get_filename_component(name ${shader} NAME_WE)
    list(APPEND kernel_names ${name})
endforeach()
list(REMOVE_DUPLICATES left_out)
foreach(name IN LISTS left_out)
    string(REPLACE "_" "-" kernels ${name})
    message(STATUS "tuff: this glslang knows no ${TUFF_EXTENSION_${name}}: ${kernels} kernels are left out")
endforeach()
add_custom_command(
    OUTPUT ${kernel_folder}/kernels.c
    COMMAND ${kernelgen} --list ${kernel_folder}/kernels.c ${kernel_names}
    DEPENDS ${kernelgen}
    COMMENT "kernelgen --list"
    VERBATIM)
add_custom_target(tuff_kernels DEPENDS ${TUFF_KERNEL_SOURCES})
