/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuff runs BERT on any Vulkan device and gives the numbers of Hugging Face's transformers.
 *
 * The order of a program:
 *
 *     tuff_context *context;                       a device, opened once
 *     tuff_model *model;                           a Hugging Face folder, as it is
 *     tuff_context_create(NULL, &context);
 *     tuff_model_open(context, "all-MiniLM-L6-v2", NULL, &model);
 *     tuff_embed(model, texts, count, NULL, vectors, NULL);
 *     tuff_model_close(model);
 *     tuff_context_destroy(context);
 *
 * Rules that hold everywhere:
 * - What can fail returns a tuff_status; tuff_error_message() has the sentence that belongs to it, kept for
 *   each thread until its next failure. Results leave through the last parameters.
 * - Texts are UTF-8 given as pointer and length; they may hold NUL and need no NUL behind them. Bytes that
 *   are not UTF-8 are read as U+FFFD, one for each maximal wrong part, as Python's errors="replace" does.
 * - Who creates destroys; destroying NULL is fine. A context outlives its models. Memory handed in is not
 *   kept after the call returns, unless stated.
 * - Option structs begin with their size, so that programs built against an older header keep working:
 *   initialise with TUFF_..._OPTIONS. NULL stands for the defaults.
 * - The library never prints, exits or aborts; it has no process-wide state that two users could share.
 */
#ifndef TUFF_H
#define TUFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUFF_VERSION_MAJOR 0
#define TUFF_VERSION_MINOR 1
#define TUFF_VERSION_PATCH 0

#if defined(_WIN32) && defined(TUFF_SHARED)
#ifdef TUFF_BUILDING
#define TUFF_API __declspec(dllexport)
#else
#define TUFF_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define TUFF_API __attribute__((visibility("default")))
#else
#define TUFF_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- failures, log, memory */

#define TUFF_STATUS_LIST(X)                                                                                  \
    X(OK, 0, "success")                                                                                      \
    X(ARGUMENT, 1, "invalid argument")                                                                       \
    X(HOST_MEMORY, 2, "out of host memory")                                                                  \
    X(DEVICE_MEMORY, 3, "out of device memory")                                                              \
    X(NO_DEVICE, 4, "no usable Vulkan device")                                                               \
    X(DEVICE_LOST, 5, "the device was lost")                                                                 \
    X(UNSUPPORTED, 6, "not supported")                                                                       \
    X(IO, 7, "input or output failed")                                                                       \
    X(FORMAT, 8, "malformed file")                                                                           \
    X(NOT_FINITE, 9, "a result is not finite")                                                               \
    X(CANCELLED, 10, "cancelled")

typedef enum tuff_status {
#define TUFF_STATUS_ENUM(name, value, text) TUFF_##name = value,
    TUFF_STATUS_LIST(TUFF_STATUS_ENUM)
#undef TUFF_STATUS_ENUM
} tuff_status;

/* The sentence of the calling thread's last failure: what went wrong, with what, and what to try. Never NULL;
 * valid until the thread's next failure. */
TUFF_API const char *tuff_error_message(void);

/* A few words for a status. Never NULL. Any thread. */
TUFF_API const char *tuff_status_text(tuff_status status);

/* "0.1.0". Any thread. */
TUFF_API const char *tuff_version(void);

typedef enum tuff_log_level {
    TUFF_LOG_ERROR = 0,
    TUFF_LOG_WARNING = 1,
    TUFF_LOG_INFO = 2,
    TUFF_LOG_DEBUG = 3
} tuff_log_level;

/* One line without a newline; `message` is valid during the call. May come from several threads at once. */
typedef void (*tuff_log_callback)(void *user, tuff_log_level level, const char *message);

/* Both functions or neither. They may be called from any thread. allocate returns memory aligned for any
 * type, or NULL. Copied when given; the functions must stay valid until the last handle is gone. */
typedef struct tuff_allocator {
    void *(*allocate)(void *user, size_t size);
    void (*release)(void *user, void *pointer);
    void *user;
} tuff_allocator;

/* UTF-8, not necessarily NUL-terminated. */
typedef struct tuff_text {
    const char *data;
    size_t length; /* bytes */
} tuff_text;

/* Said now and then during long work, from the calling thread. Returning false cancels: the call returns
 * TUFF_CANCELLED after what is in flight. */
typedef bool (*tuff_progress_callback)(void *user, size_t done, size_t total);

/* ---------------------------------------------------------------- tokenizer */

/* Text to token ids, exactly as Hugging Face's fast BertTokenizer. Needs no device. Immutable once open: any
 * number of threads may encode with one tokenizer at a time. */
typedef struct tuff_tokenizer tuff_tokenizer;

/* Opens tokenizer.json, or vocab.txt with tokenizer_config.json, from a folder, or the name of a repository in
 * the local Hugging Face cache. Other files of the folder are not touched. TUFF_IO where a file is missing,
 * TUFF_FORMAT where one is malformed, TUFF_UNSUPPORTED where it is not BERT's tokenizer. */
TUFF_API tuff_status tuff_tokenizer_open(const char *path, const tuff_allocator *allocator,
                                         tuff_tokenizer **out_tokenizer);
TUFF_API void tuff_tokenizer_close(tuff_tokenizer *tokenizer);

typedef enum tuff_truncation {
    TUFF_TRUNCATE_NONE = 0,
    TUFF_TRUNCATE_LONGEST_FIRST = 1,
    TUFF_TRUNCATE_ONLY_FIRST = 2,
    TUFF_TRUNCATE_ONLY_SECOND = 3
} tuff_truncation;

typedef struct tuff_encode_options {
    size_t size;
    bool no_special_tokens;     /* leave [CLS] and [SEP] away */
    tuff_truncation truncation; /* NONE: max_length and stride are not read */
    uint32_t max_length;        /* tokens, special ones included */
    uint32_t stride;            /* tokens that a further window repeats of the one before */
    uint32_t pad_length;        /* pad to this many tokens; 0: no */
    uint32_t pad_multiple;      /* pad to a multiple of this many tokens; 0: no */
    bool pad_left;
} tuff_encode_options;
#define TUFF_ENCODE_OPTIONS                                                                                  \
    { sizeof(tuff_encode_options), false, TUFF_TRUNCATE_NONE, 0, 0, 0, 0, false }

/* Where a token stands in its text, [start, end). Special tokens and padding have [0, 0). */
typedef struct tuff_offset {
    uint32_t start;
    uint32_t end;
} tuff_offset;

/* One window of tokens; arrays of `count`. */
typedef struct tuff_encoding {
    size_t count;
    const int32_t *input_ids;
    const int32_t *token_type_ids;
    const int32_t *attention_mask;   /* 0 on padding */
    const tuff_offset *offsets;      /* in Unicode code points of the text or of its pair */
    const tuff_offset *byte_offsets; /* the same in bytes */
    const int32_t *words;            /* index of the word (as split by white space and punctuation) or -1 */
    const int8_t *sequences;         /* 0: of the text, 1: of the pair, -1: special or padding */
} tuff_encoding;

typedef struct tuff_encodings tuff_encodings;

/* `pair` may be NULL. The first window is the encoding proper; further ones hold what truncation cut off, with
 * `stride` tokens of overlap. TUFF_ARGUMENT for what Hugging Face refuses as well (a stride that leaves no
 * room, only_second without a pair, ...). */
TUFF_API tuff_status tuff_encode(const tuff_tokenizer *tokenizer, tuff_text text, const tuff_text *pair,
                                 const tuff_encode_options *options, tuff_encodings **out_encodings);
TUFF_API size_t tuff_encodings_count(const tuff_encodings *encodings);
/* Valid until the encodings are freed. `index` below the count. */
TUFF_API const tuff_encoding *tuff_encodings_get(const tuff_encodings *encodings, size_t index);
/* A token of a window as Hugging Face shows it: tuff_token_text of its id, but for an added token the part of the
 * (normalised) text that it took, white space included. NUL-terminated, valid until the encodings are freed and
 * while the tokenizer is open; NULL where `window` or `index` is too large. */
TUFF_API const char *tuff_encodings_token(const tuff_encodings *encodings, const tuff_tokenizer *tokenizer,
                                          size_t window, size_t index);
TUFF_API void tuff_encodings_free(tuff_encodings *encodings);

/* The token's text, NUL-terminated, valid while the tokenizer is open; NULL for an id it does not know. */
TUFF_API const char *tuff_token_text(const tuff_tokenizer *tokenizer, int32_t id);
/* The token's id, or -1. */
TUFF_API int32_t tuff_token_id(const tuff_tokenizer *tokenizer, tuff_text token);
/* Ids run from 0 to below this number. */
TUFF_API size_t tuff_tokenizer_vocab_size(const tuff_tokenizer *tokenizer);

