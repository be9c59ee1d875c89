/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over a SPIR-V module as glslang writes it. Instructions are remembered by their result id;
 * decorations and names come before the ids that they speak of, so everything is collected first and looked
 * at afterwards. */
#include "spirv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of the SPIR-V specification that matter here. */
enum {
    OP_SOURCE_CONTINUED = 2,
    OP_SOURCE = 3,
    OP_SOURCE_EXTENSION = 4,
    OP_NAME = 5,
    OP_MEMBER_NAME = 6,
    OP_LINE = 8,
    OP_EXECUTION_MODE = 16,
    OP_CAPABILITY = 17,
    OP_TYPE_BOOL = 20,
    OP_TYPE_INT = 21,
    OP_TYPE_FLOAT = 22,
    OP_TYPE_RUNTIME_ARRAY = 29,
    OP_TYPE_STRUCT = 30,
    OP_TYPE_POINTER = 32,
    OP_CONSTANT = 43,
    OP_SPEC_CONSTANT_TRUE = 48,
    OP_SPEC_CONSTANT_FALSE = 49,
    OP_SPEC_CONSTANT = 50,
    OP_SPEC_CONSTANT_COMPOSITE = 51,
    OP_VARIABLE = 59,
    OP_DECORATE = 71,
    OP_MEMBER_DECORATE = 72,
    OP_NO_LINE = 317,
    OP_MODULE_PROCESSED = 330,
    OP_EXECUTION_MODE_ID = 331,
    OP_TYPE_COOPERATIVE_MATRIX = 4456,

    DECORATION_SPEC_ID = 1,
    DECORATION_BUILT_IN = 11,
    DECORATION_NON_WRITABLE = 24,
    DECORATION_NON_READABLE = 25,
    DECORATION_BINDING = 33,
    DECORATION_DESCRIPTOR_SET = 34,
    DECORATION_OFFSET = 35,

    BUILT_IN_WORKGROUP_SIZE = 25,
    MODE_LOCAL_SIZE = 17,
    MODE_LOCAL_SIZE_ID = 38,
    SCOPE_WORKGROUP = 2,

    STORAGE_UNIFORM_CONSTANT = 0,
    STORAGE_UNIFORM = 2,
    STORAGE_PUSH_CONSTANT = 9,
    STORAGE_IMAGE = 11,
    STORAGE_BUFFER = 12,
};

