#include "place_args.h"

#include "pipeline/run.h"

#include <glib.h>
#include <stdlib.h>

// An option given twice: the last counts.
static bool replace(char **text, const char *value, const char *want,
                    struct imp_err *err)
{
    g_free(*text);
    *text = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want %s", want);
}

bool cli_set_state(void *self, const char *value, struct imp_err *err)
{
    struct cli_place_args *a = self;
    return replace(&a->state, value, "a directory", err);
}

bool cli_set_s3_endpoint(void *self, const char *value, struct imp_err *err)
{
    struct cli_place_args *a = self;
    return replace(&a->endpoint, value, "a URL such as https://s3.example.org",
                   err);
}

bool cli_set_s3_region(void *self, const char *value, struct imp_err *err)
{
    struct cli_place_args *a = self;
    return replace(&a->region, value, "a region such as eu-central-1", err);
}

bool cli_set_s3_path_style(void *self, const char *value, struct imp_err *err)
{
    (void)value, (void)err;
    ((struct cli_place_args *)self)->path_style = true;
    return true;
}

bool cli_set_s3_key_file(void *self, const char *value, struct imp_err *err)
{
    struct cli_place_args *a = self;
    return replace(&a->key_file, value, "a file", err);
}

void cli_place_at(struct cli_place_args *a, const char *spec)
{
    a->at = (struct imp_archive_at){
        .spec = spec,
        .s3 = {.endpoint = a->endpoint,
               .region = a->region,
               .path_style = a->path_style,
               .key_file = a->key_file},
    };
}

bool cli_place_complete(struct cli_place_args *a, const char *spec,
                        struct imp_err *err)
{
    cli_place_at(a, spec);
    if (a->state || !spec)
        return true;
    char *state = imp_run_default_state(&a->at, err);
    a->state = g_strdup(state);
    free(state);
    return a->state;
}

void cli_place_clear(struct cli_place_args *a)
{
    g_free(a->state);
    g_free(a->endpoint);
    g_free(a->region);
    g_free(a->key_file);
}
