#include "mark/scene.h"

static struct imp_box box_of(const struct imp_inked *where, size_t i)
{
    const struct imp_spot *s = &where->spot[i];
    return (struct imp_box){s->x, s->y, (uint64_t)s->x + where->ink->text.width,
                            (uint64_t)s->y + where->ink->text.height};
}

static bool meets(struct imp_box a, struct imp_box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom &&
           b.top < a.bottom;
}

static bool holds(struct imp_box outer, struct imp_box inner)
{
    return outer.left <= inner.left && outer.top <= inner.top &&
           outer.right >= inner.right && outer.bottom >= inner.bottom;
}

// The least that holds both.
static struct imp_box unite(struct imp_box a, struct imp_box b)
{
    if (a.right == 0)
        return b;
    return (struct imp_box){
        .left = a.left < b.left ? a.left : b.left,
        .top = a.top < b.top ? a.top : b.top,
        .right = a.right > b.right ? a.right : b.right,
        .bottom = a.bottom > b.bottom ? a.bottom : b.bottom,
    };
}

void imp_scene_begin(struct imp_scene *s, const struct imp_drawing *d)
{
    *s = (struct imp_scene){.d = d};
    for (size_t i = 0; i < d->where.n; i++)
        s->ink = unite(s->ink, box_of(&d->where, i));
    s->bare = s->ink;
}

bool imp_scene_meets(const struct imp_scene *s, const struct imp_scene_frame *f)
{
    for (size_t i = 0; i < s->d->where.n; i++)
        if (meets(box_of(&s->d->where, i), f->place))
            return true;
    return false;
}

// Where ink is seen once the frame is shown and, if it is, cleared away.
static void note(struct imp_scene *s, const struct imp_scene_frame *f)
{
    if (holds(f->place, s->bare))
        s->bare = (struct imp_box){0};
    if (f->clears)
        s->bare = unite(s->bare, f->place);
}

bool imp_scene_draw(struct imp_scene *s, const struct imp_scene_frame *f,
                    struct imp_raster *raster, uint64_t *changed,
                    struct imp_err *err)
{
    // The frames below have their own ink, unless they had no occasion or are
    // cleared away.
    raster->overlay = f->see_through && !meets(f->place, s->bare);
    struct imp_blended b = imp_draw_ink(s->d, raster, -(int64_t)f->place.left,
                                        -(int64_t)f->place.top);
    s->sum.inked += b.inked;
    s->sum.changed += b.changed;
    *changed = b.changed;
    bool whole = !raster->overlay && holds(f->place, s->ink);
    note(s, f);
    return !whole || imp_draw_shows(b, err);
}

bool imp_scene_end(const struct imp_scene *s, struct imp_err *err)
{
    return imp_draw_shows(s->sum, err);
}
