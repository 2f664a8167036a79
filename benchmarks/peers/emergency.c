/* The emergency department on the flat tables of simulation/compiled, as a plain C program with structs and pointers.
 *
 * It knows the operations of that model only: seize of one pool with levels and patience, delay, release, route by
 * chance, exit; Poisson arrivals with rates in pieces; shifts whose leaving staff finish in overtime. It draws the same
 * numbers, so it counts the same exits; the benchmark compares them.
 *
 * It runs the replications whose numbers it reads, one a line, and writes a line about each: so its runs can be set
 * beside those of the engine, one by one, and neither pays for its start.
 *
 *   gcc -O3 -march=native -ffp-contract=off emergency.c -lm -o emergency && seq 0 4 | ./emergency TABLES SEED
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int64_t i64;
typedef uint64_t u64;

enum { SEIZE, RELEASE, DELAY, UNTIL, ROUTE, ASSIGN, FORK, JOIN, BATCH, SPAWN, EXIT };
enum { CODE, NEXT, A, B, C, LEVEL, PATIENCE, RENEGED, SITE, CYCLE, ANY, STAT, POOL, UNITS, OP_WIDTH };
enum { UP, REPAIR, STOCK, DONE, ARRIVAL, RENEGE, BATCHED, DOWN };
enum { P_START, P_UP, P_DONE, P_GRANT, P_ARRIVAL, P_TIMEOUT, P_DOWN };
enum { RUNNING = 1, DELAYED, WAITING };
#define BINS 1920
#define LEVELS 16

typedef struct Patient {
    i64 node, kind, arrived, asked, level;
    u64 who, token;
    int state, pool;
    struct Patient *before, *after;
    i64 visits[16];
} Patient;

typedef struct { i64 time, key; int kind, index; Patient *who; u64 token; i64 units; } Event;
typedef struct { Patient *first, *last; } Line;
typedef struct {
    i64 on_duty, busy, overtime, queued, last, up, down;
    double area[4];
    Line line[LEVELS];
} Pool;

static i64 n_nodes, n_pools, n_classes, n_streams, horizon, arrival_site;
static i64 *program, *needs, *levels, *branches, *pools_row, *capacity, *streams, *ends;
static double *chances, *laws, *shares, *totals;
static i64 n_op, n_need, n_level, n_branch, n_law, n_cap, n_piece, n_seizes;

static Pool pool[64];
static Event *heap;
static i64 heap_size, heap_room, now, sequence, events, patients;
static u64 key;
static Patient *free_rows, **starts, **grants;
static i64 *grant_seq, start_first, start_count, grant_first, grant_count, ring;
static i64 *exits, *bins, *stay_bins, arrivals[64], piece_at[64];
static double *waits, *stays, chance[64];

typedef struct { double first, second; } Pair;

static double unit(u64 bits) { return ((double)(bits >> 12) + 0.5) / 4503599627370496.0; }

/* Both words of one block: draws 2b and 2b + 1 of a place, by Philox2x64-7. */
static Pair uniform_pair(u64 low, u64 high) {
    u64 k = key;
    for (int i = 0; i < 7; i++) {
        unsigned __int128 product = (unsigned __int128)0xD2B74407B1CE6E93ULL * low;
        low = (u64)(product >> 64) ^ k ^ high;
        high = (u64)product;
        k += 0x9E3779B97F4A7C15ULL;
    }
    return (Pair){unit(low), unit(high)};
}

/* Draw 0 of a visit. */
static double uniform(u64 who, u64 site, u64 visit) { return uniform_pair(who, (site << 32 | visit << 8) >> 1).first; }

static double septic(double x, const double *c) { /* Estrin's scheme, as the engine's, so that the last bit agrees */
    double x2 = x * x;
    return ((c[0] + c[1] * x) + (c[2] + c[3] * x) * x2) + ((c[4] + c[5] * x) + (c[6] + c[7] * x) * x2) * (x2 * x2);
}

static const double centre_top[8] = {3.387132872796366608, 133.14166789178437745, 1971.5909503065514427,
    13731.693765509461125, 45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727};
static const double centre_low[8] = {1.0, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
    21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852545925};
static const double middle_top[8] = {1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055,
    3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833,
    7.7454501427834140764e-4};
static const double middle_low[8] = {1.0, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
    0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9};
static const double far_top[8] = {6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358,
    0.29656057182850489123, 0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5,
    2.01033439929228813265e-7};
static const double far_low[8] = {1.0, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
    7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15};

