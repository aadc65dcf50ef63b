"""Cost: a ticket against a resolution that lasts, the time of users, a price on requests, and the bill of returns."""

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "cost"
TITLE = "Cost: what does a resolution that lasts cost?"
INTRO = (
    "Cost per ticket falls when one problem is made into three tickets. So it stands beside the cost of what the "
    "customer got for good. All costs of the teams are in it, the telephone and quiet hours included; currencies "
    "are never added up."
)
QUERIES = {
    "price": """
        select
            currency, is_main_currency, period_type, period_start, unit_type, unit, window_days, is_period_mature,
            cost_amount, teamless_cost_amount, judged_cost_amount, judged_claim_count, cohort_count,
            lasting_chain_count, unobservable_share, cost_per_ticket, cost_per_lasting_resolution, lasting_premium,
            lasting_premium_low, lasting_premium_high, unmeasured_work_share
        from marts.cost_to_resolve
        where
            source_system = $system
            and (
                period_type = 'to_date' and unit_type in ('total', 'team')
                or period_type = 'month' and unit_type = 'total'
            )
        order by is_main_currency desc, currency, unit_type desc, period_type, period_start, unit
    """,
    "lost_time": """
        select
            currency, judged_claim_count, response_count, lost_minutes_per_ticket, lost_minutes_low, lost_minutes_high,
            user_hour_price, user_hour_price_from, cost_per_ticket, lost_cost_per_ticket,
            cost_with_lost_time_per_ticket, lost_time_share, lost_time_share_low, lost_time_share_high
        from marts.cost_to_resolve
        where source_system = $system and is_main_currency and unit_type = 'total' and period_type = 'to_date'
    """,
    "resets": """
        select
            period_type, period_start, unit_type, unit, phase, first_price_month, is_priced, price, currency,
            paid_reset_count, paid_amount, mean_users, reset_count, bot_reset_count, self_service_count, any_door_count,
            lockout_count, failed_login_count, user_days, resets_per_1000_users, any_door_per_1000_users,
            lockouts_per_1000_users, failed_logins_per_1000_users, any_door_change, lockout_change, hidden_need,
            hidden_need_low, hidden_need_high
        from marts.priced_requests
        where source_system = $system
        order by unit_type desc, unit, period_type, period_start
    """,
    "payers": """
        select
            unit_type, unit, is_priced, mean_users, any_door_count, lockout_count, paid_reset_count, any_door_change,
            lockout_change, hidden_need_to_others, hidden_need_to_others_low, hidden_need_to_others_high
        from marts.priced_requests
        where
            source_system = $system and period_type = 'to_date' and first_price_month is not null
            and hidden_need_to_others is not null
        order by hidden_need_to_others_low desc nulls last, unit_type desc, unit
    """,
    "catalogue": """
        select pair_id, tolerance, min_n
        from reference.kpi_pairs
        where pair_id in ('P11', 'P12', 'P22')
        order by pair_id
    """,
    "bill": """
        select
            unit_type, unit, window_days, judged_count, returned_count, repeat_contact_count, unmeasured_repeat_count,
            billed_customer_count, billed_hours, billed_hours_low, billed_hours_high, billed_share_of_handle_time,
            currency, billed_amount, billed_amount_low, billed_amount_high
        from marts.bill_of_returns
        where source_system = $system and period_type = 'to_date' and unit_type in ('total', 'category')
        order by unit_type desc, billed_hours desc nulls last, unit
    """,
}
# With fewer customers who came back, the bill's interval is too short.
LEAST_CUSTOMERS = 30


def figures(desk):
    return [
        it for it in (_price(desk), _teams(desk), _bill(desk), _lost_time(desk), _resets(desk), _payers(desk)) if it
    ]


