/* SPDX-License-Identifier: Apache-2.0 */
/* A program with a Vulkan device of its own lends it to tuff and keeps its frame rate: between two of its compute passes it
 * lets at most one submit of tuff's onto the queue, of a cost that it has set. A classifier classifies the lines of a file,
 * any other model embeds them; the numbers go to OUTPUT as floats, a row for each line.
 *     borrowed_device MODEL FILE OUTPUT SUBMIT_COST
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headless.h"
#include "tuff.h"

enum { MOST_LINES = 4096, LINE_SIZE = 1024 };

struct program {
    struct headless vulkan;
    pthread_mutex_t queue_lock; /* around every use of the queue; the fields below are under it */
    pthread_cond_t passed;      /* another pass has been submitted */
    unsigned since_pass;        /* tuff's submits since the last pass */
    unsigned most_between, submits, passes;
    uint64_t largest_cost;
    bool is_drawing; /* before and after, submits come as they like */
};

/* tuff takes the queue for each of its submits, and for nothing else. */
static void take_queue(void *user) {
    pthread_mutex_lock(&((struct program *)user)->queue_lock);
}

static void leave_queue(void *user) {
    struct program *program = user;
    program->submits += program->is_drawing;
    program->since_pass += program->is_drawing;
    pthread_mutex_unlock(&program->queue_lock);
}

/* Before each of its submits tuff asks here, and waits for the next pass where it has had its turn. */
static void wait_for_turn(void *user, uint64_t cost) {
    struct program *program = user;
    pthread_mutex_lock(&program->queue_lock);
    program->largest_cost = cost > program->largest_cost ? cost : program->largest_cost;
    while (program->since_pass > 0 && program->is_drawing)
        pthread_cond_wait(&program->passed, &program->queue_lock);
    pthread_mutex_unlock(&program->queue_lock);
}

static bool draw_frame(struct program *program) {
    pthread_mutex_lock(&program->queue_lock);
    bool is_good = headless_submit_pass(&program->vulkan);
    program->passes++;
    if (program->since_pass > program->most_between)
        program->most_between = program->since_pass;
    program->since_pass = 0;
    pthread_cond_broadcast(&program->passed);
    pthread_mutex_unlock(&program->queue_lock);
    return is_good && headless_wait_for_pass(&program->vulkan);
}

/* The program's device, with what tuff would like, and a context on it. */
static bool open_context(struct program *program, uint64_t submit_cost, tuff_context **out_context) {
    struct headless *vulkan = &program->vulkan;
    VkDeviceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO };
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    tuff_vulkan_device lent = TUFF_VULKAN_DEVICE;
    tuff_vulkan_wishes *wishes = NULL;
    size_t count = 0;
    if (!headless_begin(vulkan) ||
        tuff_vulkan_wishes_read((tuff_function)vkGetInstanceProcAddr, vulkan->instance, vulkan->physical,
                                VK_API_VERSION_1_3, NULL, &wishes) != TUFF_OK)
        return false;
    vulkan->family = tuff_vulkan_wishes_queue_family(wishes);
    info.ppEnabledExtensionNames = tuff_vulkan_wishes_extensions(wishes, &count);
    info.enabledExtensionCount = (uint32_t)count;
    info.pNext = tuff_vulkan_wishes_features(wishes);
    bool is_good = headless_make_device(vulkan, &info);
    lent.get_instance_proc_addr = (tuff_function)vkGetInstanceProcAddr;
    lent.api_version = VK_API_VERSION_1_3;
    lent.instance = vulkan->instance;
    lent.physical_device = vulkan->physical;
    lent.device = vulkan->device;
    lent.queue = vulkan->queue;
    lent.queue_family = vulkan->family;
    lent.device_create_info = &info;
    lent.lock = take_queue;
    lent.unlock = leave_queue;
    lent.user = program;
    options.submit_cost = submit_cost;
    options.submit = wait_for_turn;
    options.submit_user = program;
    is_good = is_good && tuff_context_borrow(&lent, &options, out_context) == TUFF_OK;
    tuff_vulkan_wishes_free(wishes);
    return is_good;
}

/* Frames go on while the job runs. */
static bool run(struct program *program, tuff_context *context, const char *path, const tuff_text *lines,
                size_t count, FILE *output) {
    tuff_model *model = NULL;
    tuff_model_info info;
    tuff_job *job = NULL;
    if (tuff_model_open(context, path, NULL, &model) != TUFF_OK)
        return false;
    tuff_model_get_info(model, &info);
    const bool is_classifier = strstr(info.heads, "sequence_classification") != NULL;
    const size_t width = is_classifier ? tuff_model_label_count(model) : info.embedding_size;
    float *rows = calloc(count * width, sizeof *rows);
    program->is_drawing = true; /* nobody else is at work yet */
    tuff_status status = is_classifier ? tuff_job_classify(model, lines, NULL, count, NULL, NULL, rows, &job)
                                       : tuff_job_embed(model, lines, count, NULL, NULL, rows, &job);
    bool is_good = status == TUFF_OK;
    while (is_good && !tuff_job_is_done(job, NULL, NULL))
        is_good = draw_frame(program);
    is_good = is_good && tuff_job_result(job, NULL) == TUFF_OK &&
              fwrite(rows, sizeof *rows * width, count, output) == count;
    tuff_job_free(job);
    tuff_model_close(model);
    free(rows);
    return is_good;
}

int main(int argc, char **argv) {
    static char lines[MOST_LINES][LINE_SIZE];
    static tuff_text texts[MOST_LINES];
    static struct program program = { .queue_lock = PTHREAD_MUTEX_INITIALIZER,
                                      .passed = PTHREAD_COND_INITIALIZER };
    tuff_context *context = NULL;
    size_t count = 0;
    FILE *input = argc == 5 ? freopen(argv[2], "r", stdin) : NULL;
    FILE *output = argc == 5 ? fopen(argv[3], "wb") : NULL;
    if (!input || !output)
        return 2;
    for (; count < MOST_LINES && fgets(lines[count], LINE_SIZE, input); count++)
        texts[count] = (tuff_text){ lines[count], strcspn(lines[count], "\n") };
    const uint64_t bound = strtoull(argv[4], NULL, 10);
    bool is_good =
        open_context(&program, bound, &context) && run(&program, context, argv[1], texts, count, output);
    if (!is_good)
        fprintf(stderr, "borrowed_device: %s\n", tuff_error_message());
    printf("%zu lines, %u passes (%u counted), %u submits, at most %u between two passes, of a cost of %llu "
           "at most\n",
           count, program.passes, program.vulkan.numbers ? program.vulkan.numbers[0] : 0, program.submits,
           program.most_between, (unsigned long long)program.largest_cost);
    tuff_context_destroy(context);
    headless_end(&program.vulkan);
    return fclose(output) == 0 && is_good && program.most_between <= 1 && program.largest_cost <= bound ? 0
                                                                                                        : 1;
}