static const struct {
    uint32_t capability;
    uint32_t need;
} capability_needs[] = {
    { 0, 0 },                                /* Matrix */
    { 1, 0 },                                /* Shader */
    { 9, TUFF_NEED_FLOAT16 },                /* Float16 */
    { 11, TUFF_NEED_INT64 },                 /* Int64 */
    { 39, TUFF_NEED_INT8 },                  /* Int8 */
    { 61, TUFF_NEED_SUBGROUP_BASIC },        /* GroupNonUniform */
    { 62, TUFF_NEED_SUBGROUP_SHUFFLE },      /* GroupNonUniformVote */
    { 63, TUFF_NEED_SUBGROUP_ARITHMETIC },   /* GroupNonUniformArithmetic */
    { 64, TUFF_NEED_SUBGROUP_SHUFFLE },      /* GroupNonUniformBallot */
    { 65, TUFF_NEED_SUBGROUP_SHUFFLE },      /* GroupNonUniformShuffle */
    { 66, TUFF_NEED_SUBGROUP_SHUFFLE },      /* GroupNonUniformShuffleRelative */
    { 4433, TUFF_NEED_STORAGE16 },           /* StorageBuffer16BitAccess */
    { 4448, TUFF_NEED_STORAGE8 },            /* StorageBuffer8BitAccess */
    { 5116, TUFF_NEED_BFLOAT16 },            /* BFloat16TypeKHR */
    { 5117, TUFF_NEED_BFLOAT16 },            /* BFloat16DotProductKHR */
    { 5118, TUFF_NEED_BFLOAT16 },            /* BFloat16CooperativeMatrixKHR */
    { 5345, TUFF_NEED_MEMORY_MODEL },        /* VulkanMemoryModel */
    { 5347, TUFF_NEED_BUFFER_ADDRESS },      /* PhysicalStorageBufferAddresses */
    { 5430, TUFF_NEED_COOPERATIVE_MATRIX2 }, /* CooperativeMatrixReductionsNV */
    { 5431, TUFF_NEED_COOPERATIVE_MATRIX2 }, /* CooperativeMatrixConversionsNV */
    { 5432, TUFF_NEED_COOPERATIVE_MATRIX2 }, /* CooperativeMatrixPerElementOperationsNV */
    { 5433, TUFF_NEED_COOPERATIVE_MATRIX2 }, /* CooperativeMatrixTensorAddressingNV */
    { 5434, TUFF_NEED_COOPERATIVE_MATRIX2 }, /* CooperativeMatrixBlockLoadsNV */
    { 5439, TUFF_NEED_COOPERATIVE_MATRIX2 }, /* TensorAddressingNV */
    { 6016, TUFF_NEED_DOT_PRODUCT },         /* DotProductInputAll */
    { 6017, TUFF_NEED_DOT_PRODUCT },         /* DotProductInput4x8Bit */
    { 6018, TUFF_NEED_DOT_PRODUCT },         /* DotProductInput4x8BitPacked */
    { 6019, TUFF_NEED_DOT_PRODUCT },         /* DotProduct */
    { 6022, TUFF_NEED_COOPERATIVE_MATRIX },  /* CooperativeMatrixKHR */
};

/* What is known of one result id. */
struct id {
    const uint32_t *instruction; /* its opcode word; NULL: not seen */
    const char *name;
    int64_t spec_id; /* -1: none */
    int64_t binding;
    int64_t set;
    bool is_non_readable;
    bool is_non_writable;
    bool is_workgroup_size;
};

struct walk {
    const char *path;
    struct module *module;
    const uint32_t *words;
    size_t word_count;
    uint32_t bound;
    struct id *ids;
};

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("kernelgen: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static uint32_t opcode(const uint32_t *instruction) {
    return instruction[0] & 0xffff;
}

static uint32_t length(const uint32_t *instruction) {
    return instruction[0] >> 16;
}

static struct id *id_at(const struct walk *walk, uint32_t id) {
    if (id >= walk->bound)
        die("%s: id %u is outside the module's bound of %u", walk->path, id, walk->bound);
    return &walk->ids[id];
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        die("out of memory");
    return memory;
}

static void copy_name(const struct walk *walk, char to[NAME_SIZE], const char *from) {
    if (!from || !*from)
        die("%s: something in the interface has no name; compile without -g0", walk->path);
    if (strlen(from) >= NAME_SIZE)
        die("%s: the name %s is longer than %d bytes", walk->path, from, NAME_SIZE - 1);
    memcpy(to, from, strlen(from) + 1);
}

static uint32_t *load(const char *path, size_t *out_count) {
    FILE *file = fopen(path, "rb");
    if (!file)
        die("%s: cannot be opened", path);
    uint32_t *words = NULL;
    size_t count = 0, capacity = 0, got = 0;
    do {
        count += got;
        if (!words || count == capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            words = realloc(words, capacity * sizeof *words);
            if (!words)
                die("out of memory");
        }
        got = fread(words + count, sizeof *words, capacity - count, file);
    } while (got > 0);
    fclose(file);
    if (count < 5 || words[0] != 0x07230203)
        die("%s: is not a SPIR-V module", path);
    *out_count = count;
    return words;
}

static uint32_t need_of(const struct walk *walk, uint32_t capability) {
    for (size_t i = 0; i < sizeof capability_needs / sizeof capability_needs[0]; i++)
        if (capability_needs[i].capability == capability)
            return capability_needs[i].need;
    fprintf(stderr, "kernelgen: %s: capability %u has no feature in tuff: the variant will never be used\n",
            walk->path, capability);
    return TUFF_NEED_UNKNOWN;
}

