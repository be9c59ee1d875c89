/* SPDX-License-Identifier: Apache-2.0 */
#include "model/loss.h"

#include <string.h>

static tuff_status input(struct tuff_graph *graph, const char *name, enum tuff_type type, uint32_t rows,
                         uint32_t cols, struct tuff_tensor **out_tensor) {
    return tuff_graph_input(graph, name, (struct tuff_shape){ .type = type, .rows = rows, .cols = cols },
                            out_tensor);
}

static uint32_t group_count(const struct tuff_bucket *bucket, uint32_t group) {
    return (bucket->sequences + group - 1) / group;
}

/* What one kind of loss is made of. */
struct kind {
    const struct tuff_op *op;
    struct tuff_tensor *logits;
    enum tuff_type type; /* of the targets */
    uint32_t rows, cols;
};

static struct kind kind_of(enum tuff_loss loss, uint32_t group, const struct tuff_bucket *bucket,
                           const struct tuff_loss_logits *logits) {
    switch (loss) {
    case TUFF_LOSS_MASKED_LM:
        return (struct kind){ &tuff_op_cross_entropy, logits->masked_lm, TUFF_TYPE_I32, bucket->indices, 1 };
    case TUFF_LOSS_NEXT_SENTENCE:
        return (struct kind){ &tuff_op_cross_entropy, logits->next_sentence, TUFF_TYPE_I32, bucket->sequences,
                              1 };
    case TUFF_LOSS_CLASS:
        return (struct kind){ &tuff_op_cross_entropy, logits->classifier, TUFF_TYPE_I32, bucket->sequences,
                              1 };
    case TUFF_LOSS_NUMBERS:
        return (struct kind){ &tuff_op_squared_error, logits->classifier, TUFF_TYPE_F32, bucket->sequences,
                              logits->classifier->shape.cols };
    case TUFF_LOSS_LABELS:
        return (struct kind){ &tuff_op_binary_cross_entropy, logits->classifier, TUFF_TYPE_F32,
                              bucket->sequences, logits->classifier->shape.cols };
    case TUFF_LOSS_TOKENS:
        return (struct kind){ &tuff_op_cross_entropy, logits->tokens, TUFF_TYPE_I32, bucket->rows, 1 };
    case TUFF_LOSS_CHOICE: /* the sequences of a group are the rows of a span, their logits its start logits
                            */
        return (struct kind){ &tuff_op_span_cross_entropy, logits->classifier, TUFF_TYPE_I32,
                              group_count(bucket, group), 4 };
    case TUFF_LOSS_PAIRS:
        return (struct kind){ &tuff_op_cross_entropy, logits->pair_scores, TUFF_TYPE_I32,
                              bucket->sequences / 2, 1 };
    case TUFF_LOSS_SPAN:
        break;
    }
    return (struct kind){ &tuff_op_span_cross_entropy, logits->spans, TUFF_TYPE_I32, bucket->sequences, 4 };
}

tuff_status tuff_loss_append(struct tuff_graph *graph, uint32_t losses, uint32_t group, float label_smoothing,
                             const struct tuff_bucket *bucket, const struct tuff_loss_logits *logits,
                             struct tuff_loss_tensors *out_tensors) {
    for (uint32_t i = 0; i < TUFF_LOSS_COUNT; i++) {
        if (!(losses >> i & 1))
            continue;
        struct tuff_loss_tensors *tensors = &out_tensors[i];
        struct kind kind = kind_of((enum tuff_loss)(1u << i), group, bucket, logits);
        union tuff_params params = { .cross_entropy = { .label_smoothing = label_smoothing } };
        TUFF_TRY(input(graph, "targets", kind.type, kind.rows, kind.cols, &tensors->targets));
        TUFF_TRY(input(graph, "denominators", TUFF_TYPE_F32, 1, 2, &tensors->denominators));
        struct tuff_tensor *inputs[] = { kind.logits, tensors->targets, tensors->denominators };
        TUFF_TRY(tuff_graph_append(graph, kind.op, &params, inputs, 3, &tensors->value));
        TUFF_TRY(tuff_graph_result(graph, tensors->value));
    }
    return TUFF_OK;
}

/* Integers of the sequences one after another, -100 in what the bucket has beyond them. */
static void fill_integers(enum tuff_loss loss, const struct tuff_sequence *sequences, uint32_t sequence_count,
                          const struct tuff_tensor *tensor) {
    int32_t *values = tuff_graph_input_bytes(tensor);
    uint32_t at = 0;
    for (uint32_t i = 0; i < sequence_count; i++) {
        const struct tuff_sequence *sequence = &sequences[i];
        const struct tuff_targets *targets = sequence->targets;
        if (loss == TUFF_LOSS_MASKED_LM)
            for (uint32_t j = 0; j < sequence->asked_count; j++)
                values[at++] = targets->asked_labels[j];
        else if (loss == TUFF_LOSS_TOKENS)
            for (uint32_t j = 0; j < sequence->visible_count + sequence->hidden_count; j++)
                values[at++] = targets->row_labels[j];
        else
            values[at++] = loss == TUFF_LOSS_CLASS ? targets->label : targets->next_sentence;
    }
    while (at < tensor->shape.rows)
        values[at++] = TUFF_IGNORED;
}

static void fill_numbers(const struct tuff_sequence *sequences, uint32_t sequence_count,
                         const struct tuff_tensor *tensor) {
    float *values = tuff_graph_input_bytes(tensor);
    uint32_t stride = tuff_shape_stride(&tensor->shape);
    memset(values, 0, (size_t)tuff_shape_size(&tensor->shape));
    for (uint32_t i = 0; i < sequence_count; i++)
        memcpy(values + (size_t)i * stride, sequences[i].targets->numbers,
               tensor->shape.cols * sizeof *values);
}

