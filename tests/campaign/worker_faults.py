"""Faults of the workers themselves."""
import json
import time

import arena as arenas

TRANSACTION_S = 11  # transaction.timeout.ms, and the broker's look for those that ran out
SAME_ID_MOST_S = TRANSACTION_S - 2  # it has not waited for that; 1 s where nothing else runs
SLACK_S = 5  # of a machine that does other things as well


def kill_9(run):
    """Any of the three, again and again, when all partitions answer; and one in ten that was just
    started. More often than they come back would be a test of crash loops."""
    for _ in range(run.count):
        run.arena.kill(run.pick())
        if run.random.random() < 0.1:
            run.pause(0, 0.5)
        else:
            run.wait_flow()
            run.pause(0, 0.5)


def sigterm(run):
    """Rolling: one after the other, each back at once when it has left with 0."""
    for number in range(run.count):
        bounce(run, run.members[number % len(run.members)])
        run.pause(0.3, 0.8)


def bounce(run, member):
    fault = run.arena.begin("SIGTERM", member.name)
    run.arena.terminate(member)
    member.start()
    fault.end()


def join(run):
    taken = {member.name for member in run.arena.workers}
    number = next(n for n in range(1, arenas.MEMBERS_MOST + 1) if f"w{n}" not in taken)
    fault = run.arena.begin("join", f"w{number}")
    run.arena.member(number)
    fault.end()


def leave(run):
    member = run.random.choice(run.arena.workers)
    fault = run.arena.begin("leave", member.name)
    run.arena.retire(member)
    fault.end()


def membership(run):
    """Three to six workers; who has left joins again under its old name, or never."""
    for _ in range(run.count):
        choices = ["bounce", "kill"]
        choices += ["join"] * 2 if len(run.arena.workers) < arenas.MEMBERS_MOST else []
        choices += ["leave"] * 2 if len(run.arena.workers) > 3 else []
        choice = run.random.choice(choices)
        if choice == "join":
            join(run)
        elif choice == "leave":
            leave(run)
        elif choice == "kill":
            run.arena.kill(run.random.choice(run.arena.workers))
        else:
            bounce(run, run.random.choice(run.arena.workers))
        run.pause(0.5, 1.5)


# ---- frozen --------------------------------------------------------------------------------------


def freeze(run):
    """SIGSTOP past session time-out, max.poll and lease; then SIGCONT, and it finds that it is
    nobody any more. One at a time, or two."""
    done = 0
    while done < run.count:
        members = run.random.sample(run.members, min(run.random.choice((1, 1, 2)),
                                                     run.count - done))
        faults = [run.arena.begin("SIGSTOP", member.name) for member in members]
        for member in members:
            member.freeze()
        done += len(members)
        longest = max(arenas.SESSION_MS / 1000, arenas.POLL_MS / 1000, arenas.LEASE_S)
        run.pause(longest + 1, longest + 2.5)
        for member, fault in zip(members, faults):
            member.thaw()
            fault.end()
        run.pause(0.5, 2)


def check_zombies(run):
    """I4 and I8 by the calls themselves: before each real POST of a worker stands a dry run of the
    same worker, and no other worker has touched the event in between."""
    last, late = {}, 0
    with open(run.arena.watched, encoding="utf-8") as file:
        for line in file:
            post = json.loads(line)
            before = last.get(post["tag"])
            if post["real"] and (before is None or before["link"] != post["link"]):
                late += 1
                run.arena.problem(f"w{post['link'] + 1} has posted {post['tag']!r} for real at "
                                  f"{post['time']:.3f}, and the call before was {before}")
            last[post["tag"]] = post
    print(f"{len(last)} events were called about by known workers, {late} real ones too late")


# ---- dead within a transaction -------------------------------------------------------------------


class Ends:
    """Where the replies end, for readers of what is committed and for all."""

    def __init__(self, run):
        topics, replies = run.arena.topics, run.arena.replies
        self.stable, self.all = topics.consumer(), topics.consumer("read_uncommitted")
        self.parts = topics.partitions(self.all, replies)

    def read(self):
        return self.stable.end_offsets(self.parts), self.all.end_offsets(self.parts)

    def close(self):
        self.stable.close()
        self.all.close()


def is_stuck(ends):
    """Does a transaction stand open that nobody goes on with?"""
    first, _ = ends.read()
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        stable, whole = ends.read()
        if all(stable[p] > first[p] or stable[p] >= whole[p] for p in ends.parts):
            return False
        time.sleep(0.05)
    return True


def catch_in_transaction(run, ends):
    """A worker that is frozen while its transaction is open."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        member = run.pick()
        member.freeze()
        if is_stuck(ends):
            return member
        member.thaw()
        run.pause(0.01, 0.1)
    raise AssertionError("no worker was caught within a transaction in 60 s")


def recovered(run, fault, most_s):
    """Seconds until all partitions have answered again."""
    run.wait_flow(most_s * 4)
    took = time.time() - fault.began
    if took > most_s:
        run.arena.problem(f"{fault}: all partitions answer again after {took:.1f} s, "
                          f"not within {most_s}")
    return took


def hung(run):
    """The next owner has the same name and ends the transaction of the dead one; or another name,
    and the broker has to end it. 10 and 2 in full."""
    ends = Ends(run)
    others = max(1, run.count // 6)
    same, other = [], []
    for number in range(run.count):
        member = catch_in_transaction(run, ends)
        if number < run.count - others:
            same.append(recovered(run, run.arena.kill(member), SAME_ID_MOST_S))
        else:
            fault = run.arena.begin("kill -9 for good", member.name)
            run.arena.workers.remove(member)
            member.kill()
            fault.end()
            session = arenas.SESSION_MS / 1000
            other.append(recovered(run, fault, TRANSACTION_S + session + SLACK_S))
            member.start()
            run.arena.workers.append(member)
            run.wait_flow()
    ends.close()
    same.sort()
    print(f"FIGURE hung transactions: same name p50 {same[len(same) // 2]:.1f} s "
          f"max {same[-1]:.1f} s, another name max {max(other):.1f} s")