def silent(desk):
    """What of this cannot be said, and why."""
    reasons = []
    if not _price(desk):
        reasons.append(
            (
                "not measurable without costs by team and month, or no month can be judged yet",
                ["cost of a ticket, and of one that lasts"],
            )
        )
    if not _lost_time(desk):
        reasons.append(
            ("not measurable without costs, and surveys that ask for lost minutes", ["the time that users lost"])
        )
    if not _bill(desk):
        reasons.append(("not measurable without the times of repeat contacts", ["the bill of returns"]))
    if not _resets(desk):
        reasons.append(
            ("not measurable without a directory's lockouts and resets (access_events)", ["a price on resets"])
        )
    return reasons


def _least(desk, pair):
    """The catalogue's smallest cohort of a pair; where somebody took the pair out, what statistics ask for at least."""
    return next((row["min_n"] for row in desk.ask(QUERIES, "catalogue").rows if row["pair_id"] == pair), 30)


def _money(amount, currency, digits=None):
    """An amount in its currency: no cents where it is large."""
    if amount is None:
        return words.UNKNOWN
    if digits is None:
        digits = 0 if abs(amount) >= 100 else 2
    return f"{amount:,.{digits}f} {currency if currency and currency != '(none)' else ''}".strip()


def _price(desk):
    answer = desk.ask(QUERIES, "price")
    mine = [row for row in answer.rows if row["is_main_currency"] and row["unit_type"] == "total"]
    all_so_far = next((row for row in mine if row["period_type"] == "to_date"), None)
    if not all_so_far or all_so_far["cost_per_ticket"] is None or all_so_far["cost_per_lasting_resolution"] is None:
        return None
    currency = all_so_far["currency"]
    months = [row for row in mine if row["period_type"] == "month"]
    known = [
        row for row in months if row["cost_per_ticket"] is not None and row["cost_per_lasting_resolution"] is not None
    ]
    young = [words.month(row["period_start"]) for row in months if row not in known]
    premium = words.between(all_so_far["lasting_premium_low"], all_so_far["lasting_premium_high"], words.percent)
    says = (
        f"A resolution that lasted cost {words.percent(all_so_far['lasting_premium'])} more than a ticket of which we "
        f"know whether it came back (95 %: {premium})."
    )
    if len(known) > 1:
        says += (
            " Look at how many tickets share the costs before months are compared: "
            f"{known[0]['judged_claim_count']:,} in "
            f"{words.month(known[0]['period_start'])}, {known[-1]['judged_claim_count']:,} in "
            f"{words.month(known[-1]['period_start'])}."
        )
    if young:
        says += f" {words.listed(young)}: not known yet, too young."
    others = sorted({row["currency"] for row in answer.rows if not row["is_main_currency"]})
    if others:
        says += f" Costs in {words.listed(others)} are apart, in the data below."
    picture = None
    if len(known) > 1:
        names = {"per ticket": "cost_per_ticket", "per lasting resolution": "cost_per_lasting_resolution"}
        rows = [
            {"month": words.month(row["period_start"]), "series": name, "value": row[column]}
            for name, column in names.items()
            for row in known
        ]
        picture = charts.lines(
            rows, f"Cost per ticket and per lasting resolution by month. {says}", "cost-months",
            {"per ticket": "headline", "per lasting resolution": "reality"}, y_title=_money_title(currency),
        )  # fmt: skip
    return Figure(
        title="A ticket, and a resolution that lasts",
        says=says,
        answer=answer,
        n=f"{all_so_far['judged_claim_count']:,} first resolutions in judged months; of "
        f"{words.percent(all_so_far['unobservable_share'])} nobody can know whether they lasted",
        window=f"{all_so_far['window_days']} days",
        sides=(
            (
                "headline",
                _money(all_so_far["judged_cost_amount"] / all_so_far["cohort_count"], currency),
                "cost per ticket of which we know whether it came back",
                f"{_money(all_so_far['cost_per_ticket'], currency)} over all",
            ),
            ("reality", _money(all_so_far["cost_per_lasting_resolution"], currency), "cost per lasting resolution", ""),
        ),
        picture=picture,
        table=(
            [
                "period", "unit", "currency", "costs", "tickets", "lasting", "per ticket", "per lasting resolution",
                "dearer by (95 %)",
            ],
            [
                [
                    "all so far" if row["period_type"] == "to_date" else words.month(row["period_start"]),
                    "all" if row["unit_type"] == "total" else row["unit"],
                    row["currency"],
                    words.count(row["judged_cost_amount"]),
                    f"{row['judged_claim_count']:,}",
                    f"{row['lasting_chain_count']:,}",
                    words.number(row["cost_per_ticket"]),
                    words.number(row["cost_per_lasting_resolution"]),
                    _with(row["lasting_premium"], row["lasting_premium_low"], row["lasting_premium_high"]),
                ]
                for row in answer.rows
            ],
        ),
    )  # fmt: skip


