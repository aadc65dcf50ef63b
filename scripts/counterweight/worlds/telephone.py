"""A day of telephone and chat: callers wait for the agent who has been free longest, and some give up.

The only part of a world that is not computed in blocks: who is free depends on every call before.
"""

import heapq

import numpy as np

MISSED, ANSWERED, ABANDONED = 0, 1, 2
BY_CUSTOMER, BY_AGENT, BY_SYSTEM = 0, 1, 2

# What a row brings, all drawn before; seconds unless said otherwise. -1: does not happen.
GIVEN = (
    "at",  # instant of the call; of a row that another may lead to: -1
    "team",
    "patience",
    "talk",
    "hold",
    "wrap",
    "pass_at",  # seconds of talk after which the agent passes it on
    "pass_to",  # team
    "more_talk",  # talk of the second agent
    "margin",  # solved where it is below the agent's skill
    "until",  # instant at which the line closes
    "again",  # row of the same customer's next call today, if this one fails
    "retry_after",  # seconds after giving up waiting
    "back_after",  # seconds after a call that did not solve it
    "promise_after",  # seconds after which the agent calls back as promised
    "even",  # 1: talk is as long whoever takes the call
    "unit",  # the telephone system rounds talk up to units of so many seconds
    "draw",  # 0..1: whether an agent with a habit acts on it
    "jitter",  # 0..1: how
    "whim",  # 0..1: when they call back
    "ring",  # seconds until the agent answers
    "looks_up",  # seconds of research after the call
)
TAKEN = (
    "status", "at", "agent", "offered", "answered", "talk", "hold", "wrap", "ended", "ender", "passed", "agent2",
    "answered2", "talk2", "wrap2", "ended2", "solved", "behaviour", "hidden", "back_at", "back_talk",
)  # fmt: skip


