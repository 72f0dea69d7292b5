// Which directories of a run may lie in which: none is to be scanned as if it
// were uploads, and what holds file names is not handed out with the archive.
#include "base/file.h"
#include "pipeline/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ARCHIVE, STATE, MOVED, QUARANTINE, KEY, SUBJECTS, STUDY, PLACES };

static const char *const what[PLACES] = {
    [ARCHIVE] = "archive",
    [STATE] = "state directory",
    [MOVED] = "directory for moved sources",
    [QUARANTINE] = "quarantine directory",
    [KEY] = "key file",
    [SUBJECTS] = "list of subjects",
    [STUDY] = "list of the study",
};

// The ones that the user has named for this alone must not even have the
// others in them: they would be taken for what was put there.
static bool is_apart(int place)
{
    return place == MOVED || place == QUARANTINE;
}

// NULL: the run has no such place.
static bool resolve(const char *path, char **out, struct imp_err *err)
{
    return !path || (*out = imp_path_resolve(path, err));
}

static bool resolve_list(const char *option, const char *spec, char **out,
                         struct imp_err *err)
{
    char *file = NULL;
    bool ok =
        (!spec || imp_lookup_file(spec, &file, err)) && resolve(file, out, err);
    free(file);
    return ok || imp_wrap(err, "%s", option);
}

// Files that tell whose the codes are.
static bool is_file(int place)
{
    return place == KEY || place == SUBJECTS || place == STUDY;
}

static bool resolve_all(const struct imp_run_config *config, char *path[PLACES],
                        struct imp_err *err)
{
    bool moves = config->after.what == IMP_AFTER_MOVE;
    return (path[ARCHIVE] = imp_target_identity(&config->archive, err)) &&
           resolve(config->state, &path[STATE], err) &&
           resolve(moves ? config->after.dir : NULL, &path[MOVED], err) &&
           resolve(config->quarantine, &path[QUARANTINE], err) &&
           resolve(config->whose.key_file, &path[KEY], err) &&
           resolve_list("--subjects", config->whose.subjects.spec,
                        &path[SUBJECTS], err) &&
           resolve_list("--study", config->whose.study.spec, &path[STUDY], err);
}

static bool apart_from_archive(char *const path[PLACES], struct imp_err *err)
{
    if (imp_path_lies_in(path[STATE], path[ARCHIVE]))
        return imp_fail(err, IMP_ERR_CONFIG,
                        "the state directory lies inside the archive: it holds "
                        "file names, choose another with --state");
    for (int i = 0; i < PLACES; i++)
        if (is_file(i) && path[i] && imp_path_lies_in(path[i], path[ARCHIVE]))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the %s lies inside the archive: whoever gets that "
                            "could tell whose the codes are",
                            what[i]);
    for (int i = 0; i < PLACES; i++) {
        if (!is_apart(i) || !path[i])
            continue;
        if (imp_path_lies_in(path[i], path[ARCHIVE]))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the %s lies inside the archive", what[i]);
        if (imp_path_lies_in(path[ARCHIVE], path[i]))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the archive lies inside the %s", what[i]);
    }
    return true;
}

static bool apart_from_uploads(char *const path[PLACES], const char *uploads,
                               struct imp_err *err)
{
    for (int i = 0; i < PLACES; i++) {
        if (!path[i])
            continue;
        if (imp_path_lies_in(path[i], uploads))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the %s lies inside the upload directory", what[i]);
        // What lies in the archive would leave it, as a source of itself.
        if (i != STATE && !is_file(i) && imp_path_lies_in(uploads, path[i]))
            return imp_fail(err, IMP_ERR_CONFIG,
                            "the uploads lie inside the %s", what[i]);
    }
    return true;
}

bool imp_run_kept_apart(const struct imp_run_config *config,
                        struct imp_err *err)
{
    char *path[PLACES] = {NULL};
    bool ok = resolve_all(config, path, err) && apart_from_archive(path, err);
    for (const char *const *p = config->paths; ok && *p; p++) {
        char real[PATH_MAX];
        if (strcmp(*p, "-") != 0 && realpath(*p, real))
            ok = apart_from_uploads(path, real, err);
        // A source that is not there is reported by the scan.
    }
    for (int i = 0; i < PLACES; i++)
        free(path[i]);
    return ok;
}