def _money_title(currency):
    return currency if currency != "(none)" else "no currency said"


def _with(value, low, high, say=words.percent):
    """A value and its interval in words."""
    return words.UNKNOWN if value is None else f"{say(value)} ({words.between(low, high, say) or 'no interval'})"


def _teams(desk):
    answer = desk.ask(QUERIES, "price")
    mine = [row for row in answer.rows if row["is_main_currency"] and row["period_type"] == "to_date"]
    teams = [row for row in mine if row["unit_type"] == "team" and row["unit"] != "(none)"]
    total = next((row for row in mine if row["unit_type"] == "total"), None)
    least = _least(desk, "P11")
    rows = [row for row in teams if row["cohort_count"] >= least and row["lasting_premium_low"] is not None]
    if not rows or total["lasting_premium"] is None:
        return None
    # teams differ in the mix of their work, which is not taken out here: so nobody is marked
    says = (
        "What lasts is dearer where more of the work comes back by its nature: a network fault is no password reset. "
        "Whether a team differs beyond its mix of work says the section on resolution."
    )
    few = len(teams) - len(rows)
    if few:
        says += (
            f" {few} {'teams' if few > 1 else 'team'} with fewer than {least} that can be judged: unknown, not good."
        )
    return Figure(
        title="How much dearer is what lasts?",
        says=says,
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in rows):,} first resolutions that can be judged, of {len(rows)} teams, "
        "by "
        "name and not by rank",
        window=f"{total['window_days']} days",
        picture=charts.intervals(
            [
                {
                    "label": row["unit"], "value": row["lasting_premium"], "low": row["lasting_premium_low"],
                    "high": row["lasting_premium_high"],
                }
                for row in rows
            ],
            f"A lasting resolution over a ticket by team, with 95 % intervals. {says}", "cost-teams",
            "a lasting resolution is dearer than a ticket by", middle=total["lasting_premium"],
            color_of=lambda row: None,
        ),
    )  # fmt: skip


def _lost_time(desk):
    answer = desk.ask(QUERIES, "lost_time")
    row = next(iter(answer.rows), None)
    if not row or row["cost_with_lost_time_per_ticket"] is None or row["cost_per_ticket"] is None:
        return None
    currency = row["currency"]
    least = _least(desk, "P12")
    few = row["response_count"] < least
    price = "what an hour of the desk costs" if row["user_hour_price_from"] == "desk" else "the price declared for it"
    says = (
        f"Users say that they lost {row['lost_minutes_per_ticket']:,.0f} minutes per ticket (95 %: "
        f"{words.between(row['lost_minutes_low'], row['lost_minutes_high'], words.count)}). At "
        f"{_money(row['user_hour_price'], currency)} an hour, {price}, that is "
        f"{_money(row['lost_cost_per_ticket'], currency)}: no budget shows it."
    )
    if few:
        says += f" Fewer than {least} answered: not known well enough to quote."
    return Figure(
        title="What the users lost",
        says=says,
        answer=answer,
        n=f"{row['response_count']:,} answers about {row['judged_claim_count']:,} tickets; who did not answer may have "
        "lost more or less",
        badge=("unknown", "Too few answers") if few else None,
        sides=(
            ("headline", _money(row["cost_per_ticket"], currency), "cost per ticket, the desk's own", ""),
            (
                "reality",
                _money(row["cost_with_lost_time_per_ticket"], currency),
                "with the time that its user lost",
                "",
            ),
        ),
    )


