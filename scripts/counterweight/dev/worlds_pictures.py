"""Pictures of worlds and examples that are really run, for docs/worlds.md. See worlds_page.py.

Everything is counted in DuckDB first, so that a picture holds some hundred numbers. Same worlds, same bytes.
"""

import contextlib
import io
import re
import textwrap

import altair as alt
import duckdb
import vl_convert

from counterweight.worlds import simulate

SIZE = {"tickets": 40_000, "calls": 80_000, "months": 12}
# The font that comes with vl-convert, so that no machine's own fonts move a label.
FONT = "Liberation Sans"
BLUE, ORANGE, GREY = "#2f6690", "#d1603d", "#8a8f98"
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
VIEWS = """
    create view inbound as
    select
        *,
        split_part(queue, ' ', 1) as site,
        started_at at time zone 'UTC' at time zone
            case when queue like 'Vienna%' then 'Europe/Vienna' else 'America/Chicago' end as local_at,
        talk_seconds + hold_seconds + wrap_seconds as handle_seconds,
        epoch(answered_at - started_at) as waited
    from calls where direction = 'inbound' and leg_number = 1;
    -- a ticket has no site; its first-line team has
    create view opened as
    select
        *,
        split_part(team_id, ' ', 1) as site,
        created_at at time zone 'UTC' at time zone
            case when team_id like 'Vienna%' then 'Europe/Vienna' else 'America/Chicago' end as local_at
    from tickets where channel in ('email', 'portal');
"""


def world(folder, name, **more):
    """Make a world once; a connection with a view of each of its tables (truth_* for the truth's)."""
    out = folder / "_".join(map(str, (name, *more.values())))
    if not out.exists():
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(out, name, **(SIZE | more))
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for file in sorted(out.glob("raw/*.parquet")):
        connection.execute(f"create view {file.stem} as from '{file}'")
    for file in sorted(out.glob("truth/*.parquet")):
        connection.execute(f"create view truth_{file.stem.removeprefix('truth_')} as from '{file}'")
    connection.execute(VIEWS)
    return connection


def rows(connection, query):
    """Rows as dictionaries, as Altair wants them; dates as text, decimals as numbers."""
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]


def _plain(value):
    if value is None or isinstance(value, bool | int | str):
        return value
    try:
        return round(float(value), 4)
    except TypeError:
        return str(value)


def pictures(folder, out):
    """Draw all pictures into `out`; {section: caption}."""
    out.mkdir(parents=True, exist_ok=True)
    captions = {}
    for name, (draw, alternative) in PICTURES.items():
        chart, caption = draw(folder)
        svg = _small(vl_convert.vegalite_to_svg(_styled(chart).to_json()))
        (out / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")
        captions[f"picture {name}"] = f"![{alternative}](worlds/{name}.svg)\n\n{textwrap.fill(caption, 118)}"
        print(f"worlds {name}.svg: {len(svg) / 1000:,.0f} kB")
    return captions


def _small(svg):
    """Coordinates to a hundredth of a pixel, and no roles for readers of screens: the caption says what there is."""
    svg = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), svg)
    return re.sub(r' (role|aria-roledescription|aria-hidden|class)="[^"]*"', "", svg)


def _styled(chart):
    return (
        chart.configure(font=FONT, background="white", padding=10, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            grid=True,
            gridColor="#e6e8eb",
            domainColor=GREY,
        )
        .configure_title(fontSize=12, anchor="start")
        .configure_header(labelFontSize=12, titleFontSize=12)
        .configure_legend(labelFontSize=11, titleFontSize=11)
    )


def _data(values):
    return alt.Data(values=values)


def _colors(names, *colors):
    return alt.Scale(domain=list(names), range=colors)


def _percent(share):
    return f"{100 * share:.0f} %"


# ---- the pictures


