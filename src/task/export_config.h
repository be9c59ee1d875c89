/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUFF_TASK_EXPORT_CONFIG_H
#define TUFF_TASK_EXPORT_CONFIG_H

#include <jansson.h>

#include "model/folder.h"

/* Writes the folder's config.json into another one, changed to what its config says now: architectures, labels
 * and problem_type. */
tuff_status tuff_config_export(const struct tuff_folder *folder, const char *to);
/* Replaces the file by the object, indented and with sorted keys. */
tuff_status tuff_export_json(const json_t *root, const char *path);

#endif
