"""The hours of a place: local clocks with daylight saving, holidays, opening hours, working time."""

import datetime
import zoneinfo

import numpy as np

DAY = 86400
HOUR = 3600
MINUTE = 60
UTC = datetime.UTC


def seconds(day):
    """Midnight UTC of a date, in seconds."""
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def date_number(day):
    return day.toordinal() - datetime.date(1970, 1, 1).toordinal()


class Clock:
    """Hours of one site.

    zone      IANA name
    holidays  dates on which nobody works
    hours     local (opening, closing) hour of Monday to Sunday; None: closed
    """

    def __init__(self, zone, holidays, hours, first, last):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.holidays = frozenset(holidays)
        self.hours = hours
        # more days on both sides, so that work may run over the end of the world
        days = [first + datetime.timedelta(days=n) for n in range(-7, (last - first).days + 200)]
        self.first_day = date_number(days[0])
        # UTC instant of each local hour of each day
        self.instants = np.array(
            [
                [
                    int(datetime.datetime(day.year, day.month, day.day, hour, tzinfo=self.zone).timestamp())
                    for hour in range(24)
                ]
                for day in days
            ]
        )
        spans = [
            (self.at(date_number(day), hours[0] * HOUR), self.at(date_number(day), hours[1] * HOUR))
            for day in days
            if (hours := self.hours_of(day))
        ]
        opens, closes = np.array(spans).T
        worked = np.cumsum(closes - opens)
        # the working time passed at each opening and closing; time stands still between them
        self._instants = np.stack([opens, closes], axis=1).ravel().astype(np.float64)
        self._worked = np.stack([worked - (closes - opens), worked], axis=1).ravel().astype(np.float64)
        # opening instants sort before the closing ones of the same working time
        self._resumes = opens.astype(np.float64)
        self._closes = closes
        self._resumes_at = (worked - (closes - opens)).astype(np.float64)

    def hours_of(self, day):
        return None if day in self.holidays else self.hours[day.weekday()]

    def at(self, day, local):
        """UTC instants of seconds after local midnight of days (numbers since 1970)."""
        day, local = np.asarray(day), np.asarray(local)
        hour = np.clip(local // HOUR, 0, 23)
        # what runs off the end of the known days is beyond the end of the world in any case
        return self.instants[np.minimum(day - self.first_day, len(self.instants) - 1), hour] + local - hour * HOUR

    def day_of(self, instant):
        """Number of the local day of instants."""
        midnights = self.instants[:, 0]
        return np.searchsorted(midnights, instant, side="right") - 1 + self.first_day

    def local(self, instant):
        """Seconds since local midnight, by elapsed time."""
        return instant - self.instants[self.day_of(instant) - self.first_day, 0]

    def worked(self, instant):
        """Working seconds passed until instants."""
        return np.interp(instant, self._instants, self._worked)

    def when(self, worked):
        """Instant at which so many working seconds have passed: in working hours, never at a closing."""
        span = np.searchsorted(self._resumes_at, worked, side="right") - 1
        return (self._resumes[span] + worked - self._resumes_at[span]).astype(np.int64)

    def closing(self, instant):
        """The next closing, or the instant's own."""
        return self._closes[np.searchsorted(self._closes, instant)]

    def awake(self, instant, jitter):
        """The instant, or where it falls between 21 and 8 local time, some time next morning (jitter in 0..1)."""
        day, local = self.day_of(instant), self.local(instant)
        day = day + (local >= 21 * HOUR)
        morning = self.at(day, (8 * HOUR + 2.5 * HOUR * jitter).astype(np.int64))
        return np.where((local < 8 * HOUR) | (local >= 21 * HOUR), morning, instant)

    def open_at(self, instant, jitter):
        """The instant, or where it falls outside of opening hours, some time of the next day that is open."""
        worked = self.worked(instant)
        is_open = self.when(worked) == np.asarray(instant)
        return np.where(is_open, instant, self.when(worked + jitter * 11 * HOUR))
