# SPDX-License-Identifier: Apache-2.0
# The Vulkan layer of the tests and what the loader reads about it: once as a layer that is asked for by name, once as
# one that is there whenever TUFF_TEST_LAYER is set, which alone may stand before calls without an instance.
find_path(VULKAN_LAYER_INCLUDE_DIR vulkan/vk_layer.h REQUIRED)
add_library(tuff_test_layer MODULE tests/layer/layer.c tests/layer/mobile.c)
target_include_directories(tuff_test_layer PRIVATE ${VULKAN_LAYER_INCLUDE_DIR})
target_link_libraries(tuff_test_layer PRIVATE Threads::Threads)
target_link_options(tuff_test_layer PRIVATE -Wl,-z,nodelete) # tests keep what they learned from it

set(layer_file ${CMAKE_CURRENT_BINARY_DIR}/libtuff_test_layer.so)
file(CONFIGURE OUTPUT layers/explicit/tuff_test.json @ONLY CONTENT [[
{
    "file_format_version": "1.2.0",
    "layer": {
        "name": "VK_LAYER_TUFF_test",
        "type": "INSTANCE",
        "library_path": "@layer_file@",
        "api_version": "1.3.0",
        "implementation_version": "1",
        "description": "a device that fails or is small, for tuff's tests"
    }
}
]])
file(CONFIGURE OUTPUT layers/vulkan/implicit_layer.d/tuff_test.json @ONLY CONTENT [[
{
    "file_format_version": "1.2.0",
    "layer": {
        "name": "VK_LAYER_TUFF_test_implicit",
        "type": "INSTANCE",
        "library_path": "@layer_file@",
        "api_version": "1.3.0",
        "implementation_version": "1",
        "description": "a device that fails, for tuff's tests",
        "pre_instance_functions": {
            "vkEnumerateInstanceExtensionProperties": "layer_extensions",
            "vkEnumerateInstanceLayerProperties": "layer_layers"
        },
        "enable_environment": { "TUFF_TEST_LAYER": "1" },
        "disable_environment": { "TUFF_TEST_LAYER_OFF": "1" }
    }
}
]])
