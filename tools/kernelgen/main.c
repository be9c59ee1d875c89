/* SPDX-License-Identifier: Apache-2.0 */
/* kernelgen runs during the build. From the compiled variants of one shader it writes the C declaration of
 * the kernel, so that a binding, a push constant or a specialization constant is declared in the shader
 * alone:
 *
 *     kernelgen NAME OUT.h OUT.c VARIANT=FILE.spv...    one kernel; FILE may be empty: left out of this build
 *     kernelgen --list OUT.c NAME...                    the table of all kernels
 *
 * A variant called "interface" gives the declaration where every other one is left out, and is not kept
 * itself. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spirv.h"

enum { MAX_VARIANTS = 32 };

struct variant {
    const char *name;
    char upper[NAME_SIZE];
    bool has_code;
    struct module module;
};

struct kernel {
    const char *name;
    char upper[NAME_SIZE];
    size_t variant_count;
    struct variant variants[MAX_VARIANTS];
    const struct interface *interface;
};

static const char *const c_types[] = {
    [FIELD_UINT] = "uint32_t", [FIELD_INT] = "int32_t", [FIELD_FLOAT] = "float", [FIELD_BOOL] = "uint32_t"
};

static void upper_case(const char *name, char to[NAME_SIZE]) {
    size_t i = 0;
    for (; name[i]; i++) {
        if (i + 1 == NAME_SIZE)
            die("the name %s is longer than %d bytes", name, NAME_SIZE - 1);
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            die("%s: a name holds letters, digits and _ alone", name);
        to[i] = (char)toupper((unsigned char)name[i]);
    }
    to[i] = 0;
}

static FILE *open_output(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file)
        die("%s: cannot be written", path);
    return file;
}

static void close_output(FILE *file, const char *path) {
    if (ferror(file) | fclose(file))
        die("%s: cannot be written", path);
}

/* -------------------------------------------------------------------- the header */

static void write_fields(FILE *out, const char *what, const struct field *fields, uint32_t count) {
    if (count == 0)
        return;
    fputs("    struct {\n", out);
    for (uint32_t i = 0; i < count; i++)
        fprintf(out, "        %s %s;\n", c_types[fields[i].type], fields[i].name);
    fprintf(out, "    } %s;\n", what);
}

static void write_struct(FILE *out, const struct kernel *kernel) {
    const struct interface *interface = kernel->interface;
    fprintf(out, "struct tuff_%s {\n", kernel->name);
    for (uint32_t i = 0; i < interface->binding_count; i++) {
        const struct binding *binding = &interface->bindings[i];
        fprintf(out, "    struct tuff_slice %s; /* %s%s */\n", binding->name, binding->is_read ? "in" : "",
                !binding->is_written ? ""
                : binding->is_read   ? " and out"
                                     : "out");
    }
    write_fields(out, "push", interface->pushes, interface->push_count);
    if (interface->spec_count)
        fputs("    /* 0 stands for the shader's default. */\n", out);
    write_fields(out, "spec", interface->specs, interface->spec_count);
    fputs("};\n\n", out);
}

static void write_run(FILE *out, const struct kernel *kernel) {
    const struct interface *interface = kernel->interface;
    const char *name = kernel->name;
    fprintf(out,
            "static inline tuff_status tuff_run_%s(struct tuff_recording *recording, uint32_t variant,\n"
            "    struct tuff_grid grid, const struct tuff_%s *args) {\n"
            "    const struct tuff_slice slices[] = {",
            name, name);
    for (uint32_t i = 0; i < interface->binding_count; i++)
        fprintf(out, "%s args->%s", i ? "," : "", interface->bindings[i].name);
    fputs(" };\n", out);
    if (interface->spec_count)
        fprintf(out,
                "    uint32_t specs[%u];\n"
                "    memcpy(specs, &args->spec, sizeof specs);\n"
                "    for (uint32_t i = 0; i < %u; i++)\n"
                "        if (specs[i] == 0)\n"
                "            specs[i] = tuff_kernel_%s.spec_defaults[i];\n",
                interface->spec_count, interface->spec_count, name);
    fprintf(
        out,
        "    return tuff_record_kernel(recording, &tuff_kernel_%s, variant, grid, slices, %s, %s);\n}\n\n",
        name, interface->push_count ? "&args->push" : "NULL", interface->spec_count ? "specs" : "NULL");
}

