/* SPDX-License-Identifier: Apache-2.0 */
#include "model/hub.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/system.h"

/* A variable that is set and not empty gives the folder `inside` of what it names; a ~ in front is the user's
 * folder, as Python's expanduser has it. *out_folder stays NULL where it is not set. */
static tuff_status find_place(const char *variable, const char *inside, char **out_folder) {
    char *value = NULL;
    char *home = NULL;
    *out_folder = NULL;
    tuff_status status = tuff_system_variable(variable, &value);
    if (status == TUFF_OK)
        status = tuff_system_variable(tuff_system_home, &home);
    if (status == TUFF_OK && value) {
        const bool is_in_home = home && value[0] == '~' && (value[1] == '/' || value[1] == '\0');
        status =
            tuff_format(out_folder, "%s%s%s", is_in_home ? home : "", is_in_home ? value + 1 : value, inside);
    }
    tuff_free(value);
    tuff_free(home);
    return status;
}

/* The cache's folder, by the first variable that is set and not empty. */
static tuff_status find_cache(char **out_cache) {
    const struct {
        const char *variable;
        const char *inside;
    } places[] = {
        { "HF_HUB_CACHE", "" },
        { "HUGGINGFACE_HUB_CACHE", "" },
        { "HF_HOME", "/hub" },
        { "XDG_CACHE_HOME", "/huggingface/hub" },
        { tuff_system_home, "/.cache/huggingface/hub" },
    };
    *out_cache = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && !*out_cache; i++)
        TUFF_TRY(find_place(places[i].variable, places[i].inside, out_cache));
    if (*out_cache)
        return TUFF_OK;
    return tuff_fail(TUFF_IO, "no Hugging Face cache can be found: set HF_HUB_CACHE, HF_HOME or %s",
                     tuff_system_home);
}

/* "name" or "user/name" of letters, digits, dots, dashes and underscores, as the hub allows. */
static bool is_repository_name(const char *name) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t parts = 0;
    if (strstr(name, "..") || strstr(name, "--"))
        return false;
    for (const char *at = name;; at++) {
        const size_t length = strspn(at, letters);
        if (length == 0 || *at == '.' || *at == '-')
            return false;
        parts++;
        at += length;
        if (*at != '/')
            return *at == '\0' && parts <= 2;
    }
}

/* The hash that refs/main holds. */
static tuff_status read_reference(const char *repository, char **out_hash) {
    char *path = NULL;
    size_t length = 0;
    TUFF_TRY(tuff_path_join(repository, "refs/main", &path));
    tuff_status status = tuff_file_read(path, 256, out_hash, &length);
    if (status == TUFF_OK) {
        length = strcspn(*out_hash, " \t\r\n");
        (*out_hash)[length] = '\0';
        if (length == 0 || (*out_hash)[0] == '.' || strpbrk(*out_hash, "/\\"))
            status = tuff_fail(TUFF_FORMAT, "%s: holds no revision", path);
    }
    if (status != TUFF_OK) {
        tuff_free(*out_hash);
        *out_hash = NULL;
    }
    tuff_free(path);
    return status;
}

static tuff_status find_snapshot(const char *repository, char **out_folder) {
    char *hash = NULL;
    TUFF_TRY(read_reference(repository, &hash));
    tuff_status status = tuff_format(out_folder, "%s/snapshots/%s", repository, hash);
    if (status == TUFF_OK && !tuff_file_is_folder(*out_folder)) {
        status = tuff_fail(TUFF_IO, "%s: is missing, though refs/main names it: the download is incomplete",
                           *out_folder);
        tuff_free(*out_folder);
        *out_folder = NULL;
    }
    tuff_free(hash);
    return status;
}

/* The repository's folder: "models--user--name". *out_folder stays NULL where it is not in the cache. */
static tuff_status find_repository(const char *cache, const char *user, const char *name, char **out_folder) {
    char *repository = NULL;
    const char *slash = strchr(name, '/');
    const char *rest = slash ? slash + 1 : name;
    const int length = slash ? (int)(slash - name) : (int)strlen(user);
    TUFF_TRY(tuff_format(&repository, "%s/models--%.*s%s%s", cache, length, slash ? name : user,
                         length ? "--" : "", rest));
    tuff_status status = TUFF_OK;
    if (tuff_file_is_folder(repository))
        status = find_snapshot(repository, out_folder);
    tuff_free(repository);
    return status;
}

static tuff_status find_in_cache(const char *name, char **out_folder) {
    char *cache = NULL;
    TUFF_TRY(find_cache(&cache));
    const bool is_bare = !strchr(name, '/');
    tuff_status status = find_repository(cache, "", name, out_folder);
    if (status == TUFF_OK && !*out_folder && is_bare)
        status = find_repository(cache, "sentence-transformers", name, out_folder);
    if (status == TUFF_OK && !*out_folder)
        status = tuff_fail(
            TUFF_IO,
            "%s: no such folder, and the Hugging Face cache %s has no model of this name%s; fetch it "
            "once, for instance with: hf download %s%s",
            name, cache, is_bare ? ", of sentence-transformers neither" : "",
            is_bare ? "sentence-transformers/" : "", name);
    tuff_free(cache);
    return status;
}

tuff_status tuff_hub_resolve(const char *path, char **out_folder) {
    *out_folder = NULL;
    if (tuff_file_is_folder(path))
        return tuff_copy_text(path, strlen(path), out_folder);
    if (tuff_file_exists(path))
        return tuff_fail(TUFF_IO, "%s: is a file; give the folder of the model", path);
    if (!is_repository_name(path))
        return tuff_fail(TUFF_IO, "%s: no such folder", path);
    return find_in_cache(path, out_folder);
}
