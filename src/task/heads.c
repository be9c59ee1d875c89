/* SPDX-License-Identifier: Apache-2.0 */
#include "task/heads.h"

static const char *architecture_of(enum tuff_head head) {
    switch (head) {
    case TUFF_HEAD_MASKED_LM:
        return "BertForMaskedLM or BertForPreTraining";
    case TUFF_HEAD_NEXT_SENTENCE:
        return "BertForNextSentencePrediction or BertForPreTraining";
    case TUFF_HEAD_SEQUENCE_CLASSIFICATION:
        return "BertForSequenceClassification";
    case TUFF_HEAD_TOKEN_CLASSIFICATION:
        return "BertForTokenClassification";
    case TUFF_HEAD_MULTIPLE_CHOICE:
        return "BertForMultipleChoice";
    case TUFF_HEAD_QUESTION_ANSWERING:
        return "BertForQuestionAnswering";
    }
    return "";
}

tuff_status tuff_need_head(const struct tuff_model *model, enum tuff_head head) {
    const uint32_t heads = model->folder.parameters.heads;
    char wanted[TUFF_HEADS_TEXT_SIZE], found[TUFF_HEADS_TEXT_SIZE];
    if (heads & (uint32_t)head)
        return TUFF_OK;
    tuff_heads_text(head, wanted);
    if (heads == 0)
        return tuff_fail(
            TUFF_UNSUPPORTED,
            "%s: this takes a model with the head %s (%s), but the folder has an encoder without "
            "any head",
            model->folder.path, wanted, architecture_of(head));
    return tuff_fail(TUFF_UNSUPPORTED, "%s: this takes a model with the head %s (%s), but the folder has %s",
                     model->folder.path, wanted, architecture_of(head), tuff_heads_text(heads, found));
}