static void note_decoration(const struct walk *walk, const uint32_t *w) {
    struct id *target = id_at(walk, w[1]);
    uint32_t value = length(w) > 3 ? w[3] : 0;
    switch (w[2]) {
    case DECORATION_SPEC_ID:
        target->spec_id = value;
        break;
    case DECORATION_BINDING:
        target->binding = value;
        break;
    case DECORATION_DESCRIPTOR_SET:
        target->set = value;
        break;
    case DECORATION_NON_READABLE:
        target->is_non_readable = true;
        break;
    case DECORATION_NON_WRITABLE:
        target->is_non_writable = true;
        break;
    case DECORATION_BUILT_IN:
        target->is_workgroup_size = value == BUILT_IN_WORKGROUP_SIZE;
        break;
    default:
        break;
    }
}

static void note(struct walk *walk, const uint32_t *w) {
    switch (opcode(w)) {
    case OP_CAPABILITY:
        walk->module->needs |= need_of(walk, w[1]);
        break;
    case OP_NAME:
        id_at(walk, w[1])->name = (const char *)(w + 2);
        break;
    case OP_DECORATE:
        note_decoration(walk, w);
        break;
    case OP_EXECUTION_MODE:
        if (w[2] == MODE_LOCAL_SIZE)
            memcpy(walk->module->interface.local_size, w + 3, 3 * sizeof *w);
        break;
    case OP_TYPE_BOOL:
    case OP_TYPE_INT:
    case OP_TYPE_FLOAT:
    case OP_TYPE_RUNTIME_ARRAY:
    case OP_TYPE_STRUCT:
    case OP_TYPE_POINTER:
        id_at(walk, w[1])->instruction = w;
        break;
    case OP_CONSTANT:
    case OP_SPEC_CONSTANT_TRUE:
    case OP_SPEC_CONSTANT_FALSE:
    case OP_SPEC_CONSTANT:
    case OP_SPEC_CONSTANT_COMPOSITE:
    case OP_VARIABLE:
        id_at(walk, w[2])->instruction = w;
        break;
    default:
        break;
    }
}

/* Calls `visit` for every instruction. */
static void each_instruction(struct walk *walk, void (*visit)(struct walk *, const uint32_t *)) {
    for (size_t at = 5; at < walk->word_count;) {
        const uint32_t *w = walk->words + at;
        if (length(w) == 0 || length(w) > walk->word_count - at)
            die("%s: broken instruction at word %zu", walk->path, at);
        visit(walk, w);
        at += length(w);
    }
}

static bool is_debug(uint32_t op) {
    return (op >= OP_SOURCE_CONTINUED && op <= OP_LINE) || op == OP_NO_LINE || op == OP_MODULE_PROCESSED;
}

static void keep(struct walk *walk, const uint32_t *w) {
    if (is_debug(opcode(w)))
        return;
    struct module *module = walk->module;
    memcpy(module->words + module->word_count, w, length(w) * sizeof *w);
    module->word_count += length(w);
}

/* The struct that a variable of a block points to. */
static uint32_t block_of(const struct walk *walk, const uint32_t *variable) {
    const uint32_t *pointer = id_at(walk, variable[1])->instruction;
    if (!pointer || opcode(pointer) != OP_TYPE_POINTER)
        die("%s: a variable of the interface is no pointer", walk->path);
    const uint32_t *block = id_at(walk, pointer[3])->instruction;
    if (!block || opcode(block) != OP_TYPE_STRUCT)
        die("%s: arrays of buffers are not supported: one block for each binding", walk->path);
    return pointer[3];
}

/* The name and the decorations of one member of a block. */
struct member {
    const char *name;
    bool is_non_readable;
    bool is_non_writable;
    uint32_t offset;
};

