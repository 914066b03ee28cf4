/**
 * @import { Message } from '../../../src/protocol/objects.ts'
 * @import { Session } from '../room/session.js'
 * @import { Unsent } from '../room/outbox.js'
 */
import { button, element } from './elements.js';
import { avatar, nameParts } from './person.js';
import { clockOf, dayName, dayOf } from './times.js';

/** Messages of one sender within this time stand together, in milliseconds. */
const TOGETHER_MS = 5 * 60_000;

/**
 * One row of the log. `state` changes whenever the row must be drawn anew.
 *
 * @typedef {{ key: string, state: string, draw: () => HTMLLIElement }} Row
 */

/**
 * What the log shows: days, messages by `seq`, then what is not sent yet.
 *
 * @param {Session} session
 * @param {number} now epoch milliseconds
 * @param {(id: string) => void} onEdit
 * @returns {Row[]}
 */
export function rowsOf(session, now, onEdit) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Message | undefined} */
  let last;
  for (const message of session.messages.list) {
    const day = dayOf(message.timestamp);
    const isNewDay = last === undefined || day !== dayOf(last.timestamp);
    if (isNewDay) rows.push(dayRow(day, dayName(message.timestamp, now)));
    const isFirst = isNewDay || !standTogether(last, message);
    rows.push(messageRow(message, isFirst));
    last = message;
  }
  const { you } = session;
  let isFirst = last === undefined || last.senderId !== you?.userId;
  for (const unsent of session.unsent) {
    rows.push(unsentRow(session, unsent, isFirst, onEdit));
    isFirst = false;
  }
  return rows;
}

/** @param {Message | undefined} a @param {Message} b */
function standTogether(a, b) {
  return (
    a?.senderId === b.senderId && a.sender === b.sender && b.timestamp - a.timestamp < TOGETHER_MS
  );
}

/** @param {string} day @param {string} name @returns {Row} */
function dayRow(day, name) {
  return {
    key: `day ${day}`,
    state: name,
    draw: () => element('li', 'day', element('span', '', name)),
  };
}

/** @param {Message} message @param {boolean} isFirst @returns {Row} */
function messageRow(message, isFirst) {
  const { seq, rev, senderId, sender, timestamp, unverified } = message;
  return {
    key: `seq ${seq}`,
    state: `${rev} ${isFirst}`,
    draw: () => {
      const time = element('time', 'time', clockOf(timestamp));
      time.dateTime = new Date(timestamp).toISOString();
      const byline = element(
        'p',
        isFirst ? 'byline' : 'byline aside',
        ...nameParts(senderId, sender, unverified === true),
        ' ',
        time,
      );
      return drawn(isFirst, senderId, sender, byline, textOf(message.message));
    },
  };
}

/**
 * @param {Session} session
 * @param {Unsent} unsent
 * @param {boolean} isFirst
 * @param {(id: string) => void} onEdit
 * @returns {Row}
 */
function unsentRow(session, unsent, isFirst, onEdit) {
  const { id, text, state, sentence = '' } = unsent;
  const { you, status } = session;
  const isAway = state === 'waiting' && status !== 'open';
  return {
    key: `id ${id}`,
    state: `${state} ${isAway} ${isFirst} ${you?.username}`,
    draw: () => {
      const byline = element(
        'p',
        isFirst ? 'byline' : 'byline aside',
        ...nameParts(you?.userId ?? '', you?.username ?? 'You', false),
      );
      const fate =
        state === 'failed'
          ? element(
              'div',
              'fate is-failed',
              element('p', '', `Not sent. ${sentence}`),
              button('Send again', () => session.sendAgain(id)),
              button('Edit', () => onEdit(id)),
              button('Discard', () => session.discard(id)),
            )
          : element(
              'p',
              'fate',
              isAway ? 'Not sent yet; it goes out when you are back.' : 'Sending…',
            );
      const row = drawn(
        isFirst,
        you?.userId ?? '',
        you?.username ?? '',
        byline,
        textOf(text),
        fate,
      );
      row.classList.add('is-unsent');
      return row;
    },
  };
}

/** @param {string} text */
function textOf(text) {
  const made = element('p', 'text', text);
  made.dir = 'auto';
  return made;
}

/**
 * @param {boolean} isFirst
 * @param {string} userId
 * @param {string} username
 * @param {...Node} parts
 */
function drawn(isFirst, userId, username, ...parts) {
  const row = element('li', isFirst ? 'message is-first' : 'message');
  if (isFirst) row.append(avatar(userId, username));
  row.append(...parts);
  return row;
}
