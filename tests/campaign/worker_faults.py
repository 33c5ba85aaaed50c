"""Faults of the workers themselves."""


def kill_9(run):
    """Any of the three, again and again; the one that was just started too."""
    for _ in range(run.count):
        run.arena.kill(run.pick())
        run.pause(0.8, 1.3)


def sigterm(run):
    """Rolling: one after the other, each back at once when it has left with 0."""
    for number in range(run.count):
        member = run.members[number % len(run.members)]
        fault = run.arena.begin("SIGTERM", member.name)
        run.arena.terminate(member)
        member.start()
        fault.end()
        run.pause(0.3, 0.8)
