import type { Payload, Room } from '../../../src/client/index.ts';
import { isOwner } from '../rights.ts';
import { element } from './dom.ts';
import { box, field, openDialog, select } from './dialog.ts';

const PAUSES = [
  ['0', 'Off'],
  ['5', '5 seconds'],
  ['30', '30 seconds'],
  ['60', '1 minute'],
  ['300', '5 minutes'],
] as const;

/** Lets moderators set the topic and the pace, and owners everything. */
export function openSettings(room: Room): void {
  const { room: info } = room.state;
  if (info === undefined) return;
  const topic = element('input', '');
  topic.value = info.topic ?? '';
  topic.autocomplete = 'off';
  const seconds = String(info.slowModeSeconds);
  const isUsual = PAUSES.some(([value]) => value === seconds);
  const pauses = isUsual ? PAUSES : [...PAUSES, [seconds, `${seconds} seconds`] as const];
  const slow = select(pauses, seconds);
  const isPrivate = box('Private', 'Only people on the list can come in.', info.private);
  const readOnly = box('Announcements only', 'Only owners write; all others read.', info.readOnly);
  const days = element('input', '');
  days.inputMode = 'numeric';
  days.value = info.retentionDays === undefined ? '' : String(info.retentionDays);
  days.autocomplete = 'off';
  const forModerators = [
    field('Topic', topic, 'What this room is about, in one line.'),
    field('Slow mode', slow, 'How long a member waits from one message to the next.'),
  ];
  const forOwners = [
    isPrivate.part,
    readOnly.part,
    field('Keep messages for days', days, 'Empty keeps them for good; older ones are removed.'),
  ];
  const isOwners = isOwner(room.state);
  openDialog({
    title: 'Room settings',
    confirm: 'Save',
    parts: isOwners ? [...forModerators, ...forOwners] : forModerators,
    run: () =>
      room.ask('updateRoom', {
        topic: topic.value.trim(),
        slowModeSeconds: Number(slow.value),
        ...(isOwners && {
          private: isPrivate.input.checked,
          readOnly: readOnly.input.checked,
          retentionDays: daysOf(days.value),
        }),
      }),
  });
}

/** @throws Error with one sentence for what is no number of days */
function daysOf(text: string): Payload<'updateRoom'>['retentionDays'] {
  if (text.trim() === '') return null;
  const days = Number(text);
  if (Number.isInteger(days) && days > 0) return days;
  throw new Error('Enter a whole number of days, or nothing.');
}
