/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver tells of a pipeline that it compiled: VK_KHR_pipeline_executable_properties. */
#ifndef TUFF_VK_STATISTICS_H
#define TUFF_VK_STATISTICS_H

#include "vk/pipeline.h"

enum { TUFF_STATISTIC_NAME_SIZE = 128 };

struct tuff_statistics {
    tuff_statistic *values; /* names point into `names` */
    char (*names)[TUFF_STATISTIC_NAME_SIZE];
    size_t count;
    char *assembly; /* "" where none was asked for or is told */
};

/* Compiles the pipeline anew. Without the feature executable_properties nothing is told, and the pipeline is only made
 * where it is not there yet. tuff_statistics_free afterwards, whatever the status. */
tuff_status tuff_statistics_get(struct tuff_device *device, const struct tuff_pipeline_key *key,
                                bool wants_assembly, struct tuff_statistics *out_statistics);
void tuff_statistics_free(struct tuff_statistics *statistics);

#endif
