const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
});
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/** @param {number} timestamp epoch milliseconds */
export function clockOf(timestamp) {
  return clock.format(timestamp);
}

/** A day's key: the same for all moments of one day of this time zone. @param {number} timestamp */
export function dayOf(timestamp) {
  return new Date(timestamp).toDateString();
}

/** A day as people say it. @param {number} timestamp @param {number} now */
export function dayName(timestamp, now) {
  const day = dayOf(timestamp);
  if (day === dayOf(now)) return 'Today';
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (day === yesterday.toDateString()) return 'Yesterday';
  const isThisYear = new Date(timestamp).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? weekday : date).format(timestamp);
}