/* ---------------------------------------------------------------- vocabularies */

typedef struct tuff_vocabulary_options {
    size_t size;
    uint32_t vocab_size;     /* tokens at most; fewer where nothing is left to merge */
    uint64_t min_count;      /* pieces that occur together less often are not merged */
    uint32_t alphabet_limit; /* characters, the most frequent ones */
    bool keeps_case;         /* for a cased model */
    bool keeps_accents;
    tuff_progress_callback progress; /* in tokens; while files are read at 0 */
    void *progress_user;
} tuff_vocabulary_options;
#define TUFF_VOCABULARY_OPTIONS                                                                              \
    { sizeof(tuff_vocabulary_options), 30522, 2, 1000, false, false, NULL, NULL }

/* Makes a WordPiece vocabulary from files of text and writes it as vocab.txt: special tokens, characters, then merged
 * pieces, as Hugging Face's WordPieceTrainer makes it. The same files give the same vocabulary. *out_count tokens were
 * written. TUFF_FORMAT where the files hold no word, TUFF_ARGUMENT where vocab_size does not hold the characters. */
TUFF_API tuff_status tuff_vocabulary_make(const char *const *paths, size_t path_count,
                                          const tuff_vocabulary_options *options, const char *output,
                                          size_t *out_count);

/* ---------------------------------------------------------------- devices and contexts */

typedef enum tuff_device_type {
    TUFF_DEVICE_OTHER = 0,
    TUFF_DEVICE_INTEGRATED = 1,
    TUFF_DEVICE_DISCRETE = 2,
    TUFF_DEVICE_VIRTUAL = 3,
    TUFF_DEVICE_CPU = 4
} tuff_device_type;

/* One Vulkan device as it presents itself. */
typedef struct tuff_device_info {
    uint32_t index;
    tuff_device_type type;
    char name[256];
    char driver[256]; /* name and version text of the driver */
    char uuid[33];    /* of the device, hexadecimal */
    char driver_uuid[33];
    uint32_t vendor_id;
    uint32_t device_id;
    uint32_t driver_version;
    uint32_t api_version;    /* as Vulkan packs it */
    uint64_t memory;         /* bytes of the largest device-local heap */
    uint64_t max_allocation; /* maxMemoryAllocationSize */
    uint64_t max_storage_range;
    uint32_t max_shared_memory;
    uint32_t max_invocations;
    uint32_t max_storage_buffers;
    uint32_t min_subgroup_size;
    uint32_t max_subgroup_size;
    char features[512]; /* comma-separated names of those that tuff would use */
    char refusal[256];  /* why tuff cannot use the device; empty if it can */
} tuff_device_info;

/* Fills `infos` (room for `capacity`) and tells how many devices there are. TUFF_NO_DEVICE where there is no
 * Vulkan loader; a loader without devices gives a count of 0. */
TUFF_API tuff_status tuff_devices(tuff_device_info *infos, size_t capacity, size_t *out_count);

/* A device with its queue, pipelines and memory. Any number may live in a process. Functions that take a
 * context or what was made from it may be called from several threads; work takes turns on the queue. */
typedef struct tuff_context tuff_context;

typedef struct tuff_context_options {
    size_t size;
    const char *device;       /* index, part of the name, or UUID; NULL: TUFF_DEVICE from the environment,
                               * else the best: discrete, integrated, virtual, CPU */
    const char *disable;      /* comma-separated features to leave unused (their names are in
                               * tuff_device_info); added to TUFF_DISABLE from the environment */
    const char *cache_folder; /* pipelines and tuning results; NULL: tuff in the user's cache folder,
                               * "": none */
    tuff_log_callback log;    /* NULL: silent */
    void *log_user;
    tuff_log_level log_level;
    const tuff_allocator *allocator; /* NULL: malloc and free */
    bool validation;                 /* run under VK_LAYER_KHRONOS_validation; TUFF_NO_DEVICE if absent */
    bool profile;                    /* time each kernel with timestamps */
    bool gives_way; /* ask for a queue of low priority, where the device has such; not of a lent device */
    /* what one submit may cost, in multiply-adds or words moved; 0: about a tenth of a second
     * on a weak device of its type. A submit holds one workgroup at least: some ten million */
    uint64_t submit_cost;
    /* bytes of device memory that the context may hold; 0: what the device has. Batches
     * shrink to fit */
    uint64_t memory_limit;
    /* asked before each submit, by the thread that is about to make it;
     * may wait, so that work comes when it suits. NULL: none */
    void (*submit)(void *user, uint64_t cost);
    void *submit_user;
} tuff_context_options;
#define TUFF_CONTEXT_OPTIONS                                                                                 \
    {                                                                                                        \
        sizeof(tuff_context_options), NULL, NULL, NULL, NULL, NULL, TUFF_LOG_WARNING, NULL, false, false,    \
            false, 0, 0, NULL, NULL                                                                          \
    }

/* TUFF_NO_DEVICE if no device fits (the message says why each was refused, or which package has a CPU driver),
 * TUFF_ARGUMENT for an unknown name. */
TUFF_API tuff_status tuff_context_create(const tuff_context_options *options, tuff_context **out_context);
TUFF_API void tuff_context_destroy(tuff_context *context);
TUFF_API void tuff_context_device(const tuff_context *context, tuff_device_info *out_info);

/* ---- a device of the program's own
 *
 * A program that already uses Vulkan lends its device instead of having a second one. This header needs no vulkan.h:
 * handles are void pointers, and vkGetInstanceProcAddr is cast to tuff_function. */

typedef void (*tuff_function)(void);

typedef struct tuff_vulkan_device {
    size_t size;
    tuff_function get_instance_proc_addr; /* (tuff_function)vkGetInstanceProcAddr */
    uint32_t api_version;  /* that the instance was made for: VkApplicationInfo.apiVersion; 1.1 or newer */
    void *instance;        /* VkInstance */
    void *physical_device; /* VkPhysicalDevice */
    void *device;          /* VkDevice */
    void *queue;           /* VkQueue, of a family that computes */
    uint32_t queue_family;
    /* the VkDeviceCreateInfo that the device was made with, or one like it: tuff uses the
     * extensions and features that are enabled there, whatever else the device has. Read
     * during the call */
    const void *device_create_info;
    /* Called around every use of the queue, from any thread; they must not call tuff. Both NULL: nobody else
     * uses the queue while tuff works. */
    void (*lock)(void *user);
    void (*unlock)(void *user);
    void *user;
} tuff_vulkan_device;
#define TUFF_VULKAN_DEVICE                                                                                   \
    { sizeof(tuff_vulkan_device), NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL }

/* A context on the caller's device, which stays the caller's and outlives the context. Of the options `device` is not
 * read; `validation` is TUFF_ARGUMENT, since layers are the instance's. TUFF_ARGUMENT where a handle is missing,
 * TUFF_UNSUPPORTED where the device is below what tuff needs. */
TUFF_API tuff_status tuff_context_borrow(const tuff_vulkan_device *device,
                                         const tuff_context_options *options, tuff_context **out_context);

/* After TUFF_DEVICE_LOST: opens the device anew with the options of the context (`device` is NULL), or takes another one of
 * the caller's where it was lent, and brings back what was made from it under the same handles: models from their files,
 * trainers from their last checkpoint (tuff_trainer_checkpoint, tuff_trainer_resume) or, without one, from their folder.
 * Buffers from tuff_shared_buffer_open are closed before. Nothing else may use the context meanwhile. Where it fails the
 * context stays lost and the call may be repeated. */
TUFF_API tuff_status tuff_context_reopen(tuff_context *context, const tuff_vulkan_device *device);

/* What tuff would like of a physical device, for whoever is about to make a VkDevice. Nothing of it is needed. */
typedef struct tuff_vulkan_wishes tuff_vulkan_wishes;

/* `disable` as in tuff_context_options. TUFF_UNSUPPORTED says why tuff cannot use the device. */
TUFF_API tuff_status tuff_vulkan_wishes_read(tuff_function get_instance_proc_addr, void *instance,
                                             void *physical_device, uint32_t api_version, const char *disable,
                                             tuff_vulkan_wishes **out_wishes);
TUFF_API void tuff_vulkan_wishes_free(tuff_vulkan_wishes *wishes);
/* Names of device extensions, valid until the wishes are freed. */
TUFF_API const char *const *tuff_vulkan_wishes_extensions(const tuff_vulkan_wishes *wishes,
                                                          size_t *out_count);
/* A VkPhysicalDeviceFeatures2 with structs of single extensions linked to it (none that gathers a Vulkan version), fit to
 * be VkDeviceCreateInfo's pNext; valid until the wishes are freed. A program with features of its own sets their union. */