static void fill_spans(const struct tuff_sequence *sequences, uint32_t sequence_count,
                       const struct tuff_tensor *tensor) {
    int32_t *values = tuff_graph_input_bytes(tensor);
    int32_t row = 0;
    for (uint32_t i = 0; i < tensor->shape.rows; i++) {
        const struct tuff_sequence *sequence = i < sequence_count ? &sequences[i] : NULL;
        int32_t rows = sequence ? (int32_t)(sequence->visible_count + sequence->hidden_count) : 0;
        int32_t span[4] = { row, rows, sequence ? sequence->targets->start : -1,
                            sequence ? sequence->targets->end : -1 };
        memcpy(values + 4 * i, span, sizeof span);
        row += rows;
    }
}

static void fill_choices(uint32_t group, const struct tuff_sequence *sequences, uint32_t sequence_count,
                         const struct tuff_tensor *tensor) {
    int32_t *values = tuff_graph_input_bytes(tensor);
    for (uint32_t i = 0; i < tensor->shape.rows; i++) {
        bool is_there = i * group < sequence_count;
        int32_t span[4] = { (int32_t)(i * group), is_there ? (int32_t)group : 0,
                            is_there ? sequences[i * group].targets->label : -1, -1 };
        memcpy(values + 4 * i, span, sizeof span);
    }
}

/* The text that belongs to the i-th first one is the i-th second one. */
static void fill_pairs(const struct tuff_tensor *tensor) {
    int32_t *values = tuff_graph_input_bytes(tensor);
    for (uint32_t i = 0; i < tensor->shape.rows; i++)
        values[i] = (int32_t)i;
}

static void fill_targets(enum tuff_loss loss, uint32_t group, const struct tuff_sequence *sequences,
                         uint32_t sequence_count, const struct tuff_tensor *tensor) {
    switch (loss) {
    case TUFF_LOSS_NUMBERS:
    case TUFF_LOSS_LABELS:
        fill_numbers(sequences, sequence_count, tensor);
        break;
    case TUFF_LOSS_SPAN:
        fill_spans(sequences, sequence_count, tensor);
        break;
    case TUFF_LOSS_CHOICE:
        fill_choices(group, sequences, sequence_count, tensor);
        break;
    case TUFF_LOSS_PAIRS:
        fill_pairs(tensor);
        break;
    default:
        fill_integers(loss, sequences, sequence_count, tensor);
    }
}

void tuff_loss_fill(uint32_t losses, uint32_t group, const struct tuff_sequence *sequences,
                    uint32_t sequence_count, const struct tuff_denominators *denominators,
                    const struct tuff_loss_tensors *tensors) {
    for (uint32_t i = 0; i < TUFF_LOSS_COUNT; i++) {
        if (!(losses >> i & 1))
            continue;
        fill_targets((enum tuff_loss)(1u << i), group, sequences, sequence_count, tensors[i].targets);
        float *values = tuff_graph_input_bytes(tensors[i].denominators);
        memset(values, 0, (size_t)tuff_shape_size(&tensors[i].denominators->shape));
        memcpy(values, denominators->values[i], sizeof denominators->values[i]);
    }
}

static uint32_t count_labels(const int32_t *labels, uint32_t count) {
    uint32_t valid = 0;
    for (uint32_t i = 0; i < count; i++)
        valid += labels[i] != TUFF_IGNORED;
    return valid;
}

/* The weight of one sequence in one loss; `part` 1: of its end. */
static float weight_of(enum tuff_loss loss, uint32_t columns, const struct tuff_sequence *sequence,
                       int part) {
    const struct tuff_targets *targets = sequence->targets;
    uint32_t rows = sequence->visible_count + sequence->hidden_count;
    int32_t position = part ? targets->end : targets->start;
    switch (loss) {
    case TUFF_LOSS_MASKED_LM:
        return (float)count_labels(targets->asked_labels, sequence->asked_count);
    case TUFF_LOSS_TOKENS:
        return (float)count_labels(targets->row_labels, rows);
    case TUFF_LOSS_NUMBERS:
    case TUFF_LOSS_LABELS:
        return (float)columns;
    case TUFF_LOSS_NEXT_SENTENCE:
        return targets->next_sentence != TUFF_IGNORED;
    case TUFF_LOSS_SPAN:
        return position >= 0 && (uint32_t)position < rows;
    case TUFF_LOSS_PAIRS: /* each half of a pair */
        return 0.5f;
    case TUFF_LOSS_CLASS:
    case TUFF_LOSS_CHOICE:
        break;
    }
    return targets->label != TUFF_IGNORED;
}

struct tuff_denominators tuff_loss_weigh(uint32_t losses, uint32_t group, uint32_t columns,
                                         const struct tuff_sequence *sequences, size_t sequence_count) {
    struct tuff_denominators result = { 0 };
    for (uint32_t i = 0; i < TUFF_LOSS_COUNT; i++) {
        enum tuff_loss loss = (enum tuff_loss)(1u << i);
        size_t step = loss == TUFF_LOSS_CHOICE ? group : 1;
        for (size_t j = 0; j < sequence_count && losses & loss; j += step)
            for (int part = 0; part < 2; part++)
                result.values[i][part] += weight_of(loss, columns, &sequences[j], part);
    }
    /* The op takes the mean of starts and ends. A choice has no ends: they are nothing divided by something,
     * and what the starts are divided by is halved for it. */
    float *choice = result.values[TUFF_LOSS_CHOICE_INDEX];
    choice[0] /= 2;
    choice[1] = 1;
    return result;
}
