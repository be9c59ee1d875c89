/* SPDX-License-Identifier: Apache-2.0 */
/* pipelines: what it calls the device's defaults is what a run on that device makes. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

TestSuite(tools_inventory, .timeout = 600);

/* The defaults, as "kernel variant constants". */
static json_t *list_defaults(void) {
    json_t *defaults = json_object();
    struct test_command run = test_command("tuff pipelines --inference --json --quiet");
    cr_assert_eq(run.code, 0, "%s", run.err);
    for (char *line = strtok(run.out, "\n"); line; line = strtok(NULL, "\n")) {
        char name[2048];
        json_t *row = json_loads(line, 0, NULL);
        cr_assert(row != NULL, "%s", line);
        snprintf(name, sizeof name, "%s %s %s", json_string_value(json_object_get(row, "name")),
                 json_string_value(json_object_get(row, "variant")),
                 json_string_value(json_object_get(row, "constants")));
        if (json_is_true(json_object_get(row, "is_default")))
            json_object_set_new(defaults, name, json_true());
        json_decref(row);
    }
    return defaults;
}

/* Everything that a model makes for short and long batches is a default. */
static void expect_defaults(const json_t *defaults, const char *model, const char *dtype, const char *texts) {
    static const char made[] = "tuff: pipeline ";
    size_t count = 0;
    struct test_command run = test_command("%s | tuff embed --model %s --dtype %s --verbose --out /dev/null",
                                           texts, test_oracle(model), dtype);
    cr_assert_eq(run.code, 0, "%s", run.err);
    for (char *line = strtok(run.err, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, made, sizeof made - 1) != 0)
            continue;
        count++;
        cr_expect(json_object_get(defaults, line + sizeof made - 1) != NULL, "%s %s: %s", model, dtype, line);
    }
    cr_expect(count >= 5 && count <= 25, "%s %s: %zu pipelines", model, dtype, count);
}

Test(tools_inventory, embed_makes_what_pipelines_calls_default) {
    static const char *const texts[] = {
        "echo 'A text.'",
        "yes 'The first of some texts that are as long as texts in a batch are' | head -n 60"
    };
    json_t *defaults = list_defaults();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect_defaults(defaults, "models/minilm-l6-v2-fp16", "f32", texts[i]);
        expect_defaults(defaults, "models/minilm-l6-v2-fp16", "f16", texts[i]);
    }
    json_decref(defaults);
}