TUFF_API const void *tuff_vulkan_wishes_features(const tuff_vulkan_wishes *wishes);
/* The family that tuff would take a queue of: one that only computes, where there is one. */
TUFF_API uint32_t tuff_vulkan_wishes_queue_family(const tuff_vulkan_wishes *wishes);

/* What the context has given to its queue. With `submit_cost` or `submit` among the options, the context waits for each
 * submit before it makes the next. */
typedef struct tuff_submit_report {
    uint64_t count;
    uint64_t largest_cost; /* of one submit */
    /* from a submit to its end, as the host saw it; 0 where submits are not waited for singly */
    double longest_ms;
    uint64_t memory; /* bytes of device memory that the context holds now */
} tuff_submit_report;
TUFF_API void tuff_context_submits(const tuff_context *context, tuff_submit_report *out_report);

/* Kernels that the device has run for this context. Pipelines that exist. */
TUFF_API uint64_t tuff_context_dispatch_count(const tuff_context *context);
TUFF_API size_t tuff_context_pipeline_count(const tuff_context *context);

/* The device's time that a kernel took, in a context that was opened with `profile`. */
typedef struct tuff_kernel_time {
    const char *kernel;
    const char *variant;
    uint64_t runs;
    double milliseconds; /* of all runs */
} tuff_kernel_time;

/* Fills `times` (room for `capacity`), in the order of first runs, and tells how many there are. */
TUFF_API tuff_status tuff_context_profile(const tuff_context *context, tuff_kernel_time *times,
                                          size_t capacity, size_t *out_count);

/* ---------------------------------------------------------------- models */

typedef struct tuff_model tuff_model;

typedef enum tuff_dtype {
    TUFF_DTYPE_AUTO = 0, /* F16 where the device computes it well, else F32 */
    TUFF_F32 = 1,
    TUFF_F16 = 2, /* storage; sums are F32 */
    TUFF_BF16 = 3,
    TUFF_I64 = 4,
    TUFF_I32 = 5,
    TUFF_F64 = 6,
    /* Of models: the layers multiply in 8 bits. Large values are spread over 16 columns, then each output's weights, and
     * each row of activations as it comes, are rounded to 127 steps of the largest; sums are exact. The embeddings,
     * norms, softmax and heads compute as AUTO does. Not trained. */
    TUFF_I8 = 7
} tuff_dtype;

typedef struct tuff_model_options {
    size_t size;
    tuff_dtype dtype; /* AUTO, F32, F16 or I8: of weights and activations on the device */
    /* F16: the layers of a model in f16 multiply in f16 too, two products at once on devices that do, and add 16 of them
     * at most in f16 before they go to a sum in F32; `dtype` AUTO is then F16. What it costs: rounding in the last digits
     * of a half (rows kept cosines of 0.999996 and more to exact ones), and products must stay within f16: a model
     * with activations beyond 65504 needs F32. What matrix units multiply (cooperative matrices) stays as it is, as do
     * attention, norms and heads. TUFF_UNSUPPORTED where the device does not compute in f16. AUTO: F32 */
    tuff_dtype arithmetic;
} tuff_model_options;
#define TUFF_MODEL_OPTIONS                                                                                   \
    { sizeof(tuff_model_options), TUFF_DTYPE_AUTO, TUFF_DTYPE_AUTO }

/* Opens a folder as Hugging Face publishes it (config.json, model.safetensors or its shards, tokenizer files,
 * sentence-transformers' modules), or the name of a repository in the local cache (HF_HUB_CACHE, HF_HOME).
 * Weights are uploaded and their file let go. TUFF_FORMAT names the file and tensor that is wrong;
 * TUFF_UNSUPPORTED says what the model is instead of BERT. */
TUFF_API tuff_status tuff_model_open(tuff_context *context, const char *path,
                                     const tuff_model_options *options, tuff_model **out_model);
TUFF_API void tuff_model_close(tuff_model *model);

typedef enum tuff_pooling {
    TUFF_POOLING_AUTO = 0, /* as the folder's modules say; mean if it has none */
    TUFF_POOLING_MEAN = 1, /* over the visible tokens */
    TUFF_POOLING_CLS = 2,
    TUFF_POOLING_MAX = 3
} tuff_pooling;

typedef struct tuff_model_info {
    uint32_t hidden_size;
    uint32_t layer_count;
    uint32_t head_count;
    uint32_t intermediate_size;
    uint32_t vocab_size;
    uint32_t max_positions;
    uint32_t max_length;     /* tokens a text is truncated to */
    uint32_t embedding_size; /* numbers in an embedding */
    uint64_t parameter_count;
    tuff_dtype dtype;     /* F32, F16 or I8, as chosen */
    tuff_pooling pooling; /* as the folder says */
    bool normalize;       /* as the folder says */
    bool has_tokenizer;
    char activation[32];
    char heads[256]; /* comma-separated: masked_lm, next_sentence, sequence_classification, ... */
} tuff_model_info;
TUFF_API void tuff_model_get_info(const tuff_model *model, tuff_model_info *out_info);
/* The model's own tokenizer, or NULL where its folder has none; lives as long as the model. */
TUFF_API const tuff_tokenizer *tuff_model_tokenizer(const tuff_model *model);

/* ---------------------------------------------------------------- what the calls on texts share */

/* Said of a text that cannot be used, from the calling thread: its index in the call, and a sentence that is
 * valid during the call. Returning true leaves its results empty and goes on; false, or no callback, makes the
 * call fail with TUFF_ARGUMENT. */
typedef bool (*tuff_reject_callback)(void *user, size_t index, const char *message);

typedef struct tuff_text_report {
    size_t truncated; /* texts (or pairs) that were longer than max_length */
    size_t tokens;    /* tokens computed, special ones included */
} tuff_text_report;

/* ---------------------------------------------------------------- sentence embeddings */

typedef struct tuff_embed_options {
    size_t size;
    tuff_pooling pooling;
    int normalize;       /* -1: as the folder says; 0, 1 */
    uint32_t max_length; /* 0: the model's */
    tuff_progress_callback progress;
    void *progress_user;
} tuff_embed_options;
#define TUFF_EMBED_OPTIONS                                                                                   \
    { sizeof(tuff_embed_options), TUFF_POOLING_AUTO, -1, 0, NULL, NULL }

/* `out_vectors` takes count x embedding_size floats, in the order of the texts. `out_report` may be NULL.
 * Texts are sorted by length and packed without padding, so give many at once. TUFF_NOT_FINITE if a result is
 * NaN or infinite. */
TUFF_API tuff_status tuff_embed(tuff_model *model, const tuff_text *texts, size_t count,
                                const tuff_embed_options *options, float *out_vectors,
                                tuff_text_report *out_report);

/* Part of a VkBuffer on the context's device: a lent one, or from tuff_shared_buffer_open. Results go there, or inputs lie
 * there. */
typedef struct tuff_vulkan_buffer {
    size_t size;
    /* VkBuffer that copies may write, for results (VK_BUFFER_USAGE_TRANSFER_DST_BIT), or read, for
     * inputs (VK_BUFFER_USAGE_TRANSFER_SRC_BIT), and that the lent queue's family owns */
    void *buffer;
    uint64_t offset;      /* bytes, a multiple of 4 */
    uint64_t length;      /* bytes that may be written or read */
    void *wait_semaphore; /* VkSemaphore that is waited for before the first write or read, or NULL */
    uint64_t wait_value;  /* of a timeline semaphore; 0: a binary one */
    /* VkSemaphore that is signalled after the last write or read, or NULL. Where the call fails too, unless
     * with TUFF_ARGUMENT, TUFF_UNSUPPORTED or TUFF_DEVICE_LOST */
    void *signal_semaphore;
    uint64_t signal_value; /* of a timeline semaphore; 0: a binary one */
} tuff_vulkan_buffer;
#define TUFF_VULKAN_BUFFER                                                                                   \
    { sizeof(tuff_vulkan_buffer), NULL, 0, 0, NULL, 0, NULL, 0 }

/* tuff_embed whose vectors stay on the device: count x embedding_size floats without gaps, in the order of the texts.
 * TUFF_ARGUMENT where they are more than `length`. The writes are done when the call returns. */
TUFF_API tuff_status tuff_embed_into(tuff_model *model, const tuff_text *texts, size_t count,
                                     const tuff_embed_options *options, const tuff_vulkan_buffer *to,
                                     tuff_text_report *out_report);

/* Tokens that lie in buffers on the device, as a renderer or another network left them: `count` sequences without gaps, in
 * I32. Special tokens ([CLS], [SEP]) are among them; all of a sequence's tokens see each other. */
