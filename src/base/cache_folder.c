/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cache_folder.h"

#include "base/memory.h"
#include "base/system.h"

tuff_status tuff_cache_folder(char **out_folder) {
    char *cache = NULL;
    char *home = NULL;
    *out_folder = NULL;
    tuff_status status = tuff_system_variable(tuff_system_cache_home, &cache);
    if (status == TUFF_OK)
        status = tuff_system_variable(tuff_system_home, &home);
    /* The XDG specification has relative paths ignored. */
    if (status == TUFF_OK && cache && tuff_system_is_absolute(cache))
        status = tuff_format(out_folder, "%s/tuff", cache);
    else if (status == TUFF_OK && home && tuff_system_is_absolute(home))
        status = tuff_format(out_folder, "%s/.cache/tuff", home);
    tuff_free(cache);
    tuff_free(home);
    return status;
}