static struct member member_of(const struct walk *walk, uint32_t block, uint32_t index) {
    struct member member = { 0 };
    for (size_t at = 5; at < walk->word_count; at += length(walk->words + at)) {
        const uint32_t *w = walk->words + at;
        bool is_named = opcode(w) == OP_MEMBER_NAME;
        if ((!is_named && opcode(w) != OP_MEMBER_DECORATE) || w[1] != block || w[2] != index)
            continue;
        if (is_named)
            member.name = (const char *)(w + 3);
        else if (w[3] == DECORATION_NON_READABLE)
            member.is_non_readable = true;
        else if (w[3] == DECORATION_NON_WRITABLE)
            member.is_non_writable = true;
        else if (w[3] == DECORATION_OFFSET)
            member.offset = w[4];
    }
    return member;
}

/* Two blocks may share a binding (a second view of the same words): the shorter name stands for both. */
static bool is_better_name(const char *name, const char *than) {
    if (!*than || strlen(name) != strlen(than))
        return !*than || strlen(name) < strlen(than);
    return strcmp(name, than) < 0;
}

static void add_buffer(struct walk *walk, const struct id *variable) {
    struct interface *interface = &walk->module->interface;
    if (variable->set > 0)
        die("%s: a buffer is in set %d; all belong into set 0", walk->path, (int)variable->set);
    if (variable->binding < 0 || variable->binding >= TUFF_MAX_BINDINGS)
        die("%s: binding %d is beyond the %d storage buffers that a device need have", walk->path,
            (int)variable->binding, TUFF_MAX_BINDINGS);
    struct binding *binding = &interface->bindings[variable->binding];
    uint32_t block = block_of(walk, variable->instruction);
    const uint32_t *type = id_at(walk, block)->instruction;
    uint32_t count = length(type) - 2;
    bool is_read = false, is_written = false;
    for (uint32_t i = 0; i < count; i++) {
        struct member member = member_of(walk, block, i);
        is_read |= !member.is_non_readable && !variable->is_non_readable;
        is_written |= !member.is_non_writable && !variable->is_non_writable;
        if (i + 1 == count && member.name && is_better_name(member.name, binding->name))
            copy_name(walk, binding->name, member.name); /* a runtime array can only be the last member */
    }
    if (!*binding->name)
        die("%s: binding %d has no name; compile without -g0", walk->path, (int)variable->binding);
    binding->is_read |= is_read;
    binding->is_written |= is_written;
    if (interface->binding_count <= (uint32_t)variable->binding)
        interface->binding_count = (uint32_t)variable->binding + 1;
}

static enum field_type field_type_of(const struct walk *walk, uint32_t type_id, const char *name) {
    const uint32_t *type = id_at(walk, type_id)->instruction;
    if (type && opcode(type) == OP_TYPE_BOOL)
        return FIELD_BOOL;
    if (type && opcode(type) == OP_TYPE_INT && type[2] == 32)
        return type[3] ? FIELD_INT : FIELD_UINT;
    if (type && opcode(type) == OP_TYPE_FLOAT && type[2] == 32)
        return FIELD_FLOAT;
    die("%s: %s is no 32-bit scalar", walk->path, name ? name : "a constant");
}

static void add_push_constants(struct walk *walk, const struct id *variable) {
    struct interface *interface = &walk->module->interface;
    uint32_t block = block_of(walk, variable->instruction);
    const uint32_t *type = id_at(walk, block)->instruction;
    uint32_t count = length(type) - 2;
    if (count > MAX_FIELDS)
        die("%s: %u bytes of push constants; devices need have %d", walk->path, 4 * count,
            TUFF_MAX_PUSH_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        struct member member = member_of(walk, block, i);
        struct field *field = &interface->pushes[i];
        copy_name(walk, field->name, member.name);
        field->type = field_type_of(walk, type[2 + i], member.name);
        field->id = member.offset;
        if (member.offset != 4 * i)
            die("%s: push constant %s is at byte %u, expected %u: leave no gaps", walk->path, member.name,
                member.offset, 4 * i);
    }
    interface->push_count = count;
}

