"""Columns of the kernel's tables. Plain numbers, since compiled code freezes them."""

from __future__ import annotations

# Anding an index with this tells the compiler that it is not negative. Without it numba tests each index for being
# counted from the end, which cost the kernel a tenth of its time.
NATURAL = 0xFFFFFFFF

# Operation codes.
SEIZE, RELEASE, DELAY, UNTIL, ROUTE, ASSIGN, FORK, JOIN, BATCH, SPAWN, EXIT = range(11)
ANY_OF, CONSUME = 1, 2

# One row of the program per node. Pool and units are those of its first need: nearly every seize and release has only
# one, and reading it here saves a look into the table of needs, for which all that follows would wait.
(
    OP_CODE,
    OP_NEXT,
    OP_A,
    OP_B,
    OP_C,
    OP_LEVEL,
    OP_PATIENCE,
    OP_RENEGED,
    OP_SITE,
    OP_CYCLE,
    OP_ANY,
    OP_STAT,
    OP_POOL,
    OP_UNITS,
) = range(14)
OP_WIDTH = 14

# One row of settings per pool.
(
    POOL_CAPACITY,
    POOL_UPS,
    POOL_UPS_END,
    POOL_DOWNS,
    POOL_DOWNS_END,
    POOL_TRACKED,
    POOL_FIFO,
    POOL_PREEMPTIVE,
    POOL_SHIFT_END,
    POOL_EVICTION,
    POOL_LEVEL_WORTH,
    POOL_OVERTAKE,
    POOL_RESERVE,
    POOL_FAILURE_SITE,
    POOL_UP_LAW,
    POOL_DOWN_LAW,
    POOL_ORDER_SITE,
    POOL_ORDER_LAW,
    POOL_ORDER_POINT,
    POOL_ORDER_SIZE,
) = range(20)
POOL_WIDTH = 20
FINISH, HAND_OVER, EVICT = range(3)

# One row per stream.
(STREAM_KIND, STREAM_NUMBER, STREAM_TO, STREAM_LAW, STREAM_FIRST, STREAM_LAST, STREAM_GROUP_LAW) = range(7)
STREAM_WIDTH = 7
RENEWAL, POISSON, PLANNED = range(3)

# Where each stream stands: arrivals so far, piece of its rates or place in its plan, patients so far, end of its plan,
# instant and order of its next arrival; then instants and classes of the arrivals that have been worked out ahead.
(CURSOR_ARRIVALS, CURSOR_PLACE, CURSOR_PATIENTS, CURSOR_PLAN_END, CURSOR_TIME, CURSOR_KEY) = range(6)
# A power of two. Draws and logarithms of many arrivals in a row overlap in the processor; one at a time, each waits for
# the event before.
AHEAD = 16
AHEAD_AT = 6
AHEAD_CLASS_AT = AHEAD_AT + AHEAD
CURSOR_WIDTH = AHEAD_CLASS_AT + AHEAD

# One row per patient in place at the start.
(
    INITIAL_NODE,
    INITIAL_CLASS,
    INITIAL_ELAPSED,
    INITIAL_ARRIVED,
    INITIAL_SILENT,
    INITIAL_REMAINING,
) = range(6)
INITIAL_WIDTH = 6

# Sizes and settings of the run.
(
    SIZE_NODES,
    SIZE_POOLS,
    SIZE_CLASSES,
    SIZE_LEVELS,
    SIZE_ATTRIBUTES,
    SIZE_CHOICES,
    SIZE_CYCLES,
    SIZE_TRACKED,
    SIZE_BATCHES,
    SIZE_SEIZES,
    SIZE_HORIZON,
    SIZE_WARM_UP,
    SIZE_AUDIT,
    SIZE_BUDGET,
    SIZE_START_OF_DAY,
    SIZE_ARRIVAL_SITE,
    SIZE_IN_PLACE,
) = range(17)
SIZE_WIDTH = 17

# One row per patient (token) in the kernel's memory; after these come 8 queue entries of 3, what is held of each pool,
# choices, attributes, visits and 4 columns for each tracked pool.
(
    NODE,
    STATE,
    STREAM,
    NUMBER,
    BRANCH,
    KIND,
    ARRIVED,
    TOKEN,
    ASKED,
    ASKED_SEQ,
    LEVEL,
    DUE,
    DURATION,
    RESAMPLED,
    PARENT,
    PENDING,
    SPAWNS,
    BASE,
    WHO,
    EVICTED_POOL,
    EVICTED_UNITS,
    SILENT,
    NEXT_ROW,
) = range(23)
ROW_WIDTH = 24
ENTRY_BITS = 3  # of a queue entry, below the row: which of the pools of one request
ENTRIES = 1 << ENTRY_BITS
HELD_AT = ROW_WIDTH + 3 * ENTRIES
LEVEL_BITS = 8  # of a queue entry's third column, which names pool and level
FREE, RUNNING, DELAYED, WAITING, EVICTED, JOINING, BATCHED, GRANTED = range(8)

# State of a pool: these, then first and last queue entry of each level.
(CAP, BUSY, OVERTIME, TURNING, QUEUED, LAST, ORDERED, ORDERS, UP_AT, DOWN_AT) = range(10)
STATE_WIDTH = 10
AREA_BUSY, AREA_STAFFED, AREA_QUEUE, AREA_OVERTIME, AREA_TURNING = range(5)
AREA_WIDTH = 5

# Globals of a run.
(
    NOW,
    SEQUENCE,
    HEAP_SIZE,
    GRANT_FIRST,
    GRANT_COUNT,
    START_FIRST,
    START_COUNT,
    FREE_COUNT,
    HIGH,
    ERROR,
    ERROR_AT,
    EVENTS,
    LOG_SIZE,
    LOG_ROWS,
    LOG_AT,
    LOG_WHO,
    INSIDE,
    CHOICE_AT,
    ATTRIBUTE_AT,
    VISIT_AT,
    TRACK_AT,
    LEVELS,
    AUDITS,
    PATIENTS,
    END,
    LATE_TIME,
    LATE_KEY,
    LATE_EVENT,
    LATE_AUX,
    NEXT_TIME,
    NEXT_KEY,
    NEXT_STREAM,
) = range(32)
GLOBAL_WIDTH = 32

NO_ERROR, ENDLESS, ROWS_FULL, HEAP_FULL, LOG_FULL, TOO_LONG, STOPPED, NUMBERS_FULL = range(8)

# What waits in the heap.
(
    EVENT_UP,
    EVENT_REPAIR,
    EVENT_STOCK,
    EVENT_DONE,
    EVENT_RENEGE,
    EVENT_BATCH,
    EVENT_DOWN,
    EVENT_FAIL,
    EVENT_WARM,
    EVENT_AUDIT,
) = range(10)
# An event is one word: its kind on top, then the node at which a patient whose delay is over goes on, then row or pool.
KIND_BITS, NODE_BITS = 56, 32

BINS_PER_OCTAVE = 32
BIN_SHIFT = 5
BINS = 60 * BINS_PER_OCTAVE
WAIT_COUNT, WAIT_SUM, WAIT_SQUARES, WAIT_MAX, WAIT_RENEGED, WAIT_RENEGED_SUM = range(6)
WAIT_WIDTH = 6
STAY_ARRIVED, STAY_LEFT, STAY_SUM, STAY_SQUARES, STAY_MAX, STAY_WINDOW_LEFT, STAY_WINDOW_SUM = range(7)
STAY_WIDTH = 7