typedef struct tuff_vulkan_tokens {
    size_t size;
    const tuff_vulkan_buffer *input_ids;
    const tuff_vulkan_buffer *token_type_ids; /* segments, with semaphores of their own; NULL: all 0 */
    const uint32_t *lengths; /* tokens of each sequence, 1 to the model's max_positions; on the host */
    size_t count;
} tuff_vulkan_tokens;
#define TUFF_VULKAN_TOKENS                                                                                   \
    { sizeof(tuff_vulkan_tokens), NULL, NULL, NULL, 0 }

/* Vectors of such tokens: count x embedding_size floats, in the order of the sequences. The model needs no tokenizer. The ids
 * do not pass through the host: the device copies and checks them. TUFF_ARGUMENT where a length is not possible or
 * longer than the options' max_length (nothing is cut off), or the lengths' sum is more than a buffer has; TUFF_FORMAT
 * where a token or segment is none of the model's. Buffers are read when the call returns. */
TUFF_API tuff_status tuff_embed_tokens(tuff_model *model, const tuff_vulkan_tokens *tokens,
                                       const tuff_embed_options *options, float *out_vectors);
/* The same into a buffer, as tuff_embed_into; it may be the one that the ids are in, behind them. */
TUFF_API tuff_status tuff_embed_tokens_into(tuff_model *model, const tuff_vulkan_tokens *tokens,
                                            const tuff_embed_options *options, const tuff_vulkan_buffer *to);

/* A buffer in memory that another VkDevice, or another process, exported as a file descriptor. */
typedef struct tuff_shared_buffer tuff_shared_buffer;

/* `fd` is an opaque one (VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT) of the same device and driver, for memory that was
 * allocated with this size and memory type and has a buffer of `length` bytes, for copies and storage, bound at 0. It
 * belongs to the library from here on where the call succeeds, and stays the caller's where it fails. TUFF_UNSUPPORTED
 * where the device has not external_memory_fd. */
TUFF_API tuff_status tuff_shared_buffer_open(tuff_context *context, int fd, uint64_t memory_size,
                                             uint32_t memory_type, uint64_t length,
                                             tuff_shared_buffer **out_buffer);
/* The VkBuffer, for tuff_vulkan_buffer. */
TUFF_API void *tuff_shared_buffer_handle(const tuff_shared_buffer *buffer);
TUFF_API void tuff_shared_buffer_close(tuff_shared_buffer *buffer);

/* ---------------------------------------------------------------- scores: classes, sentence pairs, choices */

/* The labels of a classifier, of sequences or of tokens: config.json's id2label, or LABEL_0 and so on. */
TUFF_API size_t tuff_model_label_count(const tuff_model *model);
/* NULL where `index` is too large; lives as long as the model. */
TUFF_API const char *tuff_model_label(const tuff_model *model, size_t index);

/* What makes scores of a head's outputs. */
typedef enum tuff_score_function {
    TUFF_SCORES_AUTO = 0,    /* as the call says */
    TUFF_SCORES_NONE = 1,    /* the outputs themselves */
    TUFF_SCORES_SIGMOID = 2, /* of each output */
    TUFF_SCORES_SOFTMAX = 3  /* over the outputs that belong together */
} tuff_score_function;

/* What AUTO means to tuff_classify, as transformers' pipeline has it: NONE where problem_type is regression,
 * SIGMOID where it is multi_label_classification or there is one label, else SOFTMAX. */
TUFF_API tuff_score_function tuff_model_score_function(const tuff_model *model);

typedef struct tuff_score_options {
    size_t size;
    tuff_score_function function;
    /* tokens, special ones included; 0: the model's. The longer text of a pair is cut first */
    uint32_t max_length;
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject;
    void *reject_user;
} tuff_score_options;
#define TUFF_SCORE_OPTIONS                                                                                   \
    { sizeof(tuff_score_options), TUFF_SCORES_AUTO, 0, NULL, NULL, NULL, NULL }

/* In all of these: texts are sorted by length and packed without padding, so give many at once; results are in
 * the order of the texts; `out_report` may be NULL. TUFF_UNSUPPORTED says which heads the model has where it
 * lacks the one that is needed; TUFF_NOT_FINITE if a result is NaN or infinite. */

/* A model with a sequence classification head. `pairs` may be NULL; of its `count` entries those that are empty
 * stand for no second text, as in transformers' pipeline. `out_scores` takes count x labels floats. */
TUFF_API tuff_status tuff_classify(tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                                   size_t count, const tuff_score_options *options, float *out_scores,
                                   tuff_text_report *out_report);

/* A model with a next sentence head. `out_scores` takes count x 2 floats: that nexts[i] follows texts[i], and
 * that it does not; an empty one is taken as transformers takes it, for no second text. AUTO is SOFTMAX: probabilities. */
TUFF_API tuff_status tuff_next_sentence(tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                        size_t count, const tuff_score_options *options, float *out_scores,
                                        tuff_text_report *out_report);

/* A cross-encoder: a sequence classification head with one label, whose output for (query, passage) says how
 * well the passage answers. `out_scores` takes `count` floats. AUTO is what config.json says to
 * sentence-transformers' CrossEncoder, else SIGMOID. */
TUFF_API tuff_status tuff_rank(tuff_model *model, tuff_text query, const tuff_text *passages, size_t count,
                               const tuff_score_options *options, float *out_scores,
                               tuff_text_report *out_report);

typedef struct tuff_choice {
    tuff_text context;
    const tuff_text *endings;
    size_t ending_count;
} tuff_choice;

/* A model with a multiple choice head. `out_scores` takes a float for each ending, those of the first choice
 * first. AUTO is SOFTMAX over the endings of a choice. A choice with an empty context or without endings is
 * rejected; its scores are zeros. */
TUFF_API tuff_status tuff_choose(tuff_model *model, const tuff_choice *choices, size_t count,
                                 const tuff_score_options *options, float *out_scores,
                                 tuff_text_report *out_report);

/* ---------------------------------------------------------------- words for [MASK] */

typedef struct tuff_fill_options {
    size_t size;
    uint32_t top_k;      /* words for each [MASK], at most the vocabulary */
    uint32_t max_length; /* tokens, special ones included; 0: the model's */
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject;
    void *reject_user;
} tuff_fill_options;
#define TUFF_FILL_OPTIONS                                                                                    \
    { sizeof(tuff_fill_options), 5, 0, NULL, NULL, NULL, NULL }

/* One word for one [MASK]; texts are UTF-8 with a NUL behind them. */
typedef struct tuff_fill {
    float score;   /* probability over the whole vocabulary */
    int32_t token; /* id */
    const char *token_str;
    const char *sequence; /* the text with the word in its place, as transformers decodes it: without special
                           * tokens where it is the text's only [MASK], else with them */
    size_t sequence_length; /* bytes */
} tuff_fill;

typedef struct tuff_fills tuff_fills;

/* A model with a masked language head. Each [MASK] is answered by itself, the others staying masked. A text
 * without [MASK], or one that loses a [MASK] to max_length, is rejected. */
TUFF_API tuff_status tuff_fill_mask(tuff_model *model, const tuff_text *texts, size_t count,
                                    const tuff_fill_options *options, tuff_fills **out_fills,
                                    tuff_text_report *out_report);
/* The [MASK]s of a text; 0 where it was rejected. */
TUFF_API size_t tuff_fills_mask_count(const tuff_fills *fills, size_t text);
/* The top_k words of a [MASK], the likeliest first; NULL where there is no such text or [MASK]. Valid until the
 * fills are freed. */
TUFF_API const tuff_fill *tuff_fills_get(const tuff_fills *fills, size_t text, size_t mask);
TUFF_API void tuff_fills_free(tuff_fills *fills);

/* ---------------------------------------------------------------- entities */

/* How labels of tokens become entities, as in transformers' pipeline for token classification. */
typedef enum tuff_aggregation {
    TUFF_AGGREGATION_NONE = 0,    /* each token by itself */
    TUFF_AGGREGATION_SIMPLE = 1,  /* neighbours of one type are an entity; B- begins another */
    TUFF_AGGREGATION_FIRST = 2,   /* the same, but a word has the label of its first token, */
    TUFF_AGGREGATION_AVERAGE = 3, /* the best label by the mean of its tokens' probabilities, */
    TUFF_AGGREGATION_MAX = 4      /* or the label of its surest token */
} tuff_aggregation;