def arrivals(folder):
    connection = world(folder, "honest")
    weeks = 52.0
    found = rows(
        connection,
        f"""
        select way, site, isodow(local_at) as weekday, hour(local_at) as hour, count(*) / {weeks} as n from (
            select 'calls and chats' as way, site, local_at from inbound
            union all select 'tickets in writing', site, local_at from opened
        ) group by all order by all
    """,
    )
    for row in found:
        row["day"] = WEEKDAYS[row["weekday"] - 1]
    charts = []
    for way in ("calls and chats", "tickets in writing"):
        mine = [row for row in found if row["way"] == way]
        line = [
            alt.Chart(_data([row for row in mine if row["site"] == site]), title=f"{site}: {way}")
            .mark_rect()
            .encode(
                x=alt.X(
                    "hour:O",
                    title="hour of the day, local",
                    scale=alt.Scale(domain=list(range(24))),
                    axis=alt.Axis(labelAngle=0, grid=False, values=list(range(0, 24, 3))),
                ),
                y=alt.Y(
                    "day:N", sort=WEEKDAYS, title=None, scale=alt.Scale(domain=WEEKDAYS), axis=alt.Axis(grid=False)
                ),
                color=alt.Color("n:Q", title="per hour", scale=alt.Scale(scheme="blues", domainMin=0)),
            )
            .properties(width=260, height=110)
            for site in ("Vienna", "Chicago")
        ]
        charts.append(alt.hconcat(*line).resolve_scale(color="shared"))
    chart = alt.vconcat(*charts).resolve_scale(color="independent")
    peak = max((row for row in found if row["way"] == "calls and chats"), key=lambda row: row["n"])
    share = {
        (row["way"], row["weekday"]): row["n"]
        for row in rows(
            connection,
            """
            select way, weekday, n / sum(n) over (partition by way) as n from (
                select 'spoken' as way, isodow(local_at) as weekday, count(*) as n from inbound group by all
                union all select 'written', isodow(local_at), count(*) from opened group by all
            )""",
        )
    }
    return chart, (
        f"Mean arrivals of an hour, over a year. The busiest hour by telephone and chat is {peak['day']} at "
        f"{peak['hour']} in {peak['site']}, with {peak['n']:.0f}. Monday brings {_percent(share['spoken', 1])} of a "
        f"week's calls and Friday {_percent(share['spoken', 5])}. Telephones are open from 7 to 19, on Saturdays "
        f"from 9 to 14. People write at any hour; {_percent(share['written', 6] + share['written', 7])} of what is "
        "written comes at the weekend."
    )


def weeks(folder):
    connection = world(folder, "honest")
    found = rows(
        connection,
        """
        select strftime(date_trunc('week', local_at), '%Y-%m-%d') as week, way, site, count(*) as n from (
            select 'calls and chats' as way, site, local_at from inbound
            union all select 'tickets in writing', site, local_at from opened
        ) where local_at < timestamp '2024-12-30' group by all order by all
    """,
    )
    closed = {
        (row["site"], row["week"]): row["days"]
        for row in rows(
            connection,
            """
            select calendar_id as site, strftime(date_trunc('week', holiday_on), '%Y-%m-%d') as week, count(*) as days
            from holidays where isodow(holiday_on) < 6 group by all
        """,
        )
    }
    for row in found:
        row["closed"] = closed.get((row["site"], row["week"]), 0)
        row["has_holiday"] = "week with a holiday" if row["closed"] else "other week"
    colors = _colors(("calls and chats", "tickets in writing"), BLUE, ORANGE)
    charts = []
    for site in ("Vienna", "Chicago"):
        base = alt.Chart(_data([row for row in found if row["site"] == site])).encode(
            x=alt.X("week:T", title=None, axis=alt.Axis(format="%b", tickCount="month")),
            y=alt.Y("n:Q", title="arrivals a week"),
            color=alt.Color("way:N", title=None, scale=colors),
        )
        dots = (
            base.transform_filter("datum.closed > 0")
            .mark_point(size=45, filled=True)
            .encode(
                shape=alt.Shape(
                    "has_holiday:N", title=None, scale=alt.Scale(domain=["week with a holiday"], range=["circle"])
                )
            )
        )
        charts.append((base.mark_line(strokeWidth=1.8) + dots).properties(width=620, height=130, title=site))

    def mean(site, way, closed):
        counts = [
            row["n"] for row in found if (row["site"], row["way"]) == (site, way) and (row["closed"] > 0) == closed
        ]
        return sum(counts) / len(counts)

    lost = 1 - mean("Vienna", "calls and chats", True) / mean("Vienna", "calls and chats", False)
    halves = rows(
        connection,
        """
        select count(*) filter (began_at < timestamp '2024-02-01') as first,
            count(*) filter (began_at >= timestamp '2024-12-01' and began_at < timestamp '2025-01-01') as last
        from truth_problems where not is_machine
    """,
    )[0]
    people = rows(
        connection,
        """
        select count(*) filter (local_at < timestamp '2024-02-01') as first,
            count(*) filter (local_at >= timestamp '2024-12-01') as last from inbound
    """,
    )[0]
    return alt.vconcat(*charts), (
        f"Arrivals by week; dots are weeks with a public holiday from Monday to Friday. Such a week has "
        f"{_percent(lost)} fewer calls and chats in Vienna. Winter is busier than summer. People had "
        f"{halves['first']:,} problems in January and {halves['last']:,} in December, but made {people['first']:,} and "
        f"{people['last']:,} calls and chats: bots took a part."
    )


