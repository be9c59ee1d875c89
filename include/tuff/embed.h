/* SPDX-License-Identifier: Apache-2.0 */
/* Sentence embeddings, to host memory or to buffers of the program. Part of tuff.h. */
#ifndef TUFF_EMBED_H
#define TUFF_EMBED_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
