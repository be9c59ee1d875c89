/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `tuff`, one line each: name in C, name on the command line, what it does in a few words.
 * Each is a function tuff_cmd_NAME in cmd_NAME.c that gets its own name as argv[0] and returns the exit code.
 */
#ifndef TUFF_COMMANDS_H
#define TUFF_COMMANDS_H

#define TUFF_COMMANDS(X)                                                                                     \
    X(fill_mask, "fill-mask", "words for the [MASK]s of texts")                                              \
    X(next_sentence, "next-sentence", "whether one sentence follows another")                                \
    X(classify, "classify", "the label, labels or number of texts and pairs of texts")                       \
    X(rank, "rank", "passages by how well they answer a query")                                              \
    X(choose, "choose", "the likeliest of several endings")                                                  \
    X(tag, "tag", "the entities of texts")                                                                   \
    X(answer, "answer", "the part of a context that answers a question")                                     \
    X(embed, "embed", "sentence embeddings of texts")                                                        \
    X(search, "search", "the lines of a text that mean most nearly the same as a query")                     \
    X(tokenize, "tokenize", "texts to the tokens of a model")                                                \
    X(forward, "forward", "raw tensors in, raw tensors out")                                                 \
    X(finetune, "finetune", "train a model on a labelled file")                                              \
    X(pretrain, "pretrain", "train a model on a corpus")                                                     \
    X(evaluate, "evaluate", "the figures of a model at a labelled file")                                     \
    X(vocab, "vocab", "a vocabulary from files of text")                                                     \
    X(plot, "plot", "the curves of a training run as pictures")                                              \
    X(gradients, "gradients", "the gradient of every parameter for a labelled batch")                        \
    X(step, "step", "optimizer steps on stored batches")                                                     \
    X(devices, "devices", "the Vulkan devices of this machine")                                              \
    X(check, "check", "hold every kernel of a device against a plain C reference")                           \
    X(bench, "bench", "how fast a device runs models")                                                       \
    X(tune, "tune", "measure which kernels a device runs fastest, and keep the choice")                      \
    X(pipelines, "pipelines", "what a device's compiler makes of every kernel")

#define TUFF_COMMAND_PROTOTYPE(name, word, summary) int tuff_cmd_##name(int argc, char **argv);
TUFF_COMMANDS(TUFF_COMMAND_PROTOTYPE)
#undef TUFF_COMMAND_PROTOTYPE

/* What a command returns besides EXIT_SUCCESS and EXIT_FAILURE. */
enum { EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

#endif