static double normal_quantile(double p) { /* AS 241, PPND16 */
    double q = p - 0.5, r, tail;
    if (fabs(q) <= 0.425) {
        r = 0.180625 - q * q;
        return q * septic(r, centre_top) / septic(r, centre_low);
    }
    r = sqrt(-log(q < 0.0 ? p : 1.0 - p));
    if (r <= 5.0) tail = septic(r - 1.6, middle_top) / septic(r - 1.6, middle_low);
    else tail = septic(r - 5.0, far_top) / septic(r - 5.0, far_low);
    return q < 0.0 ? -tail : tail;
}

static i64 sample(i64 row, double u) {
    const double *law = laws + 4 * row;
    double x = law[1];
    if (law[0] == 1.0) x = -law[1] * log(u);
    else if (law[0] == 2.0) x = exp(law[1] - law[2] * normal_quantile(u));
    return x > 0.0 ? (i64)floor(x + 0.5) : 0;
}

static void push(i64 time, i64 phase, int kind, int index, Patient *who, i64 units) {
    if (heap_size == heap_room) heap = realloc(heap, (heap_room = heap_room ? 2 * heap_room : 4096) * sizeof *heap);
    Event e = {time, phase << 56 | sequence++, kind, index, who, who ? who->token : 0, units};
    i64 i = heap_size++;
    while (i > 0) {
        i64 parent = (i - 1) >> 1;
        if (heap[parent].time < time || (heap[parent].time == time && heap[parent].key < e.key)) break;
        heap[i] = heap[parent];
        i = parent;
    }
    heap[i] = e;
}

