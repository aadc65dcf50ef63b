"""Surveys and reviews: who is asked, who answers, what they say."""

import numpy as np

from counterweight.worlds.clock import DAY, HOUR
from counterweight.worlds.raw import ACTORS, FIELDS

YES, NO, PARTLY = range(3)
AGENT, SYSTEM = ACTORS.values.index("agent"), ACTORS.values.index("system")
ADDRESS = FIELDS.values.index("requester_email")


class Surveys:
    def __init__(self, scene):
        self.scene, self.chance, self.habits = scene, scene.chance, scene.habits
        self.desk = None
        # customer -> when they were asked
        self.asked = {}

    def ask(self, key, at, agent, solved, number, customer, ticket=None, contact=None):
        """Invitations to those whose claim was made, few of whom answer."""
        chance, habits = self.chance, self.habits
        subject = "ticket" if contact is None else "contact"
        key = key * 2 + (subject == "contact")
        eligible = chance.happens("eligible", key, 0.35)
        rows = np.flatnonzero(eligible & (at < self.scene.end - HOUR))
        if not len(rows):
            return
        key, at, agent, solved, customer = key[rows], at[rows], agent[rows], solved[rows], customer[rows]
        number = np.minimum(number[rows], 4)
        # what they would say: whether it is solved matters most, how often they had to come next
        feeling = np.where(solved, 4.35, 2.3) - 0.35 * number + 0.9 * chance.normal("feeling", key)
        csat = np.clip(np.round(feeling), 1, 5).astype(np.int64)
        by_agent = chance.happens("agent sends", key, 0.3)
        send = chance.happens("sent", key, np.where(by_agent, 0.6, 0.8))
        steers = habits.act("survey_steering", agent, at, key)
        # an agent can tell how it went, mostly
        guess = feeling + 0.6 * chance.normal("guess", key) > 3.5
        by_agent |= steers
        send = np.where(steers, chance.happens("steered", key, np.where(guess, 0.95, 0.1)), send)
        sent_at = at + HOUR + (3 * HOUR * chance.uniform("sent after", key)).astype(np.int64)
        capped = self._capped(customer, sent_at, habits.strike("contact_caps", at, key) & send)
        send &= ~capped
        # an address is edited in a ticket
        edits = habits.act("survey_suppression", agent, at, key) & (csat <= 2) & send & (ticket is not None)
        corrected = habits.act("address_corrections", agent, at, key) & send
        # addresses are put right now and then, wherever one looks
        corrects = corrected | (chance.happens("corrects", key, 0.006) & send & ~edits)
        extreme = np.where((csat == 1) | (csat == 5), 0.26, 0.17)
        answers = send & ~edits & chance.happens("answers", key, extreme)
        answered_at = sent_at + chance.lognormal("answers after", key, 5 * HOUR, 1.3).astype(np.int64) + 60
        send &= sent_at < self.scene.end
        answers &= send & (answered_at < self.scene.end)
        surveys = self.scene.raw.surveys
        null = surveys.columns["csat"].null
        said = np.where(chance.happens("misjudges", key, 0.06), ~solved, solved)
        partly = chance.happens("partly", key, 0.08)
        numbers = self.scene.number("survey", len(rows))
        names = {subject + "_id": (ticket if contact is None else contact)[rows]}
        surveys.add(
            survey_id=numbers,
            eligible_at=at,
            sent_at=np.where(send, sent_at, null),
            sent_by=np.where(by_agent, AGENT, SYSTEM),
            answered_at=np.where(answers, answered_at, null),
            csat=np.where(answers, csat, null),
            csat_scale_max=np.where(answers, 5, null),
            effort=np.where(answers, np.clip(6 - csat + number, 1, 7), null),
            resolved_answer=np.where(answers, np.where(partly, PARTLY, np.where(said, YES, NO)), -1),
            lost_minutes=np.where(
                answers & chance.happens("says lost", key, 0.6),
                chance.lognormal("lost", key, 45, 1.0).astype(np.int64) * (1 + number),
                null,
            ),
            updated_at=np.where(answers, answered_at, np.where(send, sent_at, at)),
            **names,
        )
        self.scene.acted(
            "survey_steering", agent[steers], at[steers], survey_id=numbers[steers]
        ) if steers.any() else None
        self.scene.acted("contact_caps", agent[capped], at[capped], survey_id=numbers[capped]) if capped.any() else None
        if ticket is None:
            return
        edited = np.flatnonzero((edits | corrects) & (sent_at < self.scene.end))
        # after slips, before thanks
        when = at[edited] + 220 + (75 * chance.uniform("edits when", key[edited])).astype(np.int64)
        ticket = ticket[rows][edited]
        events = self.desk.event(ticket, when, ADDRESS, -1, -1, AGENT, agent[edited])
        for name, hit in (("survey_suppression", edits), ("address_corrections", corrected)):
            if name in habits:
                mine = hit[edited]
                self.scene.acted(
                    name,
                    agent[edited][mine],
                    when[mine],
                    survey_id=numbers[edited][mine],
                    event_id=events[mine],
                    ticket_id=ticket[mine],
                )

    def _capped(self, customer, sent_at, candidates):
        """Who was asked less than 30 days before, or is going to be."""
        capped = np.zeros(len(customer), bool)
        rows = np.flatnonzero(candidates)
        for row in rows[np.argsort(sent_at[rows], kind="stable")].tolist():
            asked = self.asked.setdefault(int(customer[row]), [])
            capped[row] = any(abs(int(sent_at[row]) - at) < 30 * DAY for at in asked)
            if not capped[row]:
                asked.append(int(sent_at[row]))
        return capped

    def review(self, key, at, solved, contact):
        """One call in a hundred is listened to; what the listener scores has little to do with what was solved."""
        chance = self.chance
        rows = np.flatnonzero(chance.happens("reviewed", key, 0.01))
        reviewed_at = at[rows] + DAY + (4 * DAY * chance.uniform("reviewed after", key[rows])).astype(np.int64)
        rows, reviewed_at = rows[reviewed_at < self.scene.end], reviewed_at[reviewed_at < self.scene.end]
        score = np.clip(82 + 3 * solved[rows] + 9 * chance.normal("score", key[rows]), 30, 100).astype(np.int64)
        self.scene.raw.qa_reviews.add(
            review_id=self.scene.number("review", len(rows)),
            contact_id=contact[rows],
            reviewed_at=reviewed_at,
            score=score,
            passed=score >= 75,
        )
