/* SPDX-License-Identifier: Apache-2.0 */
/* Which parameters a trainer trains. */
#include <stdio.h>

#include "task/trainer.h"

static bool is_of_head(const struct tuff_parameter *parameter) {
    return parameter->role >= TUFF_ROLE_POOLER_WEIGHT && parameter->role < TUFF_ROLE_COUNT;
}

static bool is_chosen(const struct tuff_trainer *trainer, const struct tuff_parameter *parameter) {
    const uint32_t layers = trainer->folder.config.num_hidden_layers;
    const bool is_of_layer = parameter->role >= TUFF_ROLE_QUERY_WEIGHT && !is_of_head(parameter);
    if (trainer->lora.rank > 0)
        return is_of_head(parameter) || parameter->role >= TUFF_ROLE_LORA_A;
    switch (trainer->trainable) {
    case TUFF_TRAINABLE_HEAD:
        return is_of_head(parameter);
    case TUFF_TRAINABLE_LAST:
        return is_of_head(parameter) ||
               (is_of_layer && parameter->layer + trainer->trainable_count >= layers);
    case TUFF_TRAINABLE_BIASES:
        return is_of_head(parameter) || (parameter->rank == 1 && !tuff_role_is_norm_weight(parameter->role));
    case TUFF_TRAINABLE_ALL:
        break;
    }
    return true;
}

bool tuff_trainer_trains(const void *user, const struct tuff_parameter *parameter) {
    const struct tuff_trainer *trainer = user;
    const uint32_t pooled =
        TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_MULTIPLE_CHOICE | TUFF_HEAD_NEXT_SENTENCE;
    const bool is_pooler =
        parameter->role == TUFF_ROLE_POOLER_WEIGHT || parameter->role == TUFF_ROLE_POOLER_BIAS;
    if (is_pooler && !(trainer->folder.parameters.heads & pooled))
        return false;
    return is_chosen(trainer, parameter);
}

tuff_status tuff_trainer_check_choice(const struct tuff_trainer *trainer) {
    const uint32_t layers = trainer->folder.config.num_hidden_layers;
    const struct tuff_lora *lora = &trainer->lora;
    const uint32_t widest = trainer->folder.config.hidden_size;
    if (lora->rank > 0 && trainer->trainable != TUFF_TRAINABLE_ALL)
        return tuff_fail(TUFF_ARGUMENT,
                         "adapters are trained with the head; nothing else can be chosen with them");
    if (lora->rank > widest)
        return tuff_fail(TUFF_ARGUMENT, "adapters of rank %u were to be trained, but the model is %u wide",
                         lora->rank, widest);
    if (lora->rank > 0 && (lora->targets == 0 || lora->targets & ~(uint32_t)TUFF_LORA_ALL))
        return tuff_fail(TUFF_ARGUMENT, "0x%x stands for no matrices that adapters could be trained for",
                         lora->targets);
    if (trainer->trainable == TUFF_TRAINABLE_HEAD && trainer->folder.parameters.heads == 0)
        return tuff_fail(TUFF_ARGUMENT, "this task has no head, so that it cannot be all that is trained");
    if (trainer->trainable == TUFF_TRAINABLE_LAST &&
        (trainer->trainable_count < 1 || trainer->trainable_count > layers))
        return tuff_fail(TUFF_ARGUMENT, "the last %u layers were to be trained, but the model has %u",
                         trainer->trainable_count, layers);
    return TUFF_OK;
}

/* ---------------------------------------------------------------- memory */

/* Weights, gradients and both moments of what is trained; weights, what they were and gradients of what has adapters. */
static double mib_needed(const struct tuff_trainer *trainer) {
    const struct tuff_parameters *parameters = &trainer->folder.parameters;
    const double half = trainer->scale.is_dynamic ? 2 : 0;
    double bytes = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        const double count = (double)parameter->source->count;
        if (tuff_trainer_trains(trainer, parameter))
            bytes += (16 + half) * count;
        else if (trainer->lora.rank > 0 && tuff_lora_is_target(trainer->lora.targets, parameter->role))
            bytes += (12 + half) * count;
        else
            bytes += (half > 0 ? half : 4) * count;
    }
    return bytes / (1024.0 * 1024.0);
}

tuff_status tuff_trainer_say_needed(const struct tuff_trainer *trainer) {
    const double room = (double)tuff_memory_room(trainer->device) / (1024.0 * 1024.0);
    const uint32_t layers = trainer->folder.config.num_hidden_layers;
    struct tuff_trainer less = *trainer;
    char fitting[64] = "not even the head alone would fit";
    less.lora = (struct tuff_lora){ 0 };
    less.trainable = TUFF_TRAINABLE_HEAD;
    if (mib_needed(&less) < room)
        snprintf(fitting, sizeof fitting, "the head alone would fit");
    less.trainable = TUFF_TRAINABLE_LAST;
    for (less.trainable_count = 1; less.trainable_count <= layers && mib_needed(&less) < room;
         less.trainable_count++)
        snprintf(fitting, sizeof fitting, "the head and the last %u of %u layers would fit",
                 less.trainable_count, layers);
    return tuff_fail(
        TUFF_DEVICE_MEMORY,
        "training takes about %.1f MiB of device memory for weights, gradients and moments, of which "
        "%.1f can be had: %s",
        mib_needed(trainer), room, fitting);
}