/* glslang declares the constant behind local_size_x_id a second time, without a name and with a default of 1.
 */
static void add_spec(struct walk *walk, const struct id *constant) {
    struct interface *interface = &walk->module->interface;
    bool is_named = constant->name && *constant->name;
    uint32_t at = 0;
    while (at < interface->spec_count && interface->specs[at].id < constant->spec_id)
        at++;
    struct field *field = &interface->specs[at];
    bool is_known = at < interface->spec_count && field->id == constant->spec_id;
    if (is_known && !is_named)
        return;
    if (!is_known) {
        if (interface->spec_count == TUFF_MAX_SPECS)
            die("%s: more than %d specialization constants", walk->path, TUFF_MAX_SPECS);
        memmove(field + 1, field, (interface->spec_count++ - at) * sizeof *field);
    }
    const uint32_t *w = constant->instruction;
    memset(field, 0, sizeof *field);
    field->id = (uint32_t)constant->spec_id;
    field->type = field_type_of(walk, w[1], constant->name);
    field->default_value = opcode(w) == OP_SPEC_CONSTANT ? w[3] : opcode(w) == OP_SPEC_CONSTANT_TRUE;
    if (is_named)
        copy_name(walk, field->name, constant->name);
    else
        snprintf(field->name, sizeof field->name, "constant_%u", field->id);
    if (field->type == FIELD_BOOL && field->default_value)
        die("%s: %s is true by default and could never be false: a 0 stands for the default", walk->path,
            field->name);
}

static void set_local_size(struct walk *walk, const uint32_t *constants) {
    struct interface *interface = &walk->module->interface;
    for (int axis = 0; axis < 3; axis++) {
        const struct id *constant = id_at(walk, constants[axis]);
        if (constant->spec_id < 0) {
            if (constant->instruction)
                interface->local_size[axis] = constant->instruction[3];
            continue;
        }
        interface->local_size[axis] = 1; /* not looked at */
        for (uint32_t i = 0; i < interface->spec_count; i++)
            if (interface->specs[i].id == constant->spec_id)
                interface->local_size_specs[axis] = (int)i;
    }
}

static void note_local_size_id(struct walk *walk, const uint32_t *w) {
    if (opcode(w) != OP_EXECUTION_MODE_ID || w[2] != MODE_LOCAL_SIZE_ID)
        return;
    set_local_size(walk, w + 3);
    walk->module->needs |= TUFF_NEED_MAINTENANCE4;
}

/* Matrices of a whole workgroup have no capability of their own. */
static void note_matrix_scope(struct walk *walk, const uint32_t *w) {
    if (opcode(w) != OP_TYPE_COOPERATIVE_MATRIX)
        return;
    const struct id *scope = id_at(walk, w[3]);
    if (scope->instruction && opcode(scope->instruction) == OP_CONSTANT &&
        scope->instruction[3] == SCOPE_WORKGROUP)
        walk->module->needs |= TUFF_NEED_COOPERATIVE_MATRIX2;
}

static void add_variable(struct walk *walk, const struct id *variable) {
    switch (variable->instruction[3]) {
    case STORAGE_BUFFER:
        add_buffer(walk, variable);
        break;
    case STORAGE_PUSH_CONSTANT:
        add_push_constants(walk, variable);
        break;
    case STORAGE_UNIFORM_CONSTANT:
    case STORAGE_UNIFORM:
    case STORAGE_IMAGE:
        die("%s: %s is neither a storage buffer nor a push constant", walk->path,
            variable->name && *variable->name ? variable->name : "a block");
    default:
        break;
    }
}

