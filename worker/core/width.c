#include "worker/core/width.h"

#include <assert.h>

void width_init(struct width *width, size_t most)
{
    assert(most > 0);
    *width = (struct width){.now = most < WIDTH_START ? most : WIDTH_START, .most = most};
}

static void begin_window(struct width *width, int64_t now_us)
{
    width->ended = 0;
    width->took_us = 0;
    width->started_us = now_us;
    width->crowded = true;
}

static void widen(struct width *width, double rate)
{
    width->before = width->now;
    width->rate_before = rate;
    width->now += width->now / 4 + 1;
    if (width->now > width->most)
        width->now = width->most;
}

static void narrow(struct width *width)
{
    size_t least = width->most < WIDTH_START ? width->most : WIDTH_START;
    if (width->now > least)
        width->now--;
}

static void judge(struct width *width, double rate, bool slow)
{
    bool judged = width->before != 0;
    bool gained = rate * 100 > width->rate_before * (100 + WIDTH_GAIN_PERCENT);
    if (judged && !gained) {
        width->now = width->before;
        width->hold = WIDTH_HOLD_WINDOWS;
    }
    width->before = 0;
    if (!width->crowded || !slow)
        narrow(width);
    else if (width->hold > 0)
        width->hold--;
    else if (width->now < width->most)
        widen(width, rate);
}

void width_call_ended(struct width *width, int64_t now_us, int64_t took_us, bool waiting)
{
    if (width->started_us == 0)
        begin_window(width, now_us);
    width->ended++;
    width->took_us += took_us;
    width->crowded = width->crowded && waiting;
    if (width->ended < 2 * width->now || now_us == width->started_us)
        return;
    double rate = (double)width->ended / (double)(now_us - width->started_us);
    judge(width, rate, width->took_us / (int64_t)width->ended > WIDTH_SLOW_US);
    begin_window(width, now_us);
}