typedef struct tuff_tag_options {
    size_t size;
    tuff_aggregation aggregation;
    const char *const *ignored_labels; /* entities of these are left away; NULL: those of "O" */
    size_t ignored_count;
    uint32_t max_length; /* tokens of a window, special ones included; 0: the model's */
    int32_t stride;      /* tokens that a window shares with the one before; -1: a quarter of a window */
    tuff_progress_callback progress;
    void *progress_user;
} tuff_tag_options;
#define TUFF_TAG_OPTIONS                                                                                     \
    { sizeof(tuff_tag_options), TUFF_AGGREGATION_NONE, NULL, 0, 0, -1, NULL, NULL }

typedef struct tuff_entity {
    const char *label; /* of the token, or what stands behind its B- or I-; lives as long as the model */
    float score;       /* probability, the mean over what was joined */
    const char *word;  /* the tokens joined, with a NUL behind them */
    size_t word_length;
    tuff_offset offset;      /* where it stands in the text: code points */
    tuff_offset byte_offset; /* the same in bytes */
    size_t index;            /* its first token's place in the text, that of [CLS] being 0 */
} tuff_entity;

typedef struct tuff_entities tuff_entities;

/* A model with a token classification head. A text that is longer than a window is cut into windows that
 * overlap; of entities that overlap the longest is kept, or the likelier of equally long ones. */
TUFF_API tuff_status tuff_tag(tuff_model *model, const tuff_text *texts, size_t count,
                              const tuff_tag_options *options, tuff_entities **out_entities,
                              tuff_text_report *out_report);
TUFF_API size_t tuff_entities_count(const tuff_entities *entities, size_t text);
/* In the order of the text; NULL where there is no such text or entity. Valid until the entities are freed. */
TUFF_API const tuff_entity *tuff_entities_get(const tuff_entities *entities, size_t text, size_t index);
TUFF_API void tuff_entities_free(tuff_entities *entities);

/* ---------------------------------------------------------------- answers to questions */

typedef struct tuff_answer_options {
    size_t size;
    uint32_t top_k;      /* answers to each question, at most */
    uint32_t max_length; /* tokens of a window, question and special ones included; 0: 384, or the model's
                          * where that is less */
    int32_t stride;      /* tokens of the context that a window shares with the one before; -1: 128, or
                          * half a window where that is less */
    uint32_t max_answer_length; /* tokens */
    bool handle_impossible;     /* that there is no answer is one of the answers */
    bool no_word_alignment;     /* answers may begin and end within words */
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject;
    void *reject_user;
} tuff_answer_options;
#define TUFF_ANSWER_OPTIONS                                                                                  \
    { sizeof(tuff_answer_options), 1, 0, -1, 15, false, false, NULL, NULL, NULL, NULL }

/* A part of a context. */
typedef struct tuff_span {
    float score;
    tuff_offset offset;      /* in code points; [0, 0): there is no answer */
    tuff_offset byte_offset; /* the same in bytes */
} tuff_span;

typedef struct tuff_answers tuff_answers;

/* A model with a question answering head finds the answer to questions[i] in contexts[i], which may be of any
 * length: it is cut into windows that overlap. A span's score is the product of the probabilities that it begins
 * and ends there; scores of spans with the same text add up, as in transformers' pipeline. A question or a context
 * that is empty, or a question that leaves no room for the context, is rejected. */
TUFF_API tuff_status tuff_answer(tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                                 size_t count, const tuff_answer_options *options, tuff_answers **out_answers,
                                 tuff_text_report *out_report);
/* 0 where the question was rejected. */
TUFF_API size_t tuff_answers_count(const tuff_answers *answers, size_t question);
/* The best first; NULL where there is no such question or answer. Valid until the answers are freed. */
TUFF_API const tuff_span *tuff_answers_get(const tuff_answers *answers, size_t question, size_t index);
/* The score of there being no answer: the least over the windows. */
TUFF_API float tuff_answers_null_score(const tuff_answers *answers, size_t question);
TUFF_API void tuff_answers_free(tuff_answers *answers);

/* ---------------------------------------------------------------- jobs: the calls on texts without waiting */

/* A call that runs on a thread of its context's. Jobs of one context run one after the other, in the order in which they
 * were begun; calls that wait go on beside them. What is handed in (texts, labels, places for results) must stay until the
 * job has ended; options are copied. Their callbacks come from the context's thread. A job is freed before its model is
 * closed. */
typedef struct tuff_job tuff_job;

typedef struct tuff_job_options {
    size_t size;
    void (*ended)(void *user,
                  tuff_status status); /* from the context's thread, as the last that it does for the job:
                                        * tuff_job_is_done tells so after it returns. NULL: none */
    void *user;
} tuff_job_options;
#define TUFF_JOB_OPTIONS                                                                                     \
    { sizeof(tuff_job_options), NULL, NULL }

/* The calls of the same names. They return once the job is begun; TUFF_ARGUMENT and other failures of the call itself are
 * the job's. `job_options` may be NULL. */
TUFF_API tuff_status tuff_job_embed(tuff_model *model, const tuff_text *texts, size_t count,
                                    const tuff_embed_options *options, const tuff_job_options *job_options,
                                    float *out_vectors, tuff_job **out_job);
TUFF_API tuff_status tuff_job_classify(tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                                       size_t count, const tuff_score_options *options,
                                       const tuff_job_options *job_options, float *out_scores,
                                       tuff_job **out_job);
TUFF_API tuff_status tuff_job_next_sentence(tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                                            size_t count, const tuff_score_options *options,
                                            const tuff_job_options *job_options, float *out_scores,
                                            tuff_job **out_job);
TUFF_API tuff_status tuff_job_rank(tuff_model *model, tuff_text query, const tuff_text *passages,
                                   size_t count, const tuff_score_options *options,
                                   const tuff_job_options *job_options, float *out_scores,
                                   tuff_job **out_job);
TUFF_API tuff_status tuff_job_choose(tuff_model *model, const tuff_choice *choices, size_t count,
                                     const tuff_score_options *options, const tuff_job_options *job_options,
                                     float *out_scores, tuff_job **out_job);
/* Results are there once the job has ended well; until then *out_fills and so on are NULL. */
TUFF_API tuff_status tuff_job_fill_mask(tuff_model *model, const tuff_text *texts, size_t count,
                                        const tuff_fill_options *options, const tuff_job_options *job_options,
                                        tuff_fills **out_fills, tuff_job **out_job);
TUFF_API tuff_status tuff_job_tag(tuff_model *model, const tuff_text *texts, size_t count,
                                  const tuff_tag_options *options, const tuff_job_options *job_options,
                                  tuff_entities **out_entities, tuff_job **out_job);
TUFF_API tuff_status tuff_job_answer(tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                                     size_t count, const tuff_answer_options *options,
                                     const tuff_job_options *job_options, tuff_answers **out_answers,
                                     tuff_job **out_job);

/* Whether the job has ended, without waiting. *out_done of *out_total texts are through; both may be NULL. */
TUFF_API bool tuff_job_is_done(const tuff_job *job, size_t *out_done, size_t *out_total);
/* Waits for the end, for `timeout_ms` at most (UINT64_MAX: as long as it takes), and tells whether it has come. */
TUFF_API bool tuff_job_wait(const tuff_job *job, uint64_t timeout_ms);
/* Asks the job to end. It does after the submit that is in flight, with TUFF_CANCELLED; one that has not begun does no work
 * at all. Returns at once. */
TUFF_API void tuff_job_cancel(tuff_job *job);
/* Waits for the end and gives what the call would have returned, its sentence too. `out_report` may be NULL. */
TUFF_API tuff_status tuff_job_result(const tuff_job *job, tuff_text_report *out_report);
/* Cancels and waits. NULL is fine. */
TUFF_API void tuff_job_free(tuff_job *job);

/* ---------------------------------------------------------------- raw tensors */

/* A set of named arrays in C order, read from and written to safetensors files. */
typedef struct tuff_arrays tuff_arrays;

#define TUFF_MAX_RANK 8
typedef struct tuff_array {
    const char *name;
    tuff_dtype dtype;
    size_t rank;
    size_t shape[TUFF_MAX_RANK];
    const void *data;
} tuff_array;

TUFF_API tuff_status tuff_arrays_create(const tuff_allocator *allocator, tuff_arrays **out_arrays);
/* Copies the array; a name that is there already is TUFF_ARGUMENT. */
TUFF_API tuff_status tuff_arrays_add(tuff_arrays *arrays, const tuff_array *array);
TUFF_API tuff_status tuff_arrays_load(const char *path, const tuff_allocator *allocator,
                                      tuff_arrays **out_arrays);
