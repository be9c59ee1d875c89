/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/hub.h"
#include "support/folder.h"

static char folder[TEST_PATH_SIZE];

/* A cache in the folder, and no other that the environment could name. */
static void setup(void) {
    test_folder_make(folder);
    unsetenv("HF_HUB_CACHE");
    unsetenv("HUGGINGFACE_HUB_CACHE");
    unsetenv("HF_HOME");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
}

static void teardown(void) {
    test_folder_remove(folder);
}

TestSuite(model_hub, .init = setup, .fini = teardown);

static void add_model(const char *cache, const char *repository) {
    char place[TEST_PATH_SIZE];
    strcpy(place, test_path(test_path(folder, cache), repository));
    test_write(place, "refs/main", "0123abcd\n");
    test_write(place, "snapshots/0123abcd/config.json", "{}");
}

static void expect_found(const char *name, const char *ending) {
    char *found = NULL;
    cr_expect_eq(tuff_hub_resolve(name, &found), TUFF_OK, "%s: %s", name, tuff_error_message());
    cr_expect(found && strcmp(found, test_path(folder, ending)) == 0, "%s: %s", name, found ? found : "NULL");
    tuff_free(found);
}

static void expect_refused(const char *name, tuff_status status, const char *mentions) {
    char *found = NULL;
    cr_expect_eq(tuff_hub_resolve(name, &found), status, "%s", name);
    cr_expect(strstr(tuff_error_message(), mentions), "%s: %s", name, tuff_error_message());
    cr_expect_null(found);
}

Test(model_hub, a_folder_is_taken_as_it_is) {
    char *found = NULL;
    cr_assert_eq(tuff_hub_resolve(folder, &found), TUFF_OK);
    cr_expect_str_eq(found, folder);
    tuff_free(found);
    test_write(folder, "model.safetensors", "x");
    expect_refused(test_path(folder, "model.safetensors"), TUFF_IO, "is a file");
    expect_refused(test_path(folder, "absent"), TUFF_IO, "no such folder");
}

Test(model_hub, the_first_variable_that_is_set_gives_the_cache) {
    static const struct {
        const char *variable;
        const char *value;
        const char *cache;
    } rows[] = {
        { "HOME", "home", "home/.cache/huggingface/hub" },
        { "XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub" },
        { "HF_HOME", "hf", "hf/hub" },
        { "HF_HUB_CACHE", "hub", "hub" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        add_model(rows[i].cache, "models--user--net");
        setenv(rows[i].variable, test_path(folder, rows[i].value), 1);
        char expected[TEST_PATH_SIZE];
        snprintf(expected, sizeof expected, "%s/models--user--net/snapshots/0123abcd", rows[i].cache);
        expect_found("user/net", expected);
    }
    setenv("HF_HUB_CACHE", "~/.cache/huggingface/hub", 1);
    expect_found("user/net", "home/.cache/huggingface/hub/models--user--net/snapshots/0123abcd");
}

Test(model_hub, bare_names_are_their_own_or_of_sentence_transformers) {
    setenv("HF_HUB_CACHE", folder, 1);
    add_model(".", "models--bert-base-uncased");
    add_model(".", "models--sentence-transformers--all-MiniLM-L6-v2");
    expect_found("bert-base-uncased", "models--bert-base-uncased/snapshots/0123abcd");
    expect_found("all-MiniLM-L6-v2", "models--sentence-transformers--all-MiniLM-L6-v2/snapshots/0123abcd");
    expect_found("sentence-transformers/all-MiniLM-L6-v2",
                 "models--sentence-transformers--all-MiniLM-L6-v2/snapshots/0123abcd");
}

Test(model_hub, what_is_not_there_is_said) {
    expect_refused("user/net", TUFF_IO, "HF_HUB_CACHE");
    setenv("HF_HUB_CACHE", folder, 1);
    expect_refused("user/net", TUFF_IO, folder);
    expect_refused("user/net", TUFF_IO, "hf download user/net");
    expect_refused("net", TUFF_IO, "sentence-transformers");
    static const char *const names[] = { "",        "/",    "user/", "/net", "a/b/c", "../x",     "a/..",
                                         ".hidden", "a/.b", "a--b",  "a b",  "-x",    "user//net" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], "/") != 0)
            expect_refused(names[i], TUFF_IO, "no such folder");
}

Test(model_hub, broken_entries_are_refused) {
    setenv("HF_HUB_CACHE", folder, 1);
    test_write(folder, "models--user--net/snapshots/0123abcd/config.json", "{}");
    expect_refused("user/net", TUFF_IO, "refs/main");
    static const char *const references[] = { "", "\n", "../../x", "..", "a/b" };
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        test_write(folder, "models--user--net/refs/main", references[i]);
        expect_refused("user/net", TUFF_FORMAT, "refs/main");
    }
    test_write(folder, "models--user--net/refs/main", "ffff");
    expect_refused("user/net", TUFF_IO, "incomplete");
    cr_assert_eq(symlink("loop", test_path(folder, "loop")), 0);
    expect_refused(test_path(folder, "loop"), TUFF_IO, "no such folder");
}
