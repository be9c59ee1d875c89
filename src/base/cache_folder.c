/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cache_folder.h"

#include <stdlib.h>

#include "base/memory.h"

tuff_status tuff_cache_folder(char **out_folder) {
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    *out_folder = NULL;
    /* The XDG specification has relative paths ignored. */
    if (cache && cache[0] == '/')
        return tuff_format(out_folder, "%s/tuff", cache);
    if (home && home[0] == '/')
        return tuff_format(out_folder, "%s/.cache/tuff", home);
    return TUFF_OK;
}
