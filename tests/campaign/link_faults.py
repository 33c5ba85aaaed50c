"""Links that are cut, reset, slowed, sliced or silent, on each of a worker's three sides."""
import link

SIDES = ("broker", "redis", "graph")
LASTS_S = 4.0
# A silent link holds a request for as long as it lasts, and then delivers it: also one whose worker
# has given up. That is what graph.settle is there for, so it has to be longer.
SETTINGS = {"graph": {"settle": "8s"}}


def links(run):
    """Each fault on each side, once in 21, for all workers or for one of them; all in a shuffled
    order."""
    cases = [(side, fault) for side in SIDES for fault in link.FAULTS]
    run.random.shuffle(cases)
    for number in range(run.count):
        side, kind = cases[number % len(cases)]
        everybody = run.random.random() < 0.5
        numbers = range(len(run.members)) if everybody else [run.random.randrange(
            len(run.members))]
        who = "all" if everybody else f"w{numbers[0] + 1}"
        fault = run.arena.begin(f"{side} {kind}", who)
        run.arena.links[side].order(numbers, fault=kind)
        run.pause(LASTS_S, LASTS_S + 1)
        run.arena.links[side].order(numbers, fault="none")
        fault.end()
        run.wait_flow(120)