def answer(rows, seats, pace, skill, habits):
    """Answer a day's calls.

    rows    GIVEN -> array
    seats   for each team a list of (begin, agent, end): stretches in which an agent takes calls
    pace    agent -> factor of talk; skill: agent -> what their care adds to the chance of solving
    habits  agent -> (number, kind, limit in seconds, intensity 0..1, reach in seconds) of those who have one
    Returns TAKEN -> array; rows that did not happen have the status MISSED.
    """
    given = {name: rows[name].tolist() for name in GIVEN}
    at, team_of, patience, draw = given["at"], given["team"], given["patience"], given["draw"]
    talks, holds, wraps, jitter = given["talk"], given["hold"], given["wrap"], given["jitter"]
    pass_at, pass_to, more_talk, margin = given["pass_at"], given["pass_to"], given["more_talk"], given["margin"]
    until, even, unit = given["until"], given["even"], given["unit"]
    again, retry_after, back_after = given["again"], given["retry_after"], given["back_after"]
    promise_after, whim, ring, looks_up = given["promise_after"], given["whim"], given["ring"], given["looks_up"]
    count = len(at)
    taken = {name: [-1] * count for name in TAKEN}
    taken["status"] = status = [MISSED] * count
    for stretches in seats:
        heapq.heapify(stretches)
    busy_until = {}
    order = np.flatnonzero(rows["at"] >= 0)
    order = order[np.argsort(rows["at"][order], kind="stable")].tolist()
    following = []
    position = 0

    def free_agent(queue, now, limit):
        """The stretch of who is free first, or None where nobody is within the limit."""
        while queue:
            free, agent, over = queue[0]
            busy = busy_until.get(agent, 0)
            if busy > free:
                heapq.heapreplace(queue, (busy, agent, over))
            elif max(free, now) >= over:
                heapq.heappop(queue)
            elif free - now > limit:
                return None
            else:
                return queue[0]
        return None

    def call_again(row, instant):
        if instant < until[row]:
            at[again[row]] = instant
            heapq.heappush(following, (instant, again[row], 1))

    while True:
        if position < len(order) and (not following or at[order[position]] <= following[0][0]):
            row, leg = order[position], 1
            now = at[row]
            position += 1
        elif following:
            now, row, leg = heapq.heappop(following)
        else:
            break
        queue = seats[team_of[row] if leg == 1 else pass_to[row]]
        found = free_agent(queue, now, patience[row] if leg == 1 else 900)
        if leg == 2:
            if found is None:
                taken["ended2"][row] = now + 240
                taken["solved"][row] = 0
            else:
                free, agent, over = found
                answered = max(now, free) + ring[row]
                talk2 = -(-(int(more_talk[row] * pace[agent]) + 20) // unit[row]) * unit[row]
                taken["agent2"][row], taken["answered2"][row], taken["talk2"][row] = agent, answered, talk2
                taken["ended2"][row] = answered + talk2
                taken["wrap2"][row] = wraps[row]
                taken["solved"][row] = int(margin[row] < skill[agent])
                busy_until[agent] = answered + talk2 + wraps[row]
                heapq.heapreplace(queue, (busy_until[agent], agent, over))
            if not taken["solved"][row] and again[row] >= 0 and back_after[row] >= 0:
                call_again(row, taken["ended2"][row] + back_after[row])
            continue
        taken["at"][row] = now
        if found is None:
            status[row] = ABANDONED
            taken["ended"][row] = now + patience[row]
            taken["ender"][row] = BY_CUSTOMER
            if again[row] >= 0 and retry_after[row] >= 0:
                call_again(row, now + patience[row] + retry_after[row])
            continue
        free, agent, over = found
        status[row] = ANSWERED
        offered = max(now, free)
        answered = offered + ring[row]
        talk, hold, wrap = talks[row] if even[row] else int(talks[row] * pace[agent]) + 5, holds[row], wraps[row]
        ender, hidden, chance_lost = BY_CUSTOMER, looks_up[row], 0.0
        passes, plays = pass_at[row] >= 0, False
        if passes:
            talk = min(talk, pass_at[row]) + 15
        talk = -(-talk // unit[row]) * unit[row]
        habit = habits.get(agent)
        if habit is not None and draw[row] < habit[3]:
            number, kind, limit, _, reach = habit
            total = talk + hold + wrap
            if kind == "cut" or kind == "cut_and_call_back":
                plays = limit < total <= limit + reach and not passes
                if plays:
                    wanted = limit - 1 - int(24 * jitter[row])
                    cut = total - wanted
                    hold, wrap = hold * wanted // total, wrap * wanted // total
                    talk = wanted - wrap - hold
                    ender, chance_lost = BY_AGENT, 0.45
                    if kind == "cut_and_call_back":
                        chance_lost = 0.0
                        taken["back_at"][row] = answered + talk + hold + wrap + 30 + int(500 * whim[row])
                        taken["back_talk"][row] = max(cut, 30) + 45
            elif kind == "hang_up":
                plays = not passes
                if plays:
                    talk, hold, wrap, ender, chance_lost = 2 + int(7 * jitter[row]), 0, 0, BY_AGENT, 9.0
            elif kind == "pass_on":
                plays = total > limit - 60 and not passes
                if plays:
                    passes = True
                    more_talk[row] = max(talk + hold - limit, 60) + 120
                    hold = min(hold, limit // 4)
                    talk = limit - 5 - int(50 * jitter[row]) - hold
            elif kind == "hide_wrap":
                plays = wrap > 15
                if plays:
                    kept = 2 + int(13 * jitter[row])
                    hidden, wrap = hidden + wrap - kept, kept
            elif kind == "compress":
                plays = not passes and total > 0.5 * limit
                if plays:
                    wanted = int(limit * (0.8 + 0.19 * jitter[row]))
                    chance_lost = 0.25 if wanted < total else 0.0
                    talk, hold, wrap = max(wanted - wrap - hold // 3, 20), hold // 3, wrap
            if plays:
                taken["behaviour"][row] = number
        ended = answered + talk + hold
        taken["agent"][row], taken["offered"][row], taken["answered"][row] = agent, offered, answered
        taken["talk"][row], taken["hold"][row], taken["wrap"][row] = talk, hold, wrap
        taken["ended"][row], taken["ender"][row], taken["hidden"][row] = ended, ender, hidden
        done = ended + wrap + hidden
        if promise_after[row] >= 0 and not passes and not plays:
            taken["back_at"][row] = done + promise_after[row]
            taken["back_talk"][row] = 60 + more_talk[row] // 2
        if taken["back_at"][row] >= 0:
            done = taken["back_at"][row] + taken["back_talk"][row] + ring[row]
        busy_until[agent] = done
        heapq.heapreplace(queue, (done, agent, over))
        if passes:
            taken["passed"][row] = 1
            heapq.heappush(following, (ended, row, 2))
            continue
        solved = margin[row] + chance_lost < skill[agent]
        taken["solved"][row] = int(solved)
        if not solved and again[row] >= 0 and back_after[row] >= 0:
            ended = max(ended, taken["back_at"][row] + taken["back_talk"][row])
            call_again(row, ended + back_after[row])
    return {name: np.array(values, dtype=np.int64) for name, values in taken.items()}