TUFF_API tuff_status tuff_arrays_save(const tuff_arrays *arrays, const char *path);
TUFF_API size_t tuff_arrays_count(const tuff_arrays *arrays);
TUFF_API const tuff_array *tuff_arrays_get(const tuff_arrays *arrays, size_t index);
TUFF_API const tuff_array *tuff_arrays_find(const tuff_arrays *arrays, const char *name); /* NULL: absent */
TUFF_API void tuff_arrays_free(tuff_arrays *arrays);

typedef struct tuff_forward_options {
    size_t size;
    bool hidden_states; /* hidden_states.0 to hidden_states.L */
    bool attentions;    /* attentions.0 to attentions.L-1 */
} tuff_forward_options;
#define TUFF_FORWARD_OPTIONS                                                                                 \
    { sizeof(tuff_forward_options), false, false }

/* Inputs, I64 or I32: input_ids (batch, length); attention_mask (ones where missing; any pattern) and
 * token_type_ids (zeros where missing) of the same shape. Outputs, F32, under transformers' names:
 * last_hidden_state, pooler_output where the model has a pooler, and what the options ask for. Rows that the
 * mask hides are zeros. */
TUFF_API tuff_status tuff_forward(tuff_model *model, const tuff_arrays *inputs,
                                  const tuff_forward_options *options, tuff_arrays **out_outputs);

/* ---------------------------------------------------------------- training */

/* A model that is trained: weights, gradients and the optimizer's moments on the device. It is opened from a
 * folder with the head that is to be trained, and shares nothing with a tuff_model of the same folder. Calls on one trainer
 * take turns. */
typedef struct tuff_trainer tuff_trainer;

typedef enum tuff_optimizer {
    /* PyTorch's AdamW (Loshchilov and Hutter 2019), gradients scaled by min(1, clip / (norm + 1e-6)) */
    TUFF_ADAMW = 0,
    /* the original BERT's: no bias correction, gradients scaled by clip / max(norm, clip) */
    TUFF_BERT_ADAMW = 1
} tuff_optimizer;

/* Learning rate by step s = 0, 1, ...; during warm-up always rate * s / warmup_steps. */
typedef enum tuff_schedule {
    TUFF_SCHEDULE_AUTO = 0, /* LINEAR for ADAMW, ORIGINAL for BERT_ADAMW */
    /* then rate * (total - s) / (total - warmup), as transformers' linear schedule */
    TUFF_SCHEDULE_LINEAR = 1,
    TUFF_SCHEDULE_COSINE = 2, /* then rate * (1 + cos(pi * (s - warmup) / (total - warmup))) / 2 */
    TUFF_SCHEDULE_CONSTANT = 3,
    TUFF_SCHEDULE_ORIGINAL = 4 /* then rate * (1 - s / total), as the original BERT's optimization.py */
} tuff_schedule;

/* Matrices of the encoder's layers that get low-rank adapters. */
typedef enum tuff_lora_targets {
    TUFF_LORA_QUERY = 1,
    TUFF_LORA_KEY = 2,
    TUFF_LORA_VALUE = 4,
    TUFF_LORA_ATTENTION_OUTPUT = 8,
    TUFF_LORA_INTERMEDIATE = 16, /* the first matrix of the feed-forward network */
    TUFF_LORA_OUTPUT = 32,       /* the second one */
    TUFF_LORA_ALL = 63
} tuff_lora_targets;

typedef struct tuff_trainer_options {
    size_t size;
    tuff_optimizer optimizer;
    tuff_schedule schedule;
    double learning_rate;
    double beta1, beta2;
    double epsilon;      /* 0: 1e-8 for ADAMW, 1e-6 for BERT_ADAMW */
    double weight_decay; /* of matrices and tables; biases and norms never decay */
    double clip;         /* of the norm of all gradients; 0: none */
    uint64_t warmup_steps;
    uint64_t total_steps; /* 0: the rate does not fall */
    double dropout;       /* of everything; below 0: as config.json says */
    double label_smoothing;
    uint64_t seed; /* of dropout */
    /* the batch of a step is computed in so many parts, whose gradients are added: the same step in
     * less memory */
    uint32_t accumulate;
    /* F32 (AUTO as well), or F16: mixed precision. Activations, their gradients and what is multiplied are
     * then F16; weights, their gradients, moments and sums stay F32. The loss is scaled by 2^16 at first,
     * by half of it after a step whose gradients overflowed (it is skipped), twice as much after 2000
     * good ones, as PyTorch's GradScaler does */
    tuff_dtype dtype;
    /* each layer learns at the rate of the one above times this, the heads and the pooler at the full
     * one, the embeddings below all layers; 1: all alike */
    double layer_decay;
    /* each layer is computed a second time for its backward pass instead of being kept: the
     * same gradients in less memory */
    bool checkpoints_activations;
    /* above 0: low-rank adapters (LoRA, Hu et al. 2021) are trained, and with them the heads and the
     * pooler alone. A matrix W is then W + alpha / rank * B A with A (rank, inputs) and B (outputs,
     * rank); A begins uniform within 1 / sqrt(inputs), by the seed, and B as zeros, as PEFT has it.
     * At most hidden_size */
    uint32_t lora_rank;
    double lora_alpha;     /* 0: twice the rank */
    uint32_t lora_targets; /* flags of tuff_lora_targets */
} tuff_trainer_options;
#define TUFF_TRAINER_OPTIONS                                                                                 \
    {                                                                                                        \
        sizeof(tuff_trainer_options), TUFF_ADAMW, TUFF_SCHEDULE_AUTO, 5e-5, 0.9, 0.999, 0, 0.01, 1, 0, 0,    \
            -1, 0, 0, 1, TUFF_DTYPE_AUTO, 1, false, 0, 0, TUFF_LORA_ALL                                      \
    }

/* Opens a folder as tuff_model_open does. TUFF_UNSUPPORTED where it has no head. */
TUFF_API tuff_status tuff_trainer_open(tuff_context *context, const char *path,
                                       const tuff_trainer_options *options, tuff_trainer **out_trainer);
TUFF_API void tuff_trainer_close(tuff_trainer *trainer);

/* The loss of a labelled batch and the gradient of every parameter that it depends on, without dropout and without changing
 * anything. Inputs as of tuff_forward with labels. Outputs, F32: loss, and one array for each parameter under its name in
 * the folder; tied weights once. Zeros for parameters that are not trained; with adapters, those of A and B under the
 * matrix's name with lora_A or lora_B before its last word, and the gradient of the matrix that they make. */
TUFF_API tuff_status tuff_trainer_gradients(tuff_trainer *trainer, const tuff_arrays *inputs,
                                            tuff_arrays **out_gradients);

typedef struct tuff_step_report {
    uint64_t step;          /* that was made, from 0 */
    double loss;            /* before the update */
    double gradient_norm;   /* of all gradients, before clipping */
    double learning_rate;   /* used */
    bool was_skipped;       /* the norm was not finite: nothing was changed */
    double loss_scale;      /* of this step; 1 in F32 */
    uint64_t skipped_steps; /* until now */
} tuff_step_report;

/* One optimizer step on one labelled batch; a batch that does not fit at once is computed in pieces. TUFF_DEVICE_MEMORY
 * where a piece cannot be smaller, with the length that would fit; TUFF_NOT_FINITE where the loss is NaN. The weights are
 * then as before. */
TUFF_API tuff_status tuff_trainer_step(tuff_trainer *trainer, const tuff_arrays *inputs,
                                       tuff_step_report *out_report);

/* Writes the folder that transformers loads: model.safetensors in F32 under the names of the folder that was opened, with its
 * config.json and tokenizer files. Each file is replaced whole or not at all. */
TUFF_API tuff_status tuff_trainer_save(tuff_trainer *trainer, const char *folder);
/* Writes the adapters alone, and the heads trained with them, as PEFT does: adapter_model.safetensors, adapter_config.json
 * and the tokenizer files. tuff_trainer_save writes the model with its adapters merged. TUFF_ARGUMENT where the trainer has
 * no adapters. */
TUFF_API tuff_status tuff_trainer_save_adapter(tuff_trainer *trainer, const char *folder);

/* Writes all that a trainer goes on from (weights, moments, its step) to one file, which is replaced whole. */
TUFF_API tuff_status tuff_trainer_checkpoint(tuff_trainer *trainer, const char *path);
/* Goes on from such a file, to the same bits. TUFF_ARGUMENT where it is of another model, seed or number of steps. */
TUFF_API tuff_status tuff_trainer_resume(tuff_trainer *trainer, const char *path);

/* ---------------------------------------------------------------- tasks */