def _bill(desk):
    answer = desk.ask(QUERIES, "bill")
    total = next((row for row in answer.rows if row["unit_type"] == "total"), None)
    if not total or total["billed_hours"] is None:
        return None
    categories = [row for row in answer.rows if row["unit_type"] == "category"]
    sure = [
        row
        for row in categories
        if row["unit"] != "(none)"
        and (row["billed_customer_count"] or 0) >= LEAST_CUSTOMERS
        and row["billed_hours_low"] is not None
    ]
    interval = words.between(total["billed_hours_low"], total["billed_hours_high"], words.count)
    says = (
        f"{total['billed_hours']:,.0f} hours (95 %: {interval or 'no interval'}) went into calls and chats that "
        "followed one "
        "about the same"
    )
    if total["billed_amount"] is not None:
        says += f", {_money(total['billed_amount'], total['currency'])}"
    says += f": {words.percent(total['billed_share_of_handle_time'])} on top of the time of the first ones."
    if sure:
        top = sure[:3]
        share = sum(row["billed_hours"] for row in top) / total["billed_hours"] if total["billed_hours"] else None
        makes = "make" if len(top) > 1 else "makes"
        says += f" {words.listed(row['unit'] for row in top)} {makes} up {words.percent(share, 0)} of it."
    rest = len(categories) - len(sure)
    if rest:
        hours = sum(row["billed_hours"] or 0 for row in categories if row not in sure)
        says += (
            f" {rest} more with fewer than {LEAST_CUSTOMERS} customers who came back, {hours:,.0f} h together: "
            "too few to draw."
        )
    if total["unmeasured_repeat_count"]:
        says += f" {total['unmeasured_repeat_count']:,} repeats took work that nobody timed: it cost this at least."
    picture = None
    if sure:
        picture = charts.intervals(
            [
                {
                    "label": row["unit"], "value": row["billed_hours"], "low": row["billed_hours_low"],
                    "high": row["billed_hours_high"],
                }
                for row in sure
            ],
            f"Hours of repeat contacts by category, with 95 % intervals. {says}", "cost-bill",
            "hours of work on what came back", x_format="~s",
        )  # fmt: skip
    return Figure(
        title="The bill of what came back",
        says=says,
        answer=answer,
        n=f"{words.count(total['repeat_contact_count'])} repeat contacts of "
        f"{words.count(total['billed_customer_count'])} customers, after "
        f"{total['judged_count']:,} contacts",
        window=f"{total['window_days']} days",
        picture=picture,
        table=(
            [
                "category", "contacts", "came back", "customers", "hours (95 %)", "of their handle time",
                "money (95 %)", "not timed",
            ],
            [
                [
                    "all" if row["unit_type"] == "total" else row["unit"],
                    f"{row['judged_count']:,}",
                    f"{row['returned_count']:,}",
                    words.count(row["billed_customer_count"]),
                    _with(row["billed_hours"], row["billed_hours_low"], row["billed_hours_high"], words.number),
                    words.percent(row["billed_share_of_handle_time"]),
                    _with(row["billed_amount"], row["billed_amount_low"], row["billed_amount_high"], words.number),
                    words.count(row["unmeasured_repeat_count"]),
                ]
                for row in answer.rows
            ],
        ),
    )  # fmt: skip