static Event pop(void) {
    Event top = heap[0], e = heap[--heap_size];
    i64 i = 0, child;
    while ((child = 2 * i + 1) < heap_size) {
        if (child + 1 < heap_size && (heap[child + 1].time < heap[child].time ||
            (heap[child + 1].time == heap[child].time && heap[child + 1].key < heap[child].key))) child++;
        if (e.time < heap[child].time || (e.time == heap[child].time && e.key < heap[child].key)) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = e;
    return top;
}

static void touch(Pool *p) {
    double passed = (double)(now - p->last);
    if (passed > 0.0) {
        p->area[0] += p->busy * passed;
        p->area[1] += (p->on_duty > 0 ? p->on_duty : 0) * passed;
        p->area[2] += p->queued * passed;
        p->area[3] += p->overtime * passed;
        p->last = now;
    }
}

static i64 idle(const Pool *p) { return p->on_duty - (p->busy - p->overtime); }

static int bin_of(i64 x) {
    int exponent;
    if (x <= 0) return 0;
    double mantissa = frexp((double)x, &exponent);
    int bin = (exponent - 1) * 32 + (int)((mantissa - 0.5) * 64.0);
    return bin < BINS ? bin : BINS - 1;
}

static void unlink_one(Patient *w) {
    Pool *p = pool + w->pool;
    Line *line = p->line + w->level;
    touch(p);
    if (w->before) w->before->after = w->after; else line->first = w->after;
    if (w->after) w->after->before = w->before; else line->last = w->before;
    p->queued--;
}

static void take(Pool *p, i64 units) { touch(p); p->busy += units; }

static void serve(int number) {
    Pool *p = pool + number;
    while (p->queued > 0 && idle(p) > 0) {
        int level = 0;
        while (!p->line[level].first) level++;
        Patient *w = p->line[level].first;
        i64 units = needs[2 * program[w->node * OP_WIDTH + A] + 1];
        if (idle(p) < units) return;
        unlink_one(w);
        w->token++;
        take(p, units);
        i64 at = (grant_first + grant_count++) % ring;
        grants[at] = w;
        grant_seq[at] = sequence++;
    }
}

static void count_wait(Patient *w, const i64 *op) {
    i64 wait = now - w->asked;
    double *row = waits + (op[STAT] * n_classes + w->kind) * 6;
    row[0] += 1.0;
    row[1] += wait;
    row[2] += (double)wait * (double)wait;
    if (wait > row[3]) row[3] = wait;
    bins[op[STAT] * BINS + bin_of(wait)]++;
}

static i64 visit_of(Patient *w, const i64 *op) { return op[CYCLE] >= 0 ? w->visits[op[CYCLE]]++ : 0; }

static void schedule_arrival(int s) {
    const i64 *row = streams + 7 * s;
    Pair drawn = uniform_pair((u64)row[1] << 48 | (u64)arrivals[s], ((u64)arrival_site << 32) >> 1);
    double u = drawn.first;
    chance[s] = drawn.second; /* the class of that patient, when it comes */
    i64 *end = ends + row[4], n = row[5] - row[4], k = piece_at[s];
    double *sum = totals + row[4];
    while (k < n && end[k] <= now) k++;
    if (k >= n) return;
    i64 begin = k ? end[k - 1] : 0;
    double before = k ? sum[k - 1] : 0.0;
    double target = before + (sum[k] - before) * ((double)(now - begin) / (double)(end[k] - begin)) - log(u);
    while (k < n && sum[k] < target) k++;
    if (k >= n) return;
    begin = k ? end[k - 1] : 0;
    before = k ? sum[k - 1] : 0.0;
    i64 time = begin + (i64)floor((target - before) / (sum[k] - before) * (double)(end[k] - begin) + 0.5);
    piece_at[s] = k;
    if (time < now) time = now;
    if (time <= horizon) push(time, P_ARRIVAL, ARRIVAL, s, NULL, 0);
}

static void schedule_capacity(int number, int up) {
    i64 *row = pools_row + 20 * number, at = up ? pool[number].up : pool[number].down;
    if (at < (up ? row[2] : row[4])) push(capacity[2 * at], up ? P_UP : P_DOWN, up ? UP : DOWN, number, NULL, capacity[2 * at + 1]);
}

static void arrive(int s) {
    const i64 *row = streams + 7 * s;
    i64 number = arrivals[s]++;
    double u = chance[s];
    schedule_arrival(s);
    Patient *w = free_rows;
    if (w) free_rows = w->after; else w = calloc(1, sizeof *w);
    u64 token = w->token;
    memset(w, 0, sizeof *w);
    w->token = token;
    w->who = (u64)row[1] << 48 | (u64)number;
    if (n_classes > 1) {
        while (w->kind < n_classes - 1 && u > shares[s * n_classes + w->kind]) w->kind++;
    }
    w->node = row[2];
    w->arrived = now;
    patients++;
    stays[w->kind * 5] += 1.0;
    starts[(start_first + start_count++) % ring] = w;
}

static void step(Patient *w) {
    w->state = RUNNING;
    for (;;) {
        const i64 *op = program + w->node * OP_WIDTH;
        Pool *p = pool + needs[2 * op[A]];
        if (op[CODE] == DELAY) {
            i64 visit = visit_of(w, op);
            w->state = DELAYED;
            push(now + sample(op[A] + w->kind, uniform(w->who, op[SITE], visit)), P_DONE, DONE, 0, w, 0);
            return;
        }
        if (op[CODE] == SEIZE) {
            i64 units = needs[2 * op[A] + 1];
            w->asked = now;
            sequence++;
            w->level = levels[op[LEVEL] + w->kind];
            i64 visit = visit_of(w, op);
            if (p->queued == 0 && idle(p) >= units) {
                take(p, units);
                count_wait(w, op);
                w->node = op[NEXT];
                continue;
            }
            touch(p);
            Line *line = p->line + w->level;
            w->pool = (int)(p - pool);
            w->state = WAITING;
            w->after = NULL;
            w->before = line->last;
            if (line->last) line->last->after = w; else line->first = w;
            line->last = w;
            p->queued++;
            if (op[PATIENCE] >= 0)
                push(now + sample(op[PATIENCE] + w->kind, uniform(w->who, op[SITE], visit)), P_TIMEOUT, RENEGE, 0, w, 0);
            serve(w->pool);
            return;
        }
        if (op[CODE] == RELEASE) {
            for (i64 k = op[A]; k < op[A] + op[B]; k++) {
                Pool *q = pool + needs[2 * k];
                i64 units = needs[2 * k + 1], over = q->overtime < units ? q->overtime : units;
                touch(q);
                q->busy -= units;
                q->overtime -= over;
            }
            for (i64 k = op[A]; k < op[A] + op[B]; k++) serve((int)needs[2 * k]);
            w->node = op[NEXT];
        } else if (op[CODE] == ROUTE) {
            double u = uniform(w->who, op[SITE], visit_of(w, op));
            i64 way = 0;
            while (way < op[B] - 1 && u > chances[(op[A] + way) * n_classes + w->kind]) way++;
            w->node = branches[4 * (op[A] + way)];
        } else {
            i64 stay = now - w->arrived;
            double *row = stays + w->kind * 5;
            exits[w->node * n_classes + w->kind]++;
            row[1] += 1.0;
            row[2] += stay;
            row[3] += (double)stay * (double)stay;
            if (stay > row[4]) row[4] = stay;
            stay_bins[w->kind * BINS + bin_of(stay)]++;
            w->token++;
            w->after = free_rows;
            free_rows = w;
            return;
        }
    }
}

static void run(void) {
    for (int k = 0; k < n_pools; k++) {
        i64 *row = pools_row + 20 * k;
        memset(pool + k, 0, sizeof *pool);
        pool[k].on_duty = row[0];
        pool[k].up = row[1];
        pool[k].down = row[3];
        schedule_capacity(k, 1);
        schedule_capacity(k, 0);
    }
    for (int s = 0; s < n_streams; s++) schedule_arrival(s);
    for (;;) {
        Patient *w;
        if (start_count > 0) {
            w = starts[start_first];
            start_first = (start_first + 1) % ring;
            start_count--;
        } else if (grant_count > 0 && !(heap_size > 0 && heap[0].time == now && heap[0].key < ((i64)P_GRANT << 56 | grant_seq[grant_first]))) {
            w = grants[grant_first];
            grant_first = (grant_first + 1) % ring;
            grant_count--;
            const i64 *op = program + w->node * OP_WIDTH;
            count_wait(w, op);
            w->node = op[NEXT];
        } else {
            if (heap_size == 0 || heap[0].time > horizon) break;
            Event e = pop();
            now = e.time;
            events++;
            w = e.who;
            if (e.kind == ARRIVAL) { arrive(e.index); continue; }
            if (e.kind == DONE) {
                w->token++;
                w->node = program[w->node * OP_WIDTH + NEXT];
            } else if (e.kind == RENEGE) {
                if (w->token != e.token || w->state != WAITING) continue;
                const i64 *op = program + w->node * OP_WIDTH;
                unlink_one(w);
                w->token++;
                waits[(op[STAT] * n_classes + w->kind) * 6 + 4] += 1.0;
                waits[(op[STAT] * n_classes + w->kind) * 6 + 5] += now - w->asked;
                serve(w->pool);
                w->node = op[RENEGED];
            } else {
                Pool *p = pool + e.index;
                touch(p);
                if (e.kind == UP) {
                    p->on_duty += e.units;
                    p->up++;
                    schedule_capacity(e.index, 1);
                    serve(e.index);
                } else {
                    p->down++;
                    schedule_capacity(e.index, 0);
                    p->on_duty -= e.units;
                    i64 regular = p->busy - p->overtime, excess = regular - p->on_duty;
                    if (excess > 0) p->overtime += excess < regular ? excess : regular;
                }
                continue;
            }
        }
        step(w);
    }
    now = horizon;
    for (int k = 0; k < n_pools; k++) touch(pool + k);
}

static void *part(FILE *file, i64 *count, size_t size) {
    if (fread(count, 8, 1, file) != 1) exit(2);
    void *data = malloc(*count * size + 8);
    if (fread(data, size, *count, file) != (size_t)*count) exit(2);
    return data;
}

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file) { fprintf(stderr, "usage: emergency TABLES SEED < NUMBERS OF REPLICATIONS\n"); return 2; }
    i64 n, *sizes = part(file, &n, 8);
    n_nodes = sizes[0]; n_pools = sizes[1]; n_classes = sizes[2]; n_streams = sizes[3]; horizon = sizes[4];
    arrival_site = sizes[5]; n_seizes = sizes[6];
    program = part(file, &n_op, 8); needs = part(file, &n_need, 8); levels = part(file, &n_level, 8);
    branches = part(file, &n_branch, 8); pools_row = part(file, &n, 8); capacity = part(file, &n_cap, 8);
    streams = part(file, &n, 8); ends = part(file, &n_piece, 8); chances = part(file, &n, 8);
    laws = part(file, &n_law, 8); shares = part(file, &n, 8); totals = part(file, &n, 8);
    ring = 1 << 16;
    starts = malloc(ring * sizeof *starts); grants = malloc(ring * sizeof *grants); grant_seq = malloc(ring * 8);
    exits = calloc(n_nodes * n_classes, 8); bins = calloc(n_seizes * BINS, 8); stay_bins = calloc(n_classes * BINS, 8);
    waits = calloc(n_seizes * n_classes * 6, 8); stays = calloc(n_classes * 5, 8);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        key = (u64)atoll(argv[2]) << 32 | (u64)atoll(line);
        heap_size = now = sequence = start_count = grant_count = start_first = grant_first = events = patients = 0;
        memset(arrivals, 0, sizeof arrivals);
        memset(piece_at, 0, sizeof piece_at);
        memset(exits, 0, n_nodes * n_classes * 8);
        memset(bins, 0, n_seizes * BINS * 8);
        memset(stay_bins, 0, n_classes * BINS * 8);
        memset(waits, 0, n_seizes * n_classes * 6 * 8);
        memset(stays, 0, n_classes * 5 * 8);
        run();
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        i64 left = 0;
        for (i64 k = 0; k < n_nodes * n_classes; k++) left += exits[k];
        double waited = 0.0;
        for (i64 k = 0; k < n_seizes * n_classes; k++) waited += waits[6 * k + 1];
        printf("{\"seconds\": %.6f, \"patients\": %lld, \"exits\": %lld, \"events\": %lld, \"waited_us\": %.0f}\n",
               (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec), (long long)patients,
               (long long)left, (long long)events, waited);
        fflush(stdout);
    }
    return 0;
}