/* What a model is fine-tuned for, evaluated at, and what its files hold. */
typedef enum tuff_task {
    TUFF_TASK_CLASSIFY = 0,   /* a text (or a pair) and its class */
    TUFF_TASK_PAIR = 1,       /* a pair of texts and its class */
    TUFF_TASK_REGRESS = 2,    /* a text or a pair and a number */
    TUFF_TASK_MULTILABEL = 3, /* a text or a pair and any number of labels */
    TUFF_TASK_TAG = 4,        /* words with a tag each; the first piece of a word carries it */
    TUFF_TASK_ANSWER = 5,     /* questions on contexts, as SQuAD has them */
    TUFF_TASK_CHOOSE = 6,     /* which of several endings follows */
    /* a query, a passage and its relevance from 0 to 1: a cross-encoder, whose one output is held against it
     * by binary cross entropy */
    TUFF_TASK_RANK = 7,
    /* pairs of texts that mean the same: sentence embeddings by the multiple negatives ranking loss, which
     * takes all other second texts of a batch for wrong ones. Evaluated as a search for each first text's own
     * second one among all of the file */
    TUFF_TASK_EMBED = 8
} tuff_task;

/* How a labelled file is read: .tsv, .csv, .jsonl, .conll, .json (SQuAD) by its name. */
typedef struct tuff_data_options {
    size_t size;
    const char *text_column, *pair_column, *label_column, *id_column; /* NULL: the usual names */
    /* file with a label a line; NULL: the model's, for a new head those of the training file */
    const char *labels;
    double label_scale, label_offset; /* numbers are trained as (label - offset) / scale */
    uint32_t max_length;              /* tokens; longer texts are cut. 0: the model's */
    uint32_t stride;                  /* tokens that the windows of a context share */
    uint32_t n_best;                  /* starts and ends of which the best pair is an answer */
    uint32_t max_answer_tokens;
    bool skips_bad; /* pass over and count what cannot be used instead of refusing the file */
} tuff_data_options;
#define TUFF_DATA_OPTIONS                                                                                    \
    { sizeof(tuff_data_options), 0, 0, 0, 0, 0, 1, 0, 0, 128, 20, 30, 0 }

typedef struct tuff_metric {
    const char *name; /* "accuracy"; of static life */
    double value;
} tuff_metric;

typedef enum tuff_head_start {
    TUFF_HEAD_OWN = 0,    /* the folder's where it has the head, else RANDOM */
    TUFF_HEAD_RANDOM = 1, /* normal of deviation 0.02, biases 0 */
    TUFF_HEAD_ZEROS = 2
} tuff_head_start;

/* Which parameters are trained; the others stay as they are, bit by bit. The head is all that stands behind the
 * encoder: pooler and classifier. Adapters are chosen by tuff_trainer_options.lora_rank. */
typedef enum tuff_trainable {
    TUFF_TRAINABLE_ALL = 0,
    TUFF_TRAINABLE_HEAD = 1,
    TUFF_TRAINABLE_LAST = 2,  /* the head and the last layers of the encoder */
    TUFF_TRAINABLE_BIASES = 3 /* the head and the encoder's biases (BitFit, Ben Zaken et al. 2022) */
} tuff_trainable;

typedef struct tuff_finetune_report {
    uint64_t step, total_steps; /* step: that was made, from 1 */
    uint32_t epoch;             /* from 1 */
    double loss, gradient_norm, learning_rate;
    double tokens_per_second, seconds_left;
    double loss_scale; /* as of tuff_step_report */
    bool was_skipped;
    uint64_t skipped_steps;
} tuff_finetune_report;

typedef struct tuff_finetune_options {
    size_t size;
    tuff_task task;
    const char *model, *train, *output; /* folder, file, folder */
    const char *dev;                    /* file; NULL: no evaluation */
    /* NULL: the defaults; its steps are set from epochs and warm-up, and a step
     * takes `accumulate` batches */
    const tuff_trainer_options *trainer;
    const tuff_data_options *data; /* NULL: the defaults */
    tuff_head_start head;
    uint32_t epochs, batch_size;
    double warmup;             /* share of all steps over which the rate rises */
    bool keeps_order;          /* of the file; else each epoch is shuffled by the seed */
    uint64_t limit, dev_limit; /* features of the files that are read; 0: all */
    uint64_t checkpoint_every; /* steps; 0: each epoch */
    bool resumes;              /* from the output's checkpoint where there is one */
    uint64_t eval_every;       /* steps, and after the last one; 0: each epoch */
    /* evaluations in a row without a better figure that end the run; the output is then the best
     * model. 0: all epochs, and the output is the last one */
    uint32_t patience;
    tuff_trainable trainable;
    uint32_t trainable_count; /* of LAST: layers */
    /* of ANSWER: the loss runs over the padding too that fills each window of a batch up to its
     * longest, as transformers has it; else over the window's own positions */
    bool pads_to_longest;
    /* Each may be NULL. Returning false from step cancels. */
    bool (*step)(void *user, const tuff_finetune_report *report);
    void (*evaluated)(void *user, uint64_t step, const tuff_metric *metrics, size_t count);
    void *user;
    bool exports_adapter; /* the output is what tuff_trainer_save_adapter writes, not a whole model */
} tuff_finetune_options;
#define TUFF_FINETUNE_OPTIONS                                                                                \
    {                                                                                                        \
        sizeof(tuff_finetune_options), TUFF_TASK_CLASSIFY, 0, 0, 0, 0, 0, 0, TUFF_HEAD_OWN, 3, 32, 0.1, 0,   \
            0, 0, 0, 0, 0, 0, TUFF_TRAINABLE_ALL, 0, 0, 0, 0, 0, 0                                           \
    }

/* Trains a model on a labelled file. The output is a folder that transformers loads, with metrics.jsonl (a line a step and a
 * line an evaluation) and, under checkpoint, what a run goes on from: it is replaced whole, so that a run that is
 * killed at any moment resumes to the weights that it would have had. TUFF_NOT_FINITE where loss or gradients are not
 * finite; the last checkpoint stays. */
TUFF_API tuff_status tuff_finetune(tuff_context *context, const tuff_finetune_options *options);

enum { TUFF_METRICS_MAX = 8 };

/* The figures of a model at a labelled file; out_metrics takes TUFF_METRICS_MAX. `predictions` (may be NULL) is a file that
 * is replaced by one line for each example: its label, labels or number, or for EMBED the number of the second text found,
 * from 0; for TAG by what conlleval reads, a line for each word with its true and its predicted tag; for ANSWER by the
 * JSON object that SQuAD's scripts read. `limit`
 * examples are read; 0: all. */
TUFF_API tuff_status tuff_evaluate(tuff_context *context, tuff_task task, const char *model, const char *data,
                                   const tuff_data_options *options, uint64_t limit, const char *predictions,
                                   tuff_metric *out_metrics, size_t *out_count);

/* ---------------------------------------------------------------- pre-training */

