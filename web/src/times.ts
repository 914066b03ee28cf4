import { once } from './once.ts';
import { locale, text } from './texts.ts';

/** The only format that is made before the first messages show: making one takes as long as drawing ten of them. */
const clock = once(() => new Intl.DateTimeFormat(locale, { timeStyle: 'short' }));
const full = once(() => new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }));
const short = once(() => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }));
const weekday = once(
  () =>
    new Intl.DateTimeFormat(locale, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    }),
);
const date = once(() => new Intl.DateTimeFormat(locale, { dateStyle: 'long' }));

/** A date and time of day in full. @param timestamp epoch milliseconds */
export function fullTimeOf(timestamp: number): string {
  return full().format(timestamp);
}

/** A time of day. */
export const clockOf = onceAMinute((timestamp) => clock().format(timestamp));

/** A time of day without AM or PM, for narrow places. */
export const shortClockOf = onceAMinute((timestamp) => {
  const parts = clock().formatToParts(timestamp);
  const ofClock = parts.filter(({ type }) => type !== 'dayPeriod').map(({ value }) => value);
  return ofClock.join('').trim();
});

/** Keeps the last text that was made: messages next to each other are often of the same minute. */
function onceAMinute(format: (timestamp: number) => string): (timestamp: number) => string {
  let last: number | undefined;
  let shown = '';
  return (timestamp) => {
    const minute = Math.floor(timestamp / 60_000);
    if (minute !== last) shown = format(timestamp);
    last = minute;
    return shown;
  };
}

/** A time of day, after its date unless that is today. */
export function whenOf(timestamp: number, now: number): string {
  const time = clockOf(timestamp);
  return dayOf(timestamp) === dayOf(now) ? time : `${short().format(timestamp)}, ${time}`;
}

/** The time of day if it is today, else only the date: short enough for a list. */
export function shortWhenOf(timestamp: number, now: number): string {
  return dayOf(timestamp) === dayOf(now) ? clockOf(timestamp) : short().format(timestamp);
}

/** A day's key: the same for all moments of one day of this time zone. */
export function dayOf(timestamp: number): string {
  return new Date(timestamp).toDateString();
}

/** A day's name: today, yesterday, or its date. */
export function dayName(timestamp: number, now: number): string {
  const day = dayOf(timestamp);
  if (day === dayOf(now)) return text('today');
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (day === yesterday.toDateString()) return text('yesterday');
  const isThisYear = new Date(timestamp).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? weekday : date)().format(timestamp);
}
