/* SPDX-License-Identifier: Apache-2.0 */
/* tuff devices: what Vulkan offers on this machine, with the limits and features that matter to tuff. */
#include "commands.h"
#include "memory.h"
#include "options.h"
#include "output.h"

#include "tuff.h"

#include <stdlib.h>
#include <string.h>

static const char *type_name(tuff_device_type type) {
    switch (type) {
    case TUFF_DEVICE_DISCRETE:
        return "discrete";
    case TUFF_DEVICE_INTEGRATED:
        return "integrated";
    case TUFF_DEVICE_VIRTUAL:
        return "virtual";
    case TUFF_DEVICE_CPU:
        return "cpu";
    default:
        return "other";
    }
}

static unsigned api_major(const tuff_device_info *info) {
    return info->api_version >> 22 & 0x7f;
}

static unsigned api_minor(const tuff_device_info *info) {
    return info->api_version >> 12 & 0x3ff;
}

static void print_pair(struct output *output, const char *key, const char *text) {
    output_text(output, key);
    output_json_string(output, text, strlen(text));
}

/* "a,b" as ["a","b"]. */
static void print_list(struct output *output, const char *names) {
    output_text(output, "[");
    for (const char *name = names; *name;) {
        size_t length = strcspn(name, ",");
        output_json_string(output, name, length);
        name += length;
        if (*name == ',') {
            output_text(output, ",");
            name++;
        }
    }
    output_text(output, "]");
}

static void print_json(struct output *output, const tuff_device_info *info) {
    output_print(output, "{\"index\":%u", info->index);
    print_pair(output, ",\"name\":", info->name);
    print_pair(output, ",\"type\":", type_name(info->type));
    print_pair(output, ",\"driver\":", info->driver);
    print_pair(output, ",\"uuid\":", info->uuid);
    print_pair(output, ",\"driver_uuid\":", info->driver_uuid);
    output_print(output,
                 ",\"vendor_id\":%u,\"device_id\":%u,\"driver_version\":%u,\"api_version\":\"%u.%u\""
                 ",\"memory\":%llu,\"max_allocation\":%llu,\"max_storage_range\":%llu"
                 ",\"max_shared_memory\":%u,\"max_invocations\":%u,\"max_storage_buffers\":%u"
                 ",\"min_subgroup_size\":%u,\"max_subgroup_size\":%u,\"features\":",
                 info->vendor_id, info->device_id, info->driver_version, api_major(info), api_minor(info),
                 (unsigned long long)info->memory, (unsigned long long)info->max_allocation,
                 (unsigned long long)info->max_storage_range, info->max_shared_memory, info->max_invocations,
                 info->max_storage_buffers, info->min_subgroup_size, info->max_subgroup_size);
    print_list(output, info->features);
    output_print(output, ",\"usable\":%s", info->refusal[0] ? "false" : "true");
    print_pair(output, ",\"refusal\":", info->refusal);
    output_text(output, "}\n");
}

static void print_readable(struct output *output, const tuff_device_info *info) {
    const double mib = 1024.0 * 1024.0;
    output_print(output, "%u: ", info->index);
    output_readable(output, info->name, strlen(info->name));
    output_print(output, " (%s)\n   driver: ", type_name(info->type));
    output_readable(output, info->driver, strlen(info->driver));
    output_print(output, ", Vulkan %u.%u\n   uuid: %s\n", api_major(info), api_minor(info), info->uuid);
    if (info->refusal[0]) {
        output_print(output, "   cannot be used: %s\n", info->refusal);
        return;
    }
    output_print(output, "   memory: %.0f MiB; %.0f MiB in one piece, %.0f MiB bound at once\n",
                 (double)info->memory / mib, (double)info->max_allocation / mib,
                 (double)info->max_storage_range / mib);
    output_print(
        output, "   workgroups: %u invocations, %u bytes of shared memory, %u storage buffers, subgroups of ",
        info->max_invocations, info->max_shared_memory, info->max_storage_buffers);
    if (info->min_subgroup_size == info->max_subgroup_size)
        output_print(output, "%u\n", info->max_subgroup_size);
    else
        output_print(output, "%u to %u\n", info->min_subgroup_size, info->max_subgroup_size);
    output_text(output, "   features: ");
    for (const char *c = info->features; *c; c++)
        output_text(output, *c == ',' ? ", " : (const char[]){ *c, '\0' });
    output_text(output, "\n");
}

static int print_all(struct output *output, bool is_json) {
    enum { MOST = 64 };
    size_t count = 0;
    tuff_device_info *infos = allocate(MOST, sizeof(*infos));
    tuff_status status = tuff_devices(infos, MOST, &count);
    for (size_t i = 0; i < count && i < MOST; i++)
        (is_json ? print_json : print_readable)(output, &infos[i]);
    if (status != TUFF_OK)
        complain("%s", tuff_error_message());
    else if (count == 0)
        complain("there is no Vulkan device; install the driver of the graphics card, or Mesa's driver for "
                 "the CPU: the package mesa-vulkan-drivers");
    free(infos);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int tuff_cmd_devices(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    const struct option options[] = { JSON_OPTION(common), OUT_OPTION(common), TALK_OPTIONS(common) };
    const struct command command = {
        .name = "devices",
        .arguments = "",
        .about =
            "Shows every Vulkan device with its driver, the limits that matter here and the features that "
            "tuff would use; --disable of the other commands takes the features' names. The exit code is 1 "
            "where there is no device.",
        .example = "tuff devices\ntuff devices --json",
        .options = options,
        .option_count = COUNT(options),
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    struct output *output = output_open(common.out);
    if (!output)
        return EXIT_FAILURE;
    return output_close(output, print_all(output, common.json));
}
