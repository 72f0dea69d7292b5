// imgpipe verify: the options, and which of its two answers is wanted.
#include "cli.h"
#include "verify_args.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SETTER(name) \
    static bool set_##name(void *self, const char *value, struct imp_err *err)
#define UNUSED (void)value, (void)err

SETTER(against)
{
    g_ptr_array_add(((struct cli_verify_args *)self)->against, g_strdup(value));
    return value[0] ||
           imp_fail(err, IMP_ERR_CONFIG, "want a directory or file");
}

SETTER(redact_rules)
{
    struct cli_verify_args *a = self;
    g_free(a->redact_rules);
    a->redact_rules = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a file");
}

SETTER(json)
{
    UNUSED;
    ((struct cli_verify_args *)self)->json = true;
    return true;
}

SETTER(quiet)
{
    UNUSED;
    ((struct cli_verify_args *)self)->quiet = true;
    return true;
}

// --- Of the whole archive only ---

static struct imp_verify_config *all(void *self, const char *option)
{
    struct cli_verify_args *a = self;
    a->only_all = option;
    return &a->all;
}

SETTER(jobs)
{
    uint64_t n;
    if (!cli_count(value, 1, 1024, &n, err))
        return false;
    all(self, "jobs")->jobs = (unsigned)n;
    return true;
}

SETTER(sample)
{
    return cli_fraction(value, 0, 1, &all(self, "sample")->sample, err);
}

SETTER(seed)
{
    return cli_count(value, 0, UINT64_MAX, &all(self, "seed")->seed, err);
}

SETTER(policy)
{
    struct cli_verify_args *a = self;
    all(self, "policy");
    g_free(a->policy);
    a->policy = g_strdup(value);
    return value[0] ||
           imp_fail(err, IMP_ERR_CONFIG, "want strict, research or a file");
}

SETTER(check)
{
    return cli_check(value, &all(self, "check")->cleaning, err);
}

SETTER(max_bytes)
{
    return cli_size(value, &all(self, "max-bytes")->cleaning.limits.max_bytes,
                    err);
}

SETTER(max_pixels)
{
    return cli_count(value, 1, UINT32_MAX,
                     &all(self, "max-pixels")->cleaning.limits.max_pixels, err);
}

SETTER(wait)
{
    UNUSED;
    all(self, "wait")->wait = true;
    return true;
}

static const struct cli_option options[] = {
    {"against", 0, "UPLOADS",
     "Compare with the sources, a directory or a file; may be repeated",
     set_against},
    {"redact-rules", 0, "FILE",
     "With --against, the rules that DICOM objects were redacted by",
     set_redact_rules},
    CLI_PLACE_OPTIONS(struct cli_verify_args, place),
    {"jobs", 'j', "N", "Objects read at once (default: one per core)",
     set_jobs},
    {"sample", 0, "PART",
     "Read only a part of the objects, such as 5%, picked at random",
     set_sample},
    {"seed", 0, "N", "Pick the same ones as an earlier sample did", set_seed},
    {"policy", 0, "POLICY",
     "For images of which no ledger knows the policy: strict (default), "
     "research, or a policy file",
     set_policy},
    {"check", 0, "LEVEL",
     "How far to check images: coded (default) or structure", set_check},
    {"max-bytes", 0, "SIZE",
     "Do not read larger objects that no ledger knows (default: 256M; DICOM: "
     "none)",
     set_max_bytes},
    {"max-pixels", 0, "N",
     "Nor check larger pictures of that kind (default: 500000000)",
     set_max_pixels},
    {"wait", 0, NULL, "If a run has the archive, wait for it", set_wait},
    {"json", 0, NULL,
     "Print one JSON object for each finding, or each file compared, on a "
     "line; "
     "and a summary",
     set_json},
    {"quiet", 'q', NULL, "Print only what is wrong or not proven", set_quiet},
    {0},
};

static void init(struct cli_verify_args *a)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t seed = 0; // a number that can be typed
    *a = (struct cli_verify_args){
        .against = g_ptr_array_new_with_free_func(g_free),
        .all = {.jobs = cores > 0 ? (unsigned)cores : 1, .sample = 1},
    };
    if (getrandom(&seed, sizeof seed, 0) == sizeof seed)
        a->all.seed = seed;
}

static int answer(struct cli_verify_args *a, int argc, char **argv)
{
    if (argc != 2)
        cli_error("verify: want one archive, have %d", argc - 1);
    else if (a->against->len && a->only_all)
        cli_error("verify: --%s does nothing with --against", a->only_all);
    else if (!a->against->len && a->redact_rules)
        cli_error("verify: --redact-rules does nothing without --against");
    else if (a->against->len)
        return cli_verify_against(a, argv[1]);
    else
        return cli_verify_archive(a, argv[1]);
    return CLI_USAGE;
}

static int run(int argc, char **argv)
{
    struct cli_verify_args a;
    bool help;
    init(&a);
    int code = cli_parse(&cli_verb_verify, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help)
        code = answer(&a, argc, argv);
    g_ptr_array_free(a.against, TRUE);
    cli_place_clear(&a.place);
    g_free(a.policy);
    g_free(a.redact_rules);
    return code;
}

const struct cli_verb cli_verb_verify = {
    .name = "verify",
    .args = "ARCHIVE",
    .summary = "Find out whether an archive is what it should be",
    .details =
        "Reads every object again: its digest, its name, and whether its "
        "policy "
        "would find\nanything to remove. Compares what the manifest lists, "
        "what "
        "the ledger has, and what is\nthere; checks the tag files, the ledger "
        "and the audit log. A line for each finding.\n\n"
        "With --against it compares each source that was archived with what "
        "was "
        "made of it\ninstead: JPEG coefficient by coefficient, others pixel by "
        "pixel, but for the mark\nand for what was redacted, which must be "
        "black.\n\n"
        "Examples:\n"
        "  imgpipe verify archive/\n"
        "  imgpipe verify archive/ --sample 5%\n"
        "  imgpipe verify archive/ --against uploads/\n\n"
        "Exit code: 0 nothing is wrong; 1 something is (with --against: "
        "something is not\nproven, or nothing was archived); 2 usage; 3 could "
        "not start; 130 or 143 ended by\nSIGINT or SIGTERM.",
    .options = options,
    .run = run,
};
