/* The protocol of the worker in Promela: two workers, one event, and all that may go wrong with it.
 *
 * An atomic block is one step of the real thing: a script of Redis, a call to Graph, a transaction
 * of Kafka. Between two steps anything else may happen, for any time: so a frozen worker is one
 * that does not move. README.md says what stands for what, tests/model/run checks it. */

/* -DNO=FENCE leaves out a part of the protocol; one of the properties must fail then. */
#define INTENT      1 /* mark: the intent stands in Redis before the real request */
#define FENCE       2 /* mark: only for the claim that was made last */
#define DEADLINE    3 /* submit: only while the claim is fresh */
#define GUARD       4 /* submit: the library never sends again by itself */
#define SETTLE      5 /* look: absent is believed after graph.settle */
#define WITNESS     6 /* claim: a Redis that forgot is noticed */
#define PIN         7 /* the witness stays until what was at work is over */
#define TRUTH       8 /* record: refused where another may have done what the answer denies */
#define GENERATION  9 /* commit: only whose the partition is */
#define TRANSACTION 10 /* commit: reply and offset in one */
#define no(part) (NO == part)
#ifndef NO
#define NO 0
#endif
#ifndef ONLY
#define ONLY 0 /* -DONLY=3: no property but I3 */
#endif
#ifndef CRASHES
#define CRASHES 2 /* kill -9; the worker comes back with the same instance id */
#endif
#ifndef MOVES
#define MOVES 2   /* Kafka takes the partition from a worker that lives, and may not hear of it */
#endif

mtype = { nothing, claimed, marked, done };   /* the event in Redis */
mtype = { sent, applied, shown };             /* the real request at Graph, or nothing */
mtype = { none, submitted, failed, unknown }; /* an answer. failed: all that say "did not happen" */
mtype = { forgotten };                        /* a doubt: none, forgotten or sent */

/* Kafka */
bool has[2];        /* whose the partition is; both false: whoever is idle may get it */
bool had, answered; /* it was somebody's before; reply and offset are committed */
byte replies;
mtype reply = none;
bit witness;        /* the memory of Redis that the offset's metadata names */
/* Redis: the event's hash */
mtype state = nothing, stored = none;
byte owner;         /* by instance id */
bool fence[2];      /* is its fence this worker's? */
bool cid[2];        /* is its client-request-id that of this worker's last mark? */
bit memory;         /* another one after data was lost */
/* Graph, which takes a duplicate like any request. One place is enough: I3 */
mtype post = nothing;
byte poster;
/* Time has no numbers, only an order: */
bool fresh[2];      /* this worker's claim was confirmed less than 2 s ago … */
bool older[2];      /* … and before the other's doubt began */
bool due[2];        /* the post is shown before this worker's graph.settle is over */
/* What may still happen. Not covered are two faults in one run: a worker that lost the partition
 * and works on without hearing of it, and a Redis that forgets the fence that keeps it off. */
bool deaf, forgetful, begun;
byte crashes = CRASHES, moves = MOVES;
byte refusals = 1; /* of a real request that is then sent again (429 …) */

#define other (1 - me)
#define is_open (state == claimed || state == marked)
#define is_there (post == applied || post == shown)
#define is_absent (post == nothing || post != shown && (!due[me] || no(SETTLE)))
#define is_harmless (answer != failed || no(TRUTH))
/* core/plan.c: in doubt no answer may say that nothing happened */
#define honest(what) (doubt == none -> what : unknown)
#define I1(truth) assert(ONLY && ONLY != 1 || (truth))
#define I3(truth) assert(ONLY && ONLY != 3 || (truth))
#define I5(truth) assert(ONLY && ONLY != 5 || (truth))
#define I6(truth) assert(ONLY && ONLY != 6 || (truth))
#ifdef TRACE /* names the steps of a counterexample */
#define say(text) printf(text, me);
#define tell(text) printf(text);
#else
#define say(text)
#define tell(text)
#endif

/* Before a step a worker may die, or hear that it lost the partition. Deaf ones may go on. */
inline live() {
    if
    :: crashes > 0 -> crashes--; say("%d: kill -9\n") goto idle
    :: !has[me] -> goto drop
    :: has[me] || deaf
    fi
}
inline live_on() { if :: crashes > 0 -> crashes--; say("%d: kill -9\n") goto idle :: true fi }
inline confirm() { fresh[me] = true; older[me] = false }

/* Another's claim is taken when its lease has ended, so long after its send deadline. */
inline hold(word) {
    if :: owner == other && state != nothing -> fresh[other] = false :: else fi;
    state = word; owner = me; fence[me] = true; fence[other] = false; begun = true; confirm()
}
/* graph.settle begins. What was sent is shown before it ends; and what a claim sends that is fresh
 * now: settle is longer than Graph's lag and the send deadline together. */
inline settle() { due[me] = true; older[other] = fresh[other] }
inline unmark() { cid[0] = false; cid[1] = false }
inline forget() { state = nothing; fence[0] = false; fence[1] = false; unmark() }
/* Another has the claim, or had it: only Redis can say what became of the event. */
inline lost() {
    if
    :: !again -> again = true; answer = none; goto claim
    :: else -> answer = unknown; goto commit
    fi
}