def handle_times(folder):
    connection = world(folder, "honest")
    found = rows(
        connection,
        """
        select category, count(*) as n, quantile_cont(handle_seconds, 0.1) / 60 as low,
            quantile_cont(handle_seconds, 0.5) / 60 as median, quantile_cont(handle_seconds, 0.9) / 60 as high
        from inbound where not is_abandoned and transfer_type is null and category is not null
        group by category order by median
    """,
    )
    order = [row["category"] for row in found]
    base = alt.Chart(_data(found)).encode(y=alt.Y("category:N", sort=order, title=None))
    ticks = alt.Axis(values=[1, 2, 5, 10, 20, 50], format="d")
    chart = base.mark_rule(strokeWidth=5, color=BLUE, opacity=0.35).encode(
        x=alt.X(
            "low:Q",
            title="handle time, minutes (logarithmic)",
            scale=alt.Scale(type="log", domain=[1, 60], nice=False),
            axis=ticks,
        ),
        x2="high:Q",
    ) + base.mark_point(filled=True, size=60, color=BLUE, opacity=1).encode(x="median:Q")
    first, last = found[0], found[-1]
    return chart.properties(width=480, height=300), (
        f"Talk, hold and wrap-up of calls and chats that one person handled: dot, the median; bar, from the tenth to "
        f"the ninetieth of a hundred. The median of {last['category']} ({last['median']:.0f} minutes) is "
        f"{last['median'] / first['median']:.1f} times that of {first['category']} ({first['median']:.1f})."
    )


def returns(folder):
    connection = world(folder, "honest")
    found = rows(
        connection,
        """
        with unsolved as (
            select claim_type, epoch(returned_at - claimed_at) / 86400 as days from truth_claims
            -- a month is left in which they could come back
            where outcome = 'unsolved' and claimed_at < timestamp '2024-12-01'
        ),
        grid as (select unnest([0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75] || range(1, 31)::double[]) as after)
        select claim_type, after, avg(coalesce(days <= after, false)::integer) as share
        from unsolved cross join grid group by all order by all
    """,
    )
    kinds = ("contact_handled", "ticket_resolved", "contained_by_bot")
    chart = (
        alt.Chart(_data(found))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("after:Q", title="days since the claim", axis=alt.Axis(values=[0, 1, 2, 3, 5, 7, 10, 14, 20, 30])),
            y=alt.Y(
                "share:Q",
                title="of the unsolved claims, back",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%"),
            ),
            color=alt.Color("claim_type:N", title="claim", scale=_colors(kinds, BLUE, ORANGE, GREY)),
        )
        .properties(width=480, height=240)
    )
    by = {(row["claim_type"], row["after"]): row["share"] for row in found}
    return chart, (
        f"How soon customers are back whose problem was not solved. After a day it is "
        f"{_percent(by['contact_handled', 1])} of the handled contacts and {_percent(by['ticket_resolved', 1])} of "
        f"the resolved tickets, after 7 days {_percent(by['contact_handled', 7])} and "
        f"{_percent(by['ticket_resolved', 7])}, after 30 {_percent(by['contact_handled', 30])} and "
        f"{_percent(by['ticket_resolved', 30])}. The others gave up: "
        "their claims look held for ever, to any warehouse."
    )