typedef struct tuff_pretraining_options {
    size_t size;
    const char *model;          /* folder with both heads of pre-training; NULL: from scratch */
    const char *config, *vocab; /* from scratch: config.json and vocab.txt */
    const char *output;         /* folder */
    const char *const *corpus;  /* files: a sentence a line, an empty line between documents */
    size_t corpus_count;
    const char *batches; /* ready sequences instead: safetensors with the fields of Google's BERT records */
    const char *eval_batches; /* the same; its loss is given at the end; may be NULL */
    /* NULL: the defaults; total_steps is set from `steps`, and a step takes `accumulate` batches */
    const tuff_trainer_options *trainer;
    uint64_t steps; /* 0: once through the batches; needed with a corpus */
    uint32_t batch_size;
    /* tokens of the corpus's sequences; the last tenth of the steps takes four times as many where
     * the model has positions for them */
    uint32_t length;
    bool has_one_length;       /* of all steps */
    bool is_whole_word;        /* pieces of a word are masked together */
    uint64_t checkpoint_every; /* steps; 0: 1000 */
    bool resumes;
    bool (*step)(void *user, const tuff_finetune_report *report);
    void (*evaluated)(void *user, uint64_t step, const tuff_metric *metrics, size_t count);
    void *user;
} tuff_pretraining_options;
#define TUFF_PRETRAINING_OPTIONS                                                                             \
    { sizeof(tuff_pretraining_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 128, 0, 0, 0, 0, 0, 0, 0 }

/* Trains a model to fill masks and to tell whether one text follows another. Output and failures as of tuff_finetune. */
TUFF_API tuff_status tuff_pretrain(tuff_context *context, const tuff_pretraining_options *options);

/* ---------------------------------------------------------------- measuring */

/* One measurement. A number that does not apply is 0; pointers are valid during the callback alone. */
typedef struct tuff_bench_row {
    const char *name; /* of the model, the shape, the op or the limit */
    /* "forward", "ragged", "equal", "training", "loss" (its forward pass), "op", "limit" */
    const char *workload;
    const char *shape;   /* "8x128": sentences and their tokens; of an op its own sizes */
    const char *dtype;   /* "f32", "f16", "int8" */
    const char *variant; /* of the largest multiplication, or of the kernel */
    uint32_t repeats;    /* timed runs, after one that is not counted */
    double ms_median, ms_p95;
    double cpu_ms; /* median of the processor time of the process: on a CPU driver steadier than ms_median */
    double gflops; /* 10^9 of 2 M N K of all multiplications, those of attention included, a second */
    double gbytes_per_s; /* 10^9 bytes of inputs and outputs a second, each counted once */
    double tokens_per_second, sentences_per_second;
    /* largest difference from the plain C reference, relative to the largest value; below 0: not compared */
    double error;
} tuff_bench_row;

typedef enum tuff_bench_workload {
    TUFF_BENCH_FORWARD = 0, /* sentence vectors of `batch` sentences of `length` tokens */
    /* 256 sentences of 8 to 128 tokens, then as many of equal lengths with the same tokens */
    TUFF_BENCH_RAGGED = 1,
    /* a step of AdamW on two classes with dropout and clipping, then its forward pass alone */
    TUFF_BENCH_TRAINING = 2
} tuff_bench_workload;

typedef struct tuff_bench_options {
    size_t size;
    const char *model; /* as for tuff_model_open; NULL: `shape` */
    const char *shape; /* "base", "large" or "minilm": the sizes of the known models with random weights */
    tuff_dtype dtype;
    tuff_bench_workload workload;
    const uint32_t *batches, *lengths; /* each batch is run with each length; not read by RAGGED */
    size_t batch_count, length_count;
    uint32_t repeats;                /* 0: 5 */
    bool skips_check;                /* of the error, which takes some seconds */
    tuff_progress_callback progress; /* in runs */
    void *progress_user;
    tuff_dtype arithmetic; /* as in tuff_model_options; not read by TRAINING */
} tuff_bench_options;
#define TUFF_BENCH_OPTIONS                                                                                   \
    {                                                                                                        \
        sizeof(tuff_bench_options), NULL, NULL, TUFF_DTYPE_AUTO, TUFF_BENCH_FORWARD, NULL, NULL, 0, 0, 0,    \
            false, NULL, NULL, TUFF_DTYPE_AUTO                                                               \
    }

/* Times a model on tokens that are the same in each call, without tokenization: a row for each batch and length. One run
 * goes from the tokens in the host's memory to the results in the host's memory. The operations counted, for each sentence
 * of L tokens: layers * (2 L (4 h^2 + 2 h i) + 4 L^2 h), h the hidden and i the intermediate size; training counts three
 * times as many. TUFF_ARGUMENT for a shape that is not known or a length that the model has no positions for. */
TUFF_API tuff_status tuff_bench(tuff_context *context, const tuff_bench_options *options,
                                void (*row)(void *user, const tuff_bench_row *row), void *user);

typedef struct tuff_bench_op_options {
    size_t size;
    const char *op; /* "matmul", "attention", "layer_norm", "embedding", "pool", "cross_entropy"; NULL: all */
    tuff_dtype dtype; /* F16, else F32 */
    uint32_t repeats; /* 0: 5 */
    bool skips_check;
} tuff_bench_op_options;
#define TUFF_BENCH_OP_OPTIONS                                                                                \
    { sizeof(tuff_bench_op_options), NULL, TUFF_DTYPE_AUTO, 0, false }

/* Times single ops at BERT's sizes: matmul as MxKxN, attention as heads x head size x tokens, else rows x columns. The time
 * is that of one pass among as many in a submit as take some milliseconds. */
TUFF_API tuff_status tuff_bench_ops(tuff_context *context, const tuff_bench_op_options *options,
                                    void (*row)(void *user, const tuff_bench_row *row), void *user);

/* What a device does at most. */
typedef struct tuff_peak {
    double gflops;       /* multiply-adds of F32 in registers, two operations each */
    double gbytes_per_s; /* of a copy, reads and writes counted */
    double dispatch_us;  /* of a smallest kernel that waits for the one before */
} tuff_peak;

TUFF_API tuff_status tuff_bench_peak(tuff_context *context, tuff_peak *out_peak);

/* ---------------------------------------------------------------- tuning */

/* A kernel that was measured for one product. Pointers are valid during the callback alone. */
typedef struct tuff_tune_row {
    const char *op;    /* "matmul" */
    const char *shape; /* "128x768x3072": rows, inner size, columns */
    const char *dtype;
    const char *variant; /* "tiled 8x2 of 16x8 lanes, step 4" */
    double ms;           /* the best run; on a CPU driver of processor time */
    double error;  /* from the plain C reference, relative to the largest value; below 0: it did not run */
    bool is_right; /* others are never chosen */
    bool is_chosen;
    const char *remark; /* why it is not right; may be empty */
} tuff_tune_row;

typedef struct tuff_tune_options {
    size_t size;
    const char *model; /* as for tuff_model_open; NULL: `shape`, as for tuff_bench */
    const char *shape;
    tuff_dtype dtype;
    tuff_progress_callback progress; /* in products */
    void *progress_user;
} tuff_tune_options;
#define TUFF_TUNE_OPTIONS                                                                                    \
    { sizeof(tuff_tune_options), NULL, NULL, TUFF_DTYPE_AUTO, NULL, NULL }

/* Measures the kernels that the device may be given for the multiplications of a model, and keeps the choice in the cache
 * folder per device, driver and driver version: every later context uses it unasked, and so does this one for models that
 * are opened afterwards. Kernels that give wrong results are told and never chosen: *out_wrong counts them. A choice
 * that was measured stays unless another kernel takes a quarter less time, the first one unless it takes a tenth less. */
TUFF_API tuff_status tuff_tune(tuff_context *context, const tuff_tune_options *options,
                               void (*row)(void *user, const tuff_tune_row *row), void *user,
                               size_t *out_wrong);

/* All choices as JSON, to give to machines with the same device. */
TUFF_API tuff_status tuff_tuning_export(tuff_context *context, const char *path);
/* From such a file, in the place of all that was measured here, also in the cache folder. TUFF_FORMAT where it is malformed,
 * TUFF_ARGUMENT where it is of another device; what this device may not be given is never used. */
TUFF_API tuff_status tuff_tuning_import(tuff_context *context, const char *path);

/* ---------------------------------------------------------------- trust in a device */

/* One kernel variant held against the plain C reference in double. */
typedef struct tuff_check_row {
    const char *kernel;
    const char *variant;
    const char *shape;
    double error; /* largest difference, relative to the largest value */
    double tolerance;
    bool is_right;
    const char *remark; /* why it was not run or what to switch off; may be empty */
} tuff_check_row;

/* Runs every kernel variant that the device can use; calls `row` for each. TUFF_OK even where a row is wrong:
 * *out_wrong counts those. Matrices of a whole workgroup (VK_NV_cooperative_matrix2) are multiplied on the device
 * after this found them right; that is kept with the tuning. */
TUFF_API tuff_status tuff_check(tuff_context *context, void (*row)(void *user, const tuff_check_row *row),
                                void *user, size_t *out_wrong);

/* One number that the driver tells of a compiled pipeline, under the driver's own name for it. */
typedef struct tuff_statistic {
    const char *name;
    double value;
} tuff_statistic;

/* A kernel as it is compiled for a device. All pointers are valid during the callback alone. */
typedef struct tuff_pipeline_row {
    const char *kernel;
    const char *variant;
    const char *constants; /* "name=value name=value" */
    bool is_default;       /* what the device is given unasked */
    const char *failure;   /* why it does not compile; "" if it does */
    const tuff_statistic *statistics;
    size_t statistic_count; /* 0 where the driver tells nothing */
    const char *assembly;   /* the driver's own text, or "" */
} tuff_pipeline_row;

typedef struct tuff_pipelines_options {
    size_t size;
    bool all;       /* those too that the device is not given unasked */
    bool assembly;  /* fill in `assembly` */
    bool inference; /* none that training alone uses */
} tuff_pipelines_options;
#define TUFF_PIPELINES_OPTIONS                                                                               \
    { sizeof(tuff_pipelines_options), false, false, false }

/* Compiles the kernels of all operations at BERT's shapes, for inference and training, f32 and f16; calls `row` for each
 * pipeline, ordered by kernel, variant and constants. TUFF_OK even where one does not compile: *out_failed counts those. */
TUFF_API tuff_status tuff_pipelines_list(tuff_context *context, const tuff_pipelines_options *options,
                                         void (*row)(void *user, const tuff_pipeline_row *row), void *user,
                                         size_t *out_failed);

#ifdef __cplusplus
}
#endif

#endif
