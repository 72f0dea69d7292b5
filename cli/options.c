// From an option table to GLib's parser and back.
#include "cli.h"

#include <glib.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void cli_error(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("imgpipe: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
}

struct parse {
    const struct cli_verb *verb;
    void *self;
    bool help;
    bool unable; // an option is not wrong, but could not be looked at
};

static const struct cli_option *find(const struct cli_verb *verb,
                                     const char *given)
{
    for (const struct cli_option *o = verb->options; o->name; o++) {
        if (strncmp(given, "--", 2) == 0 ? strcmp(given + 2, o->name) == 0
                                         : given[1] == o->letter)
            return o;
    }
    return NULL;
}

static gboolean on_option(const gchar *given, const gchar *value, gpointer data,
                          GError **error)
{
    struct parse *p = data;
    struct imp_err err = {0};
    if (strcmp(given, "--help") == 0 || strcmp(given, "-h") == 0) {
        p->help = true;
        return TRUE;
    }
    const struct cli_option *o = find(p->verb, given);
    if (o && o->set((char *)p->self + o->at, value, &err))
        return TRUE;
    p->unable = err.code == IMP_ERR_MEMORY;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: %s",
                o ? o->name : given, err.msg);
    return FALSE;
}

static GOptionEntry *entries_of(const struct cli_verb *verb)
{
    size_t n = 0;
    while (verb->options[n].name)
        n++;
    GOptionEntry *entries = g_new0(GOptionEntry, n + 2);
    for (size_t i = 0; i < n; i++) {
        const struct cli_option *o = &verb->options[i];
        entries[i] = (GOptionEntry){
            .long_name = o->name,
            .short_name = o->letter,
            // As bytes: GLib would refuse what the locale cannot express.
            .flags = o->arg ? G_OPTION_FLAG_FILENAME : G_OPTION_FLAG_NO_ARG,
            .arg = G_OPTION_ARG_CALLBACK,
            .arg_data = (gpointer)on_option,
            .description = o->help,
            .arg_description = o->arg,
        };
    }
    entries[n] = (GOptionEntry){.long_name = "help",
                                .short_name = 'h',
                                .flags = G_OPTION_FLAG_NO_ARG,
                                .arg = G_OPTION_ARG_CALLBACK,
                                .arg_data = (gpointer)on_option,
                                .description = "Show this help"};
    return entries;
}

// GLib takes "-j 4" and not "-j4", which everybody writes: it becomes
// "--jobs=4". Interned, for argv must not own anything.
static void spell_out(const struct cli_verb *verb, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *arg = argv[i];
        if (arg[0] != '-' || !arg[1] || arg[1] == '-' || !arg[2])
            continue;
        const struct cli_option *o = find(verb, arg);
        if (!o || !o->arg)
            continue;
        char *spelled = g_strdup_printf("--%s=%s", o->name, arg + 2);
        argv[i] = (char *)(uintptr_t)g_intern_string(spelled);
        g_free(spelled);
    }
}

int cli_parse(const struct cli_verb *verb, int *argc, char ***argv, void *self,
              bool *help)
{
    struct parse p = {.verb = verb, .self = self};
    GError *error = NULL;
    GOptionEntry *entries = entries_of(verb);
    GOptionGroup *group = g_option_group_new(verb->name, "", "", &p, NULL);
    GOptionContext *ctx = g_option_context_new(verb->args);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(ctx, group);
    g_option_context_set_help_enabled(ctx, FALSE);
    g_option_context_set_summary(ctx, verb->summary);
    g_option_context_set_description(ctx, verb->details);

    spell_out(verb, *argc, *argv);
    bool ok = g_option_context_parse(ctx, argc, argv, &error);
    if (!ok) {
        cli_error("%s: %s", verb->name, error->message);
        if (!p.unable)
            fprintf(stderr, "Try 'imgpipe help %s'.\n", verb->name);
        g_error_free(error);
    } else if (p.help) {
        char *prog = g_strdup_printf("imgpipe %s", verb->name);
        g_set_prgname(prog);
        char *text = g_option_context_get_help(ctx, TRUE, NULL);
        fputs(text, stdout);
        g_free(text);
        g_free(prog);
    }
    if (ok && *argc > 1 && strcmp((*argv)[1], "--") == 0) {
        // GLib leaves it in place if what follows looks like an option.
        (*argv)[1] = (*argv)[0];
        (*argv)++;
        (*argc)--;
    }
    *help = p.help;
    g_option_context_free(ctx);
    g_free(entries);
    return ok ? CLI_OK : p.unable ? CLI_NOT_STARTED : CLI_USAGE;
}