static void write_header(const char *path, const struct kernel *kernel) {
    FILE *out = open_output(path);
    fprintf(out,
            "/* Written by kernelgen from %s.comp. */\n"
            "#ifndef TUFF_KERNELS_%s_H\n#define TUFF_KERNELS_%s_H\n\n"
            "#include <string.h>\n\n#include \"vk/commands.h\"\n\n"
            "extern const struct tuff_kernel tuff_kernel_%s;\n\nenum {\n",
            kernel->name, kernel->upper, kernel->upper, kernel->name);
    for (size_t i = 0; i < kernel->variant_count; i++)
        fprintf(out, "    TUFF_%s_%s = %zu,\n", kernel->upper, kernel->variants[i].upper, i);
    fputs("};\n\n", out);
    write_struct(out, kernel);
    write_run(out, kernel);
    fputs("#endif\n", out);
    close_output(out, path);
}

/* -------------------------------------------------------------------- the table */

static void write_code(FILE *out, size_t index, const struct module *module) {
    fprintf(out, "static const uint32_t code_%zu[] = {", index);
    for (size_t i = 0; i < module->word_count; i++)
        fprintf(out, "%s0x%x,", i % 16 ? "" : "\n", module->words[i]);
    fputs("\n};\n\n", out);
}

static void write_words(FILE *out, const char *name, const struct field *fields, uint32_t count,
                        bool is_default) {
    fprintf(out, "static const uint32_t %s[] = {", name);
    for (uint32_t i = 0; i < count; i++)
        fprintf(out, "%s 0x%x", i ? "," : "", is_default ? fields[i].default_value : fields[i].id);
    fputs(" };\n", out);
}

static void write_spec_tables(FILE *out, const struct interface *interface) {
    if (interface->spec_count == 0)
        return;
    fputs("static const char *const spec_names[] = {", out);
    for (uint32_t i = 0; i < interface->spec_count; i++)
        fprintf(out, "%s \"%s\"", i ? "," : "", interface->specs[i].name);
    fputs(" };\n", out);
    write_words(out, "spec_ids", interface->specs, interface->spec_count, false);
    write_words(out, "spec_defaults", interface->specs, interface->spec_count, true);
}

static void write_variants(FILE *out, const struct kernel *kernel) {
    fputs("\nstatic const struct tuff_kernel_variant variants[] = {\n", out);
    for (size_t i = 0; i < kernel->variant_count; i++) {
        const struct variant *variant = &kernel->variants[i];
        fprintf(out, "    { .name = \"%s\"", variant->name);
        if (variant->has_code)
            fprintf(out, ", .code = code_%zu, .code_size = sizeof code_%zu, .needs = 0x%x", i, i,
                    variant->module.needs);
        fputs(" },\n", out);
    }
    fputs("};\n\n", out);
}

static void write_kernel(FILE *out, const struct kernel *kernel) {
    const struct interface *interface = kernel->interface;
    uint32_t read_mask = 0, write_mask = 0;
    for (uint32_t i = 0; i < interface->binding_count; i++) {
        read_mask |= (uint32_t)interface->bindings[i].is_read << i;
        write_mask |= (uint32_t)interface->bindings[i].is_written << i;
    }
    const int *specs = interface->local_size_specs;
    const uint32_t *sizes = interface->local_size;
    fprintf(out, "const struct tuff_kernel tuff_kernel_%s = {\n    .name = \"%s\",\n", kernel->name,
            kernel->name);
    fprintf(out, "    .binding_count = %u,\n    .binding_names = binding_names,\n", interface->binding_count);
    fprintf(out, "    .read_mask = 0x%x,\n    .write_mask = 0x%x,\n", read_mask, write_mask);
    fprintf(out, "    .push_size = %u,\n", 4 * interface->push_count);
    if (interface->spec_count)
        fprintf(out,
                "    .spec_count = %u,\n    .spec_names = spec_names,\n    .spec_ids = spec_ids,\n"
                "    .spec_defaults = spec_defaults,\n",
                interface->spec_count);
    fprintf(out, "    .local_size_specs = { %d, %d, %d },\n", specs[0], specs[1], specs[2]);
    fprintf(out, "    .local_size = { %u, %u, %u },\n", sizes[0], sizes[1], sizes[2]);
    fprintf(out, "    .variant_count = %zu,\n    .variants = variants,\n};\n", kernel->variant_count);
}

