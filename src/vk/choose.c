/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/choose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UUID_DIGITS = 32, MAX_INDEX_DIGITS = 6 };

static int rank(tuff_device_type type) {
    switch (type) {
    case TUFF_DEVICE_DISCRETE:
        return 4;
    case TUFF_DEVICE_INTEGRATED:
        return 3;
    case TUFF_DEVICE_VIRTUAL:
        return 2;
    case TUFF_DEVICE_OTHER:
        return 1;
    default:
        return 0;
    }
}

static int lower(char c) {
    return tolower((unsigned char)c);
}

static bool has_part(const char *text, const char *part) {
    for (; *text; text++) {
        size_t i = 0;
        while (part[i] && lower(text[i]) == lower(part[i]))
            i++;
        if (!part[i])
            return true;
    }
    return false;
}

/* Hexadecimal digits, with hyphens wherever they stand. */
static bool is_uuid(const char *text, const char uuid[33]) {
    size_t digits = 0;
    for (; *text; text++) {
        if (*text == '-')
            continue;
        if (digits == UUID_DIGITS || lower(*text) != uuid[digits])
            return false;
        digits++;
    }
    return digits == UUID_DIGITS;
}

static bool is_called(const struct tuff_physical *device, const char *wanted) {
    size_t length = strlen(wanted);
    if (length == 0)
        return true;
    if (length <= MAX_INDEX_DIGITS && strspn(wanted, "0123456789") == length)
        return strtoul(wanted, NULL, 10) == device->info.index;
    return is_uuid(wanted, device->info.uuid) || has_part(device->info.name, wanted);
}

/* "0 (NAME), 1 (NAME: why it cannot be used)" */
static void write_list(const struct tuff_physical *devices, uint32_t count, const char *wanted, char *text,
                       size_t size) {
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count && length < size; i++) {
        const tuff_device_info *info = &devices[i].info;
        if (is_called(&devices[i], wanted))
            length += (size_t)snprintf(text + length, size - length, "%s%u (%s%s%s)", length > 0 ? ", " : "",
                                       info->index, info->name, info->refusal[0] ? ": " : "", info->refusal);
    }
}

tuff_status tuff_choose_device(const struct tuff_physical *devices, uint32_t count, const char *wanted,
                               uint32_t *out_index) {
    const char *name = wanted ? wanted : "";
    char list[768];
    int best_rank = -1;
    bool is_any_called = false;
    if (count == 0)
        return tuff_fail(TUFF_NO_DEVICE,
                         "there is no Vulkan device; install the driver of the graphics card, or "
                         "Mesa's driver for the CPU: the package mesa-vulkan-drivers");
    for (uint32_t i = 0; i < count; i++) {
        if (!is_called(&devices[i], name))
            continue;
        is_any_called = true;
        if (devices[i].info.refusal[0] == '\0' && rank(devices[i].info.type) > best_rank) {
            best_rank = rank(devices[i].info.type);
            *out_index = i;
        }
    }
    if (best_rank >= 0)
        return TUFF_OK;
    write_list(devices, count, is_any_called ? name : "", list, sizeof list);
    if (!is_any_called)
        return tuff_fail(TUFF_ARGUMENT, "there is no device '%.100s'; the devices are %s", name, list);
    return tuff_fail(
        TUFF_NO_DEVICE,
        "no device can be used: %s; Mesa's driver for the CPU is in the package mesa-vulkan-drivers", list);
}