active [2] proctype worker() {
    byte me = _pid;
    mtype doubt, answer;
    bool believed; /* absent, once */
    bool touched;  /* an earlier owner may have begun the event */
    bool again;    /* has lost its claim, and claimed anew (graph.retry_attempts) */
    bit kept_in;   /* the memory that has our intent */
idle:
    atomic { /* dead, or done with the event: the request is gone, and all that it knew */
        has[me] = false; fence[me] = false; cid[me] = false;
        fresh[me] = false; older[other] = false; due[me] = false;
        again = false; doubt = none; answer = none; believed = false; touched = false; kept_in = 0
    }
end_of_worker:
    atomic {
        !answered && !has[0] && !has[1] -> say("%d: gets the partition\n")
        has[me] = true; touched = had; had = true
    }
claim:
    atomic {
        live();
        if
        :: state == done -> say("%d: claim: seen\n") answer = stored; goto commit
        :: state == marked -> say("%d: claim: interrupted\n")
            hold(marked); doubt = sent; settle(); goto look
        :: state == nothing || state == claimed -> say("%d: claim: ok\n") hold(claimed); unmark();
            if
            :: touched && witness != memory && !no(WITNESS) -> say("%d: claim: forgotten\n")
                doubt = (doubt == none -> forgotten : doubt); settle(); goto look
            :: else
            fi
        fi
    }
dry_run:
    atomic {
        live();
        if :: true :: say("%d: dry run: gives up\n") answer = honest(failed); goto record fi
    }
mark:
    atomic {
        live();
        if
        :: no(INTENT)
        :: !no(INTENT) && is_open && (fence[me] || no(FENCE)) -> say("%d: mark: ok\n")
            state = marked; cid[me] = true; cid[other] = false; kept_in = memory; confirm()
        :: else -> say("%d: mark: lost\n") lost()
        fi
    }
submit:
    atomic {
        live();
        if :: fresh[me] || no(DEADLINE) :: else -> say("%d: submit: stale\n") goto mark fi;
send:   say("%d: submit: sends\n")
        I5(state == marked && cid[me] || kept_in != memory);
        I3(post == nothing);
        I6(reply != failed);
        post = sent; poster = me; due[me] = false; due[other] = older[me]
    }
await:
    atomic { /* from here to its answer a request goes on, heard or not */
        live_on();
        if
        :: poster == me && is_there -> say("%d: submit: ok\n") answer = submitted; goto record
        :: poster == me && post == sent -> say("%d: submit: refused\n") post = nothing;
            if :: refusals > 0 -> refusals--; goto mark :: answer = honest(failed); goto record fi
        :: say("%d: submit: no answer\n")
            if :: no(GUARD) && poster == me && post != nothing -> goto send :: else fi;
            doubt = sent; settle()
        fi
    }
look:
    atomic {
        live();
        if
        :: is_there -> say("%d: look: found\n") answer = submitted
        :: is_absent -> say("%d: look: absent, believed\n")
            if :: older[other] -> fresh[other] = false; older[other] = false :: else fi;
            if
            :: believed -> answer = unknown
            :: !believed && doubt == sent -> believed = true; goto dry_run
            :: !believed && doubt == forgotten -> doubt = none; goto dry_run
            fi
        :: say("%d: look: undecided\n") answer = unknown
        fi
    }
record:
    atomic {
        live_on();
        if
        :: is_open && fence[me] || state == marked && cid[me] ||
           state == done && fence[me] && answer != unknown ||
           state == nothing && is_harmless -> say("%d: record: ok\n")
            if :: state == nothing -> owner = me; fence[me] = true :: else fi;
            state = done; stored = answer
        :: else -> say("%d: record: lost\n") if :: is_harmless :: else -> lost() fi
        fi
    }
commit:
    atomic {
        live_on();
        if :: has[me] || no(GENERATION) :: else -> goto idle fi;
        say("%d: commits its reply\n") replies++; reply = answer;
        I1(replies == 1);
        I6(reply != submitted || is_there);
        I6(reply != failed || post == nothing);
        if :: no(TRANSACTION) -> live_on() :: else fi;
        answered = true; goto idle
    }
drop:
    atomic { /* what was surely not sent is given back */
        say("%d: drops it\n") if :: doubt == none && is_open && fence[me] -> forget() :: else fi;
        goto idle
    }
}

/* What else happens, at any time. */
active proctype world() {
    if :: deaf = true :: forgetful = true fi;
end_of_world:
    do
    :: atomic { post == sent -> tell("Graph applies it\n") post = applied }
    :: atomic { post == sent -> tell("the request never arrives\n") post = nothing }
    :: atomic { post == applied -> tell("Graph shows it\n") post = shown }
    :: atomic { moves > 0 && has[0] -> tell("Kafka: not 0's any more\n") moves--; has[0] = false }
    :: atomic { moves > 0 && has[1] -> tell("Kafka: not 1's any more\n") moves--; has[1] = false }
    :: atomic { forgetful -> tell("Redis forgets\n") forgetful = false; memory = 1;
        if
        :: forget()
        :: state == marked -> state = claimed; unmark()
        :: state == done -> state = marked
        fi }
    :: atomic { witness != memory && (!begun || no(PIN)) -> tell("another reply is committed\n")
        witness = memory }
    od
}

ltl ends { <> answered }