static void write_source(const char *path, const struct kernel *kernel) {
    FILE *out = open_output(path);
    fprintf(out, "/* Written by kernelgen from %s.comp. */\n#include \"kernels/%s.h\"\n\n", kernel->name,
            kernel->name);
    for (size_t i = 0; i < kernel->variant_count; i++)
        if (kernel->variants[i].has_code)
            write_code(out, i, &kernel->variants[i].module);
    fputs("static const char *const binding_names[] = {", out);
    for (uint32_t i = 0; i < kernel->interface->binding_count; i++)
        fprintf(out, "%s \"%s\"", i ? "," : "", kernel->interface->bindings[i].name);
    fputs(" };\n", out);
    write_spec_tables(out, kernel->interface);
    write_variants(out, kernel);
    write_kernel(out, kernel);
    close_output(out, path);
}

static void write_list(const char *path, int count, char **names) {
    FILE *out = open_output(path);
    fputs("/* Written by kernelgen: every kernel of the library. */\n#include \"vk/kernel.h\"\n\n", out);
    for (int i = 0; i < count; i++)
        fprintf(out, "extern const struct tuff_kernel tuff_kernel_%s;\n", names[i]);
    fputs("\nconst struct tuff_kernel *const tuff_kernels[] = {\n", out);
    for (int i = 0; i < count; i++)
        fprintf(out, "    &tuff_kernel_%s,\n", names[i]);
    fputs("    NULL,\n};\n", out);
    close_output(out, path);
}

/* -------------------------------------------------------------------- the command line */

/* Reads "VARIANT=FILE"; the first file read gives the interface, and all others must agree with it. */
static void add_variant(struct kernel *kernel, char *argument) {
    static struct module interface_module;
    static const char *interface_path;
    const size_t length = strcspn(argument, "=");
    if (argument[length] == '\0')
        die("%s: expected VARIANT=FILE", argument);
    argument[length] = '\0';
    const char *path = argument + length + 1;
    struct module module = { 0 };
    if (*path) {
        module_read(path, &module);
        if (!interface_path) {
            interface_module = module;
            interface_path = path;
            kernel->interface = &interface_module.interface;
        }
        const char *difference = interface_difference(kernel->interface, &module.interface);
        if (difference)
            die("%s: the variants disagree, %s and %s: %s", kernel->name, interface_path, path, difference);
    }
    if (strcmp(argument, "interface") == 0)
        return;
    if (kernel->variant_count == MAX_VARIANTS)
        die("%s: more than %d variants", kernel->name, MAX_VARIANTS);
    struct variant *variant = &kernel->variants[kernel->variant_count++];
    variant->name = argument;
    upper_case(argument, variant->upper);
    variant->has_code = *path != 0;
    variant->module = module;
}

int main(int count, char **arguments) {
    if (count >= 3 && strcmp(arguments[1], "--list") == 0) {
        write_list(arguments[2], count - 3, arguments + 3);
        return 0;
    }
    if (count < 5) {
        fputs("usage: kernelgen NAME OUT.h OUT.c VARIANT=FILE.spv...\n"
              "       kernelgen --list OUT.c NAME...\n",
              stderr);
        return 2;
    }
    static struct kernel kernel;
    kernel.name = arguments[1];
    upper_case(kernel.name, kernel.upper);
    for (int i = 4; i < count; i++)
        add_variant(&kernel, arguments[i]);
    if (!kernel.interface)
        die("%s: no variant was compiled, so its interface is unknown", kernel.name);
    if (kernel.interface->binding_count == 0)
        die("%s: binds no buffer", kernel.name);
    write_header(arguments[2], &kernel);
    write_source(arguments[3], &kernel);
    return 0;
}