def waits(folder):
    connection = world(folder, "honest")
    found = rows(
        connection,
        """
        select site, hour(local_at) as hour, count(*) as n, avg(waited) as waited,
            quantile_cont(waited, 0.9) as long, avg(is_abandoned::integer) as abandoned
        from inbound where channel = 'voice' and isodow(local_at) < 6 and hour(local_at) between 7 and 18
        group by all order by all
    """,
    )
    color = alt.Color("site:N", title=None, scale=_colors(("Vienna", "Chicago"), BLUE, ORANGE))
    base = alt.Chart(_data(found)).encode(
        x=alt.X("hour:O", title="hour of the day, local", axis=alt.Axis(labelAngle=0)), color=color
    )
    one = base.mark_line(point=True).encode(y=alt.Y("waited:Q", title="mean wait of the answered, seconds"))
    two = base.mark_line(point=True).encode(y=alt.Y("abandoned:Q", title="gave up waiting", axis=alt.Axis(format="%")))
    total = rows(
        connection,
        """
        select avg(is_abandoned::integer) as abandoned, avg(waited) as waited, quantile_cont(waited, 0.5) as median
        from inbound where channel = 'voice'
    """,
    )[0]
    worst = max(found, key=lambda row: row["abandoned"])
    again = rows(
        connection,
        """
        with numbered as (
            select contact_id, row_number() over (partition by problem_id order by "at", contact_id) as number
            from truth_contacts
        )
        select avg((number > 1)::integer) as share from inbound join numbered using (contact_id)
        where channel = 'voice' and site = 'Vienna' and isodow(local_at) < 6 and hour(local_at) in (7, 8)
        """,
    )[0]["share"]
    return (one.properties(width=270, height=190) | two.properties(width=270, height=190)), (
        f"Telephone, Monday to Friday. Of all calls {_percent(total['abandoned'])} give up; who is answered waits "
        f"{total['waited']:.0f} seconds on average, half of them {total['median']:.0f} (the ringing). Both ends of "
        f"the day are short of people: in {worst['site']} from {worst['hour']} to {worst['hour'] + 1}, "
        f"{_percent(worst['abandoned'])} give up. Whose problem comes back at night, or who gave up the evening "
        f"before, rings when the line opens: of Vienna's calls from 7 to 9, {_percent(again)} are not the first "
        "about their problem."
    )


def mix(folder):
    connection = world(folder, "honest")
    easy = "('Password reset', 'Address change', 'Order status', 'Mailbox full')"
    found = rows(
        connection,
        f"""
        with usual as (
            select category, avg(handle_seconds) as seconds from inbound where not is_abandoned group by category
        )
        select strftime(date_trunc('month', local_at), '%Y-%m-%d') as month,
            avg(seconds) / 60 as expected, avg(handle_seconds) / 60 as observed,
            avg((category in {easy})::integer) as easy
        from inbound join usual using (category)
        where not is_abandoned and local_at < timestamp '2025-01-01' group by month order by month
    """,
    )
    x = alt.X("month:T", title=None, axis=alt.Axis(format="%b", tickCount="month"))
    left = (
        alt.Chart(_data(found))
        .mark_line(point=True, color=BLUE)
        .encode(
            x=x,
            y=alt.Y(
                "easy:Q",
                title="share of the four easiest categories",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 0.4]),
            ),
        )
    )
    names = {"observed": "observed", "expected for the mix": "expected"}
    both = [{"month": row["month"], "what": what, "n": row[name]} for row in found for what, name in names.items()]
    right = (
        alt.Chart(_data(both))
        .mark_line(point=True)
        .encode(
            x=x,
            y=alt.Y("n:Q", title="handle time, minutes", scale=alt.Scale(zero=False)),
            color=alt.Color("what:N", title=None, scale=_colors(names, ORANGE, BLUE)),
        )
    )
    first, last = found[0], found[-1]
    return (left.properties(width=250, height=190) | right.properties(width=270, height=190)), (
        f"Bots take more of the easy issues month by month: of what people answer, the four easiest categories fall "
        f"from {_percent(first['easy'])} to {_percent(last['easy'])}. So the handle time to be expected for the mix "
        f"(each category at its mean of the year) rises from {first['expected']:.1f} to {last['expected']:.1f} "
        f"minutes, and the observed one from {first['observed']:.1f} to {last['observed']:.1f}. Nobody works slower. "
        "The right axis does not begin at zero."
    )


