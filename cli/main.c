#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct cli_verb *const verbs[] = {
    &cli_verb_run,   &cli_verb_inspect, &cli_verb_verify,    &cli_verb_extract,
    &cli_verb_audit, &cli_verb_keygen,  &cli_verb_crosswalk, NULL};

static const struct cli_verb *find_verb(const char *name)
{
    for (const struct cli_verb *const *v = verbs; *v; v++)
        if (strcmp((*v)->name, name) == 0)
            return *v;
    return NULL;
}

static void print_usage(FILE *to)
{
    fputs("Usage: imgpipe VERB [OPTION...] [ARGUMENT...]\n\n"
          "De-identify, watermark and archive medical images.\n\n"
          "Verbs:\n",
          to);
    for (const struct cli_verb *const *v = verbs; *v; v++)
        fprintf(to, "  %-10s %s\n", (*v)->name, (*v)->summary);
    fputs("  help VERB  Show a verb's options\n\n"
          "Options:\n"
          "  --help     Show this help\n"
          "  --version  Show the version\n\n"
          "See imgpipe(1). Examples:\n"
          "  imgpipe inspect photo.jpg\n"
          "  imgpipe run uploads/ --archive archive/\n",
          to);
}

static int unknown_verb(const char *name)
{
    cli_error("no verb '%s'", name);
    print_usage(stderr);
    return CLI_USAGE;
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return CLI_OK;
    }
    const struct cli_verb *verb = find_verb(argv[1]);
    if (!verb)
        return unknown_verb(argv[1]);
    char option[] = "--help";
    char *args[] = {argv[1], option, NULL};
    return verb->run(2, args);
}

// Cron jobs and services may start us with a standard stream closed; the next
// file to be opened would take its number, and our messages go into it.
static bool fill_standard_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

// What we make we must be able to use, as in what git makes. The umask decides
// for group and others alone. It is the process's: asked before any thread is.
static void keep_owner_bits(void)
{
    umask(umask(0) & 077);
}

int main(int argc, char **argv)
{
    if (!fill_standard_streams())
        return CLI_NOT_STARTED;
    keep_owner_bits();
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    const char *first = argv[1];
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        print_usage(stdout);
        return CLI_OK;
    }
    if (strcmp(first, "--version") == 0) {
        puts("imgpipe " IMP_VERSION);
        return CLI_OK;
    }
    if (strcmp(first, "help") == 0)
        return help(argc - 1, argv + 1);
    const struct cli_verb *verb = find_verb(first);
    return verb ? verb->run(argc - 1, argv + 1) : unknown_verb(first);
}