static void collect(struct walk *walk) {
    for (uint32_t i = 0; i < walk->bound; i++) {
        const struct id *id = &walk->ids[i];
        if (!id->instruction)
            continue;
        if (opcode(id->instruction) == OP_VARIABLE)
            add_variable(walk, id);
        else if (id->spec_id >= 0)
            add_spec(walk, id);
    }
    for (uint32_t i = 0; i < walk->bound; i++)
        if (walk->ids[i].is_workgroup_size && walk->ids[i].instruction &&
            opcode(walk->ids[i].instruction) == OP_SPEC_CONSTANT_COMPOSITE)
            set_local_size(walk, walk->ids[i].instruction + 3);
    each_instruction(walk, note_local_size_id);
    each_instruction(walk, note_matrix_scope);
    const struct interface *interface = &walk->module->interface;
    for (uint32_t i = 0; i < interface->binding_count; i++)
        if (!*interface->bindings[i].name)
            die("%s: binding %u is missing; bindings count from 0 without gaps", walk->path, i);
}

void module_read(const char *path, struct module *module) {
    struct walk walk = { .path = path, .module = module };
    memset(module, 0, sizeof *module);
    for (int axis = 0; axis < 3; axis++) {
        module->interface.local_size[axis] = 1;
        module->interface.local_size_specs[axis] = -1;
    }
    walk.words = load(path, &walk.word_count);
    walk.bound = walk.words[3];
    if (walk.bound > 1 << 22)
        die("%s: a bound of %u ids is not believable", path, walk.bound);
    walk.ids = allocate(walk.bound, sizeof *walk.ids);
    for (uint32_t i = 0; i < walk.bound; i++)
        walk.ids[i].spec_id = walk.ids[i].binding = walk.ids[i].set = -1;
    each_instruction(&walk, note);
    collect(&walk);

    module->words = allocate(walk.word_count, sizeof *module->words);
    memcpy(module->words, walk.words, 5 * sizeof *module->words);
    module->word_count = 5;
    each_instruction(&walk, keep);
    free(walk.ids);
    free((void *)walk.words);
}

static const char *field_difference(const char *what, const struct field *a, uint32_t a_count,
                                    const struct field *b, uint32_t b_count) {
    static char text[3 * NAME_SIZE];
    for (uint32_t i = 0; i < a_count || i < b_count; i++) {
        const char *a_name = i < a_count ? a[i].name : "nothing",
                   *b_name = i < b_count ? b[i].name : "nothing";
        if (i >= a_count || i >= b_count || strcmp(a_name, b_name) != 0 || a[i].id != b[i].id)
            snprintf(text, sizeof text, "%s %u is %s in one and %s in the other", what, i, a_name, b_name);
        else if (a[i].type != b[i].type || a[i].default_value != b[i].default_value)
            snprintf(text, sizeof text, "%s %s differs in type or default", what, a_name);
        else
            continue;
        return text;
    }
    return NULL;
}

const char *interface_difference(const struct interface *a, const struct interface *b) {
    static char text[3 * NAME_SIZE];
    for (uint32_t i = 0; i < a->binding_count || i < b->binding_count; i++) {
        const char *a_name = i < a->binding_count ? a->bindings[i].name : "nothing";
        const char *b_name = i < b->binding_count ? b->bindings[i].name : "nothing";
        if (strcmp(a_name, b_name) != 0)
            snprintf(text, sizeof text, "binding %u is %s in one and %s in the other", i, a_name, b_name);
        else if (a->bindings[i].is_read != b->bindings[i].is_read ||
                 a->bindings[i].is_written != b->bindings[i].is_written)
            snprintf(text, sizeof text, "binding %u, %s, is read or written in one alone", i, a_name);
        else
            continue;
        return text;
    }
    const char *push = field_difference("push constant", a->pushes, a->push_count, b->pushes, b->push_count);
    if (push)
        return push;
    const char *spec = field_difference("constant", a->specs, a->spec_count, b->specs, b->spec_count);
    if (spec)
        return spec;
    if (memcmp(a->local_size, b->local_size, sizeof a->local_size) != 0 ||
        memcmp(a->local_size_specs, b->local_size_specs, sizeof a->local_size_specs) != 0)
        return "the workgroup sizes differ";
    return NULL;
}