def auto_close(folder):
    found = []
    for days in (1, 4, 7, 28):
        row = rows(
            world(folder, f"auto_close_{days}"),
            """
            select count(*) filter (returned_at <= claimed_at + interval 30 day) / count(*) as returned,
                count(*) filter (reaction = 'reopened' and returned_at <= claimed_at + interval 30 day) / count(*)
                    as reopened
            from truth_claims where claim_type = 'ticket_resolved' and claimed_at < timestamp '2024-12-01'
        """,
        )[0]
        found += [
            {"days": days, "what": "customer was back, by any door", "share": row["returned"]},
            {"days": days, "what": "by reopening the ticket", "share": row["reopened"]},
        ]
    names = ["customer was back, by any door", "by reopening the ticket"]
    chart = (
        alt.Chart(_data(found))
        .mark_bar()
        .encode(
            x=alt.X("days:O", title="days after which the tool closes a resolved ticket", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("what:N", sort=names),
            y=alt.Y("share:Q", title="of the resolved tickets, within 30 days", axis=alt.Axis(format="%")),
            color=alt.Color("what:N", title=None, sort=names, scale=_colors(names, BLUE, ORANGE)),
        )
    )
    by = {(row["days"], row["what"] == names[1]): 100 * row["share"] for row in found}
    return chart.properties(width=380, height=220), (
        f"The same service under four settings of its tool, from the truth. Customers come back after "
        f"{min(by[d, False] for d in (1, 4, 7, 28)):.1f} to {max(by[d, False] for d in (1, 4, 7, 28)):.1f} % of the "
        f"resolutions; those who reopen the ticket are {by[1, True]:.1f}, {by[4, True]:.1f}, {by[7, True]:.1f} and "
        f"{by[28, True]:.1f} %. Reopen rate is a tool setting."
    )


def resets(folder):
    connection = world(folder, "dealership")
    found = rows(
        connection,
        """
        with largest as (select account_id, users from accounts order by users desc, account_id limit 1),
        -- a call's number is the way to its customer, and a ticket names the account
        asked as (
            select created_at as asked_at from tickets join largest using (account_id)
            where category = 'Password reset' and channel in ('email', 'portal')
            union all
            select calls.asked_at from (
                select contact_id, min(started_at) as asked_at from calls
                where direction = 'inbound' and leg_number = 1 and category = 'Password reset' group by contact_id
            ) as calls
            join truth_contacts using (contact_id) join truth_problems using (problem_id)
            join largest using (account_id)
        )
        select strftime(date_trunc('month', asked_at), '%Y-%m-%d') as month, 'resets asked for' as what, count(*) as n
        from asked where asked_at < timestamp '2025-01-01' group by month
        union all
        select strftime(date_trunc('month', day), '%Y-%m-%d'), 'lockouts', sum(lockouts)
        from access_events join largest using (account_id) group by 1
        order by what, month
    """,
    )
    since = rows(connection, "select strftime(min(month), '%Y-%m-%d') as month from costs where kind like 'price:%'")[
        0
    ]["month"]
    users = rows(connection, "select max(users) as users from accounts")[0]["users"]
    names = ["lockouts", "resets asked for"]
    lines = (
        alt.Chart(_data(found))
        .mark_line(point=True)
        .encode(
            x=alt.X("month:T", title=None, axis=alt.Axis(format="%b", tickCount="month")),
            y=alt.Y("n:Q", title="a month, of the account that pays"),
            color=alt.Color("what:N", title=None, scale=_colors(names, ORANGE, BLUE)),
        )
    )
    rule = alt.Chart(_data([{"month": since}])).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x="month:T")

    def mean(what, after):
        counts = [
            row["n"]
            for row in found
            if row["what"] == what and (row["month"] > since) == after and row["month"] != since
        ]
        return sum(counts) / len(counts)

    return (lines + rule).properties(width=480, height=220), (
        f"World `dealership`. From the dashed month on ({since[:7]}) its largest account ({users:,} users) pays $50 a "
        f"reset. Resets asked for fall from {mean(names[1], False):,.0f} a month to {mean(names[1], True):,.0f}; "
        f"lockouts go from {mean(names[0], False):,.0f} to {mean(names[0], True):,.0f}."
    )


PICTURES = {
    "arrivals": (arrivals, "Heat maps of arrivals by weekday and hour: Vienna and Chicago, spoken and written"),
    "weeks": (weeks, "Lines of arrivals by week over a year, with weeks of public holidays marked"),
    "handle_times": (handle_times, "Median and spread of handle time by category"),
    "returns": (returns, "Share of unsolved claims whose customer is back, by days since the claim"),
    "waits": (waits, "Mean wait, and share that gave up, by hour of the day"),
    "mix": (mix, "Share of easy categories falling over the months, handle time rising"),
    "auto_close": (auto_close, "Returns and reopenings in worlds that close tickets after 1, 4, 7 and 28 days"),
    "resets": (resets, "Password resets and lockouts by month at the account that pays for resets"),
}