def _resets(desk):
    answer = desk.ask(QUERIES, "resets")
    hiding = _hiding(desk)
    units = {row["unit"] for row in answer.rows if row["unit_type"] == "pricing"}
    # whom the picture is of: those who pay, else the account that stands out, else all
    unit = "priced" if "priced" in units else hiding[0]["unit"] if hiding else "(all)"
    mine = [row for row in answer.rows if row["unit"] == unit]
    months = [row for row in mine if row["period_type"] == "month" and row["user_days"]]
    if not months or all(row["lockout_count"] is None for row in months):
        return None
    so_far = next((row for row in mine if row["period_type"] == "to_date"), None)
    start = months[0]["first_price_month"]
    before = [row for row in months if row["phase"] == "before"]
    names = {
        "asked at the desk": ("reset_count", "headline"), "by any door": ("any_door_count", "other"),
        "lockouts": ("lockout_count", "reality"), "failed logins": ("failed_login_count", "reality"),
    }  # fmt: skip
    rows = []
    for name, (column, _) in names.items():
        base = _rate(before, column)
        for row in months:
            value = 100 * _rate([row], column) / base if base and row[column] is not None else None
            rows.append({"month": words.month(row["period_start"]), "series": name, "value": value})
    drawn = {row["series"] for row in rows if row["value"] is not None}
    says, badge = _hidden(so_far, start, unit)
    if unit not in ("(all)", "priced"):
        says += " All accounts together do not show it."
    changes = so_far and so_far["any_door_change"] is not None and so_far["lockout_change"] is not None
    whom = {"(all)": "", "priced": " of those who pay"}.get(unit, f" of {unit}")
    return Figure(
        title=f"Password resets{whom}, and the need behind them",
        says=says,
        answer=answer,
        n=f"{sum(row['any_door_count'] for row in months):,} resets by any door and "
        f"{sum(row['lockout_count'] or 0 for row in months):,} lockouts of {words.count(months[-1]['mean_users'])} "
        "users, whole months only",
        badge=badge,
        sides=(
            ("headline", f"{words.number(so_far['any_door_change'])} times", "as many resets per user", "by any door"),
            ("reality", f"{words.number(so_far['lockout_change'])} times", "as many lockouts per user", "as before"),
        )
        if changes
        else (),
        picture=charts.since(
            rows, f"Resets, lockouts and failed logins per user by month. {says}", "cost-resets",
            {name: kind for name, (_, kind) in names.items() if name in drawn},
            at=words.month(start) if start else None,
            at_words=f"{_money(_first_price(months), _price_currency(months))} a reset" if start else "",
            y_title="per user, 100 = before" if start else "per user, 100 = first month",
        )
        if drawn and len(months) > 1
        else None,
        table=(
            [
                "period", "phase", "price", "users", "at the desk", "by a bot", "by the users alone", "by any door",
                "lockouts", "failed logins", "hidden need (95 %)",
            ],
            [
                [
                    "all after" if row["period_type"] == "to_date" else words.month(row["period_start"]),
                    row["phase"],
                    _money(row["price"], row["currency"]) if row["price"] is not None else "none",
                    words.count(row["mean_users"]),
                    *(
                        words.count(row[it])
                        for it in (
                            "reset_count", "bot_reset_count", "self_service_count", "any_door_count", "lockout_count",
                            "failed_login_count",
                        )
                    ),
                    _with(row["hidden_need"], row["hidden_need_low"], row["hidden_need_high"]),
                ]
                for row in mine
            ],
        ),
    )  # fmt: skip


def _first_price(months):
    return next((row["price"] for row in months if row["price"] is not None), None)


def _price_currency(months):
    return next((row["currency"] for row in months if row["price"] is not None), None)


def _rate(rows, column):
    """Of a column, how many per user and day; None where it is not delivered."""
    if not rows or any(row[column] is None for row in rows):
        return None
    return sum(row[column] for row in rows) / sum(row["user_days"] for row in rows)


def _hidden(row, start, unit):
    """What the resets and the lockouts of a unit say together: (words, badge)."""
    if not start:
        return (
            "No price was introduced in this time, so there is none that could keep people from asking. Resets asked "
            "for at "
            "the desk may fall because a bot or the users themselves do them: 'by any door' has these, too.",
            ("unknown", "No price to judge"),
        )
    begin = f"Since {words.month(start)} a reset has a price."
    if not row or row["hidden_need"] is None or row["hidden_need_low"] is None:
        return f"{begin} What it does is not known yet: there is no whole month after it.", ("unknown", "Not known yet")
    low, middle, high = (words.number(1 + row[it]) for it in ("hidden_need_low", "hidden_need", "hidden_need_high"))
    interval = f"95 %: {low} to {high}"
    paid = ""
    if unit == "priced" and row["paid_amount"]:
        paid = f" {row['paid_reset_count']:,} were paid for: {_money(row['paid_amount'], row['currency'])}."
    if row["hidden_need_low"] > 0:
        return (
            f"{begin} For each reset, there are {middle} times as many lockouts as before ({interval}): people lock "
            f"themselves out and no longer ask, by any door. The need is there, the tickets are not.{paid}",
            ("blindfold", "The need is hidden"),
        )
    if row["hidden_need_high"] < 0:
        return (
            f"{begin} For each reset, there are {middle} times as many lockouts as before ({interval}): nothing here "
            "says that "
            f"people ask for less than they need.{paid}",
            ("aligned", "No hidden need seen"),
        )
    return f"{begin} Whether lockouts outgrew resets cannot be told ({interval}).{paid}", ("unknown", "Cannot be told")


def _hiding(desk):
    """Accounts whose lockouts outgrew resets for certain, by more than the catalogue's tolerance, the surest first."""
    tolerance = next((row["tolerance"] for row in desk.ask(QUERIES, "catalogue").rows if row["pair_id"] == "P22"), 0)
    return [row for row in _judged_accounts(desk) if row["hidden_need_to_others_low"] > tolerance]


def _judged_accounts(desk):
    """Those who pay, where that is known, else each account; with enough resets and lockouts to say something."""
    rows = desk.ask(QUERIES, "payers").rows
    rows = [row for row in rows if row["is_priced"]] or [row for row in rows if row["unit_type"] == "account"]
    return [
        row
        for row in rows
        if row["any_door_count"] + (row["lockout_count"] or 0) >= _least(desk, "P22")
        and row["hidden_need_to_others_low"] is not None
    ]


def _payers(desk):
    """Those who pay, or each account, against all others in the same months."""
    answer = desk.ask(QUERIES, "payers")
    rows = _judged_accounts(desk)
    if not rows:
        return None
    named = any(row["is_priced"] for row in rows)
    over = [row["unit"] for row in _hiding(desk)]
    others = "those who do not pay" if named else "all others"
    against = f"Against {others} in the same months, which takes out what moved everybody"
    if over:
        names = words.listed([*over[:8], f"{len(over) - 8} more"] if len(over) > 8 else over)
        says = f"{against}, {names} {'has' if len(over) == 1 else 'have'} lockouts that outgrew resets."
    else:
        says = f"{against}, nobody's lockouts outgrew resets for certain."
    if not named:
        says += " Nobody said who pays (the variable priced_accounts), so each account is looked at."
        few = len([row for row in answer.rows if row["unit_type"] == "account"]) - len(rows)
        if few:
            says += f" {few} more with fewer than {_least(desk, 'P22')} resets and lockouts: unknown, not good."
    drawn = sorted(rows, key=lambda row: -row["hidden_need_to_others"])[:15]
    return Figure(
        title="Who stopped asking?",
        says=says,
        answer=answer,
        n=f"{sum(row['any_door_count'] for row in rows if row['unit_type'] == 'account'):,} resets by any door, "
        f"{len([row for row in rows if row['unit_type'] == 'account'])} accounts"
        + (", the 15 highest drawn" if len(rows) > 15 else ""),
        picture=charts.intervals(
            [
                {
                    "label": "all who pay" if row["unit_type"] == "pricing" else row["unit"],
                    "value": row["hidden_need_to_others"],
                    "low": row["hidden_need_to_others_low"], "high": row["hidden_need_to_others_high"],
                }
                for row in drawn
            ],
            f"Hidden need by account with 95 % intervals. {says}", "cost-payers",
            "lockouts outgrew resets by, against others", middle=0, middle_words="no hidden need",
            color_of=lambda row: "over" if row["label"] in over else None,
        ),
    )  # fmt: skip
